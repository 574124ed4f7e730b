#include "runtime/pool_core.h"

#include <utility>

namespace mortise::runtime {

// ---- leases ----------------------------------------------------------------------------------------------------------

Lease::Lease() noexcept = default;
Lease::Lease(Lease&&) noexcept = default;
Lease::Lease(std::shared_ptr<Instance> instance, std::unique_ptr<Home> home) noexcept
    : instance_(std::move(instance)), home_(std::move(home)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    give_back();
    instance_ = std::move(other.instance_);
    home_ = std::move(other.home_);
  }
  return *this;
}

Lease::~Lease() { give_back(); }

void Lease::give_back() noexcept {
  instance_.reset();
  if (const auto home = std::move(home_)) home->core->give_back(home->shelf, home->slot);
}

// ---- the door ----------------------------------------------------------------------------------------------------------

Pool::Pool(InstanceFactory factory, Reactor& reactor, TaskThreads& threads, const Log& log, Settings settings)
    : core_(std::make_shared<Core>(std::move(factory), reactor, threads, log, settings)) {
  core_->trim();
}

Pool::~Pool() { shutdown(); }

Lease Pool::acquire(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& plugin_config,
                    std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain,
                    const std::shared_ptr<const Access>& access) {
  return core_->acquire(descriptor, plugin_config, deadline, cancel, chain, access);
}

void Pool::acquire_later(const std::shared_ptr<const plugin::Descriptor>& descriptor, const Value& plugin_config,
                         std::optional<Clock::time_point> deadline, const CancelToken& cancel, const Chain& chain,
                         Ready ready, const std::shared_ptr<const Access>& access) {
  core_->acquire_later(descriptor, plugin_config, deadline, cancel, chain, std::move(ready), access);
}

void Pool::retire(const std::string& plugin_id) { core_->retire(plugin_id, nullptr); }

void Pool::retire(const std::string& plugin_id, const Value& plugin_config) { core_->retire(plugin_id, &plugin_config); }
void Pool::switch_to(const Generations& next, Clock::time_point deadline, const std::function<void()>& commit) {
  core_->switch_to(next, deadline, commit);
}
void Pool::shutdown() { core_->shutdown(); }
std::vector<Pool::Entry> Pool::entries() const { return core_->entries(); }
std::vector<std::shared_ptr<Instance>> Pool::instances() const { return core_->instances(); }
std::optional<Pool::Asker> Pool::asker(const Chain& chain) const { return core_->asker(chain); }
std::size_t Pool::waiting(const std::string& plugin_id) const { return core_->waiting(plugin_id); }
std::uint64_t Pool::replaced(const std::string& plugin_id) const { return core_->replaced(plugin_id); }

}  // namespace mortise::runtime
