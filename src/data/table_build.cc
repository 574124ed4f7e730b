#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <string>

#include "data/column_format.h"
#include "data/table.h"

namespace mortise::data {
namespace {

using Cells = std::span<const Value* const>;  // null pointer: the row has no such cell

bool present(const Value* cell) noexcept { return cell != nullptr && !cell->is_null(); }

// What one kind of cell needs in memory.
Column fixed_column(std::string name, const char* format, Bytes content, std::int64_t length) {
  Column column;
  column.name = std::move(name);
  column.format = format;
  column.length = length;
  column.buffers.emplace_back();
  column.buffers.push_back(copy_of(content));
  return column;
}

// Validity of the cells, or nothing when none is null; counts the nulls.
Buffer validity_of(Cells cells, std::int64_t& nulls) {
  nulls = 0;
  for (const Value* cell : cells) nulls += present(cell) ? 0 : 1;
  if (nulls == 0) return {};
  Block block = allocate_block(bitmap_bytes(cells.size()));
  std::memset(block.bytes.data(), 0, block.bytes.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (present(cells[i])) block.bytes[i / 8] |= static_cast<std::byte>(1u << (i % 8));
  }
  return std::move(block).freeze();
}

template <typename T, typename Read>
Buffer values_of(Cells cells, Read read) {
  Block block = allocate_block(cells.size() * sizeof(T));
  auto* out = reinterpret_cast<T*>(block.bytes.data());
  for (const Value* cell : cells) *out++ = present(cell) ? read(*cell) : T{};
  return std::move(block).freeze();
}

Buffer bits_of(Cells cells) {
  Block block = allocate_block(bitmap_bytes(cells.size()));
  std::memset(block.bytes.data(), 0, block.bytes.size());
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (present(cells[i]) && cells[i]->as_bool()) block.bytes[i / 8] |= static_cast<std::byte>(1u << (i % 8));
  }
  return std::move(block).freeze();
}

std::string_view content_of(const Value* cell) {
  if (!present(cell)) return {};
  return cell->is(Kind::string) ? cell->as_string() : cell->as_bytes();
}

// Offsets and data of texts or bytes: the format is the narrow one unless 2 GiB are not enough.
template <typename Count, typename Content>
void add_variable(Column& column, std::size_t count, bool utf8, const Content& content_at, Count) {
  Block offsets = allocate_block((count + 1) * sizeof(Count));
  auto* offset = reinterpret_cast<Count*>(offsets.bytes.data());
  offset[0] = 0;
  for (std::size_t i = 0; i < count; ++i) offset[i + 1] = offset[i] + static_cast<Count>(content_at(i).size());
  Block data = allocate_block(static_cast<std::size_t>(offset[count]));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view content = content_at(i);
    if (!content.empty()) std::memcpy(data.bytes.data() + offset[i], content.data(), content.size());
  }
  const bool narrow = sizeof(Count) == 4;
  column.format = utf8 ? (narrow ? "u" : "U") : (narrow ? "z" : "Z");
  column.buffers.push_back(std::move(offsets).freeze());
  column.buffers.push_back(std::move(data).freeze());
}

template <typename Content>
void add_variable(Column& column, std::size_t count, bool utf8, const Content& content_at) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < count; ++i) total += content_at(i).size();
  if (total <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
    add_variable(column, count, utf8, content_at, std::int32_t{});
  } else {
    add_variable(column, count, utf8, content_at, std::int64_t{});
  }
}

// The one kind that holds all cells; null when there are none.
Kind kind_of(const std::string& name, Cells cells) {
  Kind kind = Kind::null;
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (!present(cells[row])) continue;
    const Kind here = cells[row]->kind();
    if (here == kind) continue;
    const bool scalar = here != Kind::list && here != Kind::map && here != Kind::tensor && here != Kind::table;
    const bool numbers =
        (here == Kind::int64 || here == Kind::float64) && (kind == Kind::int64 || kind == Kind::float64);
    if (scalar && kind == Kind::null) {
      kind = here;
    } else if (numbers) {
      kind = Kind::float64;
    } else {
      const std::string wanted = kind == Kind::null ? "a scalar" : mortise::name_of(kind);
      throw Error(Code::invalid,
                  "column '" + name + "', row " + std::to_string(row) + ": expected " + wanted + ", got " +
                      mortise::name_of(here),
                  "a column of a table holds one kind of scalar; convert the cells first")
          .with("column", name)
          .with("row", std::to_string(row))
          .with("expected", wanted)
          .with("got", mortise::name_of(here));
    }
  }
  return kind;
}

