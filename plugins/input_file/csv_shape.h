// The shape of a CSV file, seen from its beginning: dialect, header, names.
//
// Where the config does not say, the delimiter is the one of , ; tab | that cuts the first records most evenly, the quote is "
// (or ' when fields stand in those and in no other), and the first line is a header unless a column shows otherwise: one
// whose first field is a number, a date or a boolean like those below it. A column that is text on top and none below shows
// that there is one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "input_file/csv.h"
#include "input_file/input_file.h"

namespace mortise::plugins {

struct CsvShape {
  CsvDialect dialect;
  bool has_header = true;
  std::vector<std::string> names;  // of all fields of a record
  std::size_t header_bytes = 0;    // where the data begins
  std::int64_t first_line = 1;     // of the data
};

// `head`: the beginning of the file, all of it when `whole`. Error{invalid} for an empty file and a bad header.
[[nodiscard]] CsvShape read_shape(std::string_view head, bool whole, const std::string& path, std::int64_t first_line,
                                  const FileSpec& spec);

}  // namespace mortise::plugins
