// Sleeps `seconds` and does not hear when it is cancelled.
#include <mortise/plugin.hpp>
#include <thread>

namespace {

struct SleepsDeaf : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    const mortise::Value* seconds = step.config().find("seconds");
    std::this_thread::sleep_for(std::chrono::seconds(seconds != nullptr ? seconds->as_int64() : 3600));
    return "slept";
  }
};

}  // namespace

MORTISE_PLUGIN(SleepsDeaf)
