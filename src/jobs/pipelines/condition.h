// Condition: the little language of a step's `when`.
//
//   when: steps.Read.rows > 0 and mode in ["full", "daily"]
//   when: failed()                       # clean up after a failure
//   when: exists(weather) and not context["dry run"]
//
// A name is an entry of the run's context; `steps` holds {outcome, rows, attempts} of the steps so far. Operators, loosest
// first: or, and, not, == != < <= > >= in, and parentheses. Literals: numbers, "text" or 'text', true, false, null, [lists].
// Functions: exists(name), len(name), succeeded(), failed(), always(). A missing name is null. Comparing the order of two
// different kinds is an error, not false: a condition that makes no sense must not decide anything silently.
//
// A condition that calls failed() or always() is asked even after a step it needs has failed; any other is not.
//
// Set aside: embedding a scripting language (a second sandbox to defend), and templating (text where a truth value is meant).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "mortise/value.hpp"

namespace mortise::jobs {

class Condition {
 public:
  // What a condition can see.
  struct Scope {
    std::function<const Value*(std::string_view name)> context;  // null: no such entry
    Value steps;                                                 // map of step name -> {outcome, rows, attempts}
    bool any_failed = false;                                     // of the steps it needs, directly or not
  };

  // Throws Error{invalid} with the column and what was expected.
  static Condition parse(std::string_view text);

  Condition(Condition&&) noexcept;
  Condition& operator=(Condition&&) noexcept;
  Condition(const Condition&);
  Condition& operator=(const Condition&);
  ~Condition();

  // Throws Error{invalid} when kinds do not fit.
  [[nodiscard]] bool holds(const Scope& scope) const;
  [[nodiscard]] bool asks_about_failure() const noexcept;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  struct Node;  // the parsed tree, in condition.cc

 private:
  Condition(std::string text, std::shared_ptr<const Node> root);
  std::string text_;
  std::shared_ptr<const Node> root_;
};

}  // namespace mortise::jobs
