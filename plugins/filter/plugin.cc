// The face of Data_Processing.filter; what it does is in filter.h.
#include "mortise/plugin.hpp"

#include "filter/filter.h"

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
    const auto result = plugins::filter(plugins::read_table(input, "input"), spec);
    mortise::Value output = plugins::write_table(result.table);
    step.info("filtered", {{"rows_in", rows_in(input)},
                           {"rows_out", output.as_table().array.length},
                           {"dropped_missing", result.dropped_missing}});
    return output;
  }

 private:
  static std::int64_t rows_in(const mortise::Value& input) {
    if (input.is(mortise::Kind::table)) return input.as_table().array.length;
    return static_cast<std::int64_t>(input.size());
  }
};

}  // namespace

MORTISE_PLUGIN(Filter)
