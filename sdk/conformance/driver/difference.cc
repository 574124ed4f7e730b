#include "difference.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "data/table.h"
#include "data/tensor.h"
#include "data/value_json.h"

namespace conformance {
namespace {

using mortise::Kind;
using mortise::Value;
using mortise::data::Column;

using Difference = std::optional<std::string>;

std::string shown(const Value& value) {
  std::string text = mortise::data::to_json(value, {.non_finite = mortise::data::NonFinite::text, .max_rows = 5});
  if (text.size() > 300) text = text.substr(0, 300) + " ...";
  return std::string(name_of(value.kind())) + " " + text;
}

bool same_bits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// ---- columns: the bytes of each cell, nothing for a null

using Cells = std::vector<std::optional<std::string>>;

bool bit(const mortise::data::Buffer& bitmap, std::int64_t row) {
  return (std::to_integer<int>(bitmap.bytes[static_cast<std::size_t>(row / 8)]) >> row % 8 & 1) != 0;
}

std::string part(const mortise::data::Buffer& buffer, std::int64_t begin, std::int64_t size) {
  return {reinterpret_cast<const char*>(buffer.bytes.data()) + begin, static_cast<std::size_t>(size)};
}

template <typename T>
std::int64_t integer_at(const mortise::data::Buffer& buffer, std::int64_t row) {
  T number{};
  std::memcpy(&number, buffer.bytes.data() + row * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return static_cast<std::int64_t>(number);
}

std::int64_t index_at(const Column& column, std::int64_t row) {
  switch (column.format[0]) {
    case 'c': return integer_at<std::int8_t>(column.buffers[1], row);
    case 'C': return integer_at<std::uint8_t>(column.buffers[1], row);
    case 's': return integer_at<std::int16_t>(column.buffers[1], row);
    case 'S': return integer_at<std::uint16_t>(column.buffers[1], row);
    case 'i': return integer_at<std::int32_t>(column.buffers[1], row);
    case 'I': return integer_at<std::uint32_t>(column.buffers[1], row);
    default: return integer_at<std::int64_t>(column.buffers[1], row);
  }
}

Cells cells_of(const Column& column);

std::string joined(const Cells& cells, std::int64_t begin, std::int64_t end) {
  std::string all;
  for (std::int64_t row = begin; row < end; ++row) {
    const auto& cell = cells[static_cast<std::size_t>(row)];
    all += cell ? "[" + std::to_string(cell->size()) + ":" + *cell + "]" : "null";
  }
  return all;
}

// The cell of a row that is not null. `inner` are the cells of children or of the dictionary.
std::string cell_at(const Column& column, const std::vector<Cells>& inner, std::int64_t row) {
  const std::string& format = column.format;
  if (column.dictionary != nullptr) return joined(inner[0], index_at(column, row), index_at(column, row) + 1);
  if (format == "b") return bit(column.buffers[1], row) ? "1" : "0";
  if (format == "+s") {
    std::string all;
    for (const Cells& child : inner) all += joined(child, row, row + 1);
    return all;
  }
  if (format == "u" || format == "z" || format == "U" || format == "Z" || format == "+l" || format == "+L") {
    const bool narrow = format == "u" || format == "z" || format == "+l";
    const auto end_of = [&](std::int64_t at) {
      return narrow ? integer_at<std::int32_t>(column.buffers[1], at) : integer_at<std::int64_t>(column.buffers[1], at);
    };
    if (format[0] == '+') return joined(inner[0], end_of(row), end_of(row + 1));
    return part(column.buffers[2], end_of(row), end_of(row + 1) - end_of(row));
  }
  const std::int64_t width = static_cast<std::int64_t>(column.buffers[1].bytes.size()) / column.length;
  return part(column.buffers[1], row * width, width);
}

Cells cells_of(const Column& column) {
  std::vector<Cells> inner;
  inner.reserve(column.children.size() + 1);
  for (const Column& child : column.children) inner.push_back(cells_of(child));
  if (column.dictionary != nullptr) inner.push_back(cells_of(*column.dictionary));
  Cells cells(static_cast<std::size_t>(column.length));
  if (column.format == "n") return cells;
  for (std::int64_t row = 0; row < column.length; ++row) {
    if (column.null_count != 0 && !bit(column.buffers[0], row)) continue;
    cells[static_cast<std::size_t>(row)] = cell_at(column, inner, row);
  }
  return cells;
}

Difference column_difference(const Column& got, const Column& wanted, const std::string& path) {
  if (got.name != wanted.name) return path + " is named '" + got.name + "', expected '" + wanted.name + "'";
  if (got.format != wanted.format) return path + " has format " + got.format + ", expected " + wanted.format;
  if (got.nullable != wanted.nullable) return path + " is nullable or not, other than expected";
  if (got.null_count != wanted.null_count) return path + " has " + std::to_string(got.null_count) + " nulls";
  if (got.metadata != wanted.metadata) return path + " has other metadata";
  if ((got.dictionary != nullptr) != (wanted.dictionary != nullptr)) return path + " has a dictionary, or has none";
  if (got.children.size() != wanted.children.size())
    return path + " has " + std::to_string(got.children.size()) + " children";
  for (std::size_t i = 0; i < got.children.size(); ++i) {
    if (auto found = column_difference(got.children[i], wanted.children[i], path + "." + wanted.children[i].name))
      return found;
  }
  const Cells mine = cells_of(got);
  const Cells theirs = cells_of(wanted);
  const auto [at, _] = std::mismatch(mine.begin(), mine.end(), theirs.begin(), theirs.end());
  if (at == mine.end() && mine.size() == theirs.size()) return std::nullopt;
  return path + " differs in row " + std::to_string(at - mine.begin());
}

Difference table_difference(const Value& got, const Value& wanted, const std::string& path) {
  if (mortise::data::row_count(got.as_table()) != mortise::data::row_count(wanted.as_table())) {
    return path + " has " + std::to_string(mortise::data::row_count(got.as_table())) + " rows";
  }
  const auto mine = mortise::data::table_columns(got.as_table());
  const auto theirs = mortise::data::table_columns(wanted.as_table());
  if (mine.size() != theirs.size()) return path + " has " + std::to_string(mine.size()) + " columns";
  for (std::size_t i = 0; i < mine.size(); ++i) {
    if (auto found = column_difference(mine[i], theirs[i], path + "." + theirs[i].name)) return found;
  }
  return std::nullopt;
}

Difference tensor_difference(const mortise_tensor& got, const mortise_tensor& wanted, const std::string& path) {
  const auto mine = mortise::data::tensor_bytes(got);
  const auto theirs = mortise::data::tensor_bytes(wanted);
  const bool same = got.dtype == wanted.dtype && got.rank == wanted.rank &&
                    std::equal(got.shape, got.shape + got.rank, wanted.shape) && std::ranges::equal(mine, theirs);
  return same ? std::nullopt : Difference(path + " is another tensor");
}

Difference list_difference(const Value& got, const Value& wanted, const std::string& path) {
  for (std::size_t i = 0; i < std::min(got.size(), wanted.size()); ++i) {
    if (auto found = difference(got[i], wanted[i], path + "[" + std::to_string(i) + "]")) return found;
  }
  return got.size() == wanted.size() ? std::nullopt
                                     : Difference(path + " has " + std::to_string(got.size()) + " items");
}

Difference map_difference(const Value& got, const Value& wanted, const std::string& path) {
  for (std::size_t i = 0; i < std::min(got.size(), wanted.size()); ++i) {
    const mortise::Member& mine = got.members()[i];
    const mortise::Member& theirs = wanted.members()[i];
    if (mine.key() != theirs.key())
      return path + " has the key '" + std::string(mine.key()) + "' where another was expected";
    if (auto found = difference(mine.value(), theirs.value(), path + "." + std::string(theirs.key()))) return found;
  }
  return got.size() == wanted.size() ? std::nullopt : Difference(path + " has " + std::to_string(got.size()) + " keys");
}

}  // namespace

Difference difference(const Value& got, const Value& wanted, const std::string& path) {
  bool same = got.kind() == wanted.kind();
  if (same) {
    switch (got.kind()) {
      case Kind::list: return list_difference(got, wanted, path);
      case Kind::map: return map_difference(got, wanted, path);
      case Kind::tensor: return tensor_difference(got.as_tensor(), wanted.as_tensor(), path);
      case Kind::table: return table_difference(got, wanted, path);
      case Kind::float64: same = same_bits(got.as_float64(), wanted.as_float64()); break;
      default: same = got == wanted;
    }
  }
  return same ? std::nullopt : Difference(path + " is " + shown(got) + ", expected " + shown(wanted));
}

std::uint64_t leaf_bytes(const Value& value) {
  std::uint64_t total = 0;
  switch (value.kind()) {
    case Kind::bytes: return value.size();
    case Kind::tensor: return mortise::data::tensor_bytes(value.as_tensor()).size();
    case Kind::table: return mortise::data::table_bytes(value.as_table());
    case Kind::list:
      for (const Value& item : value.items()) total += leaf_bytes(item);
      return total;
    case Kind::map:
      for (const mortise::Member& member : value.members()) total += leaf_bytes(member.value());
      return total;
    default: return 0;
  }
}

}  // namespace conformance
