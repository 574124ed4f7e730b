#include "output_html/chart.h"

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "lib/arrow_status.h"
#include "lib/cells.h"
#include "lib/evaluate.h"
#include "output_html/number_text.h"

namespace mortise::plugins {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

constexpr std::size_t most_points = 20'000;  // of one series; a screen shows a tenth of it
constexpr std::size_t most_series = 60;
constexpr std::size_t most_labels = 2'000;
constexpr double day = 86'400'000.0;

// What a layer is made of once rows are grouped: x, one array per measure, and the series of each row.
struct LayerData {
  ArrayPtr x, series;
  std::vector<ArrayPtr> y;
};

ArrayPtr take(const ArrayPtr& values, const std::vector<std::int64_t>& rows) {
  arrow::Int64Array indices(static_cast<std::int64_t>(rows.size()), arrow::Buffer::Wrap(rows));
  return must(arrow::compute::Take(*values, indices), "plotting");
}

Batch rows_of(const LayerSpec& layer, const Batch& table) {
  if (!layer.where) return table;
  const ArrayPtr mask = evaluate_condition(*layer.where, *table, layer.key + ".where");
  return must(arrow::compute::Filter(arrow::Datum(table), arrow::Datum(mask)), layer.key).record_batch();
}

LayerData data_of(const LayerSpec& layer, const Batch& table) {
  LayerData data;
  data.x = evaluate(*layer.x, *table, layer.key + ".x");
  if (layer.series) data.series = evaluate(*layer.series, *table, layer.key + ".series");
  const bool grouped = !layer.y.empty() && std::holds_alternative<AggregateCall>(layer.y[0].what);
  if (!grouped) {
    for (const auto& measure : layer.y) {
      data.y.push_back(evaluate(std::get<Expression>(measure.what), *table, layer.key + ".y"));
    }
    return data;
  }
  std::vector<ArrayPtr> keys{data.x};
  if (data.series) keys.push_back(data.series);
  const Groups groups = Groups::by(keys, table->num_rows());
  for (const auto& measure : layer.y)
    data.y.push_back(aggregate(std::get<AggregateCall>(measure.what), *table, groups));
  data.x = take(data.x, groups.first_row);
  if (data.series) data.series = take(data.series, groups.first_row);
  return data;
}

AxisKind axis_of(const LayerSpec& layer, const PlotSpec& plot, const arrow::Array& x) {
  if (plot.x_format != XFormat::automatic) return AxisKind::category;
  if (is_time_column(x) && layer.kind != PlotKind::bar) return AxisKind::time;
  if (is_number_column(x) && layer.kind != PlotKind::bar) return AxisKind::number;
  return AxisKind::category;
}

std::string label_of(const PlotSpec& plot, const arrow::Array& x, std::int64_t row) {
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr const char* weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  const auto number = cell_number(x, row);
  if (plot.x_format == XFormat::month && number && *number >= 1 && *number <= 12)
    return months[static_cast<int>(*number) - 1];
  if (plot.x_format == XFormat::weekday && number && *number >= 1 && *number <= 7)
    return weekdays[static_cast<int>(*number) - 1];
  const std::string text = cell_text(x, row);
  return text.empty() ? "(none)" : text;
}

Series::Draw draw_of(PlotKind kind, std::size_t measure) {
  switch (kind) {
    case PlotKind::bar:
    case PlotKind::histogram: return Series::Draw::bar;
    case PlotKind::scatter: return Series::Draw::points;
    case PlotKind::band: return measure == 0 ? Series::Draw::band_low : Series::Draw::band_high;
    case PlotKind::line: break;
  }
  return Series::Draw::line;
}

class Maker {
 public:
  explicit Maker(const PlotSpec& plot) : plot_(plot) {}

