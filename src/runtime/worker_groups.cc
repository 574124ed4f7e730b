#include "runtime/worker_groups.h"

#include <utility>

#include "base/error.h"
#include "runtime/instance.h"

namespace mortise::runtime {
namespace {

constexpr std::size_t ready_groups = 4;
constexpr std::chrono::milliseconds look_again{20};  // while something lives in a group that is to go
constexpr int last_looks = 100;                      // at the end, two milliseconds apart

}  // namespace

struct WorkerGroup::Store {
  explicit Store(std::unique_ptr<os::CgroupTree> its) : tree(std::move(its)) {}
  os::Cgroup make() const { return tree->make("worker-" + std::to_string(next_serial())); }

  const std::unique_ptr<os::CgroupTree> tree;
  std::mutex mutex;
  std::condition_variable news;
  std::deque<os::Cgroup> ready;
  std::vector<os::Cgroup> leaving;
  bool closing = false;
};

WorkerGroup::WorkerGroup(std::shared_ptr<Store> store, os::Cgroup group) : store_(std::move(store)), group_(std::move(group)), number_(next_serial()) {}

WorkerGroup::~WorkerGroup() {
  {
    const std::lock_guard lock(store_->mutex);
    store_->leaving.push_back(std::move(group_));
  }
  store_->news.notify_all();
}

WorkerGroups::WorkerGroups(const Log& log, Use use) : log_(log) {
  if (use == Use::never) {
    support_.why_not = "control groups are switched off (runtime.cgroups)";
    return;
  }
  auto tree = os::CgroupTree::open();
  support_ = tree->support();
  if (support_.version == os::CgroupVersion::none) {
    log_.info("no control groups", {{"why", support_.why_not}});
    return;
  }
  store_ = std::make_shared<WorkerGroup::Store>(std::move(tree));
  keeper_ = std::thread([this] { keep(); });
}

WorkerGroups::~WorkerGroups() {
  if (store_ == nullptr) return;
  {
    const std::lock_guard lock(store_->mutex);
    store_->closing = true;
  }
  store_->news.notify_all();
  keeper_.join();
}

std::unique_ptr<WorkerGroup> WorkerGroups::take_ready() {
  if (store_ == nullptr) return nullptr;
  const std::lock_guard lock(store_->mutex);
  if (store_->ready.empty()) {
    store_->news.notify_all();
    return nullptr;
  }
  std::unique_ptr<WorkerGroup> taken(new WorkerGroup(store_, std::move(store_->ready.front())));
  store_->ready.pop_front();
  return taken;
}

void WorkerGroups::refill() noexcept {
  if (store_ != nullptr) store_->news.notify_all();
}

std::unique_ptr<WorkerGroup> WorkerGroups::take(const os::CgroupLimits& limits) {
  if (store_ == nullptr) return nullptr;
  std::unique_ptr<WorkerGroup> taken = take_ready();
  if (taken == nullptr) taken.reset(new WorkerGroup(store_, store_->make()));
  (*taken)->limit(limits);
  return taken;
}

LimitKeepers WorkerGroups::keepers() const {
  const std::string groups = support_.version == os::CgroupVersion::v2 ? "cgroup v2" : "cgroup v1";
  return {support_.memory ? groups : "watchdog", support_.processes ? groups : "watchdog",
          support_.cpu ? groups : "nobody", support_.why_not};
}

// Makes what is missing, removes what is empty.
void WorkerGroups::keep() {
  WorkerGroup::Store& store = *store_;
  bool made_one_fail = false;
  std::unique_lock lock(store.mutex);
  for (int looks = 0;;) {
    std::vector<os::Cgroup> leaving = std::exchange(store.leaving, {});
    const bool closing = store.closing;
    const bool short_of = store.ready.size() < ready_groups && !made_one_fail && !closing;
    if (closing) {
      for (os::Cgroup& group : store.ready) leaving.push_back(std::move(group));
      store.ready.clear();
    }
    lock.unlock();
    std::erase_if(leaving, [](os::Cgroup& group) {
      group.kill();
      return group.remove();
    });
    std::vector<os::Cgroup> made;
    try {
      if (short_of) made.push_back(store.make());
    } catch (const Error& error) {
      log_.failure("no control group can be made", error);
      made_one_fail = true;
    }
    if (closing) {
      if (leaving.empty() || ++looks == last_looks) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    lock.lock();
    for (os::Cgroup& group : made) store.ready.push_back(std::move(group));
    for (os::Cgroup& group : leaving) store.leaving.push_back(std::move(group));
    const bool more_to_make = store.ready.size() < ready_groups && !made_one_fail;
    if (store.closing || more_to_make) continue;
    const std::size_t waiting = store.leaving.size();
    const auto changed = [&] { return store.closing || store.ready.size() < ready_groups || store.leaving.size() > waiting; };
    if (waiting == 0) {
      store.news.wait(lock, changed);
    } else {
      store.news.wait_for(lock, look_again, changed);
    }
    if (made_one_fail && store.ready.size() < ready_groups) store.news.wait_for(lock, std::chrono::seconds(1));
  }
}

}  // namespace mortise::runtime
