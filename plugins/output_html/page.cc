#include "output_html/page.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <cmath>

#include "lib/cells.h"
#include "lib/evaluate.h"
#include "output_html/assets.h"
#include "output_html/html_text.h"
#include "output_html/number_text.h"

namespace mortise::plugins {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;

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
  out += element(
      "dd", "class=\"value\"",
      escaped(shown) + (figure.unit.empty() ? "" : " " + element("span", "class=\"unit\"", escaped(figure.unit))));
  if (!note.empty()) out += element("dd", "class=\"note\"", note);
  return element("div", "class=\"figure\"", out);
}

std::string policy() {
  return "default-src 'none'; script-src " + policy_hash(chart_library()) + " " + policy_hash(report_script()) +
         "; style-src " + policy_hash(report_style()) + "; img-src data:; base-uri 'none'; form-action 'none'";
}

std::string head(const ReportSpec& report) {
  return "<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy() +
         "\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"Mortise\">\n<title>" +
         escaped(report.title) + "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>" +
         std::string(report_style().text) + "</style>\n</head>\n";
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
    out += "<script>" + std::string(chart_library().text) + "</script>\n<script>" + std::string(report_script().text) +
           "</script>\n";
  }
  return out + "</body>\n</html>\n";
}

}  // namespace mortise::plugins
