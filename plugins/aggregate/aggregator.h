// Aggregator: the aggregates of a table that comes in batches, in memory for the groups and not for the rows.
//
// Each batch becomes one row of partial results per group (a sum and a count for a mean; count, mean and squares for a
// deviation), and partial rows of the same group are merged whenever there are many. Medians and counts of different values
// cannot be merged: with one of them among the aggregates, the columns that are needed are kept in memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aggregate/aggregate.h"
#include "lib/groups.h"

namespace mortise::plugins {

class Aggregator {
 public:
  explicit Aggregator(AggregateSpec spec);

  void add(const Batch& batch);
  // As aggregate() of all batches joined, sums of floats within the last digits. `schema`: of the batches, for no rows.
  [[nodiscard]] Batch finish(const std::shared_ptr<arrow::Schema>& schema);

  // The columns that the aggregates, keys and condition name.
  [[nodiscard]] std::vector<std::string> columns() const;

 private:
  [[nodiscard]] Batch partial(const Batch& batch) const;
  [[nodiscard]] Batch merged() const;
  [[nodiscard]] Batch finished(const Batch& merged) const;

  AggregateSpec spec_;
  bool mergeable_ = true;
  std::vector<Batch> kept_;  // partial results, or the rows themselves
  std::int64_t kept_rows_ = 0;
};

}  // namespace mortise::plugins
