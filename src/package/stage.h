// Stage: where plugins of packages can be used. Declared here, built in src/app of registry and runtime.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "plugin/descriptor.h"

namespace mortise::package {

class Stage {
 public:
  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  virtual ~Stage() = default;

  // The plugin of that name in the folder, whoever's way of writing it is. Slow. Throws Error.
  [[nodiscard]] virtual plugin::Descriptor describe(const std::string& folder, const std::string& name) = 0;
  // It can be used from now on. Error{conflict} when its name or another of its names is taken.
  virtual void put(plugin::Descriptor plugin) = 0;
  // Each takes the place of the one with its name, all at one instant and without a dropped call: calls that run end on the present
  // ones, later ones begin on these. Providers come before those that need them. `commit` is called when all are ready; when it throws,
  // or one does not start, the present ones stay. Slow.
  virtual void exchange(std::vector<plugin::Descriptor> next, const std::function<void()>& commit) = 0;
  // Nobody finds it any more, and nothing of it is known; what works for it goes when it is idle.
  virtual void take(const std::string& name) = 0;
  // What works for it goes when it is idle.
  virtual void retire(const std::string& name) = 0;
  // Whether something works for the plugin.
  [[nodiscard]] virtual bool in_use(const std::string& name) const = 0;
  // What its language lacks of the packages that it needs: name -> why. Slow: it may fetch and build them.
  [[nodiscard]] virtual std::map<std::string, std::string> lacking_packages(const plugin::Descriptor& plugin) = 0;
};

}  // namespace mortise::package
