// Reports progress ten million times.
#include <mortise/plugin.hpp>

namespace {

struct FloodsProgress : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    for (int i = 0; i < 10'000'000; ++i) step.progress(static_cast<double>(i) / 1e7, "still here");
    return "reported";
  }
};

}  // namespace

MORTISE_PLUGIN(FloodsProgress)
