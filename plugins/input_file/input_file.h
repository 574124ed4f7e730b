// Input.file: a file as a table, and what was found on the way.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "input_file/csv.h"
#include "input_file/file_text.h"
#include "lib/table.h"
#include "lib/text_type.h"
#include "mortise/value.hpp"

namespace mortise::plugins {

struct FileSpec {
  enum class Format { csv, json, jsonl };
  enum class Header { first_line, none };

  std::string path;
  Format format = Format::csv;
  std::vector<std::string> columns;                      // empty: all
  std::map<std::string, ColumnType, std::less<>> types;  // of the columns that should not be guessed
  std::int64_t limit = -1;                               // rows; -1: all

  // CSV
  std::optional<char> delimiter;  // absent: what the first line uses
  char quote = '"';
  Header header = Header::first_line;
  std::vector<std::string> names;                       // instead of the header's
  std::int64_t skip = 0;                                // lines before the header
  std::optional<std::vector<std::string>> null_values;  // absent: see README.md

  // JSON
  std::string rows_key = "rows";
};

// Throws Error{invalid} with the key.
[[nodiscard]] FileSpec read_file_spec(const Value& config);

// Called now and then with the fraction done; may throw to stop the work.
using Watch = std::function<void(double)>;

struct FileTable {
  Batch table;
  char delimiter = '\0';           // of CSV
  std::vector<std::string> notes;  // what a careful reader would want to know, for the log
};

[[nodiscard]] FileTable read_table_file(const FileSpec& spec, const Watch& watch = {});
[[nodiscard]] FileTable table_of_csv(const FileText& file, const FileSpec& spec, const Watch& watch = {});
[[nodiscard]] FileTable table_of_json(const FileText& file, const FileSpec& spec);

// The places of the wanted columns among the names of the file, in the order wanted.
[[nodiscard]] std::vector<std::size_t> chosen_columns(const std::vector<std::string>& names, const FileSpec& spec);
// Error{not_found} when `types` names a column that is not there.
void check_typed_columns(const std::vector<std::string>& names, const FileSpec& spec);

}  // namespace mortise::plugins
