// Takes three seconds to load.
#include <mortise/plugin.hpp>
#include <thread>

namespace {

struct StartsSlowly : mortise::Plugin {
  StartsSlowly() { std::this_thread::sleep_for(std::chrono::seconds(3)); }
  mortise::Value step(mortise::Step&) override { return "at last"; }
};

}  // namespace

MORTISE_PLUGIN(StartsSlowly)
