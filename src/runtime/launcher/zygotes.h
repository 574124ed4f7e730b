// The zygotes of a launcher: one process for each set of words, with an interpreter loaded and nothing else, from which workers are
// forked (runtime/zygote). They are children of the launcher, and so are the workers that they leave behind.
//
// One process is forked ahead of each (spares.h), which has done its first writes to memory that was shared, too.
//
// A zygote loads while workers start as programs. One that ends is started again when the next worker wants it, later and later
// if it keeps failing. It is replaced after a while, so that the layout of its memory does not live for ever.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "os/fd.h"
#include "runtime/launcher/order.h"
#include "runtime/launcher/spares.h"
#include "runtime/sandbox/cell.h"

namespace mortise::runtime::launcher {

class Zygote {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Zygote(ZygoteWords words) : words_(std::move(words)) {}

  [[nodiscard]] bool serves(const ZygoteWords& words) const;
  // Whether a worker can be forked now; `why` says why not. Starts the process when it is time to.
  [[nodiscard]] bool ready(std::string& why);
  void prepare();  // starts the process, if there is none
  // Forks one that is not a worker yet: it waits for what write_birth() makes. Nothing: the zygote broke, and was ended.
  [[nodiscard]] std::optional<Unborn> fork_into(const sandbox::Cell& cell, sandbox::Layers layers);
  [[nodiscard]] Spare& spare() noexcept { return spare_; }
  [[nodiscard]] const Spare& spare() const noexcept { return spare_; }
  [[nodiscard]] bool wants_spare() const noexcept { return state_ == State::waiting && spare_.wanted(); }

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void ended() noexcept;  // it was reaped
  void end() noexcept;

 private:
  void start();
  void hear();
  void broke(const std::string& why);

  const ZygoteWords words_;
  enum class State { absent, loading, waiting } state_ = State::absent;
  std::uint32_t wanted_ = 0;
  std::uint32_t failures_ = 0;  // in a row
  std::string problem_;
  Clock::time_point started_{}, not_before_{};
  pid_t pid_ = 0;
  os::Fd socket_;
  Spare spare_;
};

class Zygotes {
 public:
  [[nodiscard]] Zygote& of(const ZygoteWords& words);
  [[nodiscard]] bool holds(pid_t pid) const noexcept;  // a zygote, or one forked ahead
  bool forget(pid_t pid) noexcept;                     // it was reaped; true: it was one of these
  [[nodiscard]] Zygote* wants_spare() noexcept;        // null: none does
  void rest() noexcept;  // ends those that were forked ahead
  void destroy_all() noexcept;

 private:
  std::list<Zygote> all_;
};

}  // namespace mortise::runtime::launcher
