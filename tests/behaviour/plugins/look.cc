// Says whether the context has `key`, and what it is: an absent key is not a null value.
#include <mortise/plugin.hpp>

namespace {

using mortise::Value;

struct Look : mortise::Plugin {
  Value step(mortise::Step& step) override {
    const std::optional<Value> found = step.context(step.config("key").as_string());
    return Value::map({{"exists", found.has_value()},
                       {"kind", found ? mortise::name_of(found->kind()) : "nothing"},
                       {"value", found.value_or(Value())}});
  }
};

}  // namespace

MORTISE_PLUGIN(Look)
