// Asks the host for memory, 16 MiB at a time, until the host refuses.
#include <mortise/plugin.hpp>

namespace {

struct AllocatesUntilRefused : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    for (int i = 0; i < 4096; ++i) step.allocate(16U << 20)[0] = std::byte{1};
    return "64 GiB and no end";
  }
};

}  // namespace

MORTISE_PLUGIN(AllocatesUntilRefused)
