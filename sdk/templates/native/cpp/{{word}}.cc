#include "{{word}}.h"

#include <mortise/plugin.hpp>

namespace {{word}}_logic {

mortise::Value multiplied(const mortise::Value& numbers, double factor) {
  if (!numbers.is(mortise::Kind::list)) {
    throw mortise::Error(mortise::Code::invalid, "expected a list of numbers", "name one in the step's config: `input: KEY`");
  }
  mortise::Value result = mortise::Value::list();
  for (const mortise::Value& number : numbers.items()) result.push_back(number.as_float64() * factor);
  return result;
}

}  // namespace {{word}}_logic

struct {{class}} : mortise::Plugin {
  mortise::Value step(mortise::Step& step) override {
    mortise::Value numbers = {{word}}_logic::multiplied(step.input_value(), step.config("factor").as_float64());
    step.info("multiplied", {{"numbers", numbers.size()}});
    return numbers;
  }
};
MORTISE_PLUGIN({{class}})
