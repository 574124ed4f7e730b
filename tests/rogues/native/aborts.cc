// Aborts in mid-call.
#include <cstdlib>
#include <mortise/plugin.hpp>

namespace {

struct Aborts : mortise::Plugin {
  mortise::Value step(mortise::Step&) override { std::abort(); }
};

}  // namespace

MORTISE_PLUGIN(Aborts)
