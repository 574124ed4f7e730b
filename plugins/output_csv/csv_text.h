// A table as CSV text that reads back to the same values.
//
// A missing value is an empty field (or `null_text`), an empty text is "" in quotes, and a text is quoted where it holds a delimiter, a
// quote, a line end or blanks at its ends, or where it would read as missing. int64 has all its digits, float64 the shortest
// text that reads back to the same number, dates and times are ISO 8601 (with Z only where they have a zone), bytes are base64,
// lists and maps JSON.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

#include "lib/table.h"

namespace mortise::plugins {

struct CsvStyle {
  enum class Quotes { needed, all };
  char delimiter = ',';
  char quote = '"';
  Quotes quotes = Quotes::needed;
  std::string line_end = "\n";
  std::string null_text;
};

void append_csv_header(std::string& out, const std::vector<std::string>& names, const CsvStyle& style);
void append_csv_rows(std::string& out, const arrow::RecordBatch& batch, std::int64_t begin, std::int64_t end,
                     const CsvStyle& style);

}  // namespace mortise::plugins
