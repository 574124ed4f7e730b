// A refusal in words: the tree of rules below it, written from the needs up (after the error reporting of PubGrub). A rule that
// two others come from is written once and referred to by its number.
#include <map>

#include "package/resolver_rules.h"

namespace mortise::package::rules {
namespace {

std::string run_text(const Package& package, std::size_t first, std::size_t last) {
  const auto& candidates = package.candidates;
  if (first == last) return candidates[first].version.text();
  std::string text = first == 0 ? "" : ">=" + candidates[first].version.text();
  if (last + 1 < candidates.size()) text += (text.empty() ? "<" : " <") + candidates[last + 1].version.text();
  return text;
}

class Story {
 public:
  Story(const std::vector<Package>& packages, const std::vector<Rule>& rules) : packages_(packages), rules_(rules) {}

  std::string told(const Rule& last) {
    if (!last.derived()) return "Because " + text(last) + ".";
    count(last);
    tell(last, conclusion(last, true));
    return lines_;
  }

 private:
  void count(const Rule& rule) {
    if (!rule.derived()) return;
    for (const std::size_t part : {rule.first, rule.second}) {
      if (++uses_[part] == 1) count(rules_[part]);
    }
  }

  void tell(const Rule& rule, const std::string& therefore) {
    const std::string first = part(rule.first);
    const std::string second = part(rule.second);
    if (!lines_.empty()) lines_ += '\n';
    lines_ += "Because " + first + " and " + second + ", " + therefore;
  }

  // The rule as half of a sentence; one that was derived is told before.
  std::string part(std::size_t number) {
    const Rule& rule = rules_[number];
    if (!rule.derived()) return text(rule);
    if (const auto seen = numbers_.find(number); seen != numbers_.end()) {
      return conclusion(rule, false) + " (" + std::to_string(seen->second) + ")";
    }
    tell(rule, conclusion(rule, false) + ".");
    if (uses_[number] > 1) {
      numbers_[number] = numbers_.size() + 1;
      lines_ += " (" + std::to_string(numbers_[number]) + ")";
    }
    return conclusion(rule, false);
  }

  std::string text(const Rule& rule) const {
    const Package& needed = packages_[rule.needed];
    const std::string who = describe(packages_[rule.terms[0].package], rule.terms[0].choices);
    const std::string what = needed.name + (rule.range->empty() ? "" : " " + *rule.range);
    if (needed.candidates.empty()) return who + " needs " + what + ", which nobody has";
    if (rule.terms.size() < 2) {
      return who + " needs " + what + ", of which there is no such version (there is " +
             (needed.candidates.size() > 1 ? needed.candidates.front().version.text() + " to " : "") +
             needed.candidates.back().version.text() + ")";
    }
    return who + " needs " + what;
  }

  std::string conclusion(const Rule& rule, bool final) const {
    if (final) return "there is no way to meet them all.";
    std::string allowed, wanted;
    std::size_t others = 0;
    for (const Term& term : rule.terms) {
      const Package& package = packages_[term.package];
      if (package.is_asker && rule.terms.size() > 1) continue;
      ++others;
      if (term.choices.may_be_absent()) {
        const Choices rest = term.choices.inverted();
        wanted += (wanted.empty() ? "" : " or ") + (rest.empty() ? package.name : describe(package, rest));
      } else {
        allowed += (allowed.empty() ? "" : " and ") + describe(package, term.choices);
      }
    }
    if (wanted.empty()) return allowed + " cannot be used" + (others > 1 ? " together" : "");
    return (allowed.empty() ? packages_[asker].name : allowed) + " needs " + wanted;
  }

  const std::vector<Package>& packages_;
  const std::vector<Rule>& rules_;
  std::map<std::size_t, std::size_t> uses_;
  std::map<std::size_t, std::size_t> numbers_;
  std::string lines_;
};

}  // namespace

std::string describe(const Package& package, const Choices& choices) {
  if (package.is_asker) return package.name;
  std::string runs;
  std::size_t covered = 0;
  for (std::size_t i = 0; i < package.candidates.size(); ++i) {
    if (!choices.has(i + 1)) continue;
    std::size_t end = i;
    while (end + 1 < package.candidates.size() && choices.has(end + 2)) ++end;
    covered += end - i + 1;
    runs += (runs.empty() ? "" : " or ") + run_text(package, i, end);
    i = end;
  }
  if (covered == package.candidates.size() && covered > 1) return "every version of " + package.name;
  return package.name + " " + runs;
}

std::string explain(const std::vector<Package>& packages, const std::vector<Rule>& rules, const Rule& last) {
  return Story(packages, rules).told(last);
}

}  // namespace mortise::package::rules
