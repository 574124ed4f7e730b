// One error type for the whole host: mortise::Error of the public headers. This header adds the one table that says what
// each code means to the outside, so that HTTP, CLI and SDKs cannot drift apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mortise/error.hpp"

namespace mortise {

struct CodeMeaning {
  Code code;
  std::string_view name;  // the word in JSON, logs and SDK exceptions
  int http_status;
  int exit_status;
  std::string_view advice;  // what a caller should do next, when the error itself has no hint
};

// The row of the code.
[[nodiscard]] const CodeMeaning& meaning(Code code) noexcept;
[[nodiscard]] std::string_view name_of(Code code) noexcept;
[[nodiscard]] std::optional<Code> code_named(std::string_view name) noexcept;

// "pipeline.yaml:7:12" from the details file, line and column, as far as they are there; else empty. Messages do not repeat it.
[[nodiscard]] std::string location_of(const Error& error);

}  // namespace mortise
