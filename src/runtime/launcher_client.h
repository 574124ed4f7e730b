// LauncherClient: the host's end of its launcher process.
//
// The launcher starts with this object and is started again when it dies (its workers die with it, and are reported as
// such). Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "os/fd.h"
#include "runtime/launcher/order.h"
#include "runtime/reactor.h"

namespace mortise::runtime {

// How a worker ended.
struct Death {
  int wait_status = 0;
  bool known = true;  // false: its launcher died, too, and nobody saw how
  std::chrono::microseconds cpu{};
  std::uint64_t peak_resident = 0;
  std::optional<Error> over_limit;  // it was killed for this

  [[nodiscard]] std::string describe() const;  // "killed by signal 9 (SIGKILL)"
};

class LauncherClient {
 public:
  // Starts the program. Throws Error when that fails.
  LauncherClient(Reactor& reactor, Log log, std::string program);
  // Closes the socket, upon which the launcher kills what is left and ends; waits for that, at most a few seconds.
  ~LauncherClient();
  LauncherClient(const LauncherClient&) = delete;
  LauncherClient& operator=(const LauncherClient&) = delete;

  struct Worker {
    std::int64_t pid = 0;
    os::Fd process;  // pidfd
    std::string cold;        // why it was not forked from a zygote; empty: it was
    os::Fd names, connects;  // its doors (doors/doors.h), where its policy says egress
  };
  using OnDeath = std::function<void(const Death&)>;  // on the reactor's thread, once
  // Blocks until the program runs (about a millisecond). `order.id` is filled in here. Throws Error with the failed step.
  // `doors` are the entrances of its control groups.
  Worker start(launcher::Order order, const os::Fd& protocol, const os::Fd& output, const os::Fd& errors,
               const std::vector<int>& doors, OnDeath died);

  // Has a zygote started, if it does not run. Returns at once; throws nothing: who needs it hears why it is not there.
  void prepare(launcher::ZygoteWords words) noexcept;

  // The group that the next worker of a kind will live in, and its doors. Like prepare().
  void lend(const launcher::Lend& lend, const std::vector<int>& doors) noexcept;

  [[nodiscard]] std::int64_t pid() const;

 private:
  void tell(const std::vector<std::byte>& packet, const std::vector<int>& descriptors);
  struct Waiting;
  struct Line;  // one life of the launcher
  void connect();
  void readable(const std::shared_ptr<Line>& line);
  void handle(const std::shared_ptr<Line>& line, const launcher::Report& report, std::vector<os::Fd> descriptors);
  void lost(const std::shared_ptr<Line>& line);
  static void end(Line& line) noexcept;

  Reactor& reactor_;
  const Log log_;
  const std::string program_;
  mutable std::mutex mutex_;
  std::shared_ptr<Line> line_;
  std::uint64_t last_id_ = 0;
};

}  // namespace mortise::runtime
