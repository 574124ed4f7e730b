// Crashes in validate.
#include <cstdlib>
#include <mortise/plugin.hpp>

namespace {

struct ValidateCrashes : mortise::Plugin {
  mortise::Value validate(mortise::Value, mortise::Call&) override { std::abort(); }
};

}  // namespace

MORTISE_PLUGIN(ValidateCrashes)
