// What a plugin used and how its calls ended, as the API tells it.
#pragma once

#include <optional>
#include <string>

#include "mortise/value.hpp"
#include "runtime/runtime.h"

namespace mortise::http {

// Zeroes for a plugin that was never called. Slow: it asks the kernel about every worker.
[[nodiscard]] Value plugin_statistics(const runtime::Runtime& runtime, const std::string& id);
[[nodiscard]] Value statistics_schema();
// null: it may be called.
[[nodiscard]] Value quarantine_value(const std::optional<runtime::Quarantine>& quarantine);
[[nodiscard]] Value quarantine_schema();

}  // namespace mortise::http
