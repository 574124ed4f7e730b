#include "lib/groups.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>

#include <string>
#include <unordered_map>
#include <utility>

#include "lib/arrow_status.h"
#include "lib/table.h"

namespace mortise::plugins {

namespace cp = arrow::compute;
using ArrayPtr = std::shared_ptr<arrow::Array>;

std::shared_ptr<arrow::Int32Array> codes_of(const ArrayPtr& values) {
  const cp::DictionaryEncodeOptions options(cp::DictionaryEncodeOptions::ENCODE);
  const auto encoded = must(cp::DictionaryEncode(arrow::Datum(values), options), "grouping");
  const auto array = encoded.make_array();
  return std::static_pointer_cast<arrow::Int32Array>(static_cast<const arrow::DictionaryArray&>(*array).indices());
}

Groups Groups::all(std::int64_t rows) {
  Groups groups;
  groups.of_row.assign(static_cast<std::size_t>(rows), 0);
  groups.first_row = {0};
  groups.count = 1;
  return groups;
}

Groups Groups::by(const std::vector<ArrayPtr>& keys, std::int64_t rows) {
  prepare_compute();
  Groups groups;
  groups.of_row.assign(static_cast<std::size_t>(rows), 0);
  // Key by key: the group so far and the code of the next key make the next group.
  for (const ArrayPtr& key : keys) {
    const auto codes = codes_of(key);
    std::unordered_map<std::uint64_t, std::uint32_t> known;
    groups.first_row.clear();
    for (std::size_t row = 0; row < groups.of_row.size(); ++row) {
      const auto number = static_cast<std::uint32_t>(codes->Value(static_cast<std::int64_t>(row)));
      const std::uint64_t pair = std::uint64_t{groups.of_row[row]} << 32 | number;
      const auto [at, fresh] = known.try_emplace(pair, static_cast<std::uint32_t>(known.size()));
      if (fresh) groups.first_row.push_back(static_cast<std::int64_t>(row));
      groups.of_row[row] = at->second;
    }
  }
  groups.count = static_cast<std::uint32_t>(groups.first_row.size());
  if (groups.count == 0) return groups;

  // In the order of the keys.
  const arrow::Int64Array first(groups.count, arrow::Buffer::Wrap(groups.first_row));
  std::vector<NamedArray> columns;
  std::vector<cp::SortKey> order;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    columns.push_back({std::to_string(i), must(cp::Take(*keys[i], first), "grouping")});
    order.emplace_back(std::to_string(i));
  }
  const Batch batch = make_batch(columns, groups.count);
  const auto sorted = must(cp::SortIndices(arrow::Datum(batch), cp::SortOptions(order)), "ordering groups");
  const auto& index = static_cast<const arrow::UInt64Array&>(*sorted);
  std::vector<std::uint32_t> place(groups.count);
  std::vector<std::int64_t> first_row(groups.count);
  for (std::uint32_t i = 0; i < groups.count; ++i) {
    place[index.Value(i)] = i;
    first_row[i] = groups.first_row[index.Value(i)];
  }
  for (std::uint32_t& group : groups.of_row) group = place[group];
  groups.first_row = std::move(first_row);
  return groups;
}

}  // namespace mortise::plugins
