#include "jobs/core/cron.h"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace mortise::jobs {
namespace {

using std::chrono::seconds;

constexpr std::int64_t day = 86'400;
constexpr std::int64_t horizon = 10 * 366 * day;
constexpr std::array<std::string_view, 12> month_names{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekday_names{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  const char* name;
  int least, most;
  std::span<const std::string_view> words;
  int first_word;
};
constexpr std::array fields{Field{"minute", 0, 59, {}, 0}, Field{"hour", 0, 23, {}, 0},
                            Field{"day of month", 1, 31, {}, 0}, Field{"month", 1, 12, month_names, 1},
                            Field{"day of week", 0, 7, weekday_names, 0}};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

Error refusal(const Field& field, std::string_view got) {
  const std::string range = std::to_string(field.least) + " to " + std::to_string(field.most);
  return Error(Code::invalid,
               std::string("the ") + field.name + " of a cron schedule cannot be '" + std::string(got) + "'",
               "expected *, numbers from " + range +
                   (field.words.empty() ? "" : " or names such as " + std::string(field.words[1])) +
                   ", ranges (a-b), lists (a,b) or steps (*/n, a-b/n)")
      .with("key", field.name)
      .with("expected", range)
      .with("got", std::string(got));
}

int number_of(const Field& field, std::string_view text, std::string_view whole) {
  const std::string word = lower(text);
  const auto named = std::find(field.words.begin(), field.words.end(), word);
  if (named != field.words.end()) return static_cast<int>(named - field.words.begin()) + field.first_word;
  int number = -1;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number < field.least || number > field.most)
    throw refusal(field, whole);
  return number;
}

int step_of(const Field& field, std::string_view text, std::string_view whole) {
  int step = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), step);
  if (failure != std::errc{} || end != text.data() + text.size() || step < 1 || step > field.most)
    throw refusal(field, whole);
  return step;
}

// One item of a list: *, a, a-b, each perhaps with /step.
template <typename Set>
void read_item(const Field& field, std::string_view item, std::string_view whole, Set set) {
  const std::size_t slash = item.find('/');
  const std::string_view range = item.substr(0, slash);
  const int step = slash == std::string_view::npos ? 1 : step_of(field, item.substr(slash + 1), whole);
  int from = field.least, to = field.most;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    from = number_of(field, range.substr(0, dash), whole);
    to = dash == std::string_view::npos ? from : number_of(field, range.substr(dash + 1), whole);
    if (dash == std::string_view::npos && slash != std::string_view::npos) to = field.most;  // 5/15, as 5-59/15
    if (to < from) throw refusal(field, whole);
  }
  for (int value = from; value <= to; value += step) set(value);
}

template <typename Set>
void read_field(const Field& field, std::string_view text, Set set) {
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t comma = std::min(text.find(',', start), text.size());
    if (comma == start) throw refusal(field, text);
    read_item(field, text.substr(start, comma - start), text, set);
    start = comma + 1;
  }
}

std::string_view macro(std::string_view name) {
  if (name == "@yearly" || name == "@annually") return "0 0 1 1 *";
  if (name == "@monthly") return "0 0 1 * *";
  if (name == "@weekly") return "0 0 * * 0";
  if (name == "@daily" || name == "@midnight") return "0 0 * * *";
  if (name == "@hourly") return "0 * * * *";
  throw Error(Code::invalid, "there is no cron schedule '" + std::string(name) + "'",
              "known are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly")
      .with("got", std::string(name));
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  constexpr std::string_view blanks = " \t";
  for (std::size_t start = text.find_first_not_of(blanks); start != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(blanks, start), text.size());
    words.push_back(text.substr(start, end - start));
    start = text.find_first_not_of(blanks, end);
  }
  return words;
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

const date::time_zone& rules_of(const void* rules) { return *static_cast<const date::time_zone*>(rules); }

}  // namespace

Zone Zone::named(const std::string& name) {
  try {
    return {name, date::locate_zone(name)};
  } catch (const std::exception&) {
    throw Error(Code::not_found, "there is no time zone '" + name + "'",
                "zones have names such as UTC, Europe/Berlin or America/New_York")
        .with("key", "zone")
        .with("got", name);
  }
}

