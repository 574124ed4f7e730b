// The beginning and the end of a worker, its lifecycle, and the slot: one driver at a time. What the drivers do is in
// worker_calls.cc, what happens between calls in worker_idle.cc.
#include "runtime/worker_instance.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "runtime/denials.h"
#include "runtime/worker_async.h"
#include "runtime/worker_command.h"

namespace mortise::runtime {
namespace {

constexpr std::chrono::milliseconds farewell{1'000};  // from `bye` to the end of the process
constexpr std::chrono::milliseconds stop_bound{5'000};
constexpr std::chrono::seconds kill_bound{5};

}  // namespace

// ---- its beginning ---------------------------------------------------------------------------------------------------

std::shared_ptr<WorkerInstance> WorkerInstance::launch(const WorkerSurroundings& surroundings,
                                                       std::shared_ptr<const plugin::Descriptor> descriptor,
                                                       const Value& plugin_config,
                                                       std::shared_ptr<const Access> access) {
  std::shared_ptr<WorkerInstance> instance(
      new WorkerInstance(surroundings, std::move(descriptor), plugin_config, std::move(access)));
  instance->start_process();
  instance->shake_hands();
  instance->lifecycle_.load();
  return instance;
}

WorkerInstance::WorkerInstance(const WorkerSurroundings& surroundings, std::shared_ptr<const plugin::Descriptor> descriptor,
                               const Value& plugin_config, std::shared_ptr<const Access> access)
    : around_(surroundings),
      descriptor_(std::move(descriptor)),
      plugin_config_(plugin_config),
      access_(std::move(access)),
      speaker_{descriptor_->id, next_serial()},
      log_(surroundings.log.named(descriptor_->id).with({{"plugin", descriptor_->id}})),
      lifecycle_(hooks_, plugin::ValidateOnLoad::no, [this](const Error& error) { log_.failure("a plugin did not end well", error); }) {}

void WorkerInstance::start_process() {
  const std::weak_ptr<WorkerInstance> weak = weak_from_this();
  auto rules = access_->network() ? std::make_shared<egress::Rules>(access_->public_network, access_->hosts) : nullptr;
  process_ = WorkerProcess::start(around_.reactor, around_.launcher, log_, worker_order(*descriptor_, *access_, around_.paths, around_.settings),
                                  worker_bounds(*descriptor_, around_.settings), around_.keepers, [weak](News news) {
                                    if (const auto self = weak.lock()) self->hear(news);
                                  }, std::move(rules));
  started_.store(true, std::memory_order_release);
  socket_watch_ = around_.reactor.watch(process_->channel().descriptor(), EPOLLONESHOT, [weak](std::uint32_t) {
    if (const auto self = weak.lock()) self->socket_ready();
  });
}

void WorkerInstance::shake_hands() {
  message::Hello hello;
  hello.host = MORTISE_VERSION;
  hello.plugin_id = descriptor_->id;
  hello.plugin_path = descriptor_->folder;
  hello.plugin_entry = descriptor_->entry;
  hello.plugin_name = descriptor_->id;
  hello.plugin_version = descriptor_->version_text;
  hello.adapter = descriptor_->adapter.name;
  hello.object = descriptor_->adapter.object;
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
  agree_on_transport(*exchange.ready());
}

std::chrono::milliseconds WorkerInstance::allowed() const { return descriptor_->deadline.value_or(around_.settings.deadline); }

std::chrono::milliseconds WorkerInstance::allowed_at_end() const { return std::min(allowed(), stop_bound); }

// ---- its transport ---------------------------------------------------------------------------------------------------

void WorkerInstance::agree_on_transport(const message::Ready& ready) {
  const Transport wanted = around_.settings.transport;
  if (wanted == Transport::socket) return;
  if (ready.ring) offer_ring();
  compact_ = ready.compact && transport_ == "ring";  // at the socket its gain is lost in the noise
  if (wanted == Transport::ring && transport_ != "ring") {
    throw Error(Code::unsupported, "worker '" + speaker_.plugin + "' (" + ready.sdk + ") cannot use a ring and runtime.transport is 'ring'",
                "set runtime.transport to 'auto', or build the plugin with a newer SDK")
        .with("plugin", speaker_.plugin);
  }
}

// The worker may decline; then everything stays on the socket.
void WorkerInstance::offer_ring() {
  RingMemory memory = RingMemory::make();
  Terms terms;
  terms.what = "ring";
  terms.allowed = around_.settings.handshake;
  terms.deadline = Clock::now() + terms.allowed;
  if (!take_slot(Driver::lifecycle)) throw Error(Code::internal, "a new worker is busy");
  Exchange exchange(*process_, speaker_, log_, std::move(terms), nullptr, 0, on_this_thread());
  exchange.offer(memory);
  drive(exchange);
  Outcome outcome = exchange.take();
  settle(exchange, outcome);
  if (const auto& answer = exchange.ring_answer(); answer && answer->taken) {
    memory.forget_descriptor();
    process_->channel().use_ring(std::move(memory), answer->futex ? Channel::Futex::yes : Channel::Futex::no);
    transport_ = "ring";
    around_.spin->measure_once();
  } else if (answer) {
    log_.debug("a worker declined the ring", {{"pid", pid()}, {"why", answer->why}});
  }
  give_slot();
  if (outcome.error) throw Error(*outcome.error);
}

void WorkerInstance::set_spin() {
  if (!process_->channel().has_ring()) return;
  const std::chrono::microseconds fixed = around_.settings.spin;
  process_->channel().set_spin(fixed.count() != 0 ? fixed : around_.spin->now(Clock::now()));
}

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
  set_spin();
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
  if (!usable() || !process_->channel().waiting()) return;
  read_idle();
}

void WorkerInstance::settle(const Exchange& exchange, Outcome& outcome) {
  explain_denials(outcome, speaker_.plugin, *access_, process_->take_denials());
  if (!exchange.worker_lives()) spoil(outcome.error.value_or(Error(Code::plugin, "the worker ended")));
}

void WorkerInstance::spoil(const Error& why) noexcept {
  usable_.store(false, std::memory_order_release);
  if (!told_.exchange(true)) lifecycle_.fail(why);
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
