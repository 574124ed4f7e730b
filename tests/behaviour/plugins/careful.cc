// Checks its own config: `api_key` is required, `timeout` must be positive and is 30 when absent.
#include <mortise/plugin.hpp>

namespace {

using mortise::Code;
using mortise::Error;
using mortise::Kind;
using mortise::Value;

struct Careful : mortise::Plugin {
  Value validate(Value config, mortise::Call&) override {
    if (config.find("api_key") == nullptr) throw Error(Code::invalid, "api_key is required");
    const Value* timeout = config.find("timeout");
    if (timeout == nullptr) {
      config.set("timeout", 30);
    } else if (!timeout->is(Kind::int64) || timeout->as_int64() <= 0) {
      throw Error(Code::invalid, "configuration validation failed: timeout must be positive");
    }
    return config;
  }
  Value step(mortise::Step& step) override { return step.config("timeout"); }
};

}  // namespace

MORTISE_PLUGIN(Careful)
