// From a policy to a confined process, in two halves: the plan, made by a process that may still think and allocate, and the
// checklist, run by the child, which only does.
//
//   Planner planner(Machine::look());                       once, in the launcher or a zygote
//   Plan plan = planner.plan(policy, user, temporary);      throws when a required layer is missing
//   Cell cell = Cell::make(planner.machine(), plan.layers); or from a pool
//   cell.start(child, ...);                                 and in the child: confine(plan, ...), then the work
#pragma once

#include <map>
#include <optional>
#include <string>

#include "runtime/sandbox/filter.h"
#include "runtime/sandbox/machine.h"
#include "runtime/sandbox/owner_maps.h"
#include "runtime/sandbox/policy.h"
#include "runtime/sandbox/private_root.h"
#include "runtime/sandbox/steps.h"

namespace mortise::runtime::sandbox {

struct Plan {
  Layers layers;  // all that will hold
  Network network = Network::none;
  Limits limits;
  std::optional<User> user;  // set when own_user holds
  bool own_count = false;    // its processes are counted apart from the host's
  RootPlan root;
  int landlock = 0;
  std::vector<Path> rules;  // for Landlock
  const FilterProgram* filter = nullptr;
};

class Planner {
 public:
  explicit Planner(Machine machine);

  // `user` is free for this process alone, if there is one. `temporary` is a private folder that stands for /tmp where there is
  // no private root; empty otherwise. Throws Error{unsupported} with the layer and the reason.
  [[nodiscard]] Plan plan(const Policy& policy, const std::optional<User>& user, const std::string& temporary);
  // Makes ahead what a plan for this user will need if it is like the last one. False: nothing is missing. About 0.3 ms.
  bool prepare(const User& user) { return owners_.prepare(user); }
  // The layers that a policy will have, before anything is made for it.
  [[nodiscard]] Layers layers_for(const Policy& policy) const;
  [[nodiscard]] const Machine& machine() const noexcept { return machine_; }

 private:
  void plan_root(const Policy& policy, Plan& plan);
  void plan_rules(const Policy& policy, const std::string& temporary, Plan& plan) const;
  const FilterProgram* filter_for(const Plan& plan);
  bool owners_can_be_mapped(const Policy& policy, const User& user);

  const Machine machine_;
  const SystemPaths system_;
  OwnerMaps owners_;
  std::map<FilterKind, FilterProgram> filters_;
};

// In the child, inside its cell. Keeps descriptors 0 to `last_kept`. Ends in `folder`. Each step that fails ends the process.
void confine(const Plan& plan, const std::string& folder, int last_kept, const Steps& step) noexcept;

}  // namespace mortise::runtime::sandbox
