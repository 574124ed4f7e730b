// Ignores every signal that can be ignored, and never returns.
#include <atomic>
#include <csignal>
#include <mortise/plugin.hpp>

namespace {

struct IgnoresSignals : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_IGN);
    const std::atomic<bool> forever = true;
    while (forever) {
    }
    return "unreachable";
  }
};

}  // namespace

MORTISE_PLUGIN(IgnoresSignals)
