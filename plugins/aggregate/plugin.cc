// The face of Data_Processing.aggregate; what it does is in aggregate.h.
#include "mortise/plugin.hpp"

#include "aggregate/aggregate.h"

namespace {

struct AggregatePlugin : mortise::Plugin {
  mortise::Value validate(mortise::Value config, mortise::Call&) override {
    (void)mortise::plugins::read_aggregate(config);
    return config;
  }

  mortise::Value step(mortise::Step& step) override {
    namespace plugins = mortise::plugins;
    const plugins::AggregateSpec spec = plugins::read_aggregate(step.config());
    const mortise::Value input = step.input_value();
    return plugins::write_table(plugins::aggregate(plugins::read_table(input, "input"), spec));
  }
};

}  // namespace

MORTISE_PLUGIN(AggregatePlugin)
