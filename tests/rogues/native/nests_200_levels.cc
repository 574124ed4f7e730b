// Returns a list nested 200 levels deep.
#include <mortise/plugin.hpp>

namespace {

struct Nests200Levels : mortise::Plugin {
  mortise::Value step(mortise::Step&) override {
    mortise::Value value = "the bottom";
    for (int i = 0; i < 200; ++i) value = mortise::Value::list({value});
    return value;
  }
};

}  // namespace

MORTISE_PLUGIN(Nests200Levels)
