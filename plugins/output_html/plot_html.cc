// Plots of a report: a place to draw, the numbers to draw it from, and the same numbers to read.
#include <algorithm>

#include "lib/json_text.h"
#include "output_html/html_text.h"
#include "output_html/number_text.h"

namespace mortise::plugins {
namespace {

constexpr std::int64_t most_numbers = 2'000;  // rows in the table behind a chart

void append_numbers(std::string& json, const std::vector<double>& numbers) {
  json += '[';
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) json += ',';
    json += shortest(numbers[i]);
  }
  json += ']';
}

void append_numbers(std::string& json, const std::vector<std::optional<double>>& numbers) {
  json += '[';
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) json += ',';
    json += numbers[i] ? shortest(*numbers[i]) : "null";
  }
  json += ']';
}

std::string text_json(const std::string& text) {
  std::string out;
  append_json(out, std::string_view(text), JsonFor::html);
  return out;
}

const char* word_of(Series::Draw draw) {
  switch (draw) {
    case Series::Draw::line: return "line";
    case Series::Draw::bar: return "bar";
    case Series::Draw::points: return "points";
    case Series::Draw::band_low: return "low";
    case Series::Draw::band_high: return "high";
  }
  return "line";
}

std::string chart_json(const PlotSpec& plot, const Chart& chart) {
  const char* axis = chart.x_axis == AxisKind::category ? "category"
                     : chart.x_axis == AxisKind::time   ? "time"
                                                        : "number";
  std::string json = "{\"axis\":\"" + std::string(axis) + "\",\"days\":" + (chart.whole_days ? "true" : "false");
  json += ",\"stacked\":" + std::string(plot.stacked ? "true" : "false");
  const bool several = chart.series.size() > 1;
  const bool named = plot.layers.front().kind != PlotKind::histogram || !plot.layers.front().label.empty();
  json += ",\"legend\":" + std::string(plot.legend.value_or(several || named) ? "true" : "false");
  json += ",\"unit\":" + text_json(plot.unit) + ",\"xTitle\":" + text_json(plot.x_title);
  json += ",\"yTitle\":" + text_json(plot.y_title.empty() ? plot.unit : plot.y_title) +
          ",\"y2Title\":" + text_json(plot.y2_title);
  json += ",\"labels\":[";
  for (std::size_t i = 0; i < chart.labels.size(); ++i) json += (i > 0 ? "," : "") + text_json(chart.labels[i]);
  json += "],\"series\":[";
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Series& series = chart.series[i];
    json += (i > 0 ? ",{" : "{") + std::string("\"name\":") + text_json(series.name);
    json += ",\"draw\":\"" + std::string(word_of(series.draw)) + "\",\"color\":" + text_json(series.color);
    json += std::string(",\"right\":") + (series.right_axis ? "true" : "false");
    if (chart.x_axis != AxisKind::category) {
      json += ",\"x\":";
      append_numbers(json, series.x);
    }
    json += ",\"y\":";
    append_numbers(json, series.y);
    json += '}';
  }
  return json + "]}";
}

std::string x_text(const Chart& chart, double x) {
  if (chart.x_axis == AxisKind::number) return number_text(x);
  const std::string time = rfc3339(Time{static_cast<std::int64_t>(x) * 1'000'000});
  return chart.whole_days ? time.substr(0, 10) : time;
}

std::string column_name(const Series& series, const std::string& unit) {
  std::string name = series.name;
  if (series.draw == Series::Draw::band_low) name += ", lower";
  if (series.draw == Series::Draw::band_high) name += ", upper";
  return unit.empty() || series.right_axis ? name : name + ", " + unit;
}

// Series over the same x stand side by side; each other group of them has a table of its own.
std::string numbers_of(const PlotSpec& plot, const Chart& chart) {
  std::string out;
  const std::string x_name = plot.x_title.empty() ? "x" : plot.x_title;
  const bool categories = chart.x_axis == AxisKind::category;
  for (std::size_t first = 0; first < chart.series.size();) {
    std::size_t last = first + 1;
    while (last < chart.series.size() && (categories || chart.series[last].x == chart.series[first].x)) ++last;
    std::vector<Heading> headings{{x_name, chart.x_axis == AxisKind::number}};
    std::vector<int> decimals;
    for (std::size_t i = first; i < last; ++i) {
      headings.push_back({column_name(chart.series[i], plot.unit), true});
      std::vector<double> numbers;
      for (const auto& value : chart.series[i].y) {
        if (value) numbers.push_back(*value);
      }
      decimals.push_back(decimals_for(numbers));
    }
    const auto all = static_cast<std::int64_t>(chart.series[first].y.size());
    const std::int64_t rows = std::min(all, most_numbers);
    out += table_element(headings, rows, "The numbers of: " + plot.title, [&](std::int64_t row, std::size_t i) {
      const auto at = static_cast<std::size_t>(row);
      if (i == 0) return categories ? chart.labels[at] : x_text(chart, chart.series[first].x[at]);
      const auto& value = chart.series[first + i - 1].y[at];
      return value ? number_text(*value, decimals[i - 1]) : std::string();
    });
    out += rows_note(rows, all);
    first = last;
  }
  return out;
}

}  // namespace

std::string plot_part(const PlotSpec& plot, const TableOf& table_of, std::size_t number) {
  const Chart chart = make_chart(plot, table_of);
  const std::string id = "plot-" + std::to_string(number);
  std::string out = "<figure class=\"plot\">" + element("figcaption", "", element("h3", "", escaped(plot.title)));
  out += "<div class=\"canvas\"><canvas id=\"" + id + "\" role=\"img\" aria-label=\"" + escaped(describe(plot, chart)) +
         "\"></canvas></div>";
  out +=
      "<noscript><p class=\"note\">The chart is drawn by a script in this page; its numbers are below.</p></noscript>";
  if (!plot.note.empty()) out += element("p", "class=\"note\"", escaped(plot.note));
  for (const std::string& remark : chart.remarks) out += element("p", "class=\"note\"", escaped(remark));
  out += "<details><summary>The numbers</summary>" + numbers_of(plot, chart) + "</details>";
  out += "<script type=\"application/json\" data-plot=\"" + id + "\">" + chart_json(plot, chart) + "</script>";
  return out + "</figure>\n";
}

}  // namespace mortise::plugins
