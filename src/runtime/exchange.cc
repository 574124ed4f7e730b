#include "runtime/exchange.h"

#include <utility>

#include "base/error.h"

namespace mortise::runtime {
namespace {

constexpr std::chrono::seconds death_patience{5};  // after a SIGKILL; longer only in the depths of the kernel
constexpr std::chrono::seconds close_patience{2};  // from the end of the socket to the end of the process
constexpr auto never = Clock::time_point::max();
// Receives in one go: a worker that sends without end must not keep its driver from the clock.
constexpr int rounds_at_once = 64;
constexpr int last_rounds = 4096;  // of a dead one, whose socket holds less

// "1 s", "250 ms".
std::string text_of(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

}  // namespace

Exchange::Exchange(WorkerProcess& worker, const Speaker& speaker, const Log& log, Terms terms,
                   std::shared_ptr<CallHost> host, std::uint64_t id, Deferred deferred)
    : worker_(worker),
      speaker_(speaker),
      log_(log),
      terms_(std::move(terms)),
      desk_(std::move(host), log),
      id_(id),
      deferred_(std::move(deferred)),
      began_(Clock::now()),
      next_time_(terms_.deadline.value_or(never)) {}

// ---- sending ---------------------------------------------------------------------------------------------------------

void Exchange::begin(const Message& message, std::shared_ptr<RunMemory> run) {
  expects_ready_ = std::holds_alternative<message::Hello>(message);
  news_ = worker_.take_news() & (news_death | news_abandon);  // the rest was about earlier exchanges
  worker_.memory().begin(std::move(run));
  worker_.output().begin();
  try {
    worker_.channel().send(message, &worker_.memory(), [this] { announce(); });
    reached_ = !worker_.channel().lost();
    position_ = worker_.channel().position();
  } catch (const Error& error) {  // the value cannot be sent; nothing was
    finish(Ended::error, error);
  }
}

void Exchange::offer(const RingMemory& memory) {
  expects_ring_ = true;
  news_ = worker_.take_news() & (news_death | news_abandon);
  worker_.output().begin();
  const int descriptor = memory.descriptor();
  worker_.channel().send(message::RingOffer{memory.capacity()}, nullptr, std::span(&descriptor, 1));
  reached_ = !worker_.channel().lost();
}

void Exchange::announce() {
  for (const std::uint32_t arena : worker_.memory().take_dropped())
    worker_.channel().send_ahead(message::Drop{arena}, {});
  for (const WorkerMemory::Announcement& news : worker_.memory().take_announcements()) {
    worker_.channel().send_ahead(news.arena, std::span(&news.descriptor, 1));
  }
}

void Exchange::reply(message::Reply answer) {
  try {
    worker_.channel().send(answer, &worker_.memory(), [this] { announce(); });
  } catch (const Error& error) {  // the answer cannot be sent; that is an answer too
    worker_.channel().send(message::Reply{answer.id, Value(), error});
  }
}

// ---- what may happen -------------------------------------------------------------------------------------------------

void Exchange::pump(Clock::time_point now) {
  if (done() || postponed_) return;
  news_ |= worker_.take_news();
  if (!serving_ && (std::exchange(news_, news_ & ~news_output) & news_output) != 0)
    desk_.printed(worker_.output().take());
  if (worker_.channel().sending() && !socket_ended_) worker_.channel().flush();
  receive_all(rounds_at_once);
  if (done()) return;
  if (!serving_ && (news_ & news_death) != 0) {
    if (const auto death = worker_.death()) return died(*death);
  }
  if ((news_ & news_abandon) != 0 && phase_ != Phase::dying) {
    kill(Ended::killed, explain(Code::cancelled, "was killed because it is no longer wanted"), now);
  }
  if ((std::exchange(news_, news_ & ~news_cancel) & news_cancel) != 0 && phase_ == Phase::working)
    stop(Stop::cancelled, now);
  if (!done() && now >= next_time_) time_is_up(now);
}

void Exchange::receive_all(int rounds) {
  while (!done() && !socket_ended_ && !serving_ && rounds-- > 0 && receive_once()) {
  }
}

// False when there was nothing.
bool Exchange::receive_once(os::Wait wait) {
  try {
    const os::Io io = worker_.channel().receive(wait);
    if (io == os::Io::would_block) return false;
    if (io == os::Io::closed) {
      closed(Clock::now());
      return false;
    }
    handle_received();
  } catch (const Error& error) {
    broke_protocol(error.what());
    return false;
  }
  return true;
}

void Exchange::handle_received() {
  while (!done() && !serving_ && !socket_ended_) {
    std::optional<Message> message = worker_.channel().next(&worker_.memory());
    if (!message) return;
    handle(*message);
  }
}

void Exchange::time_is_up(Clock::time_point now) {
  switch (phase_) {
    case Phase::working:
      if (socket_ended_)
        return kill(Ended::crashed, explain(Code::plugin, "closed its connection and did not end"), now);
      return stop(Stop::deadline, now);
    case Phase::stopping: return kill(Ended::killed, overdue(), now);
    case Phase::dying:  // it is stuck in the kernel; nobody waits any longer for it
      log_.error("a killed worker does not end", {{"pid", worker_.pid()}});
      worker_lives_ = false;
      outcome_.cleanup_skipped = true;
      return finish(verdict_->first, std::move(verdict_->second));
    case Phase::done: return;
  }
}

Error Exchange::overdue() const {
  if (stop_ == Stop::cancelled) {
    return explain(Code::cancelled,
                   "did not stop within " + text_of(terms_.grace) + " after it was cancelled and was killed");
  }
  return explain(Code::timeout,
                 "did not finish " + allowed_text() + " and was killed " + text_of(terms_.grace) + " later");
}

std::optional<Clock::time_point> Exchange::last_moment() const noexcept {
  if (phase_ == Phase::stopping) return next_time_;
  if (!terms_.deadline) return std::nullopt;
  return *terms_.deadline + terms_.grace;
}

void Exchange::stop(Stop why, Clock::time_point now) {
  if (expects_ready_)
    return kill(Ended::killed, explain(Code::timeout, "did not say that it is ready " + allowed_text()), now);
  if (socket_ended_) return;  // its end is near
  phase_ = Phase::stopping;
  stop_ = why;
  next_time_ = now + terms_.grace;
  try {
    worker_.channel().send(message::Cancel{id_});
  } catch (const Error& error) {
    broke_protocol(error.what());
  }
}

void Exchange::closed(Clock::time_point now) {
  cut_frame_ = worker_.channel().amid_frame();
  socket_ended_ = true;
  if (phase_ != Phase::dying) next_time_ = now + close_patience;  // its end is near, and says more than a deadline does
}

void Exchange::died(const Death& death) {
  receive_all(last_rounds);  // what it sent before it died still counts
  if (done() || serving_) return;
  worker_lives_ = false;
  reached_ = reached_ && worker_.channel().was_read(position_);
  const std::string how = death.describe();
  if (phase_ == Phase::dying) {
    outcome_.cleanup_skipped = true;
    return finish(verdict_->first, std::move(verdict_->second).with("exit", how));
  }
  if (const auto last = last_moment();
      last && Clock::now() >= *last) {  // the driver was held up, and a timer killed it
    outcome_.cleanup_skipped = true;
    return finish(Ended::killed, overdue().with("exit", how));
  }
  if (death.over_limit) {
    outcome_.cleanup_skipped = true;
    Error error(death.over_limit->code(), "worker '" + speaker_.plugin + "' " + death.over_limit->what(),
                death.over_limit->hint());
    error.with("plugin", speaker_.plugin).with("operation", terms_.what);
    return finish(Ended::killed, std::move(error).with("exit", how));
  }
  if (phase_ == Phase::stopping) {
    const bool late = stop_ == Stop::deadline;
    Error error = explain(
        late ? Code::timeout : Code::cancelled,
        late ? "did not finish " + allowed_text() + " and ended when it was told to stop" : "was cancelled and ended");
    return finish(late ? Ended::timeout : Ended::cancelled, std::move(error).with("exit", how));
  }
  if (!reached_)
    return finish(Ended::crashed, explain(Code::plugin, "ended before the call: " + how).with("exit", how));
  const std::string frame = cut_frame_ ? " in the middle of a message" : "";
  finish(Ended::crashed, explain(Code::plugin, how + frame).with("exit", how));
}

void Exchange::kill(Ended ended, Error error, Clock::time_point now) {
  verdict_.emplace(ended, std::move(error));
  phase_ = Phase::dying;
  next_time_ = now + death_patience;
  socket_ended_ = true;  // nothing it says now counts
  worker_.kill();
  if (const auto death = worker_.death(); death && !serving_) died(*death);
}

void Exchange::broke_protocol(const std::string& what) {
  if (phase_ == Phase::dying || done()) return;
  kill(Ended::killed, explain(Code::plugin, "broke the protocol: " + what), Clock::now());
}

Error Exchange::explain(Code code, const std::string& what) const {
  Error error(code, "worker '" + speaker_.plugin + "' " + what);
  error.with("plugin", speaker_.plugin).with("operation", terms_.what);
  if (stop_ == Stop::cancelled) error.with("reason", terms_.cancel.reason());
  return error;
}

std::string Exchange::allowed_text() const { return "within " + text_of(terms_.allowed); }

void Exchange::finish(Ended ended, std::optional<Error> error) {
  if (serving_) {
    postponed_.emplace(ended, std::move(error));
    next_time_ = never;
    socket_ended_ = true;
    return;
  }
  Output::Rest rest = worker_.output().end();
  desk_.printed(std::move(rest.lines));
  desk_.finish(rest.dropped);
  if (!worker_lives_ && error) {
    if (std::string words = worker_.output().last_words(); !words.empty()) error->with("stderr", std::move(words));
  }
  outcome_.ended = ended;
  outcome_.error = std::move(error);
  outcome_.pid = reached_ ? worker_.pid() : 0;
  outcome_.bytes_copied += worker_.memory().copied() + copied_in_;
  outcome_.elapsed = Clock::now() - began_;
  worker_.memory().end();
  phase_ = Phase::done;
}

// ---- what the worker says --------------------------------------------------------------------------------------------

void Exchange::handle(Message& message) {
  copied_in_ += worker_.channel().copied();
  if (auto* result = std::get_if<message::Result>(&message)) return handle(*result);
  if (auto* request = std::get_if<message::Request>(&message)) return handle(*request);
  if (auto* log = std::get_if<message::Log>(&message)) return handle(*log);
  if (auto* progress = std::get_if<message::Progress>(&message)) return handle(*progress);
  if (auto* ready = std::get_if<message::Ready>(&message); ready != nullptr && expects_ready_) {
    if (ready->protocol != protocol_version) {
      throw Error(Code::invalid, "it speaks version " + std::to_string(ready->protocol) + " of it, the host version " +
                                     std::to_string(protocol_version));
    }
    ready_ = std::move(*ready);
    return finish(Ended::ok, std::nullopt);
  }
  if (auto* answer = std::get_if<message::RingAnswer>(&message); answer != nullptr && expects_ring_) {
    ring_answer_ = std::move(*answer);
    return finish(Ended::ok, std::nullopt);
  }
  throw Error(Code::invalid, "it sent '" + std::string(name_of(message)) + "' out of order");
}

void Exchange::check_call(std::uint64_t id, const char* what) const {
  if (id == id_ && !expects_ready_) return;
  throw Error(Code::invalid, std::string("it sent ") + what + " " + std::to_string(id) + " while " +
                                 (expects_ready_ ? "no call" : "call " + std::to_string(id_)) + " was open");
}

void Exchange::handle(message::Result& result) {
  check_call(result.id, "a result for call");
  outcome_.bytes_copied += result.copied;
  if (result.refused) {
    return finish(Ended::error,
                  Error(Code::plugin, "worker '" + speaker_.plugin +
                                          "' returned a value that breaks a rule: " + result.refused->what())
                      .with("plugin", speaker_.plugin)
                      .because(*result.refused));
  }
  if (stop_ == Stop::deadline) {
    Error error = explain(Code::timeout, "did not finish " + allowed_text());
    if (result.error && result.error->code() != Code::timeout && result.error->code() != Code::cancelled)
      error.because(*result.error);
    return finish(Ended::timeout, std::move(error));
  }
  if (!result.error) {
    outcome_.value = std::move(result.value);
    return finish(Ended::ok, std::nullopt);
  }
  Error error = std::move(*result.error);
  if (error.detail("plugin").empty()) error.with("plugin", speaker_.plugin);
  const bool asked = stop_ == Stop::cancelled || terms_.cancel.cancelled();
  if (error.code() == Code::cancelled && asked) return finish(Ended::cancelled, std::move(error));
  // A worker keeps the time itself, too, and may notice first.
  const bool late = error.code() == Code::timeout && terms_.deadline &&
                    Clock::now() + std::chrono::milliseconds(5) >= *terms_.deadline;
  finish(late ? Ended::timeout : Ended::error, std::move(error));
}

// A record of an earlier call may still be under way; one of a call that never was may not.
void Exchange::handle(message::Log& log) {
  if (log.id > id_) check_call(log.id, "a log record of call");
  if (log.id == id_) return desk_.log(static_cast<LogLevel>(log.level), log.text, log.fields);
  log_.write(static_cast<Log::Level>(log.level), log.text, log.fields);
}

void Exchange::handle(message::Progress& progress) {
  if (progress.id > id_) check_call(progress.id, "progress of call");
  if (progress.id == id_) desk_.progress(progress.fraction, progress.note);
}

void Exchange::handle(message::Request& request) {
  check_call(request.call, "a request in call");
  if (worker_.channel().sending()) {  // else the replies to one that reads none would fill our memory
    throw Error(Code::invalid,
                "it sent request " + std::to_string(request.id) + " before it read the reply to the one before");
  }
  if (request.refused) return reply({request.id, Value(), *request.refused});
  switch (request.what) {
    case message::Request::What::context: return handle_context(request);
    case message::Request::What::arena: return handle_arena(request);
    case message::Request::What::service: return handle_service(request);
  }
}

void Exchange::handle_context(const message::Request& request) {
  message::Reply answer{request.id, Value(), std::nullopt};
  try {
    if (auto value = desk_.context(request.key)) {
      answer.value = std::move(*value);
    } else {
      answer.error = Error(Code::not_found, "no key '" + request.key + "' in the context").with("key", request.key);
    }
  } catch (const Error& error) {
    answer.error = error;
  }
  reply(std::move(answer));
}

void Exchange::handle_arena(const message::Request& request) {
  message::Reply answer{request.id, Value(), std::nullopt};
  try {
    const data::ArenaPlace place = worker_.memory().lend(request.size);
    answer.value = Value::map({{"arena", place.arena}, {"offset", place.offset}, {"size", place.size}});
  } catch (const Error& error) {
    answer.error = error;
  }
  reply(std::move(answer));
}

void Exchange::handle_service(const message::Request& request) {
  auto answer = std::make_shared<message::Reply>(message::Reply{request.id, Value(), std::nullopt});
  auto work = [this, answer, request] {
    try {
      answer->value = desk_.service(request.service, request.method, request.input,
                                    terms_.chain.entered(speaker_.instance, speaker_.plugin));
    } catch (const Error& error) {
      answer->error = error;
    } catch (const std::exception& error) {
      answer->error = Error(Code::internal, "service '" + request.service + "' failed: " + error.what());
    }
  };
  serving_ = true;
  deferred_(std::move(work), [this, answer] { served(std::move(*answer)); });
}

void Exchange::served(message::Reply answer) {
  serving_ = false;
  if (postponed_) return finish(postponed_->first, std::move(postponed_->second));
  if (socket_ended_) return;
  reply(std::move(answer));
  try {
    handle_received();  // what came behind the request
  } catch (const Error& error) {
    broke_protocol(error.what());
  }
}

}  // namespace mortise::runtime