Column infer_column(std::string name, Cells cells) {
  const Kind kind = kind_of(name, cells);
  Column column;
  column.name = std::move(name);
  column.length = static_cast<std::int64_t>(cells.size());
  if (kind == Kind::null) {
    column.format = "n";
    column.null_count = column.length;
    return column;
  }
  column.buffers.push_back(validity_of(cells, column.null_count));
  switch (kind) {
    case Kind::boolean:
      column.format = "b";
      column.buffers.push_back(bits_of(cells));
      break;
    case Kind::int64:
      column.format = "l";
      column.buffers.push_back(values_of<std::int64_t>(cells, [](const Value& cell) { return cell.as_int64(); }));
      break;
    case Kind::float64:
      column.format = "g";
      column.buffers.push_back(values_of<double>(cells, [](const Value& cell) { return cell.as_float64(); }));
      break;
    case Kind::time:
      column.format = "tsn:UTC";
      column.buffers.push_back(
          values_of<std::int64_t>(cells, [](const Value& cell) { return cell.as_time().nanoseconds; }));
      break;
    default:
      add_variable(column, cells.size(), kind == Kind::string, [&](std::size_t i) { return content_of(cells[i]); });
      break;
  }
  return column;
}

// The cells of rows, sorted into columns in the order in which their keys are first seen.
class Sorter {
 public:
  explicit Sorter(std::span<const Value> rows) : rows_(rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) sort(row);
  }

  std::vector<Column> columns() {
    std::vector<Column> out;
    for (Collected& column : columns_) {
      column.cells.resize(rows_.size(), nullptr);
      out.push_back(infer_column(std::string(column.name), column.cells));
    }
    return out;
  }

 private:
  struct Collected {
    std::string_view name;
    std::vector<const Value*> cells;
  };

  void sort(std::size_t row) {
    if (!rows_[row].is(Kind::map)) {
      throw Error(Code::invalid,
                  "row " + std::to_string(row) + ": expected map, got " + mortise::name_of(rows_[row].kind()))
          .with("row", std::to_string(row))
          .with("expected", "map")
          .with("got", mortise::name_of(rows_[row].kind()));
    }
    std::size_t guess = 0;  // rows mostly have the same keys in the same order
    for (const Member& member : rows_[row].members()) {
      const std::size_t index =
          guess < columns_.size() && columns_[guess].name == member.key() ? guess : find(member.key());
      guess = index + 1;
      ++filled_;
      columns_[index].cells.resize(row, nullptr);
      columns_[index].cells.push_back(&member.value());
    }
  }

  std::size_t find(std::string_view name) {
    const auto [found, fresh] = index_.try_emplace(name, columns_.size());
    if (fresh) {
      columns_.push_back({name, {}});
      check_sparse();
    }
    return found->second;
  }

  // Rows that share no keys would make a table of nothing but nulls, as large as their number squared.
  void check_sparse() const {
    constexpr std::uint64_t always_fine = 64u << 20;
    const std::uint64_t cells = std::uint64_t{columns_.size()} * rows_.size();
    if (cells > always_fine && cells / 16 > filled_ + rows_.size()) {
      throw Error(Code::invalid,
                  "the rows have " + std::to_string(columns_.size()) + " different keys and hardly share any",
                  "keep them as a list of maps");
    }
  }

  std::span<const Value> rows_;
  std::vector<Collected> columns_;
  std::map<std::string_view, std::size_t> index_;
  std::uint64_t filled_ = 0;
};

}  // namespace

TableBuilder& TableBuilder::add(std::string name, std::span<const std::int64_t> values) {
  return add(fixed_column(std::move(name), "l", std::as_bytes(values), std::ssize(values)));
}

TableBuilder& TableBuilder::add(std::string name, std::span<const double> values) {
  return add(fixed_column(std::move(name), "g", std::as_bytes(values), std::ssize(values)));
}

TableBuilder& TableBuilder::add(std::string name, std::span<const Time> times) {
  static_assert(sizeof(Time) == sizeof(std::int64_t));
  return add(fixed_column(std::move(name), "tsn:UTC", std::as_bytes(times), std::ssize(times)));
}

TableBuilder& TableBuilder::add(std::string name, std::span<const std::string_view> texts) {
  Column column;
  column.name = std::move(name);
  column.length = std::ssize(texts);
  column.buffers.emplace_back();
  add_variable(column, texts.size(), true, [&](std::size_t i) { return texts[i]; });
  return add(std::move(column));
}

TableBuilder& TableBuilder::add(std::string name, std::span<const Value> cells) {
  std::vector<const Value*> pointers;
  pointers.reserve(cells.size());
  for (const Value& cell : cells) pointers.push_back(&cell);
  return add(infer_column(std::move(name), pointers));
}

TableBuilder& TableBuilder::add(Column column) {
  columns_.push_back(std::move(column));
  return *this;
}

Value TableBuilder::finish() {
  std::vector<Column> columns = std::move(columns_);
  columns_.clear();
  const std::int64_t rows = columns.empty() ? 0 : columns.front().length;
  std::set<std::string_view> names;
  for (Column& column : columns) {
    if (!names.insert(column.name).second) {
      throw Error(Code::invalid, "two columns have the name '" + column.name + "'").with("column", column.name);
    }
    check_column(column, rows);
  }
  return make_table(rows, std::move(columns));
}

Value table_from_rows(const Value& rows) {
  TableBuilder builder;
  const auto items = rows.items();
  std::vector<Column> columns = Sorter(items).columns();
  if (columns.empty()) return make_table(std::ssize(items), {});
  for (Column& column : columns) builder.add(std::move(column));
  return builder.finish();
}

}  // namespace mortise::data