  void add(const LayerSpec& layer, const Batch& table) {
    const Batch rows = rows_of(layer, table);
    if (layer.kind == PlotKind::histogram) return add_histogram(layer, *rows, chart_);
    const LayerData data = data_of(layer, rows);
    const AxisKind axis = axis_of(layer, plot_, *data.x);
    if (chart_.series.empty()) {
      chart_.x_axis = axis;
      chart_.whole_days = arrow::is_date(data.x->type_id());
    } else if (axis != chart_.x_axis) {
      throw Error(Code::invalid, layer.key + ".x: the layers of a plot need x of one kind (texts, numbers or times)",
                  "make two plots")
          .with("key", layer.key + ".x");
    }
    for (std::size_t i = 0; i < data.y.size(); ++i) check_measure(layer, i, *data.y[i]);
    if (axis == AxisKind::category) {
      add_categories(layer, data);
    } else {
      add_points(layer, data);
    }
  }

  Chart finish() {
    const auto& colors = plot_.colors;
    const auto color_of = [&](const Series& series) {
      return std::find_if(colors.begin(), colors.end(), [&](const auto& entry) { return entry.first == series.name; });
    };
    std::stable_sort(chart_.series.begin(), chart_.series.end(),
                     [&](const Series& a, const Series& b) { return color_of(a) < color_of(b); });
    for (Series& series : chart_.series) {
      if (chart_.x_axis == AxisKind::category) series.y.resize(chart_.labels.size());
      if (const auto color = color_of(series); color != colors.end()) series.color = color->second;
    }
    return std::move(chart_);
  }

 private:
  static void check_measure(const LayerSpec& layer, std::size_t i, const arrow::Array& values) {
    if (is_number_column(values) || values.type_id() == arrow::Type::BOOL || values.type_id() == arrow::Type::NA)
      return;
    const std::string key = layer.key + ".y[" + std::to_string(i) + "]";
    throw Error(Code::invalid, key + ": expected numbers, got " + values.type()->ToString(),
                "count(), or another column")
        .with("key", key)
        .with("expected", "numbers")
        .with("got", values.type()->ToString());
  }

  [[nodiscard]] std::string series_name(const LayerSpec& layer, std::size_t measure, const std::string& group) const {
    if (group.empty()) {
      if (layer.kind == PlotKind::band && !layer.label.empty()) return layer.label;
      return layer.y[measure].name;
    }
    return layer.y.size() == 1 ? group : layer.y[measure].name + ", " + group;
  }

  // The series of a layer by the text of its group, made when first met.
  Series& series_of(const LayerSpec& layer, std::size_t measure, const std::string& group) {
    const auto [at, fresh] = known_.try_emplace({&layer, measure, group}, chart_.series.size());
    if (fresh) {
      if (chart_.series.size() == most_series) {
        throw Error(Code::invalid, layer.key + ".series: more than " + std::to_string(most_series) + " series",
                    "choose a column with fewer values")
            .with("key", layer.key + ".series");
      }
      Series series;
      series.name = series_name(layer, measure, group);
      series.draw = draw_of(layer.kind, measure);
      series.right_axis = layer.right_axis;
      chart_.series.push_back(std::move(series));
    }
    return chart_.series[at->second];
  }

  static std::string group_of(const LayerData& data, std::int64_t row) {
    if (!data.series) return {};
    const std::string text = cell_text(*data.series, row);
    return text.empty() ? "(none)" : text;
  }

  void add_categories(const LayerSpec& layer, const LayerData& data) {
    for (std::int64_t row = 0; row < data.x->length(); ++row) {
      const std::string label = label_of(plot_, *data.x, row);
      const auto [at, fresh] = places_.try_emplace(label, chart_.labels.size());
      if (fresh) {
        if (chart_.labels.size() == most_labels) {
          throw Error(Code::invalid, layer.key + ".x: more than " + std::to_string(most_labels) + " different values",
                      "group them, for example x: trunc(date, \"month\"), or draw a line")
              .with("key", layer.key + ".x");
        }
        chart_.labels.push_back(label);
      }
      for (std::size_t i = 0; i < data.y.size(); ++i) {
        Series& series = series_of(layer, i, group_of(data, row));
        series.y.resize(std::max(series.y.size(), chart_.labels.size()));
        const auto value = cell_number(*data.y[i], row);
        if (value && std::isfinite(*value)) series.y[at->second] = value;
      }
    }
  }

