// Reports progress a million times.
#include <mortise/plugin.hpp>

namespace {

struct FloodsProgress : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    for (int i = 0; i < 1'000'000; ++i) step.progress(static_cast<double>(i) / 1e6, "still here");
    return "reported";
  }
};

}  // namespace

MORTISE_PLUGIN(FloodsProgress)
