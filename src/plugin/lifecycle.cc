#include "plugin/lifecycle.h"

#include <array>
#include <utility>

namespace mortise::plugin {
namespace {

constexpr std::size_t state_count = static_cast<std::size_t>(State::failed) + 1;
constexpr std::size_t verb_count = static_cast<std::size_t>(Verb::uninstall) + 1;

constexpr std::array<std::string_view, state_count> state_names{
    "DISCOVERED", "SCANNED", "VALIDATED",   "INSTALLED", "ENABLED",    "LOADED",      "INITIALIZED",
    "RUNNING",    "QUARANTINED", "STOPPED", "CLEANED_UP", "UNINSTALLED", "FAILED"};
constexpr std::array<std::string_view, verb_count> verb_names{"scan",  "validate",  "install", "enable",     "disable",
                                                              "load",  "initialize", "start",  "stop",       "quarantine",
                                                              "release", "cleanup",  "uninstall"};

struct Move {
  State from;
  Verb verb;
  State to;
};

// What is not here is illegal.
constexpr Move moves[] = {
    {State::discovered, Verb::scan, State::scanned},

    {State::discovered, Verb::validate, State::validated},
    {State::scanned, Verb::validate, State::validated},
    {State::validated, Verb::validate, State::validated},
    {State::loaded, Verb::validate, State::validated},  // the plugin's own check needs an instance

    {State::validated, Verb::install, State::installed},

    {State::installed, Verb::enable, State::enabled},
    {State::enabled, Verb::enable, State::enabled},
    {State::cleaned_up, Verb::enable, State::enabled},
    {State::enabled, Verb::disable, State::installed},
    {State::installed, Verb::disable, State::installed},
    {State::cleaned_up, Verb::disable, State::installed},

    {State::discovered, Verb::load, State::loaded},
    {State::scanned, Verb::load, State::loaded},
    {State::validated, Verb::load, State::loaded},
    {State::installed, Verb::load, State::loaded},
    {State::enabled, Verb::load, State::loaded},
    {State::cleaned_up, Verb::load, State::loaded},  // a new instance

    {State::discovered, Verb::initialize, State::initialized},
    {State::validated, Verb::initialize, State::initialized},
    {State::loaded, Verb::initialize, State::initialized},

    {State::initialized, Verb::start, State::running},
    {State::stopped, Verb::start, State::running},

    {State::running, Verb::quarantine, State::quarantined},
    {State::initialized, Verb::quarantine, State::quarantined},
    {State::enabled, Verb::quarantine, State::quarantined},
    {State::quarantined, Verb::release, State::running},

    {State::installed, Verb::uninstall, State::uninstalled},
    {State::cleaned_up, Verb::uninstall, State::uninstalled},
    {State::failed, Verb::uninstall, State::uninstalled},
};

constexpr std::size_t index(State state) { return static_cast<std::size_t>(state); }

std::string text(std::string_view before, Verb verb, std::string_view after) {
  std::string sentence(before);
  sentence.append(name_of(verb)).append(after);
  return sentence;
}

Error wrapped(Verb verb, const std::exception& exception) {
  const auto* ours = dynamic_cast<const Error*>(&exception);
  const Error cause = ours != nullptr ? *ours : Error(Code::plugin, exception.what());
  return Error(cause.code(), text("Failed to ", verb, " plugin: ") + cause.what(), cause.hint()).because(cause);
}

}  // namespace

std::string_view name_of(State state) noexcept {
  return index(state) < state_count ? state_names[index(state)] : std::string_view("UNKNOWN");
}

std::string_view name_of(Verb verb) noexcept {
  const auto at = static_cast<std::size_t>(verb);
  return at < verb_count ? verb_names[at] : std::string_view("unknown");
}

std::optional<State> next_state(State state, Verb verb) noexcept {
  switch (verb) {
    case Verb::stop:
      return state == State::running || state == State::quarantined ? State::stopped : state;
    case Verb::cleanup:
      return state == State::uninstalled ? state : State::cleaned_up;
    default:
      for (const Move& move : moves) {
        if (move.from == state && move.verb == verb) return move.to;
      }
      return std::nullopt;
  }
}

Error illegal_move(State state, Verb verb) {
  std::string from;
  for (const Move& move : moves) {
    if (move.verb == verb) from.append(from.empty() ? "" : ", ").append(name_of(move.from));
  }
  return Error(Code::conflict, text("Cannot ", verb, " plugin in state ") + std::string(name_of(state)),
               text("it can ", verb, " from ") + from)
      .with("state", std::string(name_of(state)))
      .with("verb", std::string(name_of(verb)));
}

// ---- driving the hooks -----------------------------------------------------------------------------------------------

// One verb at a time; from inside a hook of the same lifecycle it would wait for itself.
class Lifecycle::Turn {
 public:
  Turn(Lifecycle& lifecycle, Verb verb) : lifecycle_(lifecycle) {
    if (lifecycle.inside_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
      throw Error(Code::conflict, text("Cannot ", verb, " plugin from inside one of its own lifecycle hooks"));
    }
    lifecycle.verbs_.lock();
    lifecycle.inside_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  }
  ~Turn() {
    lifecycle_.inside_.store(std::thread::id{}, std::memory_order_relaxed);
    lifecycle_.verbs_.unlock();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Lifecycle& lifecycle_;
};

Lifecycle::Lifecycle(LifecycleHooks& hooks, ValidateOnLoad validate_on_load, Complaint complain)
    : hooks_(hooks), validate_on_load_(validate_on_load), complain_(std::move(complain)) {}

std::optional<Error> Lifecycle::failure() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

State Lifecycle::check(Verb verb) const {
  const State from = state();
  if (!next_state(from, verb)) throw illegal_move(from, verb);
  return from;
}

// The state may have become FAILED while the hook ran; then the verb failed.
void Lifecycle::settle(State from, State to, Verb verb) {
  if (state_.compare_exchange_strong(from, to, std::memory_order_acq_rel)) return;
  throw wrapped(verb, failure().value_or(Error(Code::conflict, "the plugin is " + std::string(name_of(state())))));
}

void Lifecycle::fail(Error why) noexcept {
  const std::lock_guard lock(failure_mutex_);  // so that whoever sees FAILED finds the reason
  State from = state();
  do {
    if (from == State::cleaned_up || from == State::uninstalled || from == State::failed) return;
  } while (!state_.compare_exchange_weak(from, State::failed, std::memory_order_acq_rel));
  failure_ = std::move(why);
}

void Lifecycle::move(Verb verb) {
  const Turn turn(*this, verb);
  const State from = check(verb);
  State to = *next_state(from, verb);
  if (verb == Verb::quarantine) resting_from_ = from;
  if (verb == Verb::release) to = resting_from_;
  settle(from, to, verb);
}

void Lifecycle::run(Verb verb, void (LifecycleHooks::*hook)()) {
  const State from = state();
  try {
    (hooks_.*hook)();
  } catch (const std::exception& exception) {
    Error error = wrapped(verb, exception);
    fail(error);
    throw error;
  } catch (...) {
    Error error = wrapped(verb, Error(Code::plugin, "something that is no std::exception was thrown"));
    fail(error);
    throw error;
  }
  settle(from, *next_state(from, verb), verb);
}

void Lifecycle::validate() {
  const Turn turn(*this, Verb::validate);
  const State from = check(Verb::validate);
  hooks_.validate();
  validated_ = true;
  settle(from, State::validated, Verb::validate);
}

void Lifecycle::load_now() {
  if (validate_on_load_ == ValidateOnLoad::yes && !validated_) {
    hooks_.validate();
    validated_ = true;
  }
  run(Verb::load, &LifecycleHooks::load);
  loaded_ = true;
}

void Lifecycle::load() {
  const Turn turn(*this, Verb::load);
  check(Verb::load);
  if (loaded_) throw illegal_move(state(), Verb::load);  // VALIDATED, after it was loaded
  load_now();
}

void Lifecycle::initialize() {
  const Turn turn(*this, Verb::initialize);
  check(Verb::initialize);
  if (!loaded_) load_now();
  run(Verb::initialize, &LifecycleHooks::initialize);
}

void Lifecycle::start() {
  const Turn turn(*this, Verb::start);
  check(Verb::start);
  run(Verb::start, &LifecycleHooks::start);
}

void Lifecycle::stop() {
  const Turn turn(*this, Verb::stop);
  if (next_state(state(), Verb::stop) == state()) return;
  run(Verb::stop, &LifecycleHooks::stop);
}

void Lifecycle::complain(const Error& error) noexcept {
  try {
    if (complain_) complain_(error);
  } catch (...) {  // whoever listens failed; cleanup goes on
  }
}

void Lifecycle::stop_quietly() noexcept {
  try {
    if (next_state(state(), Verb::stop) != state()) run(Verb::stop, &LifecycleHooks::stop);
  } catch (const Error& error) {
    complain(error);
  }
}

void Lifecycle::cleanup() noexcept {
  try {
    const Turn turn(*this, Verb::cleanup);
    stop_quietly();
    if (loaded_) {
      loaded_ = validated_ = false;
      try {
        hooks_.cleanup();
      } catch (const std::exception& exception) {
        complain(wrapped(Verb::cleanup, exception));
      } catch (...) {
        complain(Error(Code::plugin, "Failed to cleanup plugin: something that is no std::exception was thrown"));
      }
    }
    if (state() != State::uninstalled) state_.store(State::cleaned_up, std::memory_order_release);
  } catch (const Error& error) {  // called from inside a hook
    complain(error);
  }
}

}  // namespace mortise::plugin
