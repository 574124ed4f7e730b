#include "runtime/permits.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "os/paths.h"
#include "plugin/grants.h"

namespace mortise::runtime {
namespace {

bool wants_nothing(const Wanted& wanted) { return plugin::empty(wanted.named) && wanted.tables.empty(); }

}  // namespace

Permit Permits::of(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Wanted& wanted) const {
  if (!wants_nothing(wanted)) return work_out(*descriptor, wanted);
  const std::uint64_t generation = grants_ == nullptr ? 1 : grants_->generation();
  {
    const std::shared_lock lock(mutex_);
    const auto found = kept_.find(descriptor->id);
    if (found != kept_.end() && found->second.descriptor == descriptor && found->second.generation == generation)
      return found->second.permit;
  }
  const Permit permit = work_out(*descriptor, wanted);
  const std::unique_lock lock(mutex_);
  kept_[descriptor->id] = {descriptor, generation, permit};
  return permit;
}

plugin::Decisions Permits::decisions(const std::string& plugin) const {
  return grants_ == nullptr ? plugin::Decisions() : grants_->of(plugin);
}

plugin::Allowed Permits::allowed(const plugin::Descriptor& descriptor, const plugin::Decisions& decisions) const {
  return plugin::allowed(descriptor, decisions, grants_ == nullptr ? plugin::PermissionPolicy::grant : grants_->policy());
}

std::optional<std::chrono::milliseconds> Permits::deadline_of(const plugin::Descriptor& descriptor) const {
  return allowed(descriptor, decisions(descriptor.id)).deadline;
}

Permit Permits::work_out(const plugin::Descriptor& descriptor, const Wanted& wanted) const {
  const plugin::Decisions made = decisions(descriptor.id);
  const plugin::Allowed allowed = this->allowed(descriptor, made);
  Permit permit{nullptr, allowed.deadline, made.limits.deadline};
  if (descriptor.trust == plugin::Trust::in_process) return permit;
  require_decided(descriptor, allowed);
  permit.access = std::make_shared<const Access>(access_of(descriptor, allowed, wanted, folders_));
  return permit;
}

void add_own(Wanted& wanted, const plugin::Descriptor& descriptor, const Value& plugin_config) {
  if (!plugin_config.is(Kind::map) || plugin_config.size() == 0) return;
  plugin::Named own = plugin::named_in(descriptor, plugin_config);
  for (plugin::PathAccess& path : own.by_schema) wanted.named.by_schema.push_back(std::move(path));
  for (const std::string& path : own.mentioned) {
    std::error_code failure;
    const bool file = std::filesystem::is_regular_file(path, failure);
    wanted.named.mentioned.push_back(file ? os::parent_of(path) : path);
  }
  for (std::string& host : own.hosts) wanted.named.hosts.push_back(std::move(host));
}

Wanted handed_on(const Value& input, const Access* asker) {
  Wanted wanted;
  for (const std::string& path : plugin::named_in({}, input).mentioned) {
    // Where it leads: a link that the asker made opens nothing that the asker does not see.
    std::error_code failure;
    const std::string real = std::filesystem::weakly_canonical(path, failure).string();
    const auto reaches = [&](const Access::File& file) {
      return os::is_within(real, std::filesystem::weakly_canonical(file.path, failure).string());
    };
    if (asker == nullptr || std::any_of(asker->files.begin(), asker->files.end(), reaches)) wanted.named.by_schema.push_back({path, false});
  }
  return wanted;
}

std::shared_ptr<const plugin::Descriptor> with_limits(const plugin::Descriptor& descriptor, const Access& access) {
  auto changed = std::make_shared<plugin::Descriptor>(descriptor);
  changed->limits = access.limits;
  changed->environment = access.environment;
  if (access.deadline) changed->deadline = access.deadline;
  return changed;
}

}  // namespace mortise::runtime
