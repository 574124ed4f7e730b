// The face of Data_Processing.enrich; what it does is in enrich.h.
#include "mortise/plugin.hpp"

#include "enrich/enrich.h"
#include "input_file/input_file.h"
#include "lib/batches.h"
#include "lib/inputs.h"

namespace {

namespace plugins = mortise::plugins;

struct Enrich : mortise::Plugin {
  mortise::Value validate(mortise::Value config, mortise::Call&) override {
    const plugins::EnrichSpec spec = plugins::read_enrich(config);
    if (!spec.path.empty()) (void)plugins::read_file_spec(spec.file);
    return config;
  }

  mortise::Value step(mortise::Step& step) override {
    const plugins::EnrichSpec spec = plugins::read_enrich(step.config());
    plugins::Enricher enricher(spec, lookup(step, spec));
    const mortise::Value input = step.input_value();
    auto done = plugins::stream_batches(step, input, [&](const plugins::Batch& batch, std::int64_t first_row) {
      return enricher.apply(batch, first_row);
    });
    step.rows(done.rows_out);
    step.info("enriched",
              {{"rows_in", done.rows_in}, {"rows_out", done.rows_out}, {"unmatched", enricher.unmatched()}});
    return done.table;
  }

 private:
  static plugins::Batch lookup(mortise::Step& step, const plugins::EnrichSpec& spec) {
    if (!spec.path.empty()) return plugins::read_table_file(plugins::read_file_spec(spec.file)).table;
    const mortise::Value value = plugins::from_context(step, spec.with);
    return plugins::read_table(value, "context key '" + spec.with + "'");
  }
};

}  // namespace

MORTISE_PLUGIN(Enrich)
