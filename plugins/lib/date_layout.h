// DateLayout: dates and times that are not written as ISO 8601 has them, by a pattern of strftime's letters.
//
//   %Y year of four digits   %y of two (69 to 99 are 19xx)   %m %d month, day (one or two digits)   %b %B name of the month
//   %H %I %p %M %S hour, hour of twelve with AM or PM, minute, second   %f decimals of a second   %a %A name of the day
//   %z offset (Z, +hh:mm, +hhmm)   %% a percent sign   anything else stands for itself; a blank for one blank or more
//
// Names are English, in any letter case. The whole text must fit, and the day must be in the calendar.
//
// known_layouts() are those that may be found in a file without being asked for: they cannot be taken for another, except
// day and month in front of a slash. Of these two the column itself must show which one it is (DateEvidence).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/civil.h"

namespace mortise::plugins {

class DateLayout {
 public:
  // Error{invalid} with `key` for a pattern that has no full date, or a letter that is not known.
  DateLayout(std::string_view pattern, const std::string& key);

  [[nodiscard]] const std::string& pattern() const noexcept { return pattern_; }
  [[nodiscard]] bool has_time() const noexcept { return time_; }
  [[nodiscard]] bool has_zone() const noexcept { return zone_; }

  [[nodiscard]] std::optional<Instant> read(std::string_view text) const noexcept;

 private:
  std::string pattern_;
  bool time_ = false, zone_ = false, twelve_ = false;
};

[[nodiscard]] std::span<const DateLayout> known_layouts();

// Which of the known layouts all texts of a column fit so far.
class DateEvidence {
 public:
  void add(std::string_view text) noexcept;
  void merge(const DateEvidence& other) noexcept { fits_ &= other.fits_; }
  void rule_out() noexcept { fits_ = 0; }
  // All but this one: what a column that was read by it says.
  void only(std::size_t layout) noexcept { fits_ &= std::uint32_t{1} << layout; }
  [[nodiscard]] bool possible() const noexcept { return fits_ != 0; }

  struct Verdict {
    std::optional<std::size_t> layout;
    bool ambiguous = false;  // day first and month first both fit
  };
  [[nodiscard]] Verdict verdict() const noexcept;

 private:
  std::uint32_t fits_ = 0xffffffff;
};

}  // namespace mortise::plugins
