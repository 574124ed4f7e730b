// The algorithm; how a refusal is told is in resolver_explain.cc.
#include "package/resolver.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/error.h"
#include "package/resolver_rules.h"

namespace mortise::package {
namespace {

using namespace rules;

// What became known, in order: by choice (a new level), or because a rule left nothing else.
struct Assignment {
  std::size_t package;
  Choices choices;
  std::size_t level;
  std::optional<std::size_t> rule;  // none: a decision
  Choices before;                   // what was known of the package until then
};

class Solver {
 public:
  Solver(Catalog& catalog, const std::string& asker_name, const std::vector<Need>& needs,
         const std::map<std::string, Version>& preferred)
      : catalog_(catalog), preferred_(preferred) {
    packages_.push_back({asker_name, {{Version{}, needs}}, true});
    state_.emplace_back(1, Choices::Content::everything);
    add_place();
  }

  Resolution solve() {
    decide(asker, 1);
    std::size_t changed = asker;
    while (true) {
      propagate(changed);
      const auto next = undecided();
      if (!next) break;
      decide(*next, best_position(*next));
      changed = *next;
    }
    return result();
  }

 private:
  // ---- packages ----
  std::size_t number_of(const std::string& name) {
    const auto [at, fresh] = numbers_.emplace(name, packages_.size());
    if (!fresh) return at->second;
    Package package{name, catalog_.candidates(name), false};
    std::stable_sort(package.candidates.begin(), package.candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.version < b.version; });
    state_.emplace_back(package.candidates.size(), Choices::Content::everything);
    packages_.push_back(std::move(package));
    add_place();
    return at->second;
  }

  void add_place() {
    of_package_.emplace_back();
    assigned_.emplace_back();
    decided_.push_back(false);
  }

  Choices covered_by(std::size_t package, const Range& range) const {
    const auto& candidates = packages_[package].candidates;
    Choices covered(candidates.size(), Choices::Content::nothing);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (range.contains(candidates[i].version)) covered.add(i + 1);
    }
    return covered;
  }

  // ---- rules ----
  // A term that always holds says nothing; two of one package are one.
  static void add_term(Rule& rule, const Term& term) {
    if (term.choices.count() == term.choices.positions()) return;
    for (Term& there : rule.terms) {
      if (there.package != term.package) continue;
      there.choices = there.choices.intersected(term.choices);
      return;
    }
    rule.terms.push_back(term);
  }

  std::size_t add_rule(Rule rule) {
    const std::size_t number = rules_.size();
    for (const Term& term : rule.terms) of_package_[term.package].push_back(number);
    rules_.push_back(std::move(rule));
    return number;
  }

  // "These versions of `package`, and not one that the need covers, cannot be": for all versions with the same need at once.
  void add_needs(std::size_t package, std::size_t position) {
    const std::vector<Need> needs = packages_[package].candidates[position - 1].needs;
    for (const Need& need : needs) {
      if (!said_.insert({package, need.package + " " + need.range.text()}).second) continue;
      const std::size_t needed = number_of(need.package);
      Choices sharing(packages_[package].candidates.size(), Choices::Content::nothing);
      for (std::size_t i = 0; i < packages_[package].candidates.size(); ++i) {
        for (const Need& other : packages_[package].candidates[i].needs) {
          if (other.package == need.package && other.range.text() == need.range.text()) sharing.add(i + 1);
        }
      }
      Rule rule;
      add_term(rule, {package, std::move(sharing)});
      add_term(rule, {needed, covered_by(needed, need.range).inverted()});
      rule.range = need.range.text();
      rule.needed = needed;
      (void)add_rule(std::move(rule));
    }
  }

  // ---- what is known ----
  void assign(std::size_t package, const Choices& choices, std::optional<std::size_t> rule) {
    assigned_[package].push_back(log_.size());
    if (!rule) decided_[package] = true;
    Choices now = state_[package].intersected(choices);
    log_.push_back({package, choices, level_, rule, std::move(state_[package])});
    state_[package] = std::move(now);
  }

  void decide(std::size_t package, std::size_t position) {
    ++level_;
    Choices one(packages_[package].candidates.size(), Choices::Content::nothing);
    one.add(position);
    assign(package, one, std::nullopt);
    add_needs(package, position);
  }

