// Asks the host for memory of an absurd size, `bytes` at once.
#include <mortise/plugin.hpp>

namespace {

struct AllocatesAbsurdly : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    (void)step.allocate(static_cast<std::size_t>(step.config("bytes").as_int64()));
    return "granted";
  }
};

}  // namespace

MORTISE_PLUGIN(AllocatesAbsurdly)
