// Throws an int.
#include <mortise/plugin.hpp>

namespace {

struct ThrowsNoException : mortise::Plugin {
  mortise::Value step(mortise::Step&) override { throw 42; }
};

}  // namespace

MORTISE_PLUGIN(ThrowsNoException)
