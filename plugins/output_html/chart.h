// Chart: the numbers of a plot, ready to be drawn by the browser and to be read in a table.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/table.h"
#include "output_html/report.h"

namespace mortise::plugins {

enum class AxisKind { category, number, time };

struct Series {
  enum class Draw { line, bar, points, band_low, band_high };
  std::string name;
  Draw draw = Draw::line;
  std::string color;  // a name, or empty: the next free one
  bool right_axis = false;
  std::vector<double> x;                 // of number and time axes: values, milliseconds since 1970
  std::vector<std::optional<double>> y;  // of category axes: one per label
};

struct Chart {
  AxisKind x_axis = AxisKind::category;
  bool whole_days = false;          // of a time axis
  std::vector<std::string> labels;  // of a category axis
  std::vector<Series> series;
  std::vector<std::string> remarks;  // what was left out
};

// The table of a context key ("" is the step's own input).
using TableOf = std::function<Batch(const std::string& key)>;

// Throws Error with the key of the layer.
[[nodiscard]] Chart make_chart(const PlotSpec& plot, const TableOf& table_of);

// Of the x of the layer; a part of make_chart.
void add_histogram(const LayerSpec& layer, const arrow::RecordBatch& table, Chart& chart);

// What the chart shows, in a sentence for those who cannot see it.
[[nodiscard]] std::string describe(const PlotSpec& plot, const Chart& chart);

}  // namespace mortise::plugins
