// Arrow's errors as ours. `check` and `must` throw mortise::Error; nothing of Arrow's Status leaves a plugin.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <string_view>
#include <utility>

#include "mortise/error.hpp"

namespace mortise::plugins {

// The error that says what Arrow says: "reading weather.csv: ...".
[[nodiscard]] Error error_from(const arrow::Status& status, std::string_view doing);

inline void check(const arrow::Status& status, std::string_view doing) {
  if (!status.ok()) [[unlikely]]
    throw error_from(status, doing);
}

template <typename T>
[[nodiscard]] T must(arrow::Result<T> result, std::string_view doing) {
  check(result.status(), doing);
  return std::move(result).ValueUnsafe();
}

// Arrow's compute functions, registered once in this process. Call before any of them.
void prepare_compute();

}  // namespace mortise::plugins
