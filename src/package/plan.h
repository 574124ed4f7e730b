// Plan: what must become of other plugins so that one can be used: which come along, which go to another version.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "package/resolver.h"
#include "package/supplier.h"
#include "plugin/registry.h"
#include "store/packages.h"

namespace mortise::package {

struct Situation {
  const plugin::Registry& registry;
  std::vector<store::InstallRow> installed;
  // The kept versions of an installed plugin, as their manifests have them.
  std::function<std::vector<plugin::Descriptor>(const std::string& plugin)> kept;
  // What is to be had of the plugin beside them.
  std::function<std::vector<Candidate>(const std::string& plugin)> offered;
};

struct Move {
  enum class Kind { install, exchange };
  Kind kind = Kind::install;
  std::string plugin;
  Version version;
};

// The moves that come before `wanted` is there in its version, in that order; `wanted` itself is none of them. What is enabled stays
// satisfied. Throws Error{conflict} that says, rule by rule, why that cannot be, or names a cycle.
[[nodiscard]] std::vector<Move> plan_for(const plugin::Descriptor& wanted, const Situation& situation);

// Every version of the plugin, kept or offered, once.
[[nodiscard]] std::vector<Candidate> to_be_had(const std::string& plugin, const Situation& situation);
// The newest of them that a range takes. Error{not_found}.
[[nodiscard]] Version newest(const std::string& plugin, const Range& range, const std::vector<Candidate>& all);

}  // namespace mortise::package
