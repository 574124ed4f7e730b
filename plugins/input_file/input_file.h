// Input.file: a file as a table, and what was found on the way.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "input_file/byte_source.h"
#include "input_file/csv.h"
#include "input_file/file_text.h"
#include "lib/batches.h"
#include "lib/date_layout.h"
#include "lib/table.h"
#include "lib/text_type.h"
#include "mortise/value.hpp"

namespace mortise::plugins {

struct FileSpec {
  enum class Format { csv, json, jsonl, parquet, arrow, excel, text, binary };
  enum class Header { detect, first_line, none };
  enum class OnError { fail, reject };  // what a bad row does

  std::string path;  // may be a pattern: see paths()
  Format format = Format::csv;
  SourceOptions source;
  std::vector<std::string> columns;                      // empty: all
  std::map<std::string, ColumnType, std::less<>> types;  // of the columns that should not be guessed
  std::map<std::string, DateLayout, std::less<>> layouts;
  std::int64_t limit = -1;                            // rows; -1: all
  std::int64_t offset = 0;                            // rows to leave out before
  std::uint64_t max_memory = std::uint64_t{4} << 30;  // of a table that is not streamed

  // CSV
  std::optional<char> delimiter;  // absent: what the first records show
  std::optional<char> quote;      // absent: likewise; '\0': none
  Header header = Header::detect;
  std::vector<std::string> names;                       // instead of the header's
  std::int64_t skip = 0;                                // lines before the header
  std::optional<std::vector<std::string>> null_values;  // absent: see README.md
  OnError on_error = OnError::fail;
  std::int64_t max_rejects = 1'000;
  std::int64_t infer_rows = 10'000;  // of types, where bad rows are rejected; otherwise all rows count
  std::size_t max_record = std::size_t{64} << 20;
  std::size_t block = std::size_t{2} << 20;  // bytes read at once
  unsigned threads = 0;                      // 0: one for each processor, at most 8

  // JSON
  std::string rows_key = "rows";
  // Excel
  std::string sheet;
  // Text
  bool lines = false;
};

// Throws Error{invalid} with the key.
[[nodiscard]] FileSpec read_file_spec(const Value& config);

// The files that the path means: itself, or in order of their names those that fit a pattern of * ? [a-z]. Error{not_found} when
// none does.
[[nodiscard]] std::vector<std::string> paths(const FileSpec& spec);

// Called now and then with the fraction done; may throw to stop the work.
using Watch = std::function<void(double)>;

struct FileTable {
  Batch table;                     // null when it went to a sink
  Batch rejects;                   // file, line, column, text, reason; null where bad rows fail
  char delimiter = '\0';           // of CSV
  std::vector<std::string> notes;  // what a careful reader would want to know, for the log
};

// A place for batches in their order, all of one schema. Made anew when the types turn out different late.
using OpenSink = std::function<std::unique_ptr<TableSink>(const std::shared_ptr<arrow::Schema>&)>;

struct FileStream {
  std::unique_ptr<TableSink> sink;  // holds everything
  FileTable about;
};

// A table in memory. Formats that hold tables, except Excel.
[[nodiscard]] FileTable read_table_file(const FileSpec& spec, const Watch& watch = {});
// The same rows into a sink, in bounded memory. CSV, Parquet and Arrow; Error{unsupported} for the others.
[[nodiscard]] FileStream stream_table_file(const FileSpec& spec, const OpenSink& open, const Watch& watch = {});

using OpenSource = std::function<std::unique_ptr<ByteSource>()>;
[[nodiscard]] FileTable table_of_csv(const std::vector<OpenSource>& files, const FileSpec& spec,
                                     const Watch& watch = {});
[[nodiscard]] FileStream stream_csv(const std::vector<OpenSource>& files, const FileSpec& spec, const OpenSink& open,
                                    const Watch& watch = {});
[[nodiscard]] FileTable table_of_json(const FileText& file, const FileSpec& spec);
[[nodiscard]] FileTable table_of_parquet(const std::vector<std::string>& files, const FileSpec& spec,
                                         const Watch& watch = {});
[[nodiscard]] FileStream stream_parquet(const std::vector<std::string>& files, const FileSpec& spec,
                                        const OpenSink& open, const Watch& watch = {});

// The places of the wanted columns among the names of the file, in the order wanted.
[[nodiscard]] std::vector<std::size_t> chosen_columns(const std::vector<std::string>& names, const FileSpec& spec);
// Error{not_found} when `types` names a column that is not there.
void check_typed_columns(const std::vector<std::string>& names, const FileSpec& spec);

}  // namespace mortise::plugins
