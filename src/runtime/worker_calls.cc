// Calls of a worker: whether one is made, and the two ways to drive it.
#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "runtime/worker_async.h"
#include "runtime/worker_instance.h"

namespace mortise::runtime {
namespace {

constexpr std::chrono::microseconds worth_measuring{200};

}  // namespace

Outcome WorkerInstance::refusal(Ended ended, Error error) const {
  Outcome outcome;
  outcome.ended = ended;
  outcome.error = std::move(error.with("plugin", speaker_.plugin));
  return outcome;
}

std::optional<Outcome> WorkerInstance::admit(const Call& call, Driver driver) {
  if (call.chain.contains(speaker_.instance)) return refusal(Ended::denied, call.chain.cycle(speaker_.plugin));
  if (call.cancel.cancelled()) {
    return refusal(Ended::cancelled, Error(Code::cancelled, "the call was cancelled before it began: " + call.cancel.reason()));
  }
  if (call.deadline && Clock::now() >= *call.deadline) {
    return refusal(Ended::timeout, Error(Code::timeout, "the deadline of the call passed before it began"));
  }
  if (!usable()) {  // it died between the lease and here: the call goes to another one
    Error error(Code::plugin, "worker '" + speaker_.plugin + "' ended before the call");
    if (auto why = lifecycle_.failure()) error.because(*why);
    return refusal(Ended::crashed, std::move(error));
  }
  const plugin::State state = lifecycle_.state();
  const bool question = call.operation == Operation::validate || call.operation == Operation::health;
  if (question ? !plugin::accepts_questions(state) : !plugin::accepts_work(state)) {
    Error error(Code::conflict, "Cannot " + std::string(name_of(call.operation)) + " with plugin in state " + std::string(plugin::name_of(state)));
    if (auto why = lifecycle_.failure()) error.because(*why);
    return refusal(Ended::denied, std::move(error));
  }
  if (!take_slot(driver)) {
    return refusal(Ended::denied, Error(Code::busy, "plugin '" + speaker_.plugin + "' works on another call"));
  }
  return std::nullopt;
}

Terms WorkerInstance::terms_of(const Call& call) const {
  Terms terms;
  terms.what = call.operation == Operation::call ? "call " + call.method : std::string(name_of(call.operation));
  const auto now = Clock::now();
  terms.deadline = call.deadline.value_or(now + allowed());
  terms.allowed = std::chrono::ceil<std::chrono::milliseconds>(*terms.deadline - now);
  terms.grace = around_.settings.grace;
  terms.cancel = call.cancel;
  terms.chain = call.chain;
  return terms;
}

Message WorkerInstance::message_of(Call& call, const Terms& terms) {
  Message result(std::in_place_type<message::Call>);
  auto& message = std::get<message::Call>(result);
  message.id = ++last_id_;
  message.operation = static_cast<std::uint32_t>(call.operation);
  message.method = std::move(call.method);
  message.input = std::move(call.input);
  message.timeout_ms = std::max<std::int64_t>(terms.allowed.count(), 1);
  message.compact = compact_;
  return result;
}

// A clock of another process costs about as much as the shortest call does: a worker that makes short calls is not measured.
void WorkerInstance::begin_measure() noexcept {
  cpu_before_ = measured_ ? std::optional(process_->cpu()) : std::nullopt;
}

void WorkerInstance::end_measure(Outcome& outcome) noexcept {
  measured_ = outcome.elapsed >= worth_measuring;
  if (!measured_) return;
  if (cpu_before_ && process_->death() == std::nullopt) outcome.cpu = std::max(process_->cpu() - *cpu_before_, {});
  outcome.memory_peak = process_->take_memory_peak();
}

// ---- driven by the caller --------------------------------------------------------------------------------------------

Outcome WorkerInstance::invoke(Call call) {
  if (auto refused = admit(call, Driver::caller)) return std::move(*refused);
  Terms terms = terms_of(call);
  const Message message = message_of(call, terms);
  begin_measure();
  Exchange exchange(*process_, speaker_, log_, std::move(terms), std::move(call.host), last_id_, on_this_thread());
  set_spin();
  exchange.begin(message, std::move(call.memory));
  if (!exchange.done()) {
    const auto registration = call.cancel.on_cancel([this] { process_->ring(news_cancel); });
    drive(exchange);
  }
  Outcome outcome = exchange.take();
  end_measure(outcome);
  settle(exchange, outcome);
  give_slot();
  return outcome;
}

void WorkerInstance::drive(Exchange& exchange) {
  exchange_ = &exchange;
  if (around_.settings.spin.count() != 0 && !process_->channel().has_ring()) spin(exchange);
  while (true) {
    // Most answers come within a moment: sleeping in the receive itself saves two system calls, and being deaf to news for so
    // long harms nobody.
    while (!exchange.done() && !process_->has_news() && !exchange.wants_to_write() &&
           Clock::now() + Channel::moment < exchange.next_time() && exchange.look(os::Wait::yes)) {
    }
    if (!exchange.done()) exchange.pump(Clock::now());
    if (exchange.done()) break;
    sleep(exchange);
  }
  exchange_ = nullptr;
}

// Every message that comes begins a new budget.
void WorkerInstance::spin(Exchange& exchange) {
  auto until = Clock::now() + around_.settings.spin;
  while (!exchange.done() && !process_->has_news() && !exchange.wants_to_write() && Clock::now() < until) {
    if (exchange.look()) {
      until = Clock::now() + around_.settings.spin;
    } else {
      ::sched_yield();
    }
  }
}

void WorkerInstance::sleep(const Exchange& exchange) {
  if (exchange.wants_to_read() && !process_->channel().doze()) return;
  short events = 0;
  if (exchange.wants_to_read()) events |= POLLIN;
  if (exchange.wants_to_write()) events |= POLLOUT;
  std::array<pollfd, 2> wanted{{{events != 0 ? process_->channel().descriptor() : -1, events, 0}, {process_->bell(), POLLIN, 0}}};
  timespec timeout{};
  const bool bounded = exchange.next_time() != Clock::time_point::max();
  if (bounded) {
    const auto left = std::max(exchange.next_time() - Clock::now(), Clock::duration::zero());
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
    timeout.tv_nsec = (left % std::chrono::seconds(1)).count();
  }
  ::ppoll(wanted.data(), wanted.size(), bounded ? &timeout : nullptr, nullptr);
  if (wanted[1].revents != 0) process_->empty_bell();
}

// A service is asked right here; meanwhile a timer watches the deadline.
Exchange::Deferred WorkerInstance::on_this_thread() {
  return [this](const std::function<void()>& work, const std::function<void()>& then) {
    Reactor::Id timer = 0;
    if (const auto last = exchange_ != nullptr ? exchange_->last_moment() : std::nullopt) {
      timer = around_.reactor.at(*last, [process = process_] { process->kill(); });
    }
    work();
    if (timer != 0) around_.reactor.forget(timer);
    then();
  };
}

// ---- driven by the reactor ---------------------------------------------------------------------------------------------

void WorkerInstance::start(Call call, Completion completion) {
  if (auto refused = admit(call, Driver::loop)) return completion(std::move(*refused));
  auto async = std::make_unique<Async>();
  async->keeper = shared_from_this();
  async->completion = std::move(completion);
  async->cancel = call.cancel;
  Terms terms = terms_of(call);
  async->message = message_of(call, terms);
  begin_measure();
  async->exchange.emplace(*process_, speaker_, log_, std::move(terms), std::move(call.host), last_id_, on_other_threads());
  set_spin();
  async->exchange->begin(async->message, std::move(call.memory));
  {
    const std::lock_guard lock(mutex_);
    async_ = std::move(async);
  }
  around_.reactor.post([self = shared_from_this()] { self->step(); });
}

Exchange::Deferred WorkerInstance::on_other_threads() {
  return [this](std::function<void()> work, std::function<void()> then) {
    around_.threads.run([self = shared_from_this(), work = std::move(work), then = std::move(then)] {
      work();
      self->around_.reactor.post([self, then] {
        then();
        self->step();
      });
    });
  };
}

void WorkerInstance::step() {
  Async* async = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (driver_ != Driver::loop) return;
    async = async_.get();
  }
  if (async == nullptr) return;
  if (!std::exchange(async->watched, true)) {
    async->registration = async->cancel.on_cancel([this] { process_->ring(news_cancel); });
  }
  Exchange& exchange = *async->exchange;
  exchange.pump(Clock::now());
  if (exchange.done()) return finish_async();
  if (exchange.next_time() != async->timer_at) {
    if (async->timer != 0) around_.reactor.forget(async->timer);
    async->timer_at = exchange.next_time();
    async->timer = async->timer_at == Clock::time_point::max()
                       ? 0
                       : around_.reactor.at(async->timer_at, [weak = weak_from_this()] {
                           if (const auto self = weak.lock()) self->step();
                         });
  }
  if (exchange.wants_to_read() && !process_->channel().doze()) {
    return around_.reactor.post([self = shared_from_this()] { self->step(); });
  }
  std::uint32_t events = 0;
  if (exchange.wants_to_read()) events |= EPOLLIN;
  if (exchange.wants_to_write()) events |= EPOLLOUT;
  if (events != 0) around_.reactor.rearm(socket_watch_, process_->channel().descriptor(), events | EPOLLONESHOT);
}

void WorkerInstance::finish_async() {
  std::unique_ptr<Async> async;
  {
    const std::lock_guard lock(mutex_);
    async = std::move(async_);
  }
  if (async->timer != 0) around_.reactor.forget(async->timer);
  async->registration = {};
  Outcome outcome = async->exchange->take();
  end_measure(outcome);
  settle(*async->exchange, outcome);
  const Completion completion = std::move(async->completion);
  const std::shared_ptr<WorkerInstance> keeper = std::move(async->keeper);
  async.reset();
  give_slot();
  completion(std::move(outcome));
}

}  // namespace mortise::runtime
