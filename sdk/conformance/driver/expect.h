// What a case expects, held against what came. Each function gives nothing when all is right, else what is wrong.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "case_host.h"
#include "mortise/value.hpp"
#include "runtime/call.h"

namespace conformance {

enum class Where { in_process, c_worker, native_worker, python_worker, r_worker, go_worker };

using Problem = std::optional<std::string>;

// Status, value, error; or how the process ended.
[[nodiscard]] Problem wrong_outcome(const mortise::runtime::Outcome& outcome, const mortise::Value& expect);

// Logs, progress, what was printed, what services were given.
[[nodiscard]] Problem wrong_told(const CaseHost& host, const mortise::Value& expect);

// A worker copies at most what goes in and out; in process nothing is ever copied.
[[nodiscard]] Problem wrong_copies(const mortise::runtime::Outcome& outcome, std::uint64_t bytes_put_in, Where where);

[[nodiscard]] Problem wrong_time(mortise::runtime::Clock::duration took, const mortise::Value& expect);

}  // namespace conformance