  void add_points(const LayerSpec& layer, const LayerData& data) {
    const std::size_t first = chart_.series.size();
    for (std::int64_t row = 0; row < data.x->length(); ++row) {
      const auto x = cell_number(*data.x, row);
      if (!x || !std::isfinite(*x)) continue;
      for (std::size_t i = 0; i < data.y.size(); ++i) {
        Series& series = series_of(layer, i, group_of(data, row));
        const auto value = cell_number(*data.y[i], row);
        const bool there = value && std::isfinite(*value);
        if (!there && layer.kind == PlotKind::scatter) continue;
        series.x.push_back(*x + layer.shift_days * day);
        series.y.push_back(there ? value : std::nullopt);
      }
    }
    for (std::size_t i = first; i < chart_.series.size(); ++i) {
      sort_by_x(chart_.series[i]);  // the chart library relies on it
      thin_out(chart_.series[i]);
    }
  }

  static void sort_by_x(Series& series) {
    if (std::is_sorted(series.x.begin(), series.x.end())) return;
    std::vector<std::size_t> order(series.x.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return series.x[a] < series.x[b]; });
    Series sorted = series;
    for (std::size_t i = 0; i < order.size(); ++i) {
      sorted.x[i] = series.x[order[i]];
      sorted.y[i] = series.y[order[i]];
    }
    series = std::move(sorted);
  }

  void thin_out(Series& series) {
    const std::size_t points = series.x.size();
    if (points <= most_points) return;
    const std::size_t step = (points + most_points - 1) / most_points;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < points; i += step, ++kept) {
      series.x[kept] = series.x[i];
      series.y[kept] = series.y[i];
    }
    series.x.resize(kept);
    series.y.resize(kept);
    chart_.remarks.push_back("'" + series.name + "' shows " + number_text(static_cast<double>(kept)) + " of its " +
                             number_text(static_cast<double>(points)) + " points.");
  }

  const PlotSpec& plot_;
  Chart chart_;
  std::map<std::string, std::size_t> places_;  // of labels
  struct SeriesKey {
    const LayerSpec* layer;
    std::size_t measure;
    std::string group;
    auto operator<=>(const SeriesKey&) const = default;
  };
  std::map<SeriesKey, std::size_t> known_;
};

std::string kind_word(PlotKind kind) {
  switch (kind) {
    case PlotKind::line: return "Line chart";
    case PlotKind::bar: return "Bar chart";
    case PlotKind::scatter: return "Scatter plot";
    case PlotKind::histogram: return "Histogram";
    case PlotKind::band: return "Range chart";
  }
  return "Chart";
}

std::string range_text(const Series& series, const std::string& unit) {
  double low = INFINITY;
  double high = -INFINITY;
  for (const auto& value : series.y) {
    if (!value) continue;
    low = std::min(low, *value);
    high = std::max(high, *value);
  }
  if (low > high) return series.name + ": no values";
  return series.name + ": " + number_text(low) + " to " + number_text(high) + (unit.empty() ? "" : " " + unit);
}

}  // namespace

Chart make_chart(const PlotSpec& plot, const TableOf& table_of) {
  prepare_compute();
  Maker maker(plot);
  for (const LayerSpec& layer : plot.layers) maker.add(layer, table_of(layer.input));
  return maker.finish();
}

std::string describe(const PlotSpec& plot, const Chart& chart) {
  std::string text = kind_word(plot.layers.front().kind) + ": " + plot.title + ".";
  if (!plot.description.empty()) text += " " + plot.description;
  std::size_t told = 0;
  for (const Series& series : chart.series) {
    if (++told > 8) {
      text += " And " + std::to_string(chart.series.size() - 8) + " more series.";
      break;
    }
    const std::string bound = series.draw == Series::Draw::band_low    ? " (lower bound)"
                              : series.draw == Series::Draw::band_high ? " (upper bound)"
                                                                       : "";
    Series named = series;
    named.name += bound;
    text += " " + range_text(named, plot.unit) + ".";
  }
  return text;
}

}  // namespace mortise::plugins
