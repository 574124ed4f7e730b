#include "tables.h"

#include <array>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "mortise/leaf.hpp"

namespace conformance {
namespace {

using mortise::Code;
using mortise::Error;
using mortise::Value;

// ---- making

using Bytes = std::vector<std::byte>;

template <typename T>
Bytes bytes_of(const std::vector<T>& items) {
  const auto raw = std::as_bytes(std::span(items));
  return {raw.begin(), raw.end()};
}

Bytes bitmap(std::int64_t rows, bool (*set)(std::int64_t)) {
  Bytes bits(static_cast<std::size_t>((rows + 7) / 8));
  for (std::int64_t row = 0; row < rows; ++row) {
    if (set(row)) bits[static_cast<std::size_t>(row / 8)] |= std::byte{1} << row % 8;
  }
  return bits;
}

// One column: what its schema and its array point to lives here, behind their private_data.
struct Column {
  std::string name, format;
  std::int64_t null_count = 0;
  std::vector<Bytes> buffers;
  std::vector<const void*> pointers;
};

struct Columns {
  std::vector<Column> columns;
  std::vector<ArrowSchema> schemas;
  std::vector<ArrowArray> arrays;
  std::vector<ArrowSchema*> schema_pointers;
  std::vector<ArrowArray*> array_pointers;
  std::array<const void*, 1> no_validity{nullptr};
};

template <typename Arrow>
void release(Arrow* self) {
  delete static_cast<std::shared_ptr<Columns>*>(self->private_data);
  self->release = nullptr;
}

Value table_of(std::int64_t rows, std::vector<Column> columns) {
  auto owned = std::make_shared<Columns>();
  owned->columns = std::move(columns);
  owned->schemas.resize(owned->columns.size());
  owned->arrays.resize(owned->columns.size());
  for (std::size_t i = 0; i < owned->columns.size(); ++i) {
    Column& column = owned->columns[i];
    for (const Bytes& buffer : column.buffers) column.pointers.push_back(buffer.empty() ? nullptr : buffer.data());
    // Children belong to the table's own release; a consumer that moves one out would have to copy it. The host does not.
    owned->schemas[i] = {column.format.c_str(),
                         column.name.c_str(),
                         nullptr,
                         ARROW_FLAG_NULLABLE,
                         0,
                         nullptr,
                         nullptr,
                         [](ArrowSchema* self) { self->release = nullptr; },
                         nullptr};
    owned->arrays[i] = {rows,
                        column.null_count,
                        0,
                        static_cast<std::int64_t>(column.pointers.size()),
                        0,
                        column.pointers.data(),
                        nullptr,
                        nullptr,
                        [](ArrowArray* self) { self->release = nullptr; },
                        nullptr};
    owned->schema_pointers.push_back(&owned->schemas[i]);
    owned->array_pointers.push_back(&owned->arrays[i]);
  }
  const auto count = static_cast<std::int64_t>(owned->columns.size());
  ArrowSchema schema{"+s",
                     "",
                     nullptr,
                     0,
                     count,
                     owned->schema_pointers.data(),
                     nullptr,
                     release<ArrowSchema>,
                     new std::shared_ptr<Columns>(owned)};
  ArrowArray array{rows,
                   0,
                   0,
                   1,
                   count,
                   owned->no_validity.data(),
                   owned->array_pointers.data(),
                   nullptr,
                   release<ArrowArray>,
                   new std::shared_ptr<Columns>(owned)};
  return mortise::make_table(std::move(schema), std::move(array));
}

// ---- reading

struct Found {
  const ArrowSchema& schema;
  const ArrowArray& array;

