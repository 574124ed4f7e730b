// Loads, and fails to initialize.
#include <mortise/plugin.hpp>

namespace {

struct InitializeFails : mortise::Plugin {
  void initialize(mortise::Call&) override { throw mortise::Error(mortise::Code::plugin, "no connection to the warehouse"); }
};

}  // namespace

MORTISE_PLUGIN(InitializeFails)
