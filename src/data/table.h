// Tables: named columns of equal length, in Arrow's memory layout, without the Arrow library.
//
// The leaf itself is the C struct of plugin.h. Three views of it live here:
//   Column         a description of one column as plain data: format, lengths, buffers. What senders and receivers, builders
//                  and checkers work on. make_table() turns Columns into a leaf, table_columns() a leaf into Columns, both
//                  without copying a buffer.
//   TableBuilder   columns from C++ vectors or from rows.
//   TableView      reading: typed spans, texts, cells and rows as Values.
// Formats are those of docs/worker-protocol.md section 3; anything else is Error{unsupported}.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/buffer.h"
#include "mortise/value.hpp"

namespace mortise::data {

inline constexpr std::uint32_t max_column_depth = 32;  // of columns within columns

struct Column {
  std::string name;
  std::string format;
  bool nullable = true;
  bool ordered = false;  // of a dictionary
  std::int64_t length = 0;
  std::int64_t null_count = 0;
  std::vector<Buffer> buffers;  // in Arrow's order; an absent one (no nulls: no validity) has no bytes
  std::vector<Column> children;
  std::unique_ptr<Column> dictionary;
  std::vector<std::pair<std::string, std::string>> metadata;
};

// Makes a leaf that keeps the buffers alive. Checks nothing; see check_column.
[[nodiscard]] Value make_table(std::int64_t rows, std::vector<Column> columns);

// Describes a leaf. The sizes of the buffers follow from format, length and offsets; offsets other than 0 are resolved
// (bitmaps that start within a byte are copied and shifted). The Buffers borrow from the leaf, which must outlive them.
// Throws Error{invalid} when the leaf is inconsistent.
[[nodiscard]] std::vector<Column> table_columns(const mortise_table& leaf);

// Proves every promise that a reader of a column relies on: known format, number of buffers and children, sizes, offsets
// that rise and stay within the data, dictionary indices in range, UTF-8 of texts, null count (recounted when negative).
// Throws Error{invalid} naming the column. Linear in the data.
void check_column(Column& column, std::int64_t rows);

// Refuses a table that claims rows which no memory backs (more than 2^24, and less than a bit each in all columns together):
// turning a few bytes into rows must not fill the machine. Lists are checked likewise by check_column.
void check_rows(const std::vector<Column>& columns, std::int64_t rows);

[[nodiscard]] std::int64_t row_count(const mortise_table& leaf) noexcept;
// Bytes of all buffers together.
[[nodiscard]] std::uint64_t column_bytes(const Column& column) noexcept;
[[nodiscard]] std::uint64_t table_bytes(const mortise_table& leaf);

// ---- building --------------------------------------------------------------------------------------------------------

class TableBuilder {
 public:
  TableBuilder& add(std::string name, std::span<const std::int64_t> values);
  TableBuilder& add(std::string name, std::span<const double> values);
  TableBuilder& add(std::string name, std::span<const std::string_view> texts);
  TableBuilder& add(std::string name, std::span<const Time> times);
  // One Value per row, nulls among them; the type is inferred (see table_from_rows).
  TableBuilder& add(std::string name, std::span<const Value> cells);
  TableBuilder& add(Column column);

  // Throws Error{invalid} when two columns differ in length or share a name. The builder is empty afterwards.
  [[nodiscard]] Value finish();

 private:
  std::vector<Column> columns_;
};

// A list of maps as a table. Columns come in the order in which their keys are first seen; a key that a row lacks is null.
// A column is int64, float64, bool, string, bytes or time; int64 and float64 mixed are float64; all null is "n". Any other
// mixture is Error{invalid} with details column and row (from 0).
[[nodiscard]] Value table_from_rows(const Value& rows);

// ---- reading -----------------------------------------------------------------------------------------------------------

enum class CellType { null, boolean, integer, real, text, bytes, time, date, list, record, other };
[[nodiscard]] CellType cell_type(std::string_view format) noexcept;
[[nodiscard]] std::string_view name_of(CellType type) noexcept;  // "integer": what the grid form of JSON shows

// One column of a leaf, borrowed. The leaf must have been checked (all that the decoder returns are).
class ColumnView {
 public:
  ColumnView(const ArrowSchema& schema, const ArrowArray& array, std::int64_t first_row, std::int64_t rows) noexcept;

  [[nodiscard]] std::string_view name() const noexcept;
  [[nodiscard]] std::string_view format() const noexcept;  // of the values, also under a dictionary
  [[nodiscard]] CellType type() const noexcept;
  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }
  [[nodiscard]] bool is_null(std::int64_t row) const noexcept;
  // A fixed-width column in place. T must have the width and kind of the format: throws Error{invalid} otherwise.
  template <typename T>
  [[nodiscard]] std::span<const T> values() const {
    return {static_cast<const T*>(fixed_width(sizeof(T), kind_of<T>())), static_cast<std::size_t>(rows_)};
  }
  [[nodiscard]] std::string_view text(std::int64_t row) const;  // of texts and bytes; throws Error{invalid} otherwise
  // Any cell: times as Time (as text where nanoseconds cannot hold them), dates and times of day as text "2026-01-31",
  // durations and unsigned as int64 (beyond it: float64), lists and records as lists and maps.
  [[nodiscard]] Value cell(std::int64_t row) const;

 private:
  enum class Number { integer, unsigned_integer, real };
  template <typename T>
  static constexpr Number kind_of() noexcept {
    if constexpr (std::is_floating_point_v<T>) return Number::real;
    return std::is_signed_v<T> ? Number::integer : Number::unsigned_integer;
  }
  [[nodiscard]] const void* fixed_width(std::size_t width, Number number) const;

  const ArrowSchema* schema_;
  const ArrowArray* array_;
  std::int64_t first_;
  std::int64_t rows_;
};

class TableView {
 public:
  explicit TableView(const mortise_table& leaf) noexcept : leaf_(&leaf) {}
  explicit TableView(const Value& table) : leaf_(&table.as_table()) {}

  [[nodiscard]] std::int64_t rows() const noexcept;
  [[nodiscard]] std::size_t columns() const noexcept;
  [[nodiscard]] ColumnView column(std::size_t index) const;      // throws Error{not_found}
  [[nodiscard]] ColumnView column(std::string_view name) const;  // throws Error{not_found}, naming those that exist
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const noexcept;
  [[nodiscard]] Value row(std::int64_t row) const;  // a map; slow, one row at a time
  [[nodiscard]] Value to_rows() const;              // all of them

 private:
  const mortise_table* leaf_;
};

}  // namespace mortise::data
