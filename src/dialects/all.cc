#include "dialects/all.h"

#include "dialects/kbert/kbert.h"
#include "dialects/mimir/mimir.h"
#include "dialects/mimolo/mimolo.h"
#include "dialects/omniscope/omniscope.h"
#include "dialects/smi/smi.h"

namespace mortise::dialects {

std::vector<Guide> all() { return {mimolo_guide(), kbert_guide(), omniscope_guide(), smi_guide(), mimir_guide()}; }

cli::Guests words_of(std::span<const Guide> guides) {
  cli::Guests words;
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (const Guide& guide : guides) {
    append(words.groups, guide.words.groups);
    append(words.verbs, guide.words.verbs);
    append(words.names, guide.words.names);
  }
  return words;
}

Dialects::Dialects(std::span<const Guide> guides, const Surroundings& surroundings) {
  for (const Guide& guide : guides) {
    dialects_.push_back(guide.make(surroundings));
    detectors_.push_back(dialects_.back().get());
  }
}

void Dialects::look_elsewhere(plugin::Registry& registry, plugin::Registry::ScanReport& report) {
  for (const auto& dialect : dialects_) {
    try {
      registry.add(dialect->elsewhere(), report);
    } catch (const Error& error) {
      report.problems.push_back({{}, error});
    }
  }
  registry.find_incomplete(report);
}

void Dialects::add_routes(http::Router& router) {
  for (const auto& dialect : dialects_) dialect->add_routes(router);
}

void Dialects::begin() {
  for (const auto& dialect : dialects_) dialect->begin();
}

void Dialects::end() noexcept {
  for (const auto& dialect : dialects_) dialect->end();
}

}  // namespace mortise::dialects
