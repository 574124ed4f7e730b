// Gives back the step exactly as it sees it, and its run.
#include <mortise/plugin.hpp>

namespace {

struct Echo : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override { return step.input(); }
};

}  // namespace

MORTISE_PLUGIN(Echo)
