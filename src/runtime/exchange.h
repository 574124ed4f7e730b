// Exchange: one message that awaits its answer (a hello, a lifecycle verb or a call), from sending to outcome.
//
//   working ──answer──────────────────────────────────────────────► done
//      │ deadline or cancel: `cancel` is sent
//      ▼
//   stopping ──answer, death──────────────────────────────────────► done
//      │ grace over                            ▲
//      ▼                                       │ death, or it does not come for five seconds
//   dying ─────────────────────────────────────┘   (also after a broken protocol)
//
//   closed: the socket ended before the process did. Its death follows, or it is killed.
//
// The machine never waits. A driver (a caller's thread, or the reactor) calls pump() whenever something may have happened:
// bytes, news, or the time next_time(). Logs, progress and requests of the worker are served on the driver's thread; a
// driver that must not block hands requests for services elsewhere (see Deferred).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "runtime/call.h"
#include "runtime/call_desk.h"
#include "runtime/worker_process.h"

namespace mortise::runtime {

// The plugin that is talked to, for messages and chains.
struct Speaker {
  std::string plugin;
  std::uint64_t instance = 0;
};

struct Terms {
  std::string what;  // "step", "initialize": for messages
  std::optional<Clock::time_point> deadline;
  std::chrono::milliseconds allowed{};  // from the start to the deadline, for messages
  std::chrono::milliseconds grace{1'000};
  CancelToken cancel;
  Chain chain;
};

class Exchange {
 public:
  // How to ask for a service, which may take long: run `work`, anywhere, then `then` where pump() runs. Either is called
  // once; the exchange is not done before.
  using Deferred = std::function<void(std::function<void()> work, std::function<void()> then)>;

  // All references outlive the exchange. `id` is the next one of this connection.
  Exchange(WorkerProcess& worker, const Speaker& speaker, const Log& log, Terms terms, std::shared_ptr<CallHost> host,
           std::uint64_t id, Deferred deferred);

  // Sends a hello, a lifecycle verb or a call. `run` is the memory that tables travel in; may be null.
  void begin(const Message& message, std::shared_ptr<RunMemory> run = nullptr);

  // Sends the memory for a ring.
  void offer(const RingMemory& memory);

  // One look at the socket and nothing else. False when nothing was there. Wait::yes may sleep for Channel::moment.
  bool look(os::Wait wait = os::Wait::no) { return !socket_ended_ && !serving_ && receive_once(wait); }
  // Whatever can happen now, happens.
  void pump(Clock::time_point now);
  [[nodiscard]] bool done() const noexcept { return phase_ == Phase::done; }
  [[nodiscard]] Outcome take() noexcept { return std::move(outcome_); }
  // When done: whether the worker can be used for another one.
  [[nodiscard]] bool worker_lives() const noexcept { return worker_lives_; }

  // What a driver must wait for, while it is not done.
  [[nodiscard]] bool wants_to_read() const noexcept { return !socket_ended_ && !serving_; }
  [[nodiscard]] bool wants_to_write() const noexcept { return !socket_ended_ && worker_.channel().sending(); }
  [[nodiscard]] Clock::time_point next_time() const noexcept { return next_time_; }
  // When a driver that was held up for so long would have killed the worker.
  [[nodiscard]] std::optional<Clock::time_point> last_moment() const noexcept;
  [[nodiscard]] const std::optional<message::Ready>& ready() const noexcept { return ready_; }
  [[nodiscard]] const std::optional<message::RingAnswer>& ring_answer() const noexcept { return ring_answer_; }

 private:
  enum class Phase { working, stopping, dying, done };
  enum class Stop { none, deadline, cancelled };

  void announce();
  void reply(message::Reply answer);

  void receive_all(int rounds);
  bool receive_once(os::Wait wait = os::Wait::no);
  void handle_received();
  void handle(Message& message);
  void handle(message::Result& result);
  void handle(message::Request& request);
  void handle(message::Log& log);
  void handle(message::Progress& progress);
  void handle_context(const message::Request& request);
  void handle_arena(const message::Request& request);
  void handle_service(const message::Request& request);
  void served(message::Reply answer);
  void check_call(std::uint64_t id, const char* what) const;

  void stop(Stop why, Clock::time_point now);
  void closed(Clock::time_point now);
  void died(const Death& death);
  void kill(Ended ended, Error error, Clock::time_point now);
  void broke_protocol(const std::string& what);
  void time_is_up(Clock::time_point now);
  void finish(Ended ended, std::optional<Error> error);
  [[nodiscard]] Error overdue() const;
  [[nodiscard]] Error explain(Code code, const std::string& what) const;
  [[nodiscard]] std::string allowed_text() const;

  WorkerProcess& worker_;
  const Speaker& speaker_;
  const Log& log_;
  const Terms terms_;
  CallDesk desk_;
  const std::uint64_t id_;
  const Deferred deferred_;
  const Clock::time_point began_;

  Phase phase_ = Phase::working;
  Stop stop_ = Stop::none;
  Clock::time_point next_time_;
  bool expects_ready_ = false;
  bool socket_ended_ = false;
  bool cut_frame_ = false;
  bool serving_ = false;  // a service was asked and did not answer yet; nothing else is read meanwhile
  bool worker_lives_ = true;
  bool reached_ = true;  // false: the worker had ended when the message was sent
  std::uint32_t position_ = 0;  // of the message's end in the ring
  std::uint32_t news_ = news_none;  // taken, and not dealt with
  std::optional<std::pair<Ended, std::optional<Error>>> postponed_;  // the end, until the service answered
  std::optional<std::pair<Ended, Error>> verdict_;  // while dying
  std::uint64_t copied_in_ = 0;
  std::optional<message::Ready> ready_;
  bool expects_ring_ = false;
  std::optional<message::RingAnswer> ring_answer_;
  Outcome outcome_;
};

}  // namespace mortise::runtime