  void back_to(std::size_t level) {
    level_ = level;
    while (!log_.empty() && log_.back().level > level) {
      Assignment& last = log_.back();
      state_[last.package] = std::move(last.before);
      assigned_[last.package].pop_back();
      if (!last.rule) decided_[last.package] = false;
      log_.pop_back();
    }
  }

  // ---- unit propagation ----
  struct Verdict {
    enum { loose, conflict, leaves_one } kind = loose;
    std::size_t term = 0;
  };
  Verdict judge(const Rule& rule) const {
    std::optional<std::size_t> open;
    for (std::size_t i = 0; i < rule.terms.size(); ++i) {
      const Choices& known = state_[rule.terms[i].package];
      if (known.within(rule.terms[i].choices)) continue;
      if (!known.meets(rule.terms[i].choices) || open) return {};
      open = i;
    }
    if (!open) return {Verdict::conflict, 0};
    return {Verdict::leaves_one, *open};
  }

  void propagate(std::size_t changed) {
    std::vector<std::size_t> waiting{changed};
    while (!waiting.empty()) {
      const std::size_t package = waiting.back();
      waiting.pop_back();
      // The youngest rules first: what was learnt last leads out of the present dead end.
      for (std::size_t i = of_package_[package].size(); i-- > 0;) {
        const std::size_t rule = of_package_[package][i];
        const Verdict verdict = judge(rules_[rule]);
        if (verdict.kind == Verdict::loose) continue;
        std::size_t cause = rule;
        std::size_t term = verdict.term;
        if (verdict.kind == Verdict::conflict) {
          cause = learn(rule);
          const Verdict after = judge(rules_[cause]);
          if (after.kind != Verdict::leaves_one) throw Error(Code::internal, "the resolver lost its way");
          term = after.term;
          waiting.clear();
        }
        const Term derived = rules_[cause].terms[term];
        assign(derived.package, derived.choices.inverted(), cause);
        waiting.push_back(derived.package);
        if (verdict.kind == Verdict::conflict) break;
      }
    }
  }

  // ---- conflicts ----
  // The first assignment after which the term holds.
  std::size_t satisfier_of(const Term& term, std::size_t limit) const {
    Choices known(packages_[term.package].candidates.size(), Choices::Content::everything);
    if (known.within(term.choices)) return 0;
    for (const std::size_t at : assigned_[term.package]) {
      if (at >= limit) break;
      known = known.intersected(log_[at].choices);
      if (known.within(term.choices)) return at + 1;
    }
    throw Error(Code::internal, "the resolver met a conflict that is none");
  }

  // From a rule that is violated to one that says what was wrong before the last choice; undoes up to there.
  std::size_t learn(std::size_t rule) {
    while (true) {
      if (is_final(rules_[rule])) throw refusal(rules_[rule]);
      std::size_t last = 0, last_term = 0;
      for (std::size_t i = 0; i < rules_[rule].terms.size(); ++i) {
        const std::size_t at = satisfier_of(rules_[rule].terms[i], log_.size());
        if (at > last) last = at, last_term = i;
      }
      if (last == 0) throw refusal(rules_[rule]);
      const Assignment& satisfier = log_[last - 1];
      const Term& term = rules_[rule].terms[last_term];
      std::size_t level_before = 1;
      for (std::size_t i = 0; i < rules_[rule].terms.size(); ++i) {
        if (i != last_term) level_before = std::max(level_before, level_at(satisfier_of(rules_[rule].terms[i], last - 1)));
      }
      const Choices missed = satisfier.choices.intersected(term.choices.inverted());
      const Term rest{term.package, missed.inverted()};
      if (!missed.empty()) level_before = std::max(level_before, level_at(satisfier_of(rest, last - 1)));
      if (!satisfier.rule || level_before < satisfier.level) {
        back_to(level_before);
        return rule;
      }
      rule = add_rule(combined(rule, *satisfier.rule, term.package, missed.empty() ? nullptr : &rest));
    }
  }

  std::size_t level_at(std::size_t position) const { return position == 0 ? 1 : log_[position - 1].level; }

