#include "app/package_stage.h"

#include <algorithm>

#include "runtime/runtime.h"

namespace mortise::app {

void PackageStage::put(plugin::Descriptor plugin) {
  const auto entry = registry_.add(std::move(plugin));
  const Log own = log_.named(entry->id);
  for (const std::string& alias : entry->aliases) (void)own.named(alias);
}

void PackageStage::exchange(std::vector<plugin::Descriptor> next, const std::function<void()>& commit) { (void)runtime_.switch_to(std::move(next), commit); }

void PackageStage::take(const std::string& name) {
  (void)registry_.remove(name);
  runtime_.retire(name);
}

void PackageStage::retire(const std::string& name) { runtime_.retire(name); }

bool PackageStage::in_use(const std::string& name) const {
  const auto instances = runtime_.instances();
  return std::any_of(instances.begin(), instances.end(), [&](const runtime::InstanceInfo& instance) { return instance.plugin == name; });
}

// The environment is made as a whole, so its error is of those that it names; of all when it names none.
std::map<std::string, std::string> PackageStage::lacking_packages(const plugin::Descriptor& plugin) {
  std::map<std::string, std::string> lacking;
  try {
    furnish_(plugin);
  } catch (const Error& error) {
    const std::string why = error.describe();
    std::map<std::string, std::string> named;
    for (const plugin::Requirement& need : plugin.requires_) {
      if (need.type != plugin::Requirement::Type::package) continue;
      lacking.emplace(need.name, why);
      if (why.find(need.name) != std::string::npos) named.emplace(need.name, why);
    }
    if (!named.empty()) lacking = std::move(named);
  }
  return lacking;
}

}  // namespace mortise::app
