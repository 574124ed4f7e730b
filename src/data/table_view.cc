#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <string>

#include "data/cell_text.h"
#include "data/column_format.h"
#include "data/table.h"
#include "data/tensor.h"

namespace mortise::data {
namespace {

template <typename T>
T load(const ArrowArray& array, std::size_t buffer, std::int64_t index) noexcept {
  T value{};
  std::memcpy(&value,
              static_cast<const std::byte*>(array.buffers[buffer]) + static_cast<std::size_t>(index) * sizeof(T),
              sizeof(T));
  return value;
}

Value unsigned_value(std::uint64_t number) {
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return static_cast<double>(number);
  return number;
}

// A cell of a fixed-width format of one letter.
Value letter_cell(char letter, const ArrowArray& array, std::int64_t at) {
  switch (letter) {
    case 'b': return bit_at(static_cast<const std::byte*>(array.buffers[1]), at);
    case 'c': return load<std::int8_t>(array, 1, at);
    case 'C': return load<std::uint8_t>(array, 1, at);
    case 's': return load<std::int16_t>(array, 1, at);
    case 'S': return load<std::uint16_t>(array, 1, at);
    case 'i': return load<std::int32_t>(array, 1, at);
    case 'I': return load<std::uint32_t>(array, 1, at);
    case 'l': return load<std::int64_t>(array, 1, at);
    case 'L': return unsigned_value(load<std::uint64_t>(array, 1, at));
    case 'e': return half_to_double(load<std::uint16_t>(array, 1, at));
    case 'f': return load<float>(array, 1, at);
    case 'g': return load<double>(array, 1, at);
    default: return nullptr;
  }
}

Value temporal_cell(std::string_view format, const ArrowArray& array, std::int64_t at) {
  if (format == "tdD") return date_text(load<std::int32_t>(array, 1, at));
  if (format == "tdm") return date_text(floor_divide(load<std::int64_t>(array, 1, at), 86'400'000));
  if (format == "tts") return clock_text(load<std::int32_t>(array, 1, at), 1);
  if (format == "ttm") return clock_text(load<std::int32_t>(array, 1, at), 1'000);
  if (format == "ttu") return clock_text(load<std::int64_t>(array, 1, at), 1'000'000);
  if (format == "ttn") return clock_text(load<std::int64_t>(array, 1, at), 1'000'000'000);
  if (format[1] == 'D') return load<std::int64_t>(array, 1, at);
  return timestamp_value(load<std::int64_t>(array, 1, at), format[2]);
}

std::string_view variable_cell(const ColumnFormat& format, const ArrowArray& array, std::int64_t at) noexcept {
  const bool narrow = format.offset_width == 4;
  const std::int64_t begin = narrow ? load<std::int32_t>(array, 1, at) : load<std::int64_t>(array, 1, at);
  const std::int64_t end = narrow ? load<std::int32_t>(array, 1, at + 1) : load<std::int64_t>(array, 1, at + 1);
  return {static_cast<const char*>(array.buffers[2]) + begin, static_cast<std::size_t>(end - begin)};
}

std::int64_t dictionary_index(char letter, const ArrowArray& array, std::int64_t at) {
  return letter_cell(letter, array, at).as_int64();
}

}  // namespace

CellType cell_type(std::string_view format) noexcept {
  if (format.empty()) return CellType::other;
  switch (format[0]) {
    case 'n': return CellType::null;
    case 'b': return CellType::boolean;
    case 'c':
    case 'C':
    case 's':
    case 'S':
    case 'i':
    case 'I':
    case 'l':
    case 'L': return CellType::integer;
    case 'e':
    case 'f':
    case 'g': return CellType::real;
    case 'u':
    case 'U': return CellType::text;
    case 'z':
    case 'Z':
    case 'w': return CellType::bytes;
    case '+': return format == "+s" ? CellType::record : CellType::list;
    case 't':
      if (format.starts_with("ts")) return CellType::time;
      return format.starts_with("td") ? CellType::date : CellType::other;
    default: return CellType::other;
  }
}

std::string_view name_of(CellType type) noexcept {
  constexpr std::array<std::string_view, 11> names{"null", "boolean", "integer", "real",   "text", "bytes",
                                                   "time", "date",    "list",    "record", "other"};
  return names[static_cast<std::size_t>(type)];
}

// ---- ColumnView ------------------------------------------------------------------------------------------------------

ColumnView::ColumnView(const ArrowSchema& schema, const ArrowArray& array, std::int64_t first_row,
                       std::int64_t rows) noexcept
    : schema_(&schema), array_(&array), first_(first_row + array.offset), rows_(rows) {}

std::string_view ColumnView::name() const noexcept { return schema_->name != nullptr ? schema_->name : ""; }

std::string_view ColumnView::format() const noexcept {
  return schema_->dictionary != nullptr ? schema_->dictionary->format : schema_->format;
}

CellType ColumnView::type() const noexcept { return cell_type(format()); }

bool ColumnView::is_null(std::int64_t row) const noexcept {
  if (array_->n_buffers == 0) return true;  // format n
  if (array_->null_count == 0 || array_->buffers[0] == nullptr) return false;
  return !bit_at(static_cast<const std::byte*>(array_->buffers[0]), first_ + row);
}

const void* ColumnView::fixed_width(std::size_t width, Number number) const {
  const std::string_view format = schema_->format;
  const ColumnFormat layout = column_format(format);
  const bool real = format == "e" || format == "f" || format == "g";
  const bool is_unsigned = format == "C" || format == "S" || format == "I" || format == "L";
  const Number kind = real ? Number::real : is_unsigned ? Number::unsigned_integer : Number::integer;
  if (layout.layout != Layout::fixed || schema_->dictionary != nullptr || layout.width != width || kind != number) {
    throw Error(Code::invalid, "column '" + std::string(name()) + "' has the format '" + std::string(format) +
                                   "', which is not what was asked for")
        .with("column", std::string(name()))
        .with("got", std::string(format));
  }
  return static_cast<const std::byte*>(array_->buffers[1]) + static_cast<std::size_t>(first_) * width;
}

std::string_view ColumnView::text(std::int64_t row) const {
  if (schema_->dictionary != nullptr) {
    if (is_null(row)) return {};
    const std::int64_t index = dictionary_index(schema_->format[0], *array_, first_ + row);
    return ColumnView(*schema_->dictionary, *array_->dictionary, 0, array_->dictionary->length).text(index);
  }
  const ColumnFormat format = column_format(schema_->format);
  if (format.layout == Layout::variable) return variable_cell(format, *array_, first_ + row);
  if (format.layout == Layout::fixed && schema_->format[0] == 'w') {
    return {static_cast<const char*>(array_->buffers[1]) + static_cast<std::size_t>(first_ + row) * format.width,
            format.width};
  }
  throw Error(Code::invalid,
              "column '" + std::string(name()) + "' has the format '" + schema_->format + "', not text or bytes")
      .with("column", std::string(name()))
      .with("got", schema_->format);
}

Value ColumnView::cell(std::int64_t row) const {
  if (is_null(row)) return nullptr;
  const std::int64_t at = first_ + row;
  const std::string_view format = schema_->format;
  if (schema_->dictionary != nullptr) {
    const ColumnView values(*schema_->dictionary, *array_->dictionary, 0, array_->dictionary->length);
    return values.cell(dictionary_index(format[0], *array_, at));
  }
  switch (cell_type(format)) {
    case CellType::text: return text(row);
    case CellType::bytes: return Value::bytes(text(row));
    case CellType::record: {
      Value record = Value::map();
      for (std::int64_t i = 0; i < schema_->n_children; ++i) {
        const ColumnView field(*schema_->children[i], *array_->children[i], 0, at + 1);
        record.set(field.name(), field.cell(at));
      }
      return record;
    }
    case CellType::list: {
      const bool narrow = format == "+l";
      const std::int64_t begin = narrow ? load<std::int32_t>(*array_, 1, at) : load<std::int64_t>(*array_, 1, at);
      const std::int64_t end = narrow ? load<std::int32_t>(*array_, 1, at + 1) : load<std::int64_t>(*array_, 1, at + 1);
      const ColumnView items(*schema_->children[0], *array_->children[0], 0, end);
      Value list = Value::list();
      list.reserve(static_cast<std::size_t>(end - begin));
      for (std::int64_t i = begin; i < end; ++i) list.push_back(items.cell(i));
      return list;
    }
    default: break;
  }
  if (format[0] == 't') return temporal_cell(format, *array_, at);
  if (format[0] == 'd') {
    int scale = 0;
    const std::string_view digits = format.substr(format.find(',') + 1);
    std::from_chars(digits.data(), digits.data() + digits.size(), scale);
    return decimal_text(load<Int128>(*array_, 1, at), scale);
  }
  return letter_cell(format[0], *array_, at);
}

// ---- TableView -------------------------------------------------------------------------------------------------------

std::int64_t TableView::rows() const noexcept { return leaf_->array.length; }

std::size_t TableView::columns() const noexcept { return static_cast<std::size_t>(leaf_->schema.n_children); }

ColumnView TableView::column(std::size_t index) const {
  if (index >= columns()) {
    throw Error(Code::not_found,
                "column " + std::to_string(index) + " of a table of " + std::to_string(columns()) + " columns");
  }
  return {*leaf_->schema.children[index], *leaf_->array.children[index], leaf_->array.offset, rows()};
}

std::optional<std::size_t> TableView::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < columns(); ++i) {
    const char* here = leaf_->schema.children[i]->name;
    if (here != nullptr && name == here) return i;
  }
  return std::nullopt;
}

ColumnView TableView::column(std::string_view name) const {
  if (const auto index = find(name)) return column(*index);
  std::string known;
  for (std::size_t i = 0; i < columns(); ++i) known += (i == 0 ? "" : ", ") + std::string(column(i).name());
  throw Error(Code::not_found, "no column '" + std::string(name) + "'", "the table has: " + known)
      .with("column", std::string(name));
}

Value TableView::row(std::int64_t row) const {
  if (row < 0 || row >= rows()) {
    throw Error(Code::not_found, "row " + std::to_string(row) + " of a table of " + std::to_string(rows()) + " rows");
  }
  Value map = Value::map();
  map.reserve(columns());
  for (std::size_t i = 0; i < columns(); ++i) {
    const ColumnView view = column(i);
    map.append(view.name(), view.cell(row));
  }
  return map;
}

Value TableView::to_rows() const {
  Value list = Value::list();
  list.reserve(static_cast<std::size_t>(rows()));
  for (std::int64_t i = 0; i < rows(); ++i) list.push_back(row(i));
  return list;
}

}  // namespace mortise::data
