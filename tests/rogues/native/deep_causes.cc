// Fails with a chain of 100 causes.
#include <mortise/plugin.hpp>
#include <string>

namespace {

struct DeepCauses : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    mortise::Error error(mortise::Code::plugin, "cause 100");
    for (int i = 99; i >= 1; --i) {
      mortise::Error outer(mortise::Code::plugin, "cause " + std::to_string(i));
      outer.because(std::move(error));
      error = std::move(outer);
    }
    throw error;
  }
};

}  // namespace

MORTISE_PLUGIN(DeepCauses)
