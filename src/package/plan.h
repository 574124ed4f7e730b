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
  std::vector<Supplier*> suppliers;
};

struct Move {
  enum class Kind { install, update };
  Kind kind = Kind::install;
  std::string plugin;
  Version version;
};

// The moves that come before `wanted` is there in its version, in that order; `wanted` itself is none of them. What is enabled stays
// satisfied. Throws Error{conflict} that says, rule by rule, why that cannot be, or names a cycle.
[[nodiscard]] std::vector<Move> plan_for(const plugin::Descriptor& wanted, const Situation& situation);

// The newest version of a plugin that a range takes, among those that are kept and those that can be had. Error{not_found}.
[[nodiscard]] Version newest(const std::string& plugin, const Range& range, const Situation& situation);

}  // namespace mortise::package
