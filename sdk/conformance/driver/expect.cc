#include "expect.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "difference.h"
#include "literal.h"

namespace conformance {
namespace {

using mortise::Value;
using mortise::runtime::Ended;
using mortise::runtime::LogLevel;
using mortise::runtime::Outcome;
using std::chrono::milliseconds;

std::string text(const Value& map, std::string_view key) {
  const Value* found = map.find(key);
  return found != nullptr ? std::string(found->as_string()) : std::string();
}

Problem wrong_status(const Outcome& outcome, const Value& expect) {
  const std::string got = outcome.error ? std::string(mortise::name_of(outcome.error->code())) : "ok";
  const Value* status = expect.find("status");
  const auto matches = [&](const Value& wanted) {
    if (wanted.as_string() == "stopped") return got == "cancelled" || got == "timeout";
    return wanted.as_string() == got;
  };
  bool right = got == "ok";
  if (status != nullptr) {
    right = status->is(mortise::Kind::list) ? std::ranges::any_of(status->items(), matches) : matches(*status);
  }
  if (right) return std::nullopt;
  return "it ended " + got + (outcome.error ? ": " + outcome.error->describe() : std::string());
}

Problem wrong_error(const mortise::Error& error, const Value& expect) {
  if (std::string(error.what()).find(text(expect, "message")) == std::string::npos)
    return std::string("the message is ") + error.what();
  if (error.hint().find(text(expect, "hint")) == std::string::npos) return "the hint is " + error.hint();
  if (const Value* details = expect.find("details")) {
    for (const mortise::Member& wanted : details->members()) {
      if (error.detail(wanted.key()) != wanted.value().as_string()) {
        return "detail " + std::string(wanted.key()) + " is '" + std::string(error.detail(wanted.key())) + "'";
      }
    }
  }
  std::vector<std::string> causes;
  for (const mortise::Error* cause = error.cause(); cause != nullptr; cause = cause->cause())
    causes.emplace_back(cause->what());
  if (const Value* wanted = expect.find("causes")) {
    const auto same = [](const std::string& got, const Value& one) { return got == one.as_string(); };
    if (!std::ranges::equal(causes, wanted->items(), same))
      return "there are " + std::to_string(causes.size()) + " other causes";
  }
  if (const Value* depth = expect.find("depth_of_causes")) {
    const auto count = static_cast<std::int64_t>(causes.size());
    if (count < (*depth)[0].as_int64() || count > (*depth)[1].as_int64()) return std::to_string(count) + " causes came";
  }
  return std::nullopt;
}

Problem wrong_value(const Value& value, const Value& expect) {
  if (const Value* wanted = expect.find("value")) return difference(value, literal(*wanted));
  if (const Value* range = expect.find("between")) {
    const std::int64_t got = value.as_int64();
    if (got < (*range)[0].as_int64() || got > (*range)[1].as_int64()) return "the value is " + std::to_string(got);
  }
  return std::nullopt;
}

Problem wrong_logs(const CaseHost& host, const Value& expect) {
  std::vector<CaseHost::Record> records = host.records();
  if (const Value* count = expect.find("log_count"); count != nullptr && std::ssize(records) != count->as_int64()) {
    return std::to_string(records.size()) + " records came";
  }
  const Value* wanted = expect.find("logs");
  if (wanted == nullptr) return std::nullopt;
  const auto is_debug = [](const Value& record) { return record.at("level").as_string() == "debug"; };
  if (std::ranges::none_of(wanted->items(), is_debug)) {
    std::erase_if(records, [](const CaseHost::Record& record) { return record.level == LogLevel::debug; });
  }
  if (records.size() != wanted->size()) return std::to_string(records.size()) + " records came";
  constexpr std::pair<std::string_view, LogLevel> levels[] = {
      {"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning}, {"error", LogLevel::error}};
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Value& one = (*wanted)[i];
    const auto level =
        std::ranges::find(levels, one.at("level").as_string(), &std::pair<std::string_view, LogLevel>::first);
    if (records[i].level != level->second || records[i].message != one.at("message").as_string()) {
      return "record " + std::to_string(i) + " is '" + records[i].message + "'";
    }
    if (const Value* fields = one.find("fields")) {
      if (auto found = difference(records[i].fields, literal(*fields), "fields")) return found;
    }
  }
  return std::nullopt;
}

// The host thins progress out, but the last report always arrives.
Problem wrong_progress(const CaseHost& host, const Value& expect) {
  const Value* wanted = expect.find("progress");
  if (wanted == nullptr) return std::nullopt;
  const auto reports = host.reports();
  if (reports.empty() || reports.size() > wanted->size())
    return std::to_string(reports.size()) + " reports of progress came";
  const Value& last = (*wanted)[wanted->size() - 1];
  const bool unknown = last[0].is_null();
  const bool same = unknown ? reports.back().first < 0 : reports.back().first == last[0].as_float64();
  if (same && reports.back().second == last[1].as_string()) return std::nullopt;
  return "the last report is " + std::to_string(reports.back().first) + " '" + reports.back().second + "'";
}

Problem wrong_end(const Outcome& outcome, const Value& expect) {
  const Ended wanted = expect.has("deaf") ? Ended::killed : Ended::crashed;
  if (outcome.ended == wanted && outcome.error) return std::nullopt;
  return "it ended " + std::string(name_of(outcome.ended)) +
         (outcome.error ? ": " + outcome.error->describe() : std::string());
}

// What a worker prints during a call is logged as the call's, a line a record.
Problem wrong_printed(const CaseHost& host, const Value& expect) {
  for (const char* stream : {"stdout", "stderr"}) {
    std::string line = text(expect, stream);
    if (line.ends_with('\n')) line.pop_back();
    const auto records = host.records();
    if (line.empty() || std::ranges::find(records, line, &CaseHost::Record::message) != records.end()) continue;
    return "nobody logged the line '" + line + "'";
  }
  return std::nullopt;
}

}  // namespace

Problem wrong_outcome(const Outcome& outcome, const Value& expect) {
  if (expect.has("ended") || expect.has("deaf")) return wrong_end(outcome, expect);
  if (Problem problem = wrong_status(outcome, expect)) return problem;
  return outcome.error ? wrong_error(*outcome.error, expect) : wrong_value(outcome.value, expect);
}

Problem wrong_told(const CaseHost& host, const Value& expect) {
  if (Problem problem = wrong_logs(host, expect)) return problem;
  if (Problem problem = wrong_progress(host, expect)) return problem;
  if (Problem problem = wrong_printed(host, expect)) return problem;
  return host.complaint();
}

Problem wrong_copies(const Outcome& outcome, std::uint64_t bytes_put_in, Where where) {
  // Each of them once on its way in and once on its way out; 64 bytes of padding here and there.
  const std::uint64_t allowed = where == Where::in_process ? 0 : 2 * (bytes_put_in + leaf_bytes(outcome.value)) + 4096;
  if (outcome.bytes_copied <= allowed) return std::nullopt;
  return std::to_string(outcome.bytes_copied) + " bytes were copied, " + std::to_string(allowed) + " are right";
}

Problem wrong_time(mortise::runtime::Clock::duration took, const Value& expect) {
  const Value* range = expect.find("ms");
  if (range == nullptr) return std::nullopt;
  const auto ms = std::chrono::duration_cast<milliseconds>(took).count();
  if (ms >= (*range)[0].as_int64() && ms <= (*range)[1].as_int64()) return std::nullopt;
  return "it took " + std::to_string(ms) + " ms";
}

}  // namespace conformance
