#include "package/plan.h"

#include <algorithm>

#include "base/error.h"

namespace mortise::package {
namespace {

const store::InstallRow* row_of(const Situation& situation, const std::string& plugin) {
  const auto at = std::find_if(situation.installed.begin(), situation.installed.end(), [&](const store::InstallRow& row) { return row.name == plugin; });
  return at == situation.installed.end() ? nullptr : &*at;
}

// Each version once: what is kept goes before what is offered.
void add(std::vector<Candidate>& all, Candidate one) {
  const bool known = std::any_of(all.begin(), all.end(), [&](const Candidate& other) { return other.version == one.version; });
  if (!known) all.push_back(std::move(one));
}

class Shelves final : public Catalog {
 public:
  Shelves(const plugin::Descriptor& wanted, const Situation& situation) : wanted_(wanted), situation_(situation) {}

  std::vector<Candidate> candidates(const std::string& plugin) override {
    if (plugin == wanted_.id) return {{wanted_.version, needs_of(wanted_)}};
    if (row_of(situation_, plugin) == nullptr) {
      if (const auto placed = situation_.registry.find(plugin)) return {{placed->version, {}}};  // of a folder: as it is
    }
    return to_be_had(plugin, situation_);
  }

 private:
  const plugin::Descriptor& wanted_;
  const Situation& situation_;
};

}  // namespace

std::vector<Candidate> to_be_had(const std::string& plugin, const Situation& situation) {
  std::vector<Candidate> all;
  if (row_of(situation, plugin) != nullptr) {
    for (const plugin::Descriptor& each : situation.kept(plugin)) add(all, {each.version, needs_of(each)});
  }
  for (Candidate& each : situation.offered(plugin)) add(all, std::move(each));
  return all;
}

std::vector<Move> plan_for(const plugin::Descriptor& wanted, const Situation& situation) {
  std::vector<Need> needs{{wanted.id, Range::parse("=" + wanted.version.text())}};
  std::map<std::string, Version> preferred;
  for (const store::InstallRow& row : situation.installed) {
    const Version version = Version::parse(row.version);
    preferred.emplace(row.name, version);
    if (!row.enabled || row.name == wanted.id) continue;
    needs.push_back({row.name, Range::parse(version.prerelease.empty() ? "*" : "=" + version.text())});
  }
  Shelves shelves(wanted, situation);
  const Resolution found = resolve(shelves, "this host", needs, preferred);
  std::vector<Move> moves;
  for (const std::string& plugin : found.order) {
    if (plugin == wanted.id) continue;
    const Version& version = found.versions.at(plugin);
    const store::InstallRow* row = row_of(situation, plugin);
    if (row == nullptr && situation.registry.find(plugin) != nullptr) continue;
    if (row == nullptr) moves.push_back({Move::Kind::install, plugin, version});
    if (row != nullptr && Version::parse(row->version) != version) moves.push_back({Move::Kind::exchange, plugin, version});
  }
  return moves;
}

Version newest(const std::string& plugin, const Range& range, const std::vector<Candidate>& all) {
  const Version* best = nullptr;
  std::string known;
  for (const Candidate& each : all) {
    known += (known.empty() ? "" : ", ") + each.version.text();
    const bool fits = range.contains(each.version) && (best == nullptr || each.version > *best);
    if (fits) best = &each.version;
  }
  if (best != nullptr) return *best;
  if (known.empty()) {
    throw Error(Code::not_found, "there is no package of '" + plugin + "' to be had", "name an archive, or a folder of them with --from")
        .with("plugin", plugin);
  }
  throw Error(Code::not_found, "no version of '" + plugin + "' fits " + range.text(), "there are " + known).with("plugin", plugin);
}

}  // namespace mortise::package
