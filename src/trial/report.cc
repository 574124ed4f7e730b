#include "trial/report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/config_tree.h"
#include "base/error.h"
#include "base/utf8.h"

namespace mortise::trial {
namespace {

constexpr std::size_t longest_name = 500, longest_text = 64U << 10, most_cases = 20'000;

// Strangers wrote it: bounded, and UTF-8 whatever came.
std::string plain(std::string_view text, std::size_t most) {
  std::string made(utf8_prefix(text, most));
  for (std::size_t bad; (bad = find_invalid_utf8(made)) != std::string::npos;) made[bad] = '?';
  return made;
}

std::optional<Case::Outcome> outcome_of(std::string_view word) {
  for (const auto outcome : {Case::Outcome::passed, Case::Outcome::failed, Case::Outcome::skipped}) {
    if (word == name_of(outcome)) return outcome;
  }
  return std::nullopt;
}

// A JSON object on one line, or nothing.
std::optional<Node> object_of(std::string_view line) {
  if (!line.starts_with('{')) return std::nullopt;
  try {
    Node node = parse_json_config(line, "report");
    return node.is(Node::Kind::map) ? std::optional(node) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

double seconds_in(const Node& node, std::string_view key) {
  const auto found = node.find(key);
  const double seconds = found && (found->is(Node::Kind::number) || found->is(Node::Kind::integer)) ? found->as_float64() : 0;
  return std::isfinite(seconds) && seconds > 0 ? seconds : 0;
}

std::string text_in(const Node& node, std::string_view key, std::size_t most) {
  const auto found = node.find(key);
  return found && found->is(Node::Kind::string) ? plain(found->as_string(), most) : std::string();
}

template <typename Each>
void each_line(std::string_view text, Each each) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    each(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// "ok 1 - name # SKIP why"
std::optional<Case> tap(std::string_view line) {
  Case one;
  if (line.starts_with("not ok ")) one.outcome = Case::Outcome::failed, line.remove_prefix(7);
  else if (line.starts_with("ok ")) line.remove_prefix(3);
  else return std::nullopt;
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  if (digits == 0) return std::nullopt;
  line.remove_prefix(digits);
  std::string_view name = trimmed(line);
  if (name.starts_with("- ")) name.remove_prefix(2);
  if (const std::size_t hash = name.find(" # "); hash != std::string_view::npos) {
    const std::string_view directive = name.substr(hash + 3);
    if (directive.starts_with("SKIP") || directive.starts_with("TODO")) {
      one.outcome = Case::Outcome::skipped;
      one.message = plain(directive, longest_text);
    }
    name = name.substr(0, hash);
  }
  one.name = plain(name, longest_name);
  if (one.name.empty()) one.name = "a test without a name";
  if (one.outcome == Case::Outcome::failed) one.message = "not ok";
  return one;
}

// "1/3 Test #1: name ....   Passed    0.01 sec"
std::optional<Case> ctest(std::string_view line) {
  const std::size_t test = line.find(" Test ");
  const std::size_t colon = line.find(": ");
  const std::size_t dots = line.find(" ..");
  if (test == std::string_view::npos || colon == std::string_view::npos || dots == std::string_view::npos || dots <= colon ||
      trimmed(line).find_first_not_of("0123456789/") == 0)
    return std::nullopt;
  Case one;
  one.name = plain(trimmed(line.substr(colon + 2, dots - colon - 2)), longest_name);
  std::string_view result = line.substr(dots + 1);
  result.remove_prefix(std::min(result.find_first_not_of('.'), result.size()));
  result = trimmed(result);
  if (result.starts_with("***Skipped") || result.starts_with("***Not Run")) one.outcome = Case::Outcome::skipped;
  else if (!result.starts_with("Passed")) one.outcome = Case::Outcome::failed;
  if (one.outcome != Case::Outcome::passed) one.message = plain(result, longest_text);
  return one;
}

}  // namespace

std::string_view name_of(Case::Outcome outcome) noexcept {
  switch (outcome) {
    case Case::Outcome::failed: return "failed";
    case Case::Outcome::skipped: return "skipped";
    case Case::Outcome::passed: break;
  }
  return "passed";
}

Value value_of(const Case& one) {
  Value made = Value::map(
      {{"suite", one.suite}, {"name", one.name}, {"outcome", name_of(one.outcome)}, {"seconds", one.seconds}});
  if (!one.message.empty()) made.set("message", one.message);
  if (!one.output.empty()) made.set("output", one.output);
  return made;
}

void Report::add(Case one) {
  if (cases_.size() >= most_cases) return;
  if (watch_) watch_(one);
  cases_.push_back(std::move(one));
}

std::size_t Report::count(Case::Outcome outcome) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(cases_.begin(), cases_.end(), [&](const Case& one) { return one.outcome == outcome; }));
}

std::optional<Case> case_of_line(std::string_view line) {
  const auto node = object_of(line);
  if (!node) return std::nullopt;
  const auto outcome = outcome_of(text_in(*node, "outcome", longest_name));
  if (!outcome) return std::nullopt;
  return Case{*outcome,
              text_in(*node, "suite", longest_name),
              text_in(*node, "name", longest_name),
              seconds_in(*node, "seconds"),
              text_in(*node, "message", longest_text),
              text_in(*node, "output", longest_text)};
}

std::optional<std::size_t> end_of_line(std::string_view line) {
  const auto node = object_of(line);
  const auto end = node ? node->find("end") : std::nullopt;
  if (!end || !end->is(Node::Kind::integer)) return std::nullopt;
  return static_cast<std::size_t>(end->as_int64(0, 1'000'000'000));
}

std::vector<Case> cases_printed(std::string_view printed, const std::string& suite) {
  std::vector<Case> cases;
  each_line(printed, [&](std::string_view line) {
    auto one = tap(line);
    if (!one) one = ctest(line);
    if (!one || cases.size() >= most_cases) return;
    one->suite = suite;
    cases.push_back(*std::move(one));
  });
  return cases;
}

std::vector<Case> cases_of_go(std::string_view printed) {
  std::vector<Case> cases;
  std::map<std::string, std::string> outputs;
  each_line(printed, [&](std::string_view line) {
    const auto node = object_of(line);
    if (!node || cases.size() >= most_cases) return;
    const std::string action = text_in(*node, "Action", longest_name);
    const std::string package = text_in(*node, "Package", longest_name), test = text_in(*node, "Test", longest_name);
    std::string& output = outputs[package + "\n" + test];
    if (action == "output" && output.size() < longest_text) output += text_in(*node, "Output", longest_text);
    const bool whole = test.empty();  // of a package: told only when it did not come to its tests
    if (action != "pass" && action != "fail" && action != "skip") return;
    if (whole && action != "fail") return;
    const bool explained = std::any_of(cases.begin(), cases.end(), [&](const Case& one) {
      return one.suite == package && one.outcome == Case::Outcome::failed;
    });
    if (whole && explained) return;
    Case one;
    one.outcome = action == "pass" ? Case::Outcome::passed : action == "skip" ? Case::Outcome::skipped : Case::Outcome::failed;
    one.suite = package;
    one.name = whole ? "its tests are built and run" : test;
    one.seconds = seconds_in(*node, "Elapsed");
    if (one.outcome != Case::Outcome::passed) one.message = output;
    cases.push_back(std::move(one));
  });
  return cases;
}

}  // namespace mortise::trial
