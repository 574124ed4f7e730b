// The face of Input.api; what it does is in input_api.h.
#include "mortise/plugin.hpp"

#include "input_api/input_api.h"

namespace {

namespace plugins = mortise::plugins;
using mortise::Value;

struct InputApi : mortise::Plugin {
  Value validate(Value config, mortise::Call&) override {
    (void)plugins::read_api_spec(config);
    return config;
  }

  Value step(mortise::Step& step) override {
    const plugins::ApiSpec spec = plugins::read_api_spec(step.config());
    const plugins::ApiHost host{[&step] { return step.cancelled(); },
                                [&step](const std::string& why, std::int64_t attempt, double wait) {
                                  step.warning("trying again: " + why, {{"attempt", attempt}, {"seconds", wait}});
                                }};
    Value answer = plugins::call_api(spec, host);
    if (const Value* rows = answer.find("row_count")) step.rows(rows->as_int64());
    step.info(spec.request.method + " " + std::string(answer.at("url").as_string()),
              {{"status_code", answer.at("status_code")}, {"pages", answer.at("pages")}});
    return answer;
  }
};

}  // namespace

MORTISE_PLUGIN(InputApi)
