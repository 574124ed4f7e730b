// WorkerProcess: one worker with everything the host has of it: its process, its socket, what it prints, and the memory it
// shares. It knows nothing of calls.
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

#include "base/log.h"
#include "os/fd.h"
#include "runtime/channel.h"
#include "runtime/launcher_client.h"
#include "runtime/output.h"
#include "runtime/reactor.h"
#include "runtime/worker_memory.h"

namespace mortise::runtime {

enum News : std::uint32_t { news_none = 0, news_cancel = 1, news_death = 2, news_output = 4, news_abandon = 8 };

class WorkerProcess : public std::enable_shared_from_this<WorkerProcess> {
 public:
  using OnNews = std::function<void(News)>;  // on any thread, after the news can be taken
  // Starts the program and gives it a socket and two pipes. `log` has the plugin's name. Blocks for about a millisecond;
  // throws Error.
  [[nodiscard]] static std::shared_ptr<WorkerProcess> start(Reactor& reactor, LauncherClient& launcher, const Log& log,
                                                            launcher::Order order, std::uint64_t memory_quota,
                                                            OnNews on_news);
  ~WorkerProcess();

  [[nodiscard]] std::int64_t pid() const noexcept { return worker_.pid; }
  [[nodiscard]] Channel& channel() noexcept { return channel_; }
  [[nodiscard]] WorkerMemory& memory() noexcept { return memory_; }
  [[nodiscard]] Output& output() noexcept { return *output_; }

  void kill() noexcept;  // SIGKILL, at once
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
  WorkerProcess(os::Fd socket, std::uint64_t memory_quota, OnNews on_news);
  void died(const Death& death);

  Channel channel_;
  WorkerMemory memory_;
  std::unique_ptr<Output> output_;
  LauncherClient::Worker worker_;
  os::Fd bell_;
  std::atomic<std::uint32_t> news_{news_none};
  mutable std::mutex mutex_;
  std::condition_variable gone_;
  std::optional<Death> death_;
  std::shared_ptr<const OnNews> on_news_;
};

}  // namespace mortise::runtime
