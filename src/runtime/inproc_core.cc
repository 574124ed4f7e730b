#include "runtime/inproc_core.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

namespace mortise::runtime {
namespace {

constexpr std::chrono::milliseconds poll_interval{1};
constexpr std::chrono::seconds longest_cleanup{5};

const mortise_plugin* open_plugin(NativeLibraries& libraries, const plugin::Descriptor& descriptor) {
  if (descriptor.language != "c" && descriptor.language != "c++") {
    throw Error(Code::unsupported, "a plugin in " + descriptor.language + " cannot run in this process",
                "only native ones can; take it out of plugins.trusted");
  }
  return &libraries.open_again((std::filesystem::path(descriptor.folder) / descriptor.entry).string(), descriptor.generation);
}

std::string spoken(const Call& call) {
  return call.operation == Operation::call ? "call " + call.method : std::string(name_of(call.operation));
}

std::string in_milliseconds(std::chrono::nanoseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(time).count()) + " ms";
}

}  // namespace

InprocInstance::Core::Core(const InprocSurroundings& surroundings, std::shared_ptr<const plugin::Descriptor> descriptor,
                           const Value& plugin_config)
    : around_(surroundings),
      descriptor_(std::move(descriptor)),
      plugin_config_(plugin_config.is_null() ? Value::map() : plugin_config),
      plugin_{descriptor_->id, next_serial(),
              surroundings.log.named(descriptor_->id).with({{"plugin", descriptor_->id}})},
      table_(open_plugin(surroundings.libraries, *descriptor_)),
      slots_(std::max(1u, descriptor_->concurrency)),
      lifecycle_(*this, plugin::ValidateOnLoad::no,
                 [this](const Error& error) { plugin_.log.failure("a plugin did not end well", error); }) {}

// ---- entering --------------------------------------------------------------------------------------------------------

bool InprocInstance::Core::take_all(Clock::time_point until) noexcept {
  for (;;) {
    std::uint32_t nobody = 0;
    if (inside_.compare_exchange_strong(nobody, slots_, std::memory_order_acq_rel)) return true;
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(poll_interval);  // calls leave without telling anybody: that keeps them fast
  }
}

void InprocInstance::Core::give_all() noexcept {
  inside_.fetch_sub(slots_, std::memory_order_acq_rel);
  if (cleanup_due_.load(std::memory_order_acquire)) clean_up_late();
}

bool InprocInstance::Core::usable() const noexcept {
  const plugin::State now = state();
  return stuck_.load(std::memory_order_acquire) == 0 && now != plugin::State::failed &&
         now != plugin::State::cleaned_up;
}

// Says why, from what can be seen now. A slot that was busy may be free again; busy is still the right word.
Outcome InprocInstance::Core::refusal(const Call& call) const {
  Outcome outcome;
  outcome.ended = Ended::denied;
  const plugin::State now = state();
  if (call.chain.contains(plugin_.instance)) {
    outcome.error = call.chain.cycle(plugin_.id);
    return outcome;
  }
  if (call.cancel.cancelled()) {
    outcome.ended = Ended::cancelled;
    outcome.error = Error(Code::cancelled, "the call was cancelled before it began: " + call.cancel.reason());
  } else if (!accepts(call.operation, now)) {
    outcome.error =
        Error(Code::conflict, "Cannot " + spoken(call) + " with plugin in state " + std::string(plugin::name_of(now)));
    if (auto why = lifecycle_.failure(); why && now == plugin::State::failed) outcome.error->because(*std::move(why));
  } else if (stuck_.load(std::memory_order_acquire) != 0) {
    outcome.error =
        Error(Code::busy, "plugin '" + plugin_.id + "' has not come back from a call that overran its deadline",
              "run it confined: a worker that overruns is killed and replaced");
  } else {
    outcome.error = Error(Code::busy, "plugin '" + plugin_.id + "' works on another call");
  }
  outcome.error->with("plugin", plugin_.id);
  return outcome;
}

Outcome InprocInstance::Core::given_up(const Call& call, Ended ended) const {
  Outcome outcome;
  outcome.ended = ended;
  const std::string what = "plugin '" + plugin_.id + "' ";
  outcome.error =
      ended == Ended::timeout
          ? Error(Code::timeout, what + "did not end '" + spoken(call) + "' by its deadline",
                  "allow more time, or run it confined: in this process it cannot be killed")
          : Error(Code::cancelled, what + "was cancelled in '" + spoken(call) + "' and did not come back within " +
                                       in_milliseconds(around_.grace) + ": " + call.cancel.reason());
  outcome.error->with("plugin", plugin_.id);
  return outcome;
}

// ---- the lifecycle ---------------------------------------------------------------------------------------------------

