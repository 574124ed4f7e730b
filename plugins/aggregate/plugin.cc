// The face of Data_Processing.aggregate; what it does is in aggregate.h.
#include "mortise/plugin.hpp"

#include "aggregate/aggregate.h"
#include "aggregate/aggregator.h"
#include "lib/batches.h"

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
    if (!plugins::is_table_file(input))
      return plugins::write_table(plugins::aggregate(plugins::read_table(input, "input"), spec));
    plugins::Aggregator aggregator(spec);
    const auto source = plugins::open_batches(input, "input", aggregator.columns());
    while (const plugins::Batch batch = source->next()) {
      step.stop_if_cancelled();
      aggregator.add(batch);
    }
    return plugins::write_table(aggregator.finish(source->schema()));
  }
};

}  // namespace

MORTISE_PLUGIN(AggregatePlugin)
