// How often values lie where.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>

#include "lib/cells.h"
#include "lib/evaluate.h"
#include "output_html/chart.h"
#include "output_html/number_text.h"

namespace mortise::plugins {
namespace {

// Bins of equal width with round edges; the last one holds its upper edge.
void fill_bins(const LayerSpec& layer, const std::vector<double>& numbers, Chart& chart, Series& series) {
  const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  const double wanted = layer.bins > 0
                            ? static_cast<double>(layer.bins)
                            : std::clamp(std::ceil(2 * std::cbrt(static_cast<double>(numbers.size()))), 5.0, 40.0);
  const double width = round_step((*high - *low) / wanted);
  const double begin = std::floor(*low / width) * width;
  const auto last = static_cast<std::size_t>(std::max(0.0, std::ceil((*high - begin) / width) - 1));
  std::vector<std::int64_t> counts(last + 1, 0);
  for (const double number : numbers) {
    ++counts[std::min(last, static_cast<std::size_t>(std::max(0.0, std::floor((number - begin) / width))))];
  }
  for (std::size_t i = 0; i <= last; ++i) {
    const double edge = begin + static_cast<double>(i) * width;
    chart.labels.push_back(number_text(edge) + " – " + number_text(edge + width));
    series.y.emplace_back(static_cast<double>(counts[i]));
  }
}

}  // namespace

void add_histogram(const LayerSpec& layer, const arrow::RecordBatch& table, Chart& chart) {
  const std::shared_ptr<arrow::Array> values = evaluate(*layer.x, table, layer.key + ".x");
  if (!is_number_column(*values)) {
    throw Error(Code::invalid, layer.key + ".x: expected numbers, got " + values->type()->ToString(),
                "use a bar with count()")
        .with("key", layer.key + ".x");
  }
  std::vector<double> numbers;
  for (std::int64_t row = 0; row < values->length(); ++row) {
    const auto number = cell_number(*values, row);
    if (number && std::isfinite(*number)) numbers.push_back(*number);
  }
  Series series;
  series.name = layer.label.empty() ? "rows" : layer.label;
  series.draw = Series::Draw::bar;
  if (!numbers.empty()) fill_bins(layer, numbers, chart, series);
  chart.series.push_back(std::move(series));
}

}  // namespace mortise::plugins
