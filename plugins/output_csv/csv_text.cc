#include "output_csv/csv_text.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "lib/cells.h"

namespace mortise::plugins {
namespace {

class Writer {
 public:
  Writer(std::string& out, const CsvStyle& style) : out_(out), style_(style) {
    stops_ = {style.delimiter, style.quote, '\n', '\r'};
  }

  void text(std::string_view text) {
    if (style_.quotes == CsvStyle::Quotes::needed && !needs_quotes(text)) {
      out_ += text;
      return;
    }
    out_ += style_.quote;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t next = std::min(text.find(style_.quote, at), text.size());
      out_ += text.substr(at, next - at);
      if (next < text.size()) out_.append(2, style_.quote);
      at = next + 1;
    }
    out_ += style_.quote;
  }

  void cell(const arrow::Array& column, std::int64_t row) {
    if (column.type_id() == arrow::Type::NA || column.IsNull(row)) {
      out_ += style_.null_text;
      return;
    }
    switch (column.type_id()) {
      case arrow::Type::INT64: return number(static_cast<const arrow::Int64Array&>(column).Value(row));
      case arrow::Type::DOUBLE: return real(static_cast<const arrow::DoubleArray&>(column).Value(row));
      case arrow::Type::STRING: return text(static_cast<const arrow::StringArray&>(column).GetView(row));
      case arrow::Type::FLOAT:
        if (std::isfinite(static_cast<const arrow::FloatArray&>(column).Value(row))) break;
        return real(double{static_cast<const arrow::FloatArray&>(column).Value(row)});
      case arrow::Type::TIMESTAMP: {
        std::string made = cell_text(column, row);
        if (static_cast<const arrow::TimestampType&>(*column.type()).timezone().empty()) made.pop_back();  // the Z
        return plain(made);
      }
      default: break;
    }
    const std::string made = cell_text(column, row);
    const bool as_text = arrow::is_base_binary_like(column.type_id()) || arrow::is_nested(column.type_id()) ||
                         column.type_id() == arrow::Type::DICTIONARY || column.type_id() == arrow::Type::STRING_VIEW;
    return as_text ? text(made) : plain(made);
  }

 private:
  [[nodiscard]] bool needs_quotes(std::string_view text) const {
    if (text.empty() || text == style_.null_text) return true;
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    if (blank(text.front()) || blank(text.back())) return true;
    return text.find_first_of(std::string_view(stops_.data(), stops_.size())) != std::string_view::npos;
  }
  // Of what holds no delimiter but an unlikely one ("-", ".", a digit).
  void plain(std::string_view made) {
    if (style_.quotes == CsvStyle::Quotes::all || made.find(style_.delimiter) != std::string_view::npos)
      return text(made);
    out_ += made;
  }
  void number(std::int64_t value) {
    char buffer[24];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    plain({buffer, static_cast<std::size_t>(end - buffer)});
  }
  void real(double value) {
    if (!std::isfinite(value)) return plain(std::isnan(value) ? "NaN" : value > 0 ? "inf" : "-inf");
    std::string made;
    append_json(made, value);
    plain(made);
  }

  std::string& out_;
  const CsvStyle& style_;
  std::array<char, 4> stops_{};
};

}  // namespace

void append_csv_header(std::string& out, const std::vector<std::string>& names, const CsvStyle& style) {
  Writer writer(out, style);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += style.delimiter;
    writer.text(names[i]);
  }
  out += style.line_end;
}

void append_csv_rows(std::string& out, const arrow::RecordBatch& batch, std::int64_t begin, std::int64_t end,
                     const CsvStyle& style) {
  Writer writer(out, style);
  for (std::int64_t row = begin; row < end; ++row) {
    for (int i = 0; i < batch.num_columns(); ++i) {
      if (i > 0) out += style.delimiter;
      writer.cell(*batch.column(i), row);
    }
    out += style.line_end;
  }
}

}  // namespace mortise::plugins
