#include "output_html/page.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <cmath>

#include "lib/cells.h"
#include "lib/evaluate.h"
#include "lib/json_text.h"
#include "output_html/assets.h"
#include "output_html/number_text.h"

namespace mortise::plugins {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

constexpr std::int64_t most_numbers = 2'000;  // rows in the table behind a chart

std::string element(const std::string& name, const std::string& attributes, const std::string& content) {
  return "<" + name + (attributes.empty() ? "" : " " + attributes) + ">" + content + "</" + name + ">";
}

// "26 °C" and "43 %" stay in one line.
std::string joined_units(std::string text) {
  for (const std::string_view unit : {" \u00b0", " %"}) {
    for (std::size_t at = text.find(unit); at != std::string::npos; at = text.find(unit, at + 1)) {
      if (at > 0 && text[at - 1] >= '0' && text[at - 1] <= '9') text.replace(at, 1, "\u00a0");
    }
  }
  return text;
}

// Blank lines separate paragraphs.
std::string paragraphs(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", at), text.size());
    const std::string part = text.substr(at, end - at);
    if (part.find_first_not_of(" \n\t") != std::string::npos) out += element("p", "", escaped(joined_units(part)));
    at = end + 2;
  }
  return out;
}

// ---- tables

// How the cells of one column are written.
class ColumnText {
 public:
  explicit ColumnText(ArrayPtr column) : column_(std::move(column)), number_(is_number_column(*column_)) {
    if (!number_) return;
    std::vector<double> numbers;
    for (std::int64_t row = 0; row < column_->length(); ++row) {
      if (const auto number = cell_number(*column_, row)) numbers.push_back(*number);
    }
    decimals_ = decimals_for(numbers);
  }
  [[nodiscard]] bool is_number() const { return number_; }
  [[nodiscard]] std::string at(std::int64_t row) const {
    if (number_) {
      const auto number = cell_number(*column_, row);
      return number ? number_text(*number, decimals_) : "";
    }
    std::string text = cell_text(*column_, row);
    constexpr std::size_t longest = 2'000;  // bytes; a page is for reading
    if (text.size() > longest) {
      std::size_t end = longest;
      while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
      text = text.substr(0, end) + "…";
    }
    return text;
  }

 private:
  ArrayPtr column_;
  bool number_;
  int decimals_ = 0;
};

struct Heading {
  std::string text;
  bool number = false;
};

// `cell(row, column)` gives the text, not yet escaped.
template <typename Cell>
std::string table_element(const std::vector<Heading>& headings, std::int64_t rows, const std::string& caption, Cell&& cell) {
  std::string out = "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" + escaped(caption) + "\"><table>";
  out += "<thead><tr>";
  for (const Heading& heading : headings) {
    out += element("th", heading.number ? "scope=\"col\" class=\"n\"" : "scope=\"col\"", escaped(heading.text));
  }
  out += "</tr></thead><tbody>";
  for (std::int64_t row = 0; row < rows; ++row) {
    out += "<tr>";
    for (std::size_t i = 0; i < headings.size(); ++i) {
      out += element("td", headings[i].number ? "class=\"n\"" : "", escaped(cell(row, i)));
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>";
}

std::string table_part(const TableSpec& spec, const TableOf& table_of) {
  const Batch whole = table_of(spec.input);
  const std::vector<std::string> names = spec.columns.empty() ? column_names(*whole) : spec.columns;
  const Batch shown = whole->Slice(0, spec.limit);
  std::vector<Heading> headings;
  std::vector<ColumnText> columns;
  for (const std::string& name : names) {
    columns.emplace_back(evaluate(Expression::of_column(name), *shown, spec.key));
    const auto label = spec.labels.find(name);
    headings.push_back({label != spec.labels.end() ? label->second : name, columns.back().is_number()});
  }
  const std::string title = spec.title.empty() ? "Table" : spec.title;
  std::string out = "<figure class=\"table\">";
  if (!spec.title.empty()) out += element("figcaption", "", element("h3", "", escaped(spec.title)));
  out += table_element(headings, shown->num_rows(), title,
                       [&](std::int64_t row, std::size_t i) { return columns[i].at(row); });
  if (shown->num_rows() < whole->num_rows()) {
    out += element("p", "class=\"note\"", "The first " + number_text(static_cast<double>(shown->num_rows())) + " of " +
                                              number_text(static_cast<double>(whole->num_rows())) + " rows.");
  } else if (whole->num_rows() == 0) {
    out += element("p", "class=\"note\"", "No rows.");
  }
  return out + "</figure>";
}

// ---- charts

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
  const char* axis = chart.x_axis == AxisKind::category ? "category" : chart.x_axis == AxisKind::time ? "time" : "number";
  std::string json = "{\"axis\":\"" + std::string(axis) + "\",\"days\":" + (chart.whole_days ? "true" : "false");
  json += ",\"stacked\":" + std::string(plot.stacked ? "true" : "false");
  const bool several = chart.series.size() > 1;
  const bool named = plot.layers.front().kind != PlotKind::histogram || !plot.layers.front().label.empty();
  json += ",\"legend\":" + std::string(plot.legend.value_or(several || named) ? "true" : "false");
  json += ",\"unit\":" + text_json(plot.unit) + ",\"xTitle\":" + text_json(plot.x_title);
  json += ",\"yTitle\":" + text_json(plot.y_title.empty() ? plot.unit : plot.y_title) + ",\"y2Title\":" + text_json(plot.y2_title);
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
    if (rows < all) {
      out += element("p", "class=\"note\"", "The first " + number_text(static_cast<double>(rows)) + " of " +
                                                number_text(static_cast<double>(all)) + " rows.");
    }
    first = last;
  }
  return out;
}

