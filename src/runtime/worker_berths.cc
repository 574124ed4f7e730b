#include "runtime/worker_berths.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace mortise::runtime {
namespace {

bool same(const std::optional<launcher::ZygoteWords>& one, const std::optional<launcher::ZygoteWords>& other) {
  if (!one || !other) return one.has_value() == other.has_value();
  return one->arguments == other->arguments && one->environment == other->environment;
}

}  // namespace

std::unique_ptr<WorkerGroup> WorkerBerths::lent_for(const Kind& kind) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(berths_.begin(), berths_.end(), [&](const Berth& one) { return same(one.kind, kind); });
  if (found != berths_.end()) return std::move(found->group);
  if (berths_.size() >= most_kinds) berths_.erase(berths_.begin());
  berths_.push_back({kind, nullptr});
  return nullptr;
}

std::unique_ptr<WorkerGroup> WorkerBerths::take(launcher::Order& order, const os::CgroupLimits& limits) {
  if (groups_.support().version == os::CgroupVersion::none) return nullptr;
  std::unique_ptr<WorkerGroup> group = lent_for(order.zygote);
  if (group != nullptr) {
    try {
      (*group)->limit(limits);
    } catch (const Error&) {  // who waits in it has more than that already
      group = nullptr;
    }
  }
  if (group == nullptr) group = groups_.take(limits);
  if (group != nullptr) order.group = group->number();
  return group;
}

void WorkerBerths::refill() noexcept {
  groups_.refill();
  try {
    const std::lock_guard lock(mutex_);
    for (Berth& berth : berths_) {
      if (berth.group != nullptr) continue;
      std::unique_ptr<WorkerGroup> group = groups_.take_ready();
      if (group == nullptr) return;  // the next start lends
      launcher_.lend({berth.kind, group->number()}, (*group)->doors());
      berth.group = std::move(group);
    }
  } catch (const std::exception&) {  // then workers enter their groups themselves
  }
}

}  // namespace mortise::runtime
