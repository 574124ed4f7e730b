// The two drivers of an Exchange and the slot between them. One file, because what may happen to an instance at any moment
// (a caller, the reactor, a death, the end) is one picture.
#include "runtime/worker_instance.h"

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "runtime/worker_command.h"

namespace mortise::runtime {
namespace {

constexpr std::chrono::milliseconds quiet{100};       // after the last call, until the reactor listens
constexpr std::chrono::milliseconds rest_after{5'000};  // after the last call, until memory is given back
constexpr std::chrono::milliseconds farewell{1'000};  // from `bye` to the end of the process
constexpr std::chrono::milliseconds stop_bound{5'000};
constexpr std::chrono::seconds kill_bound{5};
constexpr std::string_view host_version = "0.1.0";

}  // namespace

// A call that the reactor drives. The instance cannot go while it lasts.
struct WorkerInstance::Async {
  std::shared_ptr<WorkerInstance> keeper;
  Completion completion;
  CancelToken cancel;
  message::Call message;
  std::shared_ptr<RunMemory> memory;
  std::optional<Exchange> exchange;
  CancelToken::Registration registration;
  bool watched = false;  // the registration was made
  Reactor::Id timer = 0;
  Clock::time_point timer_at = Clock::time_point::max();
};

// ---- its beginning ---------------------------------------------------------------------------------------------------

std::shared_ptr<WorkerInstance> WorkerInstance::launch(const WorkerSurroundings& surroundings,
                                                       std::shared_ptr<const plugin::Descriptor> descriptor,
                                                       const Value& plugin_config) {
  std::shared_ptr<WorkerInstance> instance(new WorkerInstance(surroundings, std::move(descriptor), plugin_config));
  instance->start_process();
  instance->shake_hands();
  instance->lifecycle_.load();
  return instance;
}

WorkerInstance::WorkerInstance(const WorkerSurroundings& surroundings, std::shared_ptr<const plugin::Descriptor> descriptor,
                               const Value& plugin_config)
    : around_(surroundings),
      descriptor_(std::move(descriptor)),
      plugin_config_(plugin_config),
      speaker_{descriptor_->id, next_serial()},
      log_(surroundings.log.with({{"plugin", descriptor_->id}})),
      lifecycle_(hooks_, plugin::ValidateOnLoad::no, [this](const Error& error) { log_.failure("a plugin did not end well", error); }),
      spin_(surroundings.wait) {}

void WorkerInstance::start_process() {
  const std::weak_ptr<WorkerInstance> weak = weak_from_this();
  process_ = WorkerProcess::start(around_.reactor, around_.launcher, log_, worker_order(*descriptor_, around_.paths, around_.settings),
                                  memory_quota(*descriptor_, around_.settings), [weak](News news) {
                                    if (const auto self = weak.lock()) self->hear(news);
                                  });
  socket_watch_ = around_.reactor.watch(process_->channel().descriptor(), EPOLLONESHOT, [weak](std::uint32_t) {
    if (const auto self = weak.lock()) self->socket_ready();
  });
}

void WorkerInstance::shake_hands() {
  message::Hello hello;
  hello.host = host_version;
  hello.plugin_id = descriptor_->id;
  hello.plugin_path = descriptor_->folder;
  hello.plugin_entry = descriptor_->entry;
  hello.plugin_name = descriptor_->id;
  hello.plugin_version = descriptor_->version_text;
  hello.limits = Value::map({{"memory", process_->memory().quota()}});
  Terms terms;
  terms.what = "hello";
  terms.allowed = around_.settings.handshake;
  terms.deadline = Clock::now() + terms.allowed;
  if (!take_slot(Driver::lifecycle)) throw Error(Code::internal, "a new worker is busy");
  Exchange exchange(*process_, speaker_, log_, std::move(terms), nullptr, 0, on_this_thread());
  exchange.begin(hello);
  drive(exchange);
  Outcome outcome = exchange.take();
  settle(exchange, outcome);
  give_slot();
  if (outcome.error) throw Error(*outcome.error);
}

std::chrono::milliseconds WorkerInstance::allowed() const { return descriptor_->deadline.value_or(around_.settings.deadline); }

std::chrono::milliseconds WorkerInstance::allowed_at_end() const { return std::min(allowed(), stop_bound); }

// One lifecycle verb, driven by this thread.
void WorkerInstance::ask(Verb verb, std::chrono::milliseconds at_most) {
  if (!usable()) throw Error(Code::conflict, "worker '" + speaker_.plugin + "' is gone").with("plugin", speaker_.plugin);
  if (!take_slot(Driver::lifecycle)) throw Error(Code::busy, "plugin '" + speaker_.plugin + "' is at work", "wait for the call to end");
  message::Lifecycle message;
  message.id = ++last_id_;
  message.verb = verb;
  message.timeout_ms = at_most.count();
  if (verb == Verb::load && plugin_config_.is(Kind::map)) message.config = plugin_config_;
  Terms terms;
  terms.what = name_of(verb);
  terms.allowed = at_most;
  terms.deadline = Clock::now() + at_most;
  terms.grace = around_.settings.grace;
  Exchange exchange(*process_, speaker_, log_, std::move(terms), around_.settings.house, message.id, on_this_thread());
  exchange.begin(message);
  drive(exchange);
  Outcome outcome = exchange.take();
  settle(exchange, outcome);
  give_slot();
  if (outcome.error) throw Error(*outcome.error);
}

// ---- the slot --------------------------------------------------------------------------------------------------------

bool WorkerInstance::take_slot(Driver driver) {
  std::unique_lock lock(mutex_);
  free_.wait(lock, [&] { return driver_ != Driver::idle_reader; });  // a moment at most
  if (driver_ != Driver::nobody) return false;
  driver_ = driver;
  return true;
}

void WorkerInstance::give_slot() noexcept {
  read_what_is_left();
  bool arm = false;
  {
    const std::lock_guard lock(mutex_);
    driver_ = Driver::nobody;
    last_used_ = Clock::now();
    arm = usable() && !std::exchange(idle_timer_, true);
  }
  free_.notify_all();
  if (arm) check_again(Clock::now() + quiet);
  if (process_->has_news()) idle_news();
}

// What came in one piece with the answer.
void WorkerInstance::read_what_is_left() {
  if (!usable() || !process_->channel().amid_frame()) return;
  read_idle();
}

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
  const plugin::State state = lifecycle_.state();
  const bool question = call.operation == Operation::validate || call.operation == Operation::health;
  if (!usable() || (question ? !plugin::accepts_questions(state) : !plugin::accepts_work(state))) {
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

message::Call WorkerInstance::message_of(Call& call, const Terms& terms) {
  message::Call message;
  message.id = ++last_id_;
  message.operation = static_cast<std::uint32_t>(call.operation);
  message.method = std::move(call.method);
  message.input = std::move(call.input);
  message.timeout_ms = std::max<std::int64_t>(terms.allowed.count(), 1);
  return message;
}

void WorkerInstance::settle(const Exchange& exchange, const Outcome& outcome) noexcept {
  if (!exchange.worker_lives()) spoil(outcome.error.value_or(Error(Code::plugin, "the worker ended")));
}

void WorkerInstance::spoil(const Error& why) noexcept {
  usable_.store(false, std::memory_order_release);
  if (!told_.exchange(true)) lifecycle_.fail(why);
}

// ---- driven by the caller --------------------------------------------------------------------------------------------

Outcome WorkerInstance::invoke(Call call) {
  if (auto refused = admit(call, Driver::caller)) return std::move(*refused);
  Terms terms = terms_of(call);
  const message::Call message = message_of(call, terms);
  Exchange exchange(*process_, speaker_, log_, std::move(terms), std::move(call.host), message.id, on_this_thread());
  exchange.begin(message, std::move(call.memory));
  if (!exchange.done()) {
    const auto registration = call.cancel.on_cancel([this] { process_->ring(news_cancel); });
    drive(exchange);
  }
  Outcome outcome = exchange.take();
  settle(exchange, outcome);
  give_slot();
  return outcome;
}

void WorkerInstance::drive(Exchange& exchange) {
  exchange_ = &exchange;
  const auto budget = spin_.next();
  if (budget.count() != 0) {
    if (spin(exchange, budget)) {
      spin_.answered_within_spin();
    } else {
      spin_.slept();
    }
  }
  // Most answers come within a moment: sleeping in the receive itself saves two system calls, and being deaf to news for so
  // long harms nobody.
  while (!exchange.done() && !process_->has_news() && !exchange.wants_to_write() && exchange.look(os::Wait::yes)) {
  }
  while (!exchange.done()) {
    exchange.pump(Clock::now());
    if (exchange.done()) break;
    sleep(exchange);
  }
  exchange_ = nullptr;
}

// True when the answer came. Every message that comes begins a new budget.
bool WorkerInstance::spin(Exchange& exchange, std::chrono::microseconds budget) {
  auto until = Clock::now() + budget;
  while (!exchange.done() && !process_->has_news() && !exchange.wants_to_write()) {
    if (exchange.look()) {
      if (exchange.done()) return true;
      until = Clock::now() + budget;
      continue;
    }
    if (Clock::now() >= until) return false;
    ::sched_yield();
  }
  return exchange.done();
}

void WorkerInstance::sleep(const Exchange& exchange) {
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
  async->exchange.emplace(*process_, speaker_, log_, std::move(terms), std::move(call.host), async->message.id, on_other_threads());
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
  settle(*async->exchange, outcome);
  const Completion completion = std::move(async->completion);
  const std::shared_ptr<WorkerInstance> keeper = std::move(async->keeper);
  async.reset();
  give_slot();
  completion(std::move(outcome));
}

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
  bool listen = false;
  {
    const std::lock_guard lock(mutex_);
    driver_ = Driver::nobody;
    listen = usable();
  }
  free_.notify_all();
  if (listen) around_.reactor.rearm(socket_watch_, process_->channel().descriptor(), EPOLLIN | EPOLLONESHOT);
  if (process_->has_news()) idle_news();
}

// ---- between calls -----------------------------------------------------------------------------------------------------

// Only log records may come now. By whoever has the slot.
void WorkerInstance::read_idle() {
  try {
    while (true) {
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
  {
    const std::lock_guard lock(mutex_);
    driver_ = Driver::nobody;
    idle_timer_ = others || idle < rest_after;
    if (idle_timer_) check_again(others ? Clock::now() + std::chrono::seconds(1) : last_used_ + rest_after);
  }
  free_.notify_all();
  around_.reactor.rearm(socket_watch_, process_->channel().descriptor(), EPOLLIN | EPOLLONESHOT);
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
  const Error why = Error(Code::plugin, "worker '" + speaker_.plugin + "' ended between calls: " + death->describe())
                        .with("exit", death->describe())
                        .with("stderr", process_->output().last_words());
  log_.failure("a worker ended", why, {{"pid", pid()}});
  spoil(why);
}

// ---- its end -------------------------------------------------------------------------------------------------------------

void WorkerInstance::cleanup() noexcept {
  {
    std::unique_lock lock(mutex_);
    const auto idle = [&] { return driver_ == Driver::nobody; };
    if (!idle()) {
      lock.unlock();
      process_->ring(news_abandon);  // whoever waits for the present call gets its end
      lock.lock();
      if (!free_.wait_for(lock, kill_bound + farewell, idle)) process_->kill();
    }
  }
  lifecycle_.cleanup();
  leave();
}

// The process goes: by itself if it is quick, else killed.
void WorkerInstance::leave() noexcept {
  try {
    if (usable() && take_slot(Driver::lifecycle)) {
      told_.store(true);
      process_->channel().send(message::Bye{});
      if (!process_->wait_for_death(farewell)) process_->kill();
    } else {
      process_->kill();
    }
    usable_.store(false, std::memory_order_release);
    told_.store(true);
    if (!around_.reactor.on_thread() && !process_->wait_for_death(kill_bound)) {
      log_.error("a killed worker does not end", {{"pid", pid()}});
    }
  } catch (const std::exception& error) {
    log_.error("a worker did not leave well", {{"pid", pid()}, {"error", error.what()}});
    process_->kill();
  }
  const std::lock_guard lock(mutex_);
  if (driver_ == Driver::lifecycle) driver_ = Driver::nobody;
}

WorkerInstance::~WorkerInstance() {
  if (process_ == nullptr) return;
  process_->silence();
  process_->kill();
  if (socket_watch_ != 0) around_.reactor.unwatch(socket_watch_, process_->channel().descriptor());
}

}  // namespace mortise::runtime
