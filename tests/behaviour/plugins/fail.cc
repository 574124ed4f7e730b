// Fails with the `message`, `hint` and `causes` (a list of texts, outermost first) of its config.
#include <mortise/plugin.hpp>
#include <string>

namespace {

using mortise::Code;
using mortise::Error;
using mortise::Value;

Error with_causes(const std::string& message, std::span<const Value> causes) {
  Error error(Code::plugin, message);
  if (!causes.empty()) error.because(with_causes(std::string(causes.front().as_string()), causes.subspan(1)));
  return error;
}

struct Fail : mortise::Plugin {
  Value step(mortise::Step& step) override {
    const Value* causes = step.config().find("causes");
    const Value* hint = step.config().find("hint");
    const Error chain = with_causes("", causes != nullptr ? causes->items() : std::span<const Value>());
    Error error(Code::plugin, std::string(step.config("message").as_string()),
                hint != nullptr ? std::string(hint->as_string()) : "");
    error.with("shelf", "7b");
    if (chain.cause() != nullptr) error.because(*chain.cause());
    throw error;
  }
};

}  // namespace

MORTISE_PLUGIN(Fail)
