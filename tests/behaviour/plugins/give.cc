// Gives back the `value` of its config.
#include <mortise/plugin.hpp>

namespace {

struct Give : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override { return step.config("value"); }
};

}  // namespace

MORTISE_PLUGIN(Give)
