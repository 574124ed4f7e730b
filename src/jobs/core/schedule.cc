#include "jobs/core/schedule.h"

#include <array>

#include "base/clock.h"
#include "jobs/core/json_column.h"

namespace mortise::jobs {
namespace {

constexpr std::array<std::string_view, 3> missed_words{"skip", "once", "all"};
constexpr std::array<std::string_view, 3> overlap_words{"skip", "queue", "cancel"};
constexpr std::string_view every_word = "every ", event_word = "event ";
constexpr std::int64_t most_slots = 1000;

template <typename Enum>
Enum read_word(const Node& node, const std::array<std::string_view, 3>& words) {
  const std::string text = node.as_string();
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return static_cast<Enum>(i);
  }
  throw node.expected(std::string(words[0]) + ", " + std::string(words[1]) + " or " + std::string(words[2]));
}

template <typename Enum>
Enum word_or(const std::string& text, const std::array<std::string_view, 3>& words, Enum otherwise) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return static_cast<Enum>(i);
  }
  return otherwise;
}

std::chrono::nanoseconds interval_of(const std::string& text) {
  Value quoted = Value::map({{"every", text}});
  const std::string json = json_column(quoted);
  std::chrono::nanoseconds every{};
  try {
    every = parse_json_config(json, "schedule").at("every").as_duration();
  } catch (const Error&) {
    every = {};
  }
  if (every >= std::chrono::seconds(1) && every <= std::chrono::hours(24 * 366)) return every;
  throw Error(Code::invalid, "an interval of a schedule cannot be '" + text + "'",
              "expected a duration from 1s to 366 days, such as 30s, 15m or 6h")
      .with("key", "every")
      .with("expected", "a duration such as 30s, 15m or 6h")
      .with("got", text);
}

}  // namespace

std::string_view name_of(Missed missed) noexcept { return missed_words[static_cast<std::size_t>(missed)]; }
std::string_view name_of(Overlap overlap) noexcept { return overlap_words[static_cast<std::size_t>(overlap)]; }

bool Timing::is_event(std::string_view text) noexcept { return text.starts_with(event_word); }

Timing Timing::parse(const std::string& text, const std::string& zone) {
  if (is_event(text)) {
    Timing timing(std::nullopt, {}, Zone::named(zone));
    timing.event_ = EventFilter::parse(text.substr(event_word.size()));
    return timing;
  }
  if (text.starts_with(every_word))
    return {std::nullopt, interval_of(text.substr(every_word.size())), Zone::named(zone)};
  Timing timing(Cron::parse(text), {}, Zone::named(zone));
  if (timing.next(now(), now())) return timing;
  throw Error(Code::invalid, "the schedule '" + text + "' never comes about", "there is no such day in any year")
      .with("key", "cron")
      .with("got", text);
}

std::optional<Time> Timing::next(Time after, Time anchor) const {
  if (event_) return std::nullopt;
  if (cron_) return cron_->next(after, zone_);
  const std::int64_t passed = after.nanoseconds - anchor.nanoseconds;
  if (passed < 0) return anchor;
  return Time{anchor.nanoseconds + (passed / every_.count() + 1) * every_.count()};
}

void check(const ScheduleSpec& spec) {
  (void)Timing::parse(spec.timing, spec.zone);
  if (spec.most == 0 || spec.most > most_slots)
    throw Error(Code::invalid, "most must be from 1 to 1000").with("key", "most");
}

namespace {

std::string timing_of(const Node& node) {
  const auto cron = node.find("cron"), every = node.find("every"), event = node.find("event");
  if (cron.has_value() + every.has_value() + event.has_value() != 1) throw node.expected("a map with one of cron, every and event");
  for (const char* key : {"zone", "jitter"}) {
    if (event && node.has(key)) throw node.at(key).problem("an event has no such key", "it is for schedules of times");
  }
  for (const char* key : {"source", "data"}) {
    if (!event && node.has(key)) throw node.at(key).problem("a time has no such key", "it is for schedules by event");
  }
  if (event) return std::string(event_word) + read_event_filter(node).text();
  return cron ? cron->as_string() : std::string(every_word) + every->as_text();
}

}  // namespace

ScheduleSpec read_schedule_spec(const Node& node) {
  ScheduleSpec spec;
  if (!node.is(Node::Kind::map)) {
    spec.timing = node.as_string();
  } else {
    node.forbid_unknown({"cron", "every", "event", "source", "data", "zone", "missed", "most", "overlap", "jitter"});
    spec.timing = timing_of(node);
    spec.zone = node.string_or("zone", spec.zone);
    if (const auto missed = node.find("missed")) spec.missed = read_word<Missed>(*missed, missed_words);
    if (const auto most = node.find("most")) spec.most = static_cast<std::uint32_t>(most->as_int64(1, most_slots));
    if (const auto overlap = node.find("overlap")) spec.overlap = read_word<Overlap>(*overlap, overlap_words);
    spec.jitter = node.duration_or("jitter", {});
  }
  try {
    check(spec);
  } catch (const Error& error) {
    throw node.problem(error.what(), error.hint());
  }
  return spec;
}

store::ScheduleRow row_of(const Schedule& schedule) {
  store::ScheduleRow row;
  row.name = clean_text(schedule.name);
  row.request = json_column(schedule.request);
  row.timing = schedule.spec.timing;
  row.zone = schedule.spec.zone;
  row.missed = name_of(schedule.spec.missed);
  row.overlap = name_of(schedule.spec.overlap);
  row.most = schedule.spec.most;
  row.jitter_ns = schedule.spec.jitter.count();
  row.state = schedule.paused ? "paused" : "active";
  row.origin = schedule.origin;
  row.created = schedule.created;
  row.next = schedule.next;
  row.last = schedule.last;
  row.last_run = schedule.last_run;
  row.problem = schedule.problem;
  row.seen = schedule.seen;
  return row;
}

Schedule schedule_of(const store::ScheduleRow& row) {
  Schedule schedule;
  schedule.name = row.name;
  schedule.request = read_json_column(row.request);
  schedule.spec.timing = row.timing;
  schedule.spec.zone = row.zone;
  schedule.spec.missed = word_or(row.missed, missed_words, Missed::once);
  schedule.spec.overlap = word_or(row.overlap, overlap_words, Overlap::skip);
  schedule.spec.most = row.most;
  schedule.spec.jitter = std::chrono::nanoseconds(row.jitter_ns);
  schedule.paused = row.state == "paused";
  schedule.origin = row.origin;
  schedule.created = row.created;
  schedule.next = row.next;
  schedule.last = row.last;
  schedule.last_run = row.last_run;
  schedule.problem = row.problem;
  schedule.seen = row.seen;
  return schedule;
}

// FNV-1a of name and time: spread, and the same after a restart.
Time with_jitter(const Schedule& schedule, Time due) {
  if (schedule.spec.jitter.count() <= 0) return due;
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : schedule.name + std::to_string(due.nanoseconds))
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return Time{due.nanoseconds +
              static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(schedule.spec.jitter.count()))};
}

}  // namespace mortise::jobs
