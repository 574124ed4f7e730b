// What the resolver and its explanation share: packages by number, and the rules over them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "package/choices.h"
#include "package/resolver.h"

namespace mortise::package::rules {

struct Package {
  std::string name;
  std::vector<Candidate> candidates;  // oldest first; position i + 1 of its Choices
  bool is_asker = false;
};

// Package 0 is who asks: its only version needs what is asked for.
inline constexpr std::size_t asker = 0;

struct Term {
  std::size_t package;
  Choices choices;
};

// The terms cannot all hold.
struct Rule {
  std::vector<Term> terms;  // one per package
  // Why: either a need (`need` of the versions in terms[0], written as `range`), or two rules together.
  std::optional<std::string> range;
  std::size_t needed = 0;  // the package of that need
  std::size_t first = 0, second = 0;

  [[nodiscard]] bool derived() const { return !range.has_value() && first != second; }
};

// "a, b and c": the refusal that ends in `rule`, told from the needs up. One line per step.
[[nodiscard]] std::string explain(const std::vector<Package>& packages, const std::vector<Rule>& rules, const Rule& last);
// "thing >=1.2.0 <2.0.0", "every version of thing".
[[nodiscard]] std::string describe(const Package& package, const Choices& choices);

}  // namespace mortise::package::rules