  [[nodiscard]] bool is_null(std::int64_t row) const noexcept {
    const auto* bits = static_cast<const std::uint8_t*>(array.buffers[0]);
    const std::int64_t at = row + array.offset;
    return array.null_count != 0 && bits != nullptr && (bits[at / 8] >> at % 8 & 1) == 0;
  }
  template <typename T>
  [[nodiscard]] T at(int buffer, std::int64_t row) const noexcept {
    return static_cast<const T*>(array.buffers[buffer])[row + array.offset];
  }
};

Found find(const Value& value, std::string_view name) {
  const mortise_table& table = value.as_table();
  for (std::int64_t i = 0; i < table.schema.n_children; ++i) {
    if (name == table.schema.children[i]->name) return {*table.schema.children[i], *table.array.children[i]};
  }
  throw Error(Code::not_found, "no column '" + std::string(name) + "'");
}

template <typename T>
double sum(const Found& column) {
  double total = 0;
  for (std::int64_t row = 0; row < column.array.length; ++row) {
    if (!column.is_null(row)) total += static_cast<double>(column.at<T>(1, row));
  }
  return total;
}

double sum_of(const Found& column) {
  const std::string_view format = column.schema.format;
  if (format == "c") return sum<std::int8_t>(column);
  if (format == "C") return sum<std::uint8_t>(column);
  if (format == "s") return sum<std::int16_t>(column);
  if (format == "S") return sum<std::uint16_t>(column);
  if (format == "i") return sum<std::int32_t>(column);
  if (format == "I") return sum<std::uint32_t>(column);
  if (format == "l") return sum<std::int64_t>(column);
  if (format == "L") return sum<std::uint64_t>(column);
  if (format == "f") return sum<float>(column);
  if (format == "g") return sum<double>(column);
  throw Error(Code::unsupported, "columns of format " + std::string(format) + " are not summed");
}

template <typename T>
Value add(const mortise_tensor& tensor, double number) {
  const std::vector<std::int64_t> shape(tensor.shape, tensor.shape + tensor.rank);
  const auto count =
      static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
  const auto* source = static_cast<const T*>(tensor.data);
  std::vector<T> elements(source, source + count);
  for (T& element : elements) element = static_cast<T>(element + static_cast<T>(number));
  return mortise::make_tensor(std::move(elements), shape);
}

}  // namespace

Value make_example_table(std::int64_t rows) {
  std::vector<std::int64_t> id(static_cast<std::size_t>(rows)), when;
  std::iota(id.begin(), id.end(), 0);
  std::vector<double> half;
  std::vector<std::int32_t> ends{0};
  std::string names;
  for (const std::int64_t row : id) {
    half.push_back(static_cast<double>(row) * 0.5);
    when.push_back(row * 1'000'000'000);
    names += "row " + std::to_string(row);
    ends.push_back(static_cast<std::int32_t>(names.size()));
  }
  const Bytes third = bitmap(rows, [](std::int64_t row) { return row % 3 != 0; });
  return table_of(rows,
                  {
                      {"id", "l", 0, {{}, bytes_of(id)}, {}},
                      {"half", "g", 0, {{}, bytes_of(half)}, {}},
                      {"name", "u", 0, {{}, bytes_of(ends), bytes_of(std::vector(names.begin(), names.end()))}, {}},
                      {"even", "b", 0, {{}, bitmap(rows, [](std::int64_t row) { return row % 2 == 0; })}, {}},
                      {"when", "tsn:UTC", 0, {{}, bytes_of(when)}, {}},
                      {"maybe", "l", (rows + 2) / 3, {third, bytes_of(id)}, {}},
                  });
}

Value sum_column(const Value& table, std::string_view name) {
  const Found column = find(table, name);
  return Value::map({{"rows", column.array.length}, {"nulls", column.array.null_count}, {"sum", sum_of(column)}});
}

Value join_texts(const Value& table, std::string_view name) {
  const Found column = find(table, name);
  if (std::string_view(column.schema.format) != "u")
    throw Error(Code::unsupported, "only columns of format u are joined");
  std::string joined;
  for (std::int64_t row = 0; row < column.array.length; ++row) {
    if (row > 0) joined += '|';
    if (column.is_null(row)) {
      joined += '-';
      continue;
    }
    const auto begin = column.at<std::int32_t>(1, row);
    const auto end = column.at<std::int32_t>(1, row + 1);
    joined.append(static_cast<const char*>(column.array.buffers[2]) + begin, static_cast<std::size_t>(end - begin));
  }
  return joined;
}

Value add_to_tensor(const Value& value, double number) {
  const mortise_tensor& tensor = value.as_tensor();
  switch (tensor.dtype) {
    case MORTISE_DTYPE_FP64: return add<double>(tensor, number);
    case MORTISE_DTYPE_FP32: return add<float>(tensor, number);
    case MORTISE_DTYPE_INT64: return add<std::int64_t>(tensor, number);
    case MORTISE_DTYPE_INT32: return add<std::int32_t>(tensor, number);
    case MORTISE_DTYPE_UINT8: return add<std::uint8_t>(tensor, number);
    default: throw Error(Code::unsupported, "nothing is added to tensors of this type");
  }
}

}  // namespace conformance
