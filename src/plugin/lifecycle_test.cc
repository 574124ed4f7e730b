#include "plugin/lifecycle.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mortise;
using namespace mortise::plugin;

namespace {

// Writes down which hooks ran; fails in the one named `breaks`.
struct Author : LifecycleHooks {
  std::vector<std::string> ran;
  std::string breaks;
  std::function<void(const std::string&)> inside;

  void hook(const std::string& name) {
    ran.push_back(name);
    if (inside) inside(name);
    if (breaks == name) throw std::runtime_error("broken " + name);
  }
  void validate() override { hook("validate"); }
  void load() override { hook("load"); }
  void initialize() override { hook("initialize"); }
  void start() override { hook("start"); }
  void stop() override { hook("stop"); }
  void cleanup() override { hook("cleanup"); }
};

using Names = std::vector<std::string>;

Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  throw std::logic_error("unreachable");
}

}  // namespace

TEST_CASE("a plugin passes through every state in order, and each hook runs once") {
  Author author;
  Lifecycle life(author);
  CHECK(name_of(life.state()) == "DISCOVERED");
  life.validate();
  CHECK(name_of(life.state()) == "VALIDATED");
  life.load();
  CHECK(name_of(life.state()) == "LOADED");
  life.initialize();
  CHECK(name_of(life.state()) == "INITIALIZED");
  life.start();
  CHECK(name_of(life.state()) == "RUNNING");
  life.stop();
  CHECK(name_of(life.state()) == "STOPPED");
  life.cleanup();
  CHECK(name_of(life.state()) == "CLEANED_UP");
  CHECK(author.ran == Names{"validate", "load", "initialize", "start", "stop", "cleanup"});
}

TEST_CASE("an installed plugin is scanned, validated, installed, enabled, and uninstalled at the end") {
  Author author;
  Lifecycle life(author);
  life.scan();
  life.validate();
  life.install();
  CHECK(life.state() == State::installed);
  life.enable();
  life.enable();
  CHECK(life.state() == State::enabled);
  CHECK_THROWS_WITH_AS(life.start(), "Cannot start plugin in state ENABLED", Error);
  life.load();
  life.initialize();
  life.start();
  CHECK_THROWS_WITH_AS(life.uninstall(), "Cannot uninstall plugin in state RUNNING", Error);
  life.cleanup();
  life.disable();
  CHECK(life.state() == State::installed);
  life.uninstall();
  CHECK(life.state() == State::uninstalled);
  life.cleanup();
  CHECK(life.state() == State::uninstalled);
}

TEST_CASE("an illegal move is a conflict that says from where it is possible, and changes nothing") {
  Author author;
  Lifecycle life(author);
  const Error error = error_of([&] { life.start(); });
  CHECK(error.code() == Code::conflict);
  CHECK(std::string(error.what()) == "Cannot start plugin in state DISCOVERED");
  CHECK(error.hint() == "it can start from INITIALIZED, STOPPED");
  CHECK(life.state() == State::discovered);
  life.initialize();
  CHECK_THROWS_WITH_AS(life.initialize(), "Cannot initialize plugin in state INITIALIZED", Error);
  CHECK_THROWS_WITH_AS(life.load(), "Cannot load plugin in state INITIALIZED", Error);
}

TEST_CASE("stop and cleanup are legal in every state; FAILED and UNINSTALLED allow hardly anything else") {
  const auto legal = [&](State state) {
    std::string verbs;
    for (int verb = 0; verb <= static_cast<int>(Verb::uninstall); ++verb) {
      if (next_state(state, static_cast<Verb>(verb))) {
        verbs.append(name_of(static_cast<Verb>(verb))).append(" ");
      }
    }
    return verbs;
  };
  CHECK(legal(State::failed) == "stop cleanup uninstall ");
  CHECK(legal(State::uninstalled) == "stop cleanup ");
  CHECK(legal(State::running) == "stop quarantine cleanup ");
  CHECK(legal(State::discovered) == "scan validate load initialize stop cleanup ");
  for (int state = 0; state <= static_cast<int>(State::failed); ++state) {
    CHECK(next_state(static_cast<State>(state), Verb::cleanup));
    CHECK(next_state(static_cast<State>(state), Verb::stop));
  }
}

TEST_CASE("a plugin may be initialized without being validated or loaded by hand") {
  Author author;
  Lifecycle life(author);
  life.initialize();
  CHECK(life.state() == State::initialized);
  CHECK(author.ran == Names{"validate", "load", "initialize"});
}

TEST_CASE("a plugin may be validated after it was loaded, and is not loaded again") {
  Author author;
  Lifecycle life(author);
  life.load();
  life.validate();
  CHECK(life.state() == State::validated);
  CHECK_THROWS_WITH_AS(life.load(), "Cannot load plugin in state VALIDATED", Error);
  life.initialize();
  CHECK(author.ran == Names{"validate", "load", "validate", "initialize"});
}

