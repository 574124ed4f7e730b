// The stage of packages (package/stage.h), built of registry, runtime and dialects.
#pragma once

#include <functional>

#include "base/log.h"
#include "package/stage.h"
#include "plugin/registry.h"

namespace mortise::runtime {
class Runtime;
}

namespace mortise::app {

class PackageStage final : public package::Stage {
 public:
  // Reads the plugin of that name in the folder. Throws Error.
  using Read = std::function<plugin::Descriptor(const std::string& folder, const std::string& name)>;
  // Makes the packages of its language that the plugin needs; throws Error that names what cannot be had.
  using Furnish = std::function<void(const plugin::Descriptor& plugin)>;
  // All must outlive it.
  PackageStage(plugin::Registry& registry, runtime::Runtime& runtime, const Log& log, Read read, Furnish furnish)
      : registry_(registry), runtime_(runtime), log_(log), read_(std::move(read)), furnish_(std::move(furnish)) {}

  plugin::Descriptor describe(const std::string& folder, const std::string& name) override { return read_(folder, name); }
  void put(plugin::Descriptor plugin) override;
  void exchange(std::vector<plugin::Descriptor> next, const std::function<void()>& commit) override;
  void take(const std::string& name) override;
  void retire(const std::string& name) override;
  bool in_use(const std::string& name) const override;
  std::map<std::string, std::string> lacking_packages(const plugin::Descriptor& plugin) override;

 private:
  plugin::Registry& registry_;
  runtime::Runtime& runtime_;
  const Log log_;
  const Read read_;
  const Furnish furnish_;
};

}  // namespace mortise::app
