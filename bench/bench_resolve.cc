// Which versions fit together, over a synthetic index of a thousand packages: with ten versions each, and needs that narrow each other
// and send the search back now and then. The floor looks at every need of every version once, as any resolver must that reads the index.
#include <map>
#include <random>
#include <string>

#include "bench/measure.h"
#include "package/resolver.h"

using namespace mortise;
using namespace mortise::bench;
using package::Candidate;
using package::Need;

namespace {

constexpr int packages = 1'000, versions = 10, most_needs = 4;

std::string name_of(int number) { return "package_" + std::to_string(number); }

class Index final : public package::Catalog {
 public:
  explicit Index(unsigned seed) {
    std::mt19937 random(seed);
    for (int package = 0; package < packages; ++package) {
      auto& candidates = all_[name_of(package)];
      for (int minor = 0; minor < versions; ++minor) {
        const int major = minor / 4;  // 0 0 0 0 1 1 1 1 2 2
        Candidate candidate{Version{static_cast<std::uint64_t>(major), static_cast<std::uint64_t>(minor), 0, {}, {}}, {}};
        const int needs = static_cast<int>(random() % (most_needs + 1));
        for (int i = 0; i < needs && package + 1 < packages; ++i) {
          const int other = package + 1 + static_cast<int>(random() % static_cast<unsigned>(std::min(packages - package - 1, 60)));
          // Mostly "from here on", sometimes a narrow window: those lead into conflicts.
          const std::string range = random() % 5 == 0 ? ">=1.4, <2.0" : ">=0." + std::to_string(random() % 4);
          candidate.needs.push_back({name_of(other), Range::parse(range)});
        }
        candidates.push_back(std::move(candidate));
      }
    }
  }

  std::vector<Candidate> candidates(const std::string& package) override {
    const auto found = all_.find(package);
    return found == all_.end() ? std::vector<Candidate>() : found->second;
  }

  // Every need of every version, looked at once.
  std::size_t walk() const {
    std::size_t seen = 0;
    for (const auto& [name, candidates] : all_) {
      for (const Candidate& candidate : candidates) {
        for (const Need& need : candidate.needs) seen += all_.contains(need.package) ? 1U : 0U;
      }
    }
    return seen;
  }

 private:
  std::map<std::string, std::vector<Candidate>> all_;
};

}  // namespace

int main(int argc, char** argv) {
  Index index(20'260'101);
  const std::vector<Need> wanted{{name_of(0), {}}, {name_of(1), Range::parse(">=1.0")}, {name_of(2), {}}};
  const std::size_t resolved = package::resolve(index, "this host", wanted).versions.size();
  Report report;
  const Pair pair = in_turns({.rounds = 7, .samples = 11, .batch = 1}, [&] { keep(index.walk()); },
                             [&] { keep(package::resolve(index, "this host", wanted).versions.size()); });
  report.add("resolve over an index of 1,000 packages", "every need looked at once", pair, takes_at_most_ns(50e6));
  report.note("resolve: " + std::to_string(resolved) + " of 1,000 packages with " + std::to_string(versions) + " versions each are in the answer");
  return report.finish(argc, argv);
}
