// Answers a call with its input.
#include <mortise/plugin.hpp>

namespace {

struct Echo : mortise::Plugin {
  mortise::Value call(mortise::Call& call) override { return call.input(); }
};

}  // namespace

MORTISE_PLUGIN(Echo)
