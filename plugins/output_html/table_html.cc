// Tables of a report.
#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <utility>

#include "lib/cells.h"
#include "lib/evaluate.h"
#include "output_html/html_text.h"
#include "output_html/number_text.h"

namespace mortise::plugins {

using ArrayPtr = std::shared_ptr<arrow::Array>;

ColumnText::ColumnText(ArrayPtr column) : column_(std::move(column)), number_(is_number_column(*column_)) {
  if (!number_) return;
  std::vector<double> numbers;
  for (std::int64_t row = 0; row < column_->length(); ++row) {
    if (const auto number = cell_number(*column_, row)) numbers.push_back(*number);
  }
  decimals_ = decimals_for(numbers);
}

std::string ColumnText::at(std::int64_t row) const {
  if (number_) {
    const auto number = cell_number(*column_, row);
    return number ? number_text(*number, decimals_) : "";
  }
  std::string text = cell_text(*column_, row);
  constexpr std::size_t longest = 2'000;  // bytes; a page is for reading
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string rows_note(std::int64_t shown, std::int64_t all) {
  if (shown == all) return {};
  return element("p", "class=\"note\"",
                 "The first " + number_text(static_cast<double>(shown)) + " of " +
                     number_text(static_cast<double>(all)) + " rows.");
}

std::string table_element(const std::vector<Heading>& headings, std::int64_t rows, const std::string& caption,
                          const CellText& cell) {
  std::string out =
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" + escaped(caption) + "\"><table>";
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
  out += rows_note(shown->num_rows(), whole->num_rows());
  if (whole->num_rows() == 0) out += element("p", "class=\"note\"", "No rows.");
  return out + "</figure>";
}

}  // namespace mortise::plugins
