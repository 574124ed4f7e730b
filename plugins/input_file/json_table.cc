// JSON into a table: an array of objects, an object that holds one under a key, or one object per line.
#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <string>

#include "input_file/input_file.h"
#include "input_file/json_reader.h"
#include "lib/cells.h"
#include "lib/options.h"
#include "lib/rows.h"
#include "lib/text_builder.h"

namespace mortise::plugins {
namespace {

Value read_lines(const FileText& file, std::int64_t limit) {
  Value rows = Value::list();
  std::int64_t line = 1;
  const std::string_view bytes = file.bytes;
  for (std::size_t at = 0; at < bytes.size() && static_cast<std::int64_t>(rows.size()) != limit; ++line) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    const std::string_view text = bytes.substr(at, end - at);
    if (!trimmed(text).empty() && trimmed(text) != "\r") rows.push_back(read_json(text, file.path, line));
    at = end + 1;
  }
  return rows;
}

// The list of rows in what was read.
const Value& rows_of(const Value& whole, const FileSpec& spec, const std::string& path) {
  if (!whole.is(Kind::map)) return whole;
  const Value* rows = whole.find(spec.rows_key);
  if (rows != nullptr && rows->is(Kind::list)) return *rows;
  bool only_lists = whole.size() > 0;
  for (const Member& member : whole.members()) only_lists = only_lists && member.value().is(Kind::list);
  if (only_lists) return whole;  // columns
  throw Error(
      Code::invalid,
      path + ": expected an array of objects, or an object with '" + spec.rows_key + "', got " + describe(whole),
      "name the key that holds the rows: `rows: KEY`")
      .with("file", path)
      .with("expected", "rows")
      .with("got", describe(whole));
}

Value first_rows(const Value& rows, std::int64_t limit) {
  if (limit < 0 || !rows.is(Kind::list) || static_cast<std::int64_t>(rows.size()) <= limit) return rows;
  Value some = Value::list();
  for (std::int64_t i = 0; i < limit; ++i) some.push_back(rows[i]);
  return some;
}

// The column as the type that the config wants.
std::shared_ptr<arrow::Array> convert(const std::shared_ptr<arrow::Array>& column, ColumnType type,
                                      const std::string& name, const std::string& path) {
  TextBuilder builder(type, 9);
  for (std::int64_t row = 0; row < column->length(); ++row) {
    if (column->IsNull(row)) {
      builder.append_null();
    } else if (const std::string text = cell_text(*column, row); !builder.append(text)) {
      throw Error(Code::invalid, path + " row " + std::to_string(row + 1) + ": column '" + name + "': expected " +
                                     std::string(name_of(type)) + ", got '" + text + "'")
          .with("file", path)
          .with("row", std::to_string(row + 1))
          .with("column", name)
          .with("expected", std::string(name_of(type)))
          .with("got", text);
    }
  }
  return builder.finish();
}

}  // namespace

FileTable table_of_json(const FileText& file, const FileSpec& spec) {
  Value rows;
  if (spec.format == FileSpec::Format::jsonl) {
    rows = read_lines(file, spec.limit < 0 ? -1 : spec.limit + spec.offset);
  } else {
    const Value whole = read_json(file.bytes, file.path);
    rows = first_rows(rows_of(whole, spec, file.path), spec.limit < 0 ? -1 : spec.limit + spec.offset);
  }
  const Batch all = table_of_rows(rows, file.path, TextDates::infer);
  const std::vector<std::string> names = column_names(*all);
  check_typed_columns(names, spec);
  std::vector<NamedArray> columns;
  for (const std::size_t place : chosen_columns(names, spec)) {
    NamedArray column{names[place], all->column(static_cast<int>(place))};
    if (const auto type = spec.types.find(column.name); type != spec.types.end()) {
      column.array = convert(column.array, type->second, column.name, file.path);
    }
    columns.push_back(std::move(column));
  }
  FileTable result;
  result.table = make_batch(columns, all->num_rows());
  if (spec.offset > 0 || spec.limit >= 0) {
    const std::int64_t begin = std::min(spec.offset, result.table->num_rows());
    result.table = spec.limit < 0 ? result.table->Slice(begin) : result.table->Slice(begin, spec.limit);
  }
  return result;
}

}  // namespace mortise::plugins
