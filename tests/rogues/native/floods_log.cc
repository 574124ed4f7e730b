// Logs a million records.
#include <mortise/plugin.hpp>

namespace {

struct FloodsLog : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    for (int i = 0; i < 1'000'000; ++i) step.info("flood", {{"number", i}});
    return "logged";
  }
};

}  // namespace

MORTISE_PLUGIN(FloodsLog)