  static bool is_final(const Rule& rule) {
    return rule.terms.empty() || (rule.terms.size() == 1 && rule.terms[0].package == asker);
  }

  Rule combined(std::size_t first, std::size_t second, std::size_t without, const Term* rest) const {
    Rule rule;
    rule.first = first;
    rule.second = second;
    for (const std::size_t source : {first, second}) {
      for (const Term& term : rules_[source].terms) {
        if (term.package != without) add_term(rule, term);
      }
    }
    if (rest != nullptr) add_term(rule, *rest);
    return rule;
  }

  Error refusal(const Rule& rule) const {
    return Error(Code::conflict, "no set of versions fits what " + packages_[asker].name + " needs",
                 explain(packages_, rules_, rule));
  }

  // ---- choosing ----
  // A package that is needed and not decided: the one with the fewest versions left, then by name.
  std::optional<std::size_t> undecided() const {
    std::optional<std::size_t> best;
    std::size_t fewest = 0;
    for (std::size_t i = 1; i < packages_.size(); ++i) {
      if (state_[i].may_be_absent() || decided_[i]) continue;
      const std::size_t left = state_[i].count();
      if (!best || left < fewest || (left == fewest && packages_[i].name < packages_[*best].name)) best = i, fewest = left;
    }
    return best;
  }
  std::size_t best_position(std::size_t package) const {
    const auto& candidates = packages_[package].candidates;
    const auto wanted = preferred_.find(packages_[package].name);
    std::size_t newest = 0, newest_release = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      if (!state_[package].has(i + 1)) continue;
      if (wanted != preferred_.end() && candidates[i].version == wanted->second) return i + 1;
      newest = i + 1;
      if (candidates[i].version.prerelease.empty()) newest_release = i + 1;
    }
    return newest_release != 0 ? newest_release : newest;
  }

  // ---- the answer ----
  Resolution result() const {
    Resolution resolution;
    std::map<std::string, const Candidate*> chosen;
    for (std::size_t i = 1; i < packages_.size(); ++i) {
      if (state_[i].may_be_absent()) continue;
      for (std::size_t p = 1; p < state_[i].positions(); ++p) {
        if (state_[i].has(p)) chosen[packages_[i].name] = &packages_[i].candidates[p - 1];
      }
    }
    for (const auto& [name, candidate] : chosen) resolution.versions.emplace(name, candidate->version);
    resolution.order = in_order(chosen);
    return resolution;
  }

  static std::vector<std::string> in_order(const std::map<std::string, const Candidate*>& chosen) {
    std::vector<std::string> order, path;
    std::map<std::string, bool> done;  // false: on the path
    const std::function<void(const std::string&)> visit = [&](const std::string& name) {
      if (const auto seen = done.find(name); seen != done.end()) {
        if (seen->second) return;
        std::string cycle;
        for (auto at = std::find(path.begin(), path.end(), name); at != path.end(); ++at) cycle += *at + " -> ";
        throw Error(Code::conflict, "packages need each other in a circle: " + cycle + name,
                    "one of them has to give up its need");
      }
      done[name] = false;
      path.push_back(name);
      for (const Need& need : chosen.at(name)->needs) visit(need.package);
      path.pop_back();
      done[name] = true;
      order.push_back(name);
    };
    for (const auto& [name, candidate] : chosen) visit(name);
    return order;
  }

  Catalog& catalog_;
  const std::map<std::string, Version>& preferred_;
  std::vector<Package> packages_;
  std::map<std::string, std::size_t> numbers_;
  std::vector<Rule> rules_;
  std::vector<std::vector<std::size_t>> of_package_;  // the rules that speak of it
  std::set<std::pair<std::size_t, std::string>> said_;
  std::vector<Assignment> log_;
  std::vector<std::vector<std::size_t>> assigned_;  // where in the log, per package
  std::vector<bool> decided_;                       // per package
  std::vector<Choices> state_;  // of the log, per package
  std::size_t level_ = 0;
};

}  // namespace

Resolution resolve(Catalog& catalog, const std::string& who, const std::vector<Need>& needs,
                   const std::map<std::string, Version>& preferred) {
  return Solver(catalog, who, needs, preferred).solve();
}

}  // namespace mortise::package