std::string plot_part(const PlotSpec& plot, const TableOf& table_of, std::size_t number) {
  const Chart chart = make_chart(plot, table_of);
  const std::string id = "plot-" + std::to_string(number);
  std::string out = "<figure class=\"plot\">" + element("figcaption", "", element("h3", "", escaped(plot.title)));
  out += "<div class=\"canvas\"><canvas id=\"" + id + "\" role=\"img\" aria-label=\"" + escaped(describe(plot, chart)) + "\"></canvas></div>";
  out += "<noscript><p class=\"note\">The chart is drawn by a script in this page; its numbers are below.</p></noscript>";
  if (!plot.note.empty()) out += element("p", "class=\"note\"", escaped(plot.note));
  for (const std::string& remark : chart.remarks) out += element("p", "class=\"note\"", escaped(remark));
  out += "<details><summary>The numbers</summary>" + numbers_of(plot, chart) + "</details>";
  out += "<script type=\"application/json\" data-plot=\"" + id + "\">" + chart_json(plot, chart) + "</script>";
  return out + "</figure>\n";
}

// ---- figures

// "11 Aug 2014", or the cell as it is.
std::string place_text(const ArrayPtr& column, std::int64_t row) {
  if (!is_time_column(*column) || column->IsNull(row)) return ColumnText(column).at(row);
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string text = cell_text(*column, row);
  const int month = std::stoi(text.substr(5, 2));
  return std::to_string(std::stoi(text.substr(8, 2))) + " " + months[month - 1] + " " + text.substr(0, 4);
}

// A number that stands alone has its thousands apart from the first one on.
std::string figure_text(double number) {
  std::string text = number_text(number);
  const std::size_t whole = std::min(text.find('.'), text.size());
  const bool four_digits = whole >= 4 && std::abs(number) >= 1'000 && std::abs(number) < 10'000;
  if (four_digits) text.insert(whole - 3, ",");
  return text;
}

std::string figure_part(const FigureSpec& figure, const TableOf& table_of) {
  const Batch table = table_of(figure.input);
  const ArrayPtr value = aggregate(figure.value, *table, Groups::all(table->num_rows()));
  const auto number = cell_number(*value, 0);
  std::string shown = is_number_column(*value) ? (number ? figure_text(*number) : "") : cell_text(*value, 0);
  if (shown.empty()) shown = "–";
  std::string note = escaped(figure.note);
  if (figure.at && figure.value.argument) {
    const ArrayPtr values = evaluate(*figure.value.argument, *table, figure.key);
    const std::int64_t row = row_of_extreme(figure.value.function, values);
    const ArrayPtr where = evaluate(*figure.at, *table, figure.key);
    if (row >= 0) note = escaped(place_text(where, row)) + (note.empty() ? "" : " · " + note);
  }
  std::string out = element("dt", "", escaped(figure.label));
  out += element("dd", "class=\"value\"", escaped(shown) + (figure.unit.empty() ? "" : " " + element("span", "class=\"unit\"", escaped(figure.unit))));
  if (!note.empty()) out += element("dd", "class=\"note\"", note);
  return element("div", "class=\"figure\"", out);
}

std::string policy() {
  return "default-src 'none'; script-src " + policy_hash(chart_library()) + " " + policy_hash(report_script()) + "; style-src " +
         policy_hash(report_style()) + "; img-src data:; base-uri 'none'; form-action 'none'";
}

std::string head(const ReportSpec& report) {
  return "<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy() +
         "\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"Mortise\">\n<title>" +
         escaped(report.title) + "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>" + std::string(report_style().text) +
         "</style>\n</head>\n";
}

}  // namespace

std::string make_page(const ReportSpec& report, const TableOf& table_of) {
  std::string out = "<!doctype html>\n<html lang=\"en\">\n" + head(report) + "<body>\n<header>\n";
  out += element("h1", "", escaped(report.title)) + "\n";
  if (!report.summary.empty()) out += element("div", "class=\"lead\"", paragraphs(report.summary)) + "\n";
  if (!report.figures.empty()) {
    out += "<dl class=\"figures\">";
    for (const FigureSpec& figure : report.figures) out += figure_part(figure, table_of);
    out += "</dl>\n";
  }
  out += "</header>\n<main>\n";
  std::size_t plots = 0;
  for (const SectionSpec& section : report.sections) {
    out += "<section>\n";
    if (!section.title.empty()) out += element("h2", "", escaped(section.title)) + "\n";
    out += paragraphs(section.text);
    for (const auto& part : section.parts) {
      if (const auto* plot = std::get_if<PlotSpec>(&part)) {
        out += plot_part(*plot, table_of, ++plots);
      } else {
        out += table_part(std::get<TableSpec>(part), table_of);
      }
    }
    out += "</section>\n";
  }
  out += "</main>\n<footer>";
  if (!report.source.empty()) out += element("p", "", escaped(report.source));
  out += "<p>Made by Mortise. This page is complete in itself and asks no network for anything.</p></footer>\n";
  if (plots > 0) {
    out += "<script>" + std::string(chart_library().text) + "</script>\n<script>" + std::string(report_script().text) + "</script>\n";
  }
  return out + "</body>\n</html>\n";
}

}  // namespace mortise::plugins
