// Never returns, and never asks whether it was cancelled.
#include <atomic>
#include <mortise/plugin.hpp>

namespace {

struct NeverReturns : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    const std::atomic<bool> forever = true;
    while (forever) {
    }
    return "unreachable";
  }
};

}  // namespace

MORTISE_PLUGIN(NeverReturns)
