// A worker between calls: its logs arrive, its death is noticed, its memory is given back.
#include <utility>

#include "base/error.h"
#include "runtime/worker_async.h"
#include "runtime/worker_instance.h"

namespace mortise::runtime {
namespace {

constexpr std::chrono::milliseconds rest_after{5'000};  // after the last call, until memory is given back
constexpr int rounds_at_once = 64;  // of reading: others want the reactor, too

}  // namespace

void WorkerInstance::socket_ready() {
  {
    const std::lock_guard lock(mutex_);
    if (driver_ == Driver::nobody && usable()) {
      driver_ = Driver::idle_reader;
    } else if (driver_ != Driver::loop) {
      return;  // its driver reads the socket anyway
    }
  }
  if (driver_ == Driver::loop) return step();
  read_idle();
  const bool quiet_now = process_->channel().doze();
  bool listens = false;
  {
    const std::lock_guard lock(mutex_);
    driver_ = Driver::nobody;
    listens = usable();
  }
  free_.notify_all();
  if (listens) listen(quiet_now);
  if (process_->has_news()) idle_news();
}

// `quiet_now`: the ring is empty and its writer rings at the socket.
void WorkerInstance::listen(bool quiet_now) {
  if (quiet_now) return around_.reactor.rearm(socket_watch_, process_->channel().descriptor(), EPOLLIN | EPOLLONESHOT);
  around_.reactor.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->socket_ready();
  });
}

// Only log records may come now. By whoever has the slot.
void WorkerInstance::read_idle() {
  try {
    for (int round = 0; round < rounds_at_once; ++round) {
      while (std::optional<Message> message = process_->channel().next(nullptr)) {
        const auto* log = std::get_if<message::Log>(&*message);
        if (log == nullptr && !std::holds_alternative<message::Progress>(*message)) {
          throw Error(Code::invalid, "it sent '" + std::string(name_of(*message)) + "' while no call was open");
        }
        if (log != nullptr) log_.write(static_cast<Log::Level>(log->level), log->text, log->fields);
      }
      const os::Io io = process_->channel().receive();
      if (io == os::Io::would_block) return;
      if (io == os::Io::closed) {  // it ends, or is made to; idle_news() tells how
        usable_.store(false, std::memory_order_release);
        process_->kill();
        return;
      }
    }
  } catch (const Error& error) {
    const Error why(Code::plugin, "worker '" + speaker_.plugin + "' broke the protocol: " + error.what());
    log_.failure("a worker was killed", why, {{"pid", pid()}});
    spoil(why);
    process_->kill();
  }
}

// After the quiet time the reactor listens to an idle worker and tidies up. While calls come one after the other it need not.
void WorkerInstance::idle_check() {
  Clock::time_point next = Clock::now() + quiet;
  Clock::duration idle{};
  {
    const std::lock_guard lock(mutex_);
    if (!usable()) return;
    idle = Clock::now() - last_used_;
    if (driver_ != Driver::nobody || idle < quiet) return check_again(driver_ == Driver::nobody ? last_used_ + quiet : next);
    driver_ = Driver::idle_reader;
  }
  const bool others = tidy(idle >= rest_after);
  const bool quiet_now = process_->channel().doze();
  {
    const std::lock_guard lock(mutex_);
    driver_ = Driver::nobody;
    idle_timer_ = others || idle < rest_after;
    if (idle_timer_) check_again(others ? Clock::now() + std::chrono::seconds(1) : last_used_ + rest_after);
  }
  free_.notify_all();
  listen(quiet_now);
}

void WorkerInstance::check_again(Clock::time_point when) {
  around_.reactor.at(when, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->idle_check();
  });
}

// True while the worker has memory of a run that may end.
bool WorkerInstance::tidy(bool rest) {
  const bool others = process_->memory().forget_ended_runs();
  if (rest) process_->memory().rest();
  for (const std::uint32_t arena : process_->memory().take_dropped()) process_->channel().send_ahead(message::Drop{arena}, {});
  return others;
}

// On any thread.
void WorkerInstance::hear(News) {
  if (!started_.load(std::memory_order_acquire)) return;  // the handshake looks for itself
  Driver driver = Driver::nobody;
  {
    const std::lock_guard lock(mutex_);
    driver = driver_;
  }
  if (driver == Driver::nobody) return idle_news();
  if (driver != Driver::loop) return;  // the bell wakes it, and give_slot() looks again
  around_.reactor.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->step();
  });
}

void WorkerInstance::idle_news() {
  const auto death = process_->death();
  if (!death || told_.load()) return;
  const std::string over = death->over_limit ? std::string(death->over_limit->what()) + ", " : std::string();
  const Error why = Error(Code::plugin, "worker '" + speaker_.plugin + "' ended between calls: " + over + death->describe())
                        .with("exit", death->describe())
                        .with("stderr", process_->output().last_words());
  log_.failure("a worker ended", why, {{"pid", pid()}});
  spoil(why);
}

}  // namespace mortise::runtime