// The plugin's answer to a verb, or its error thrown.
void InprocInstance::Core::enter_verb(Value input, const Entry& entry) {
  Call call;
  call.input = std::move(input);
  call.deadline = verb_deadline_;
  call.host = around_.house;
  NativeCall native(call, 0, plugin_);
  const auto show = [&](NativeCall* now) {
    const std::lock_guard lock(verb_mutex_);
    verb_call_ = now;
  };
  show(&native);
  detail::Received out;
  const mortise_status status = entry(native.c(), out.c());
  show(nullptr);
  native.finish();
  if (status != MORTISE_OK) throw native.error(status, out);
}

void InprocInstance::Core::abandon_verb() noexcept {
  const std::lock_guard lock(verb_mutex_);
  if (verb_call_ != nullptr) verb_call_->abandon();
}

void InprocInstance::Core::load() {
  enter_verb(plugin_config_,
             [&](const mortise_call* call, mortise_output* out) { return table_->load(call, &instance_, out); });
}

void InprocInstance::Core::ask(Step step) {
  if (step == nullptr) return;
  enter_verb({}, [&](const mortise_call* call, mortise_output* out) { return step(instance_, call, out); });
}

void InprocInstance::Core::perform(plugin::Verb verb) {
  switch (verb) {
    case plugin::Verb::load: return lifecycle_.load();
    case plugin::Verb::initialize: return lifecycle_.initialize();
    case plugin::Verb::start: return lifecycle_.start();
    case plugin::Verb::stop: return lifecycle_.stop();
    case plugin::Verb::cleanup: return lifecycle_.cleanup();
    default: throw Error(Code::internal, "an instance has no verb '" + std::string(name_of(verb)) + "'");
  }
}

void InprocInstance::Core::drive(plugin::Verb verb, std::chrono::milliseconds at_most) {
  struct Progress {
    std::mutex mutex;
    std::condition_variable news;
    bool done = false;
    bool given_up = false;
    std::exception_ptr failure;
  };
  const auto until = Clock::now() + at_most;
  if (!take_all(until)) {
    throw Error(Code::busy, "plugin '" + plugin_.id + "' is at work", "wait for its calls to end")
        .with("plugin", plugin_.id);
  }
  verb_deadline_ = until;
  const auto progress = std::make_shared<Progress>();
  const auto work = [self = shared_from_this(), progress, verb] {
    std::exception_ptr failure;
    try {
      self->perform(verb);
    } catch (...) {
      failure = std::current_exception();
    }
    self->give_all();  // before anybody hears of it, who may begin the next verb
    const std::lock_guard lock(progress->mutex);
    progress->done = true;
    progress->failure = std::move(failure);
    if (progress->given_up) self->unstuck();
    progress->news.notify_all();
  };
  try {
    executor_.post(work);
  } catch (...) {
    give_all();
    throw;
  }
  std::unique_lock lock(progress->mutex);
  if (progress->news.wait_until(lock, until, [&] { return progress->done; })) {
    if (progress->failure) std::rethrow_exception(std::exchange(progress->failure, nullptr));  // nobody else holds it
    return;
  }
  progress->given_up = true;
  stuck();
  const Error late =
      Error(Code::timeout,
            "Failed to " + std::string(name_of(verb)) + " plugin: no answer within " + in_milliseconds(at_most),
            "raise `timeout` in its manifest, or run it confined: in this process it cannot be killed")
          .with("plugin", plugin_.id);
  abandon_verb();
  lifecycle_.fail(late);
  throw late;
}

void InprocInstance::Core::clean_up() noexcept {
  if (state() == plugin::State::cleaned_up) return;
  try {
    if (!take_all(Clock::now() + around_.grace)) {
      lifecycle_.fail(Error(Code::timeout, "plugin '" + plugin_.id + "' did not come back before its cleanup"));
      plugin_.log.warning("a plugin is left behind in a call that does not end");
      cleanup_due_.store(true, std::memory_order_release);
      return clean_up_late();  // it may have come back just now
    }
    give_all();
    drive(plugin::Verb::cleanup, std::min<std::chrono::milliseconds>(allowed(), longest_cleanup));
  } catch (const std::exception& failure) {
    plugin_.log.error("a plugin was not cleaned up", {{"reason", std::string_view(failure.what())}});
  }
}

// On the thread that came out last.
void InprocInstance::Core::clean_up_late() noexcept {
  if (!take_all(Clock::time_point::min())) return;
  if (cleanup_due_.exchange(false, std::memory_order_acq_rel)) lifecycle_.cleanup();
  inside_.fetch_sub(slots_, std::memory_order_acq_rel);
}

}  // namespace mortise::runtime
