// Dates and times as ISO 8601 writes them, both ways, exactly.
//
// Only the unambiguous forms are read: a date is yyyy-mm-dd; a time is a date, 'T' or a blank, hh:mm or hh:mm:ss with up
// to nine decimals, and then nothing, 'Z' or an offset +hh:mm. Calendar and clock are checked (no 30th of February, no
// leap seconds). Years are 0001 to 9999.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::plugins {

// Days since 1970-01-01.
[[nodiscard]] std::optional<std::int32_t> parse_date(std::string_view text);

struct Instant {
  std::int64_t seconds = 0;      // since 1970-01-01T00:00:00, of UTC when `zoned`
  std::int32_t nanoseconds = 0;  // 0 to 999,999,999, to be added
  std::int32_t decimals = 0;     // how many were written
  bool zoned = false;            // 'Z' or an offset was there
};
[[nodiscard]] std::optional<Instant> parse_time(std::string_view text);

[[nodiscard]] std::string format_date(std::int32_t days);
// "2026-01-31T12:34:56.5" with as many decimals as are needed, no zone.
[[nodiscard]] std::string format_time(std::int64_t seconds, std::int32_t nanoseconds);

}  // namespace mortise::plugins