Zone::Stretch Zone::stretch_at(std::int64_t at) const {
  const date::sys_info info = rules_of(rules_).get_info(date::sys_seconds(seconds(at)));
  return {info.begin.time_since_epoch().count(), info.end.time_since_epoch().count(), info.offset.count()};
}

Cron Cron::parse(std::string_view text) {
  std::vector<std::string_view> words = words_of(text);
  if (words.size() == 1 && words[0].starts_with('@')) words = words_of(macro(words[0]));
  if (words.size() != fields.size()) {
    throw Error(
        Code::invalid,
        "a cron schedule has five fields, got " + std::to_string(words.size()) + ": '" + std::string(text) + "'",
        "minute, hour, day of month, month, day of week: \"30 6 * * mon-fri\"")
        .with("expected", "five fields")
        .with("got", std::string(text));
  }
  Cron cron;
  const auto index = [](int value) { return static_cast<std::size_t>(value); };
  read_field(fields[0], words[0], [&](int value) { cron.minutes_.set(index(value)); });
  read_field(fields[1], words[1], [&](int value) { cron.hours_.set(index(value)); });
  read_field(fields[2], words[2], [&](int value) { cron.days_.set(index(value)); });
  read_field(fields[3], words[3], [&](int value) { cron.months_.set(index(value)); });
  read_field(fields[4], words[4], [&](int value) { cron.weekdays_.set(index(value % 7)); });
  cron.follows_time_ = words[1].starts_with('*');
  cron.any_day_ = words[2].starts_with('*');
  cron.any_weekday_ = words[4].starts_with('*');
  return cron;
}

bool Cron::fits_day(std::int64_t days) const {
  const date::sys_days at{date::days(days)};
  const date::year_month_day date(at);
  if (!months_.test(static_cast<unsigned>(date.month()))) return false;
  const bool day_fits = days_.test(static_cast<unsigned>(date.day()));
  const bool weekday_fits = weekdays_.test(date::weekday(at).c_encoding());
  // One that was written with * restricts by its step alone: */2 and mon is both, 1 and mon is either.
  return any_day_ || any_weekday_ ? day_fits && weekday_fits : day_fits || weekday_fits;
}

std::optional<std::int64_t> Cron::first_fitting(std::int64_t from, std::int64_t end) const {
  std::int64_t at = floor_div(from + 59, 60) * 60;
  while (at < end) {
    const std::int64_t days = floor_div(at, day);
    if (!fits_day(days)) {
      at = (days + 1) * day;
      continue;
    }
    const auto hour = static_cast<std::size_t>((at - days * day) / 3600);
    const auto minute = static_cast<std::size_t>(at % 3600 < 0 ? at % 3600 + 3600 : at % 3600) / 60;
    if (!hours_.test(hour)) {
      at = days * day + (static_cast<std::int64_t>(hour) + 1) * 3600;
    } else if (!minutes_.test(minute)) {
      at += 60;
    } else {
      return at;
    }
  }
  return std::nullopt;
}

std::optional<Time> Cron::next(Time after, const Zone& zone) const {
  const std::int64_t begin = floor_div(after.nanoseconds, 1'000'000'000) + 1;
  std::optional<Zone::Stretch> before;
  for (std::int64_t at = begin; at < begin + horizon;) {
    const Zone::Stretch now = zone.stretch_at(at);
    if (!before && now.begin > std::numeric_limits<std::int64_t>::min() / 4 && now.begin > begin - 7 * day)
      before = zone.stretch_at(now.begin - 1);
    std::int64_t from = at + now.offset;
    if (before && !follows_time_) {
      const std::int64_t shown = now.begin + before->offset;  // what the clock would have shown without the change
      const std::int64_t starts = now.begin + now.offset;
      if (at == now.begin && starts > shown && first_fitting(shown, starts)) return Time{at * 1'000'000'000};
      from = std::max(from, shown);  // minutes below were shown before
    }
    const std::int64_t end = std::min(now.end, begin + horizon);
    if (const auto found = first_fitting(from, end + now.offset)) return Time{(*found - now.offset) * 1'000'000'000};
    before = now;
    at = now.end;
  }
  return std::nullopt;
}

}  // namespace mortise::jobs
