// Stops itself with SIGSTOP: it lives, and does nothing more.
#include <csignal>

#include <mortise/plugin.hpp>

namespace {

struct StopsItself : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    std::raise(SIGSTOP);
    return "continued";
  }
};

}  // namespace

MORTISE_PLUGIN(StopsItself)
