// Fails to load.
#include <mortise/plugin.hpp>

namespace {

struct LoadFails : mortise::Plugin {
  LoadFails() {
    throw mortise::Error(mortise::Code::plugin, "the licence server is closed on Sundays", "come back on Monday");
  }
};

}  // namespace

MORTISE_PLUGIN(LoadFails)
