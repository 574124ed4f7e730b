// Report: what was tried on a plugin and how each case ended.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::trial {

struct Case {
  enum class Outcome { passed, failed, skipped } outcome = Outcome::passed;
  std::string suite;    // "plugin", or the file of a test
  std::string name;
  double seconds = 0;
  std::string message;  // why it did not pass
  std::string output;   // what was printed meanwhile; may be empty
};
[[nodiscard]] std::string_view name_of(Case::Outcome outcome) noexcept;
[[nodiscard]] Value value_of(const Case& one);

// Collects the cases and tells each to whoever watches, as soon as it is known.
class Report {
 public:
  using Watch = std::function<void(const Case&)>;
  explicit Report(Watch watch) : watch_(std::move(watch)) {}

  void add(Case one);
  [[nodiscard]] std::size_t count(Case::Outcome outcome) const noexcept;
  [[nodiscard]] const std::vector<Case>& cases() const noexcept { return cases_; }

 private:
  Watch watch_;
  std::vector<Case> cases_;
};

// A line that a test runner reported (sdk/python/mortise/plugin_tests.py tells how). Nothing for {"end": N} and for what is none.
[[nodiscard]] std::optional<Case> case_of_line(std::string_view line);
// N of {"end": N}.
[[nodiscard]] std::optional<std::size_t> end_of_line(std::string_view line);

// Test results in what a program printed: TAP ("ok 1 - name", "not ok 2 - name # SKIP why"), and the lines of ctest.
[[nodiscard]] std::vector<Case> cases_printed(std::string_view printed, const std::string& suite);
// Those of `go test -json`.
[[nodiscard]] std::vector<Case> cases_of_go(std::string_view printed);

}  // namespace mortise::trial
