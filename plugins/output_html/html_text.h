// The few words of HTML that a report is put together from. Everything that is text goes through `escaped`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "output_html/chart.h"

namespace mortise::plugins {

// Text inside an element or a quoted attribute.
[[nodiscard]] std::string escaped(std::string_view text);

// `content` is HTML already.
[[nodiscard]] std::string element(const std::string& name, const std::string& attributes, const std::string& content);

// Of text; blank lines separate paragraphs.
[[nodiscard]] std::string paragraphs(const std::string& text);

// ---- tables

struct Heading {
  std::string text;
  bool number = false;
};
// Gives the text of a cell, not yet escaped.
using CellText = std::function<std::string(std::int64_t row, std::size_t column)>;

[[nodiscard]] std::string table_element(const std::vector<Heading>& headings, std::int64_t rows,
                                        const std::string& caption, const CellText& cell);

// How the cells of one column are written: numbers with as many decimals as the column needs.
class ColumnText {
 public:
  explicit ColumnText(std::shared_ptr<arrow::Array> column);
  [[nodiscard]] bool is_number() const noexcept { return number_; }
  [[nodiscard]] std::string at(std::int64_t row) const;

 private:
  std::shared_ptr<arrow::Array> column_;
  bool number_;
  int decimals_ = 0;
};

// "The first 10 of 1,461 rows.", or nothing when all are shown.
[[nodiscard]] std::string rows_note(std::int64_t shown, std::int64_t all);

// ---- parts of a section

[[nodiscard]] std::string table_part(const TableSpec& spec, const TableOf& table_of);
// `number` makes the names in the page unique.
[[nodiscard]] std::string plot_part(const PlotSpec& plot, const TableOf& table_of, std::size_t number);

}  // namespace mortise::plugins
