// Calls a service that nobody offers.
#include <mortise/plugin.hpp>

namespace {

struct NeedsMissingService : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override { return step.service("Oracle", "ask", "what is it all for?"); }
};

}  // namespace

MORTISE_PLUGIN(NeedsMissingService)
