// The face of Data_Processing.filter; what it does is in filter.h.
#include "mortise/plugin.hpp"

#include "filter/filter.h"
#include "lib/batches.h"

namespace {

struct Filter : mortise::Plugin {
  mortise::Value validate(mortise::Value config, mortise::Call&) override {
    (void)mortise::plugins::read_filter(config);
    return config;
  }

  mortise::Value step(mortise::Step& step) override {
    namespace plugins = mortise::plugins;
    const plugins::FilterSpec spec = plugins::read_filter(step.config());
    const mortise::Value input = step.input_value();
    std::int64_t dropped = 0;
    auto done = plugins::stream_batches(step, input, [&](const plugins::Batch& batch, std::int64_t first_row) {
      auto result = plugins::filter(batch, spec, first_row);
      dropped += result.dropped_missing;
      return result.table;
    });
    step.rows(done.rows_out);
    step.info("filtered", {{"rows_in", done.rows_in}, {"rows_out", done.rows_out}, {"dropped_missing", dropped}});
    return done.table;
  }
};

}  // namespace

MORTISE_PLUGIN(Filter)
