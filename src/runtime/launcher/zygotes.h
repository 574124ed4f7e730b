// The zygotes of a launcher: one process for each set of words, with an interpreter loaded and nothing else, from which workers are
// forked (runtime/zygote). They are children of the launcher, and so are the workers that they leave behind.
//
// One process is forked ahead of each, as soon as nobody waits for anything: a fork, and the first writes to memory that was shared,
// are what takes longest.
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
#include "runtime/sandbox/cell.h"

namespace mortise::runtime::launcher {

// A process that was forked into a cell and waits at the other end of the line for what it shall become.
struct Unborn {
  pid_t pid = 0;
  pid_t holder = 0;  // of its cell
  sandbox::Layers layers;
  os::Fd line;
};

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
  // The one that was forked ahead, if it has these layers; gone from here then.
  [[nodiscard]] std::optional<Unborn> take_spare(sandbox::Layers layers);
  // Whether one should be forked ahead, and for which layers: those that were asked for last.
  [[nodiscard]] bool wants_spare() const noexcept;
  [[nodiscard]] sandbox::Layers usual() const noexcept { return usual_; }
  void keep_spare(Unborn spare) { spare_ = std::move(spare); }
  void want_no_spare() noexcept { asked_ = false; }  // until a worker is asked for again
  [[nodiscard]] const std::optional<Unborn>& spare() const noexcept { return spare_; }

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void ended() noexcept;  // it was reaped
  void lose_spare() noexcept;
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
  sandbox::Layers usual_;
  bool asked_ = false;
  std::optional<Unborn> spare_;
};

class Zygotes {
 public:
  [[nodiscard]] Zygote& of(const ZygoteWords& words);
  [[nodiscard]] bool holds(pid_t pid) const noexcept;  // a zygote, or one forked ahead
  bool forget(pid_t pid) noexcept;                     // it was reaped; true: it was one of these
  [[nodiscard]] Zygote* wants_spare() noexcept;        // null: none does
  void destroy_all() noexcept;

 private:
  std::list<Zygote> all_;
};

}  // namespace mortise::runtime::launcher
