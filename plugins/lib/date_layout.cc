#include "lib/date_layout.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>

#include "mortise/error.hpp"

namespace mortise::plugins {
namespace {

constexpr std::array<std::string_view, 12> months{"january",   "february", "march",    "april",
                                                  "may",       "june",     "july",     "august",
                                                  "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> days{"monday", "tuesday",  "wednesday", "thursday",
                                               "friday", "saturday", "sunday"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool starts_with(std::string_view text, std::string_view name) {
  if (text.size() < name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (lower(text[i]) != name[i]) return false;
  }
  return true;
}

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int32_t nanoseconds = 0, decimals = 0;
  int offset = 0;
  int half = -1;  // 0 AM, 1 PM
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] bool done() const { return at_ == text_.size(); }

  bool number(std::size_t least, std::size_t most, int& out) {
    std::size_t count = 0;
    out = 0;
    while (count < most && at_ + count < text_.size() && is_digit(text_[at_ + count])) {
      out = out * 10 + (text_[at_ + count++] - '0');
    }
    at_ += count;
    return count >= least;
  }
  // The place of the name, its full form or its first three letters.
  template <std::size_t N>
  bool name(const std::array<std::string_view, N>& names, int& out) {
    for (std::size_t i = 0; i < N; ++i) {
      for (const std::string_view form : {names[i], names[i].substr(0, 3)}) {
        if (!starts_with(text_.substr(at_), form)) continue;
        at_ += form.size();
        out = static_cast<int>(i);
        return true;
      }
    }
    return false;
  }
  bool half(int& out) {
    out = starts_with(text_.substr(at_), "am") ? 0 : starts_with(text_.substr(at_), "pm") ? 1 : -1;
    at_ += 2;
    return out >= 0;
  }
  bool decimals(std::int32_t& nanoseconds, std::int32_t& count) {
    count = 0;
    nanoseconds = 0;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
      if (++count > 9) return false;
      nanoseconds = nanoseconds * 10 + (text_[at_] - '0');
    }
    for (int i = count; i < 9; ++i) nanoseconds *= 10;
    return count > 0;
  }
  bool offset(int& seconds) {
    if (at_ == text_.size()) return false;
    const std::string_view rest = text_.substr(at_);
    for (const std::string_view zero : {std::string_view("z"), std::string_view("utc"), std::string_view("gmt")}) {
      if (starts_with(rest, zero) && rest.size() == zero.size()) {
        at_ = text_.size();
        seconds = 0;
        return true;
      }
    }
    const char sign = text_[at_++];
    int hours = 0, minutes = 0;
    if ((sign != '+' && sign != '-') || !number(2, 2, hours)) return false;
    if (at_ < text_.size() && text_[at_] == ':') ++at_;
    if (!number(2, 2, minutes) || hours > 23 || minutes > 59) return false;
    seconds = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
  }
  bool literal(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    while (c == ' ' && at_ < text_.size() && text_[at_] == ' ') ++at_;
    return true;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool read_part(Scanner& scan, char letter, Parts& parts) {
  int number = 0;
  switch (letter) {
    case 'Y': return scan.number(4, 4, parts.year);
    case 'y':
      if (!scan.number(2, 2, number)) return false;
      parts.year = number < 69 ? 2000 + number : 1900 + number;
      return true;
    case 'm': return scan.number(1, 2, parts.month);
    case 'd': return scan.number(1, 2, parts.day);
    case 'b':
    case 'B':
      if (!scan.name(months, number)) return false;
      parts.month = number + 1;
      return true;
    case 'a':
    case 'A': return scan.name(days, number);
    case 'H': return scan.number(1, 2, parts.hour) && parts.hour < 24;
    case 'I': return scan.number(1, 2, parts.hour) && parts.hour >= 1 && parts.hour <= 12;
    case 'p': return scan.half(parts.half);
    case 'M': return scan.number(2, 2, parts.minute) && parts.minute < 60;
    case 'S': return scan.number(2, 2, parts.second) && parts.second < 60;
    case 'f': return scan.decimals(parts.nanoseconds, parts.decimals);
    case 'z': return scan.offset(parts.offset);
    default: return scan.literal('%');
  }
}

}  // namespace

DateLayout::DateLayout(std::string_view pattern, const std::string& key) : pattern_(pattern) {
  bool year = false, month = false, day = false, half = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    const char letter = ++i < pattern.size() ? pattern[i] : '\0';
    switch (letter) {
      case 'Y':
      case 'y': year = true; break;
      case 'm':
      case 'b':
      case 'B': month = true; break;
      case 'd': day = true; break;
      case 'I': twelve_ = time_ = true; break;
      case 'H':
      case 'M':
      case 'S':
      case 'f': time_ = true; break;
      case 'p': half = true; break;
      case 'z': zone_ = time_ = true; break;
      case 'a':
      case 'A':
      case '%': break;
      default:
        throw Error(Code::invalid, key + ": '%" + std::string(1, letter) + "' is not known in '" + pattern_ + "'",
                    "known are %Y %y %m %d %b %B %a %A %H %I %p %M %S %f %z %%")
            .with("key", key)
            .with("got", pattern_);
    }
  }
  if (!year || !month || !day || half != twelve_) {
    throw Error(
        Code::invalid,
        key + ": '" + pattern_ + "' does not say " + (half != twelve_ ? "both %I and %p" : "year, month and day"),
        "for example %d.%m.%Y or %m/%d/%Y %I:%M %p")
        .with("key", key)
        .with("got", pattern_);
  }
}

