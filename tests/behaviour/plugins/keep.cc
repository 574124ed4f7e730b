// Answers from the shared cache where the key is there, else keeps `value`, or what the context has under `from`.
#include <mortise/plugin.hpp>

namespace {

using mortise::Value;

struct Keep : mortise::Plugin {
  Value step(mortise::Step& step) override {
    Value question = Value::map({{"key", step.config("key")}});
    if (const Value* shared = step.config().find("shared")) question.set("shared", *shared);
    const Value found = step.service("Cache", "get", question);
    if (found.at("found").as_bool()) return Value::map({{"from", "cache"}, {"value", found.at("value")}});
    question.set("value", value_of(step));
    if (const Value* ttl = step.config().find("ttl")) question.set("ttl", *ttl);
    const Value stored = step.service("Cache", "put", question);
    return Value::map({{"from", "work"}, {"stored", stored.at("stored")}});
  }

 private:
  // What the context has under `from`, tables and tensors too, or the config's own value.
  static Value value_of(mortise::Step& step) {
    const Value* key = step.config().find("from");
    if (key == nullptr) return step.config("value");
    return step.context(key->as_string()).value();
  }
};

}  // namespace

MORTISE_PLUGIN(Keep)