TEST_CASE("a broken plugin is loaded only where validation on load is switched off") {
  Author author;
  author.breaks = "validate";
  Lifecycle strict(author);
  CHECK_THROWS_WITH(strict.load(), "broken validate");
  CHECK(strict.state() == State::discovered);
  CHECK_THROWS_WITH(strict.validate(), "broken validate");
  CHECK(strict.state() == State::discovered);

  Lifecycle lenient(author, ValidateOnLoad::no);
  lenient.load();
  CHECK(lenient.state() == State::loaded);
}

TEST_CASE("a failing hook leaves FAILED, its text, its code and its cause") {
  for (const std::string verb : {"load", "initialize", "start", "stop"}) {
    CAPTURE(verb);
    Author author;
    author.breaks = verb;
    Lifecycle life(author);
    const Error error = error_of([&] {
      life.initialize();
      life.start();
      life.stop();
    });
    CHECK(std::string(error.what()) == "Failed to " + verb + " plugin: broken " + verb);
    CHECK(error.code() == Code::plugin);
    REQUIRE(error.cause() != nullptr);
    CHECK(std::string(error.cause()->what()) == "broken " + verb);
    CHECK(life.state() == State::failed);
    CHECK(std::string(life.failure()->what()) == error.what());
    CHECK_THROWS_AS(life.initialize(), Error);
  }
}

TEST_CASE("stop does nothing unless the plugin runs") {
  Author author;
  Lifecycle life(author);
  life.stop();
  CHECK(life.state() == State::discovered);
  life.initialize();
  life.stop();
  CHECK(life.state() == State::initialized);
  CHECK(author.ran == Names{"validate", "load", "initialize"});
}

TEST_CASE("a stopped plugin starts again") {
  Author author;
  Lifecycle life(author);
  life.initialize();
  life.start();
  life.stop();
  life.start();
  CHECK(life.state() == State::running);
}

TEST_CASE("cleanup is legal everywhere, stops what runs, never throws, and what failed is told") {
  Author author;
  author.breaks = "cleanup";
  std::vector<std::string> complaints;
  Lifecycle life(author, ValidateOnLoad::yes, [&](const Error& error) {
    complaints.emplace_back(error.what());
    throw std::runtime_error("the listener fails too");
  });
  life.cleanup();
  CHECK(life.state() == State::cleaned_up);
  CHECK(author.ran.empty());

  life.load();
  life.initialize();
  life.start();
  life.cleanup();
  CHECK(author.ran == Names{"validate", "load", "initialize", "start", "stop", "cleanup"});
  CHECK(complaints == Names{"Failed to cleanup plugin: broken cleanup"});
  CHECK(life.state() == State::cleaned_up);
  life.cleanup();
  CHECK(complaints.size() == 1);
}

TEST_CASE("cleanup goes on when stopping fails") {
  Author author;
  author.breaks = "stop";
  std::vector<std::string> complaints;
  Lifecycle life(author, ValidateOnLoad::yes, [&](const Error& error) { complaints.emplace_back(error.what()); });
  life.initialize();
  life.start();
  life.cleanup();
  CHECK(author.ran.back() == "cleanup");
  CHECK(complaints == Names{"Failed to stop plugin: broken stop"});
  CHECK(life.state() == State::cleaned_up);
}

TEST_CASE("quarantine rests a plugin and release brings it back to where it was") {
  Author author;
  Lifecycle life(author);
  life.initialize();
  life.quarantine();
  CHECK(life.state() == State::quarantined);
  CHECK_FALSE(accepts_work(life.state()));
  life.release();
  CHECK(life.state() == State::initialized);
  life.start();
  life.quarantine();
  life.release();
  CHECK(life.state() == State::running);
  life.quarantine();
  life.stop();
  CHECK(life.state() == State::stopped);
}

TEST_CASE("a plugin that dies in the middle of a verb fails that verb and stays FAILED") {
  Author author;
  Lifecycle life(author);
  author.inside = [&](const std::string& name) {
    if (name == "start") life.fail(Error(Code::plugin, "worker died"));
  };
  life.initialize();
  CHECK_THROWS_WITH_AS(life.start(), "Failed to start plugin: worker died", Error);
  CHECK(life.state() == State::failed);
  CHECK(std::string(life.failure()->what()) == "worker died");
}

TEST_CASE("a verb called from inside a hook of the same plugin is a conflict, not a deadlock") {
  Author author;
  Lifecycle life(author);
  author.inside = [&](const std::string& name) {
    if (name == "initialize") life.start();
    if (name == "start") life.cleanup();
  };
  CHECK_THROWS_WITH_AS(life.initialize(),
                       "Failed to initialize plugin: Cannot start plugin from inside one of its own lifecycle hooks", Error);
}

TEST_CASE("the state can be read while another thread is inside a hook, and a second verb waits its turn") {
  Author author;
  Lifecycle life(author);
  std::atomic<bool> inside{false};
  std::atomic<bool> go{false};
  author.inside = [&](const std::string& name) {
    if (name != "initialize") return;
    inside = true;
    while (!go) std::this_thread::yield();
  };
  std::thread first([&] { life.initialize(); });
  while (!inside) std::this_thread::yield();
  CHECK(life.state() == State::loaded);
  std::thread second([&] { life.start(); });
  go = true;
  first.join();
  second.join();
  CHECK(life.state() == State::running);
}
