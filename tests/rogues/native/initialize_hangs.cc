// Loads, and never ends initializing.
#include <mortise/plugin.hpp>
#include <thread>

namespace {

struct InitializeHangs : mortise::Plugin {
  void initialize(mortise::Call&) override {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
  mortise::Value step(mortise::Step&) override { return "unreachable"; }
};

}  // namespace

MORTISE_PLUGIN(InitializeHangs)
