// The wall clock, and its one text form: RFC 3339 in UTC.
//
// Durations are measured with std::chrono::steady_clock where they are needed; a Time only says when.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise {

[[nodiscard]] Time now() noexcept;

// "2026-01-31T12:34:56Z", with as many of 9 decimals as the instant needs. Years 1677 to 2262 (all that a Time can hold).
[[nodiscard]] std::string to_rfc3339(Time time);
// The same with exactly 3 decimals (truncated), for lines that people read in columns.
[[nodiscard]] std::string to_rfc3339_milliseconds(Time time);

// Reads any RFC 3339 date-time: offsets, 'T', 't' or one blank between date and time, decimals (those beyond nine are cut).
// A leap second (":60") is the second after. Nothing when the text is something else or lies beyond a Time.
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text) noexcept;

}  // namespace mortise
