// Lifecycle: the one state machine of every plugin, whatever its language or the guide that taught its author.
//
//   DISCOVERED -> SCANNED -> VALIDATED -> INSTALLED -> ENABLED -> LOADED -> INITIALIZED -> RUNNING <-> QUARANTINED
//                                                                            RUNNING -> STOPPED -> CLEANED_UP -> UNINSTALLED
//   FAILED from any.
//
// Most plugins pass only some of them: one found in a folder goes DISCOVERED, LOADED, INITIALIZED, RUNNING. Which verb is
// legal where is one table (lifecycle.cc); next_state() reads it. Everything else is Error{conflict}, "Cannot start plugin
// in state DISCOVERED", and changes nothing.
//
// Class Lifecycle drives the author's code, given as LifecycleHooks, along that table:
//   - a hook that throws leaves FAILED and an Error "Failed to initialize plugin: e" with e as its cause; only a failing
//     validate leaves the state as it was and its error as it is;
//   - initialize() loads first when nothing was loaded (a plugin may be initialized straight from DISCOVERED);
//   - stop() outside RUNNING and QUARANTINED does nothing;
//   - cleanup() is legal everywhere, ends with CLEANED_UP and never throws; a running plugin is stopped first.
//
// Threads: state() may be read from any thread at any time. Verbs may come from any thread, one at a time; a second one
// waits. A verb called from inside a hook of the same plugin is a conflict, not a deadlock. fail() never waits.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/error.h"

namespace mortise::plugin {

enum class State : std::uint8_t {
  discovered,
  scanned,
  validated,
  installed,
  enabled,  // switched on by the operator, nothing loaded yet
  loaded,
  initialized,
  running,
  quarantined,  // resting after failures; release brings it back to where it was
  stopped,
  cleaned_up,
  uninstalled,
  failed,
};
// "RUNNING", as the guides print it.
[[nodiscard]] std::string_view name_of(State state) noexcept;

enum class Verb : std::uint8_t {
  scan,
  validate,
  install,
  enable,
  disable,
  load,
  initialize,
  start,
  stop,
  quarantine,
  release,
  cleanup,
  uninstall,
};
// "initialize".
[[nodiscard]] std::string_view name_of(Verb verb) noexcept;

// Where `verb` leads from `state`, nothing when it is illegal there. The same state means: legal, and nothing happens.
// release leads to RUNNING here; a Lifecycle leads it back to the state that was quarantined.
[[nodiscard]] std::optional<State> next_state(State state, Verb verb) noexcept;
// Error{conflict} "Cannot initialize plugin in state RUNNING", with a hint that names the states from which it may.
[[nodiscard]] Error illegal_move(State state, Verb verb);

// INITIALIZED and RUNNING: a plugin there may be asked to work.
[[nodiscard]] constexpr bool accepts_work(State state) noexcept {
  return state == State::initialized || state == State::running;
}
// There is an instance: validate and health may be asked.
[[nodiscard]] constexpr bool accepts_questions(State state) noexcept {
  return accepts_work(state) || state == State::loaded || state == State::quarantined || state == State::stopped;
}

// The author's code. Each hook may throw; what it throws is explained by the Lifecycle.
class LifecycleHooks {
 public:
  virtual ~LifecycleHooks() = default;
  virtual void validate() {}
  virtual void load() {}
  virtual void initialize() {}
  virtual void start() {}
  virtual void stop() {}
  virtual void cleanup() {}  // called only if load was
};

enum class ValidateOnLoad { yes, no };

class Lifecycle {
 public:
  // Told about failures that are not thrown: those of cleanup, and of the stop that cleanup makes.
  using Complaint = std::function<void(const Error&)>;

  // `hooks` must outlive the lifecycle.
  explicit Lifecycle(LifecycleHooks& hooks, ValidateOnLoad validate_on_load = ValidateOnLoad::yes, Complaint complain = {});
  Lifecycle(const Lifecycle&) = delete;
  Lifecycle& operator=(const Lifecycle&) = delete;

  [[nodiscard]] State state() const noexcept { return state_.load(std::memory_order_acquire); }
  // Why it is FAILED.
  [[nodiscard]] std::optional<Error> failure() const;

  void validate();
  void load();  // validates first when asked to and not yet done
  void initialize();
  void start();
  void stop();
  void cleanup() noexcept;

  // Verbs without an author's hook.
  void scan() { move(Verb::scan); }
  void install() { move(Verb::install); }
  void enable() { move(Verb::enable); }
  void disable() { move(Verb::disable); }
  void quarantine() { move(Verb::quarantine); }
  void release() { move(Verb::release); }
  void uninstall() { move(Verb::uninstall); }

  // News from outside (the worker died): FAILED from any state but CLEANED_UP and UNINSTALLED, also in the middle of a
  // verb, which then fails too.
  void fail(Error why) noexcept;

 private:
  class Turn;
  void move(Verb verb);
  void run(Verb verb, void (LifecycleHooks::*hook)());
  void load_now();
  void stop_quietly() noexcept;
  void complain(const Error& error) noexcept;
  State check(Verb verb) const;  // the present state, or throws
  void settle(State from, State to, Verb verb);

  LifecycleHooks& hooks_;
  const ValidateOnLoad validate_on_load_;
  const Complaint complain_;
  std::atomic<State> state_{State::discovered};
  std::atomic<std::thread::id> inside_{};  // the thread that runs a verb
  std::mutex verbs_;
  bool loaded_ = false;     // under verbs_
  bool validated_ = false;  // under verbs_
  State resting_from_ = State::running;  // under verbs_
  mutable std::mutex failure_mutex_;
  std::optional<Error> failure_;
};

}  // namespace mortise::plugin
