// Dates, times and decimals of Arrow columns as text and Values.
#pragma once

#include <cstdint>
#include <string>

#include "mortise/value.hpp"

namespace mortise::data {

__extension__ using Int128 = __int128;

// "2026-01-31" of days since 1970; beyond the years that std::chrono knows, the number of days.
[[nodiscard]] std::string date_text(std::int64_t days);
// "12:34:56.000000007" of a count of units within a day.
[[nodiscard]] std::string clock_text(std::int64_t count, std::int64_t units_per_second);
// Of a count of 's', 'm', 'u' or 'n' since 1970: a Time, or text like "10000-01-01T00:00:00Z" where nanoseconds cannot hold it.
[[nodiscard]] Value timestamp_value(std::int64_t count, char unit);
// With the decimal point `scale` digits from the right (negative: so many zeros more).
[[nodiscard]] std::string decimal_text(Int128 number, int scale);
// Rounded down, for negative numbers too.
[[nodiscard]] std::int64_t floor_divide(std::int64_t a, std::int64_t b) noexcept;

}  // namespace mortise::data
