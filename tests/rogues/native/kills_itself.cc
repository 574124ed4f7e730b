// Kills itself with SIGKILL in mid-call.
#include <csignal>

#include <mortise/plugin.hpp>

namespace {

struct KillsItself : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    std::raise(SIGKILL);
    return "unreachable";
  }
};

}  // namespace

MORTISE_PLUGIN(KillsItself)
