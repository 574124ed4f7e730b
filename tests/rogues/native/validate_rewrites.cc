// Throws the whole configuration away in validate and gives back another one.
#include <mortise/plugin.hpp>

namespace {

struct ValidateRewrites : mortise::Plugin {
  mortise::Value validate(mortise::Value, mortise::Call&) override {
    return mortise::Value::map({{"written_by", "validate"}});
  }
  mortise::Value step(mortise::Step& step) override { return step.config(); }
};

}  // namespace

MORTISE_PLUGIN(ValidateRewrites)
