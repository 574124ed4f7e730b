// WorkerProcess: one worker with everything the host has of it: its process, its socket, what it prints, and the memory it
// shares, and its way to the network. It knows nothing of calls.
//
// The channel and the memory are used by one thread at a time: whoever drives the present exchange. News from elsewhere
// (a cancel, a death, printed lines) reach that driver through ring() and take_news().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "os/fd.h"
#include "os/process.h"
#include "runtime/channel.h"
#include "runtime/egress/egress.h"
#include "runtime/instance.h"
#include "runtime/launcher_client.h"
#include "runtime/output.h"
#include "runtime/reactor.h"
#include "runtime/worker_berths.h"
#include "runtime/worker_groups.h"
#include "runtime/worker_memory.h"
#include "runtime/worker_watchdog.h"

namespace mortise::runtime {

// What a worker may use, and who holds it to that.
struct WorkerBounds {
  std::uint64_t memory = 0;  // bytes; of them at most three quarters in shared memory, for its results
  std::uint32_t processes = 0;
  double processors = 0;  // 0: no limit
};
struct WorkerKeepers {
  WorkerGroups& groups;
  WorkerBerths& berths;
  WorkerWatchdog& watchdog;
};

enum News : std::uint32_t { news_none = 0, news_cancel = 1, news_death = 2, news_output = 4, news_abandon = 8 };

class WorkerProcess : public std::enable_shared_from_this<WorkerProcess> {
 public:
  using OnNews = std::function<void(News)>;  // on any thread, after the news can be taken
  // Starts the program and gives it a socket and two pipes. `log` has the plugin's name. Blocks for about a millisecond;
  // throws Error.
  [[nodiscard]] static std::shared_ptr<WorkerProcess> start(Reactor& reactor, LauncherClient& launcher, const Log& log,
                                                            launcher::Order order, const WorkerBounds& bounds,
                                                            const WorkerKeepers& keepers, OnNews on_news,
                                                            std::shared_ptr<egress::Rules> rules = {});
  ~WorkerProcess();

  [[nodiscard]] std::int64_t pid() const noexcept { return worker_.pid; }
  [[nodiscard]] std::string start_told() const { return worker_.cold.empty() ? "zygote" : "program: " + worker_.cold; }
  [[nodiscard]] Channel& channel() noexcept { return channel_; }
  [[nodiscard]] WorkerMemory& memory() noexcept { return memory_; }
  [[nodiscard]] Output& output() noexcept { return *output_; }

  // The connections that it was refused since this was asked last, the first few of them.
  [[nodiscard]] std::vector<egress::Denied> take_denials();

  void kill() noexcept;  // SIGKILL, at once
  // Since it began; once it ended, what it used until then.
  [[nodiscard]] Use use() const;
  // What is cheap enough to be asked before and after a call: processor time of the worker alone, the highest use of memory
  // since the last question. By whoever drives the exchange.
  [[nodiscard]] std::chrono::nanoseconds cpu() const noexcept { return os::processor_time(static_cast<pid_t>(pid())); }
  [[nodiscard]] std::uint64_t take_memory_peak();
  [[nodiscard]] std::optional<Death> death() const;
  // True when it died within the time. Not on the reactor's thread.
  bool wait_for_death(std::chrono::milliseconds timeout);
  // Nobody is told of news any more.
  void silence();

  void ring(News news);
  [[nodiscard]] std::uint32_t take_news() noexcept { return news_.exchange(news_none, std::memory_order_acq_rel); }
  [[nodiscard]] bool has_news() const noexcept { return news_.load(std::memory_order_acquire) != news_none; }
  // Readable when there may be news; the driver that sleeps on it empties it.
  [[nodiscard]] int bell() const noexcept { return bell_.get(); }
  void empty_bell() noexcept;

 private:
  WorkerProcess(os::Fd socket, const WorkerBounds& bounds, WorkerWatchdog& watchdog, OnNews on_news);
  void guard(const WorkerKeepers& keepers);
  void died(Death death);
  void went_over(const WorkerWatchdog::Excess& excess);
  [[nodiscard]] Error over_memory(std::uint64_t used) const;
  [[nodiscard]] Use measure() const;
  void refused(const egress::Denied& denied);

  const WorkerBounds bounds_;
  WorkerWatchdog& watchdog_;
  std::unique_ptr<WorkerGroup> group_;  // null: none can be made
  std::optional<WorkerWatchdog::Id> watched_;
  Channel channel_;
  WorkerMemory memory_;
  std::unique_ptr<Output> output_;
  LauncherClient::Worker worker_;
  os::Fd bell_;
  std::atomic<std::uint32_t> news_{news_none};
  mutable std::mutex mutex_;
  std::condition_variable gone_;
  std::optional<Death> death_;
  std::optional<Error> over_limit_;
  Use last_use_;               // once it died
  std::uint64_t peak_ = 0;     // of the peaks that were taken
  std::shared_ptr<const OnNews> on_news_;
  std::vector<egress::Denied> denials_;
  std::unique_ptr<egress::Egress> egress_;  // null: it has no network
};

}  // namespace mortise::runtime