std::optional<Instant> DateLayout::read(std::string_view text) const noexcept {
  Scanner scan(text);
  Parts parts;
  for (std::size_t i = 0; i < pattern_.size(); ++i) {
    const bool fits = pattern_[i] == '%' ? read_part(scan, pattern_[++i], parts) : scan.literal(pattern_[i]);
    if (!fits) return std::nullopt;
  }
  if (!scan.done() || parts.year < 1 || parts.month < 1 || parts.day < 1) return std::nullopt;
  if (twelve_) parts.hour = parts.hour % 12 + 12 * parts.half;
  const std::chrono::year_month_day date{std::chrono::year{parts.year},
                                         std::chrono::month{static_cast<unsigned>(parts.month)},
                                         std::chrono::day{static_cast<unsigned>(parts.day)}};
  if (!date.ok()) return std::nullopt;
  Instant instant;
  instant.seconds = std::int64_t{std::chrono::sys_days{date}.time_since_epoch().count()} * 86'400 + parts.hour * 3600 +
                    parts.minute * 60 + parts.second - parts.offset;
  instant.nanoseconds = parts.nanoseconds;
  instant.decimals = parts.decimals;
  instant.zoned = zone_;
  return instant;
}

// Month first stands just before day first: DateEvidence::verdict relies on it.
std::span<const DateLayout> known_layouts() {
  static const std::array layouts{
      DateLayout("%m/%d/%Y", ""),
      DateLayout("%d/%m/%Y", ""),
      DateLayout("%m/%d/%Y %H:%M", ""),
      DateLayout("%d/%m/%Y %H:%M", ""),
      DateLayout("%m/%d/%Y %H:%M:%S", ""),
      DateLayout("%d/%m/%Y %H:%M:%S", ""),
      DateLayout("%Y/%m/%d", ""),
      DateLayout("%Y/%m/%d %H:%M", ""),
      DateLayout("%Y/%m/%d %H:%M:%S", ""),
      DateLayout("%d.%m.%Y", ""),
      DateLayout("%d.%m.%Y %H:%M", ""),
      DateLayout("%d.%m.%Y %H:%M:%S", ""),
      DateLayout("%d-%b-%Y", ""),
      DateLayout("%d %b %Y", ""),
      DateLayout("%b %d, %Y", ""),
      DateLayout("%d %b %y %H:%M %z", ""),
      DateLayout("%a, %d %b %Y %H:%M:%S %z", ""),
  };
  return layouts;
}

void DateEvidence::add(std::string_view text) noexcept {
  // Every known layout begins with a digit or a letter and holds digits; most texts are told apart here.
  if (text.size() < 8 || text.size() > 48) {
    fits_ = 0;
    return;
  }
  const auto layouts = known_layouts();
  fits_ &= (std::uint32_t{1} << layouts.size()) - 1;
  for (std::uint32_t left = fits_; left != 0; left &= left - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(left));
    if (!layouts[i].read(text)) fits_ &= ~(std::uint32_t{1} << i);
  }
}

DateEvidence::Verdict DateEvidence::verdict() const noexcept {
  constexpr std::uint32_t all = 0xffffffff;
  if (fits_ == 0 || fits_ == all) return {};
  const auto first = static_cast<std::size_t>(std::countr_zero(fits_));
  constexpr std::size_t slashed = 6;
  if (first < slashed && first % 2 == 0 && (fits_ >> (first + 1) & 1) != 0) return {std::nullopt, true};
  return {first, false};
}

}  // namespace mortise::plugins
