// Works well, and never ends its cleanup.
#include <mortise/plugin.hpp>
#include <thread>

namespace {

struct CleanupHangs : mortise::Plugin {
  ~CleanupHangs() override {
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
  mortise::Value step(mortise::Step&) override { return "fine"; }
};

}  // namespace

MORTISE_PLUGIN(CleanupHangs)
