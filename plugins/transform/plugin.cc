// The face of Data_Processing.transform; what it does is in transform.h.
#include <arrow/record_batch.h>

#include <algorithm>

#include "lib/batches.h"
#include "mortise/plugin.hpp"
#include "transform/transform.h"

namespace {

namespace plugins = mortise::plugins;
using Operations = std::vector<std::unique_ptr<plugins::Operation>>;

// A table that comes in a file goes through the operations batch by batch until one of them must see all rows; what is left
// there stands in memory.
struct Transform : mortise::Plugin {
  mortise::Value validate(mortise::Value config, mortise::Call&) override {
    (void)plugins::read_transform(config);
    return config;
  }

  mortise::Value step(mortise::Step& step) override {
    const Operations operations = plugins::read_transform(step.config());
    const mortise::Value input = step.input_value();
    const auto whole = std::find_if(operations.begin(), operations.end(),
                                    [](const auto& operation) { return operation->needs_all_rows(); });
    const auto alone = static_cast<std::size_t>(whole - operations.begin());
    std::vector<std::int64_t> seen(operations.size(), 0);  // rows that reached each operation
    const auto each = [&](plugins::Batch batch, std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i) {
        const std::int64_t rows = batch->num_rows();
        batch = operations[i]->apply(batch, seen[i]);
        seen[i] += rows;
      }
      return batch;
    };
    if (alone == operations.size()) {
      auto done = plugins::stream_batches(
          step, input, [&](const plugins::Batch& batch, std::int64_t) { return each(batch, 0, alone); });
      return finish(step, std::move(done.table), done.rows_in, done.rows_out);
    }
    const auto source = plugins::open_batches(input, "input");
    std::vector<plugins::Batch> kept;
    while (const plugins::Batch batch = source->next()) {
      step.stop_if_cancelled();
      kept.push_back(each(batch, 0, alone));
    }
    const auto schema = kept.empty() ? source->schema() : kept.front()->schema();
    const plugins::Batch made = each(plugins::joined(kept, schema), alone, operations.size());
    const auto sink = plugins::open_sink(step, plugins::handover_of(step.config(), input), made->schema());
    sink->write(made);
    return finish(step, sink->finish(), source->rows(), made->num_rows());
  }

 private:
  static mortise::Value finish(mortise::Step& step, mortise::Value table, std::int64_t rows_in, std::int64_t rows_out) {
    step.rows(rows_out);
    step.info("transformed", {{"rows_in", rows_in}, {"rows_out", rows_out}});
    return table;
  }
};

}  // namespace

MORTISE_PLUGIN(Transform)
