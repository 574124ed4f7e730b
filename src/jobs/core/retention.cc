#include "jobs/core/retention.h"

#include <filesystem>
#include <limits>

#include "base/clock.h"
#include "jobs/core/checkpoints.h"
#include "store/database.h"
#include "store/retention.h"
#include "store/runs.h"

namespace mortise::jobs {
namespace {

using store::Connection;
using store::RetentionStore;

constexpr std::uint32_t portion = 200;
constexpr std::chrono::minutes interval(10);

template <typename Action>
auto write(store::Database& database, Action action) {
  return database
      .write(store::Durability::normal,
             [&](Connection& connection) {
               RetentionStore store(connection);
               return action(store);
             })
      .get();
}

// Folders whose run is forgotten: of runs removed just now, or by a process that died before it came to the folder.
std::uint64_t remove_folders(store::Database& database, const Checkpoints& checkpoints) {
  std::uint64_t count = 0;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(checkpoints.folder(), failure)) {
    const std::string run = entry.path().filename().string();
    const bool known =
        database.read([&](Connection& connection) { return store::RunStore(connection).find(run).has_value(); });
    if (known || !run.starts_with("run_")) continue;
    checkpoints.erase_folder(run);
    ++count;
  }
  return count;
}

}  // namespace

Swept sweep(store::Database& database, const Checkpoints& checkpoints, const RetentionPolicy& policy, Time now) {
  const auto before = [&](RetentionPolicy::Age age) {
    if (age.count() == 0) return Time{std::numeric_limits<std::int64_t>::min()};
    return Time{now.nanoseconds - std::chrono::nanoseconds(age).count()};
  };
  Swept swept;
  swept.letters = static_cast<std::uint64_t>(
      write(database, [&](RetentionStore& store) { return store.remove_letters(before(policy.letters)); }));
  for (std::size_t removed = portion; removed == portion; swept.runs += removed) {
    removed = write(database, [&](RetentionStore& store) {
                return store.remove_runs(before(policy.runs), policy.run_count, portion);
              }).size();
  }
  for (std::size_t removed = portion; removed == portion; swept.outputs += removed) {
    const auto runs =
        write(database, [&](RetentionStore& store) { return store.remove_outputs(before(policy.outputs), portion); });
    for (const std::string& run : runs) checkpoints.erase_folder(run);
    removed = runs.size();
  }
  swept.folders = remove_folders(database, checkpoints);
  swept.events = static_cast<std::uint64_t>(write(
      database, [&](RetentionStore& store) { return store.remove_events(before(policy.events), policy.event_count); }));
  swept.alerts = static_cast<std::uint64_t>(
      write(database, [&](RetentionStore& store) { return store.remove_alerts(before(policy.alerts)); }));
  return swept;
}

Sweeper::Sweeper(store::Database& database, const Checkpoints& checkpoints, const Log& log,
                 const RetentionPolicy& policy)
    : database_(database), checkpoints_(checkpoints), log_(log), policy_(policy), thread_([this] { loop(); }) {}

Sweeper::~Sweeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Sweeper::set_policy(const RetentionPolicy& policy) {
  const std::lock_guard lock(mutex_);
  policy_ = policy;
  woken_ = true;
  changed_.notify_all();
}

void Sweeper::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    woken_ = false;
    const RetentionPolicy policy = policy_;
    lock.unlock();
    try {
      const Swept swept = sweep(database_, checkpoints_, policy, now());
      if (swept.runs + swept.outputs + swept.events + swept.letters + swept.alerts > 0) {
        log_.info("what is old was removed", {{"runs", swept.runs},
                                              {"outputs", swept.outputs},
                                              {"events", swept.events},
                                              {"dead_letters", swept.letters},
                                              {"alerts", swept.alerts}});
      }
    } catch (const Error& error) {
      log_.failure("what is old could not be removed", error);
    }
    lock.lock();
    changed_.wait_for(lock, interval, [&] { return stopping_ || woken_; });
  }
}

}  // namespace mortise::jobs
