#include "lib/cells.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <cmath>
#include <limits>

#include "lib/civil.h"
#include "mortise/error.hpp"

namespace mortise::plugins {
namespace {

template <typename Array>
const Array& as(const arrow::Array& array) {
  return static_cast<const Array&>(array);
}

std::int64_t units_per_second(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return 1;
    case arrow::TimeUnit::MILLI: return 1'000;
    case arrow::TimeUnit::MICRO: return 1'000'000;
    case arrow::TimeUnit::NANO: return 1'000'000'000;
  }
  return 1;
}

struct Clock {
  std::int64_t seconds;
  std::int32_t nanoseconds;
};

Clock split(std::int64_t count, std::int64_t per_second) {
  std::int64_t seconds = count / per_second;
  std::int64_t rest = count % per_second;
  if (rest < 0) {
    rest += per_second;
    --seconds;
  }
  return {seconds, static_cast<std::int32_t>(rest * (1'000'000'000 / per_second))};
}

std::int64_t unit_of(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::TIMESTAMP: return units_per_second(static_cast<const arrow::TimestampType&>(type).unit());
    case arrow::Type::TIME32:
    case arrow::Type::TIME64: return units_per_second(static_cast<const arrow::TimeType&>(type).unit());
    default: return 1;
  }
}

std::string timestamp_text(const arrow::Array& column, std::int64_t row) {
  const Clock clock = split(as<arrow::TimestampArray>(column).Value(row), unit_of(*column.type()));
  return format_time(clock.seconds, clock.nanoseconds) + "Z";
}

std::string time_of_day(std::int64_t count, std::int64_t per_second) {
  const Clock clock = split(count, per_second);
  return format_time(clock.seconds, clock.nanoseconds).substr(11);  // behind "1970-01-01T"
}

// Dates, times and decimals: what is written as a text without anything to escape.
std::optional<std::string> plain_text(const arrow::Array& column, std::int64_t row) {
  switch (column.type_id()) {
    case arrow::Type::DATE32: return format_date(as<arrow::Date32Array>(column).Value(row));
    case arrow::Type::DATE64:
      return format_date(
          static_cast<std::int32_t>(split(as<arrow::Date64Array>(column).Value(row), 1'000).seconds / 86'400));
    case arrow::Type::TIMESTAMP: return timestamp_text(column, row);
    case arrow::Type::TIME32: return time_of_day(as<arrow::Time32Array>(column).Value(row), unit_of(*column.type()));
    case arrow::Type::TIME64: return time_of_day(as<arrow::Time64Array>(column).Value(row), unit_of(*column.type()));
    default: return std::nullopt;
  }
}

std::optional<std::string_view> text_view(const arrow::Array& column, std::int64_t row) {
  switch (column.type_id()) {
    case arrow::Type::STRING: return as<arrow::StringArray>(column).GetView(row);
    case arrow::Type::LARGE_STRING: return as<arrow::LargeStringArray>(column).GetView(row);
    case arrow::Type::STRING_VIEW: return as<arrow::StringViewArray>(column).GetView(row);
    default: return std::nullopt;
  }
}

std::optional<std::string_view> bytes_view(const arrow::Array& column, std::int64_t row) {
  switch (column.type_id()) {
    case arrow::Type::BINARY: return as<arrow::BinaryArray>(column).GetView(row);
    case arrow::Type::LARGE_BINARY: return as<arrow::LargeBinaryArray>(column).GetView(row);
    case arrow::Type::BINARY_VIEW: return as<arrow::BinaryViewArray>(column).GetView(row);
    case arrow::Type::FIXED_SIZE_BINARY: return as<arrow::FixedSizeBinaryArray>(column).GetView(row);
    default: return std::nullopt;
  }
}

std::optional<std::string> integer_text(const arrow::Array& column, std::int64_t row) {
  switch (column.type_id()) {
    case arrow::Type::INT8: return std::to_string(as<arrow::Int8Array>(column).Value(row));
    case arrow::Type::INT16: return std::to_string(as<arrow::Int16Array>(column).Value(row));
    case arrow::Type::INT32: return std::to_string(as<arrow::Int32Array>(column).Value(row));
    case arrow::Type::INT64: return std::to_string(as<arrow::Int64Array>(column).Value(row));
    case arrow::Type::UINT8: return std::to_string(as<arrow::UInt8Array>(column).Value(row));
    case arrow::Type::UINT16: return std::to_string(as<arrow::UInt16Array>(column).Value(row));
    case arrow::Type::UINT32: return std::to_string(as<arrow::UInt32Array>(column).Value(row));
    case arrow::Type::UINT64: return std::to_string(as<arrow::UInt64Array>(column).Value(row));
    case arrow::Type::DURATION: return std::to_string(as<arrow::DurationArray>(column).Value(row));
    case arrow::Type::DECIMAL128: return as<arrow::Decimal128Array>(column).FormatValue(row);
    case arrow::Type::DECIMAL256: return as<arrow::Decimal256Array>(column).FormatValue(row);
    default: return std::nullopt;
  }
}

void append_items(std::string& out, const arrow::Array& items, std::int64_t begin, std::int64_t end, JsonFor target) {
  out += '[';
  for (std::int64_t i = begin; i < end; ++i) {
    if (i > begin) out += ',';
    append_cell(out, items, i, target);
  }
  out += ']';
}

void append_struct(std::string& out, const arrow::StructArray& column, std::int64_t row, JsonFor target) {
  out += '{';
  for (int i = 0; i < column.num_fields(); ++i) {
    if (i > 0) out += ',';
    append_json(out, std::string_view(column.struct_type()->field(i)->name()), target);
    out += ':';
    append_cell(out, *column.field(i), row, target);
  }
  out += '}';
}

void append_nested(std::string& out, const arrow::Array& column, std::int64_t row, JsonFor target) {
  switch (column.type_id()) {
    case arrow::Type::LIST: {
      const auto& list = as<arrow::ListArray>(column);
      return append_items(out, *list.values(), list.value_offset(row), list.value_offset(row + 1), target);
    }
    case arrow::Type::LARGE_LIST: {
      const auto& list = as<arrow::LargeListArray>(column);
      return append_items(out, *list.values(), list.value_offset(row), list.value_offset(row + 1), target);
    }
    case arrow::Type::STRUCT: return append_struct(out, as<arrow::StructArray>(column), row, target);
    default:
      throw Error(Code::unsupported, "a column of " + column.type()->ToString() + " cannot be written",
                  "leave the column out, or turn it into text first");
  }
}

}  // namespace

void append_cell(std::string& out, const arrow::Array& column, std::int64_t row, JsonFor target) {
  if (column.type_id() == arrow::Type::NA || column.IsNull(row)) {
    out += "null";
    return;
  }
  if (const auto text = text_view(column, row)) return append_json(out, *text, target);
  if (const auto integer = integer_text(column, row)) {
    out += *integer;
    return;
  }
  switch (column.type_id()) {
    case arrow::Type::BOOL: out += as<arrow::BooleanArray>(column).Value(row) ? "true" : "false"; return;
    case arrow::Type::DOUBLE: return append_json(out, as<arrow::DoubleArray>(column).Value(row));
    case arrow::Type::FLOAT: return append_json(out, as<arrow::FloatArray>(column).Value(row));
    case arrow::Type::HALF_FLOAT: return append_json(out, static_cast<float>(cell_number(column, row).value_or(0)));
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = as<arrow::DictionaryArray>(column);
      return append_cell(out, *dictionary.dictionary(), dictionary.GetValueIndex(row), target);
    }
    default: break;
  }
  if (const auto text = plain_text(column, row)) return append_json(out, std::string_view(*text), target);
  if (const auto bytes = bytes_view(column, row)) return append_json(out, std::string_view(base64(*bytes)), target);
  append_nested(out, column, row, target);
}

std::string cell_text(const arrow::Array& column, std::int64_t row) {
  if (column.type_id() == arrow::Type::NA || column.IsNull(row)) return {};
  if (const auto text = text_view(column, row)) return std::string(*text);
  if (column.type_id() == arrow::Type::DICTIONARY) {
    const auto& dictionary = as<arrow::DictionaryArray>(column);
    return cell_text(*dictionary.dictionary(), dictionary.GetValueIndex(row));
  }
  if (const auto text = plain_text(column, row)) return *text;
  std::string out;
  append_cell(out, column, row);
  return out;
}

std::optional<double> cell_number(const arrow::Array& column, std::int64_t row) {
  if (column.type_id() == arrow::Type::NA || column.IsNull(row)) return std::nullopt;
  switch (column.type_id()) {
    case arrow::Type::BOOL: return as<arrow::BooleanArray>(column).Value(row) ? 1 : 0;
    case arrow::Type::DOUBLE: return as<arrow::DoubleArray>(column).Value(row);
    case arrow::Type::FLOAT: return double{as<arrow::FloatArray>(column).Value(row)};
    case arrow::Type::HALF_FLOAT:
      return double{arrow::util::Float16::FromBits(as<arrow::HalfFloatArray>(column).Value(row)).ToFloat()};
    case arrow::Type::DATE32: return as<arrow::Date32Array>(column).Value(row) * 86'400'000.0;
    case arrow::Type::DATE64: return static_cast<double>(as<arrow::Date64Array>(column).Value(row));
    case arrow::Type::TIMESTAMP:
      return static_cast<double>(as<arrow::TimestampArray>(column).Value(row)) * 1000.0 /
             static_cast<double>(unit_of(*column.type()));
    case arrow::Type::DICTIONARY: {
      const auto& dictionary = as<arrow::DictionaryArray>(column);
      return cell_number(*dictionary.dictionary(), dictionary.GetValueIndex(row));
    }
    default: break;
  }
  if (const auto integer = integer_text(column, row)) return std::strtod(integer->c_str(), nullptr);
  return std::nullopt;
}

bool is_number_column(const arrow::Array& column) {
  const auto id = column.type_id();
  return arrow::is_integer(id) || arrow::is_floating(id) || arrow::is_decimal(id);
}

bool is_time_column(const arrow::Array& column) {
  return arrow::is_date(column.type_id()) || column.type_id() == arrow::Type::TIMESTAMP;
}

}  // namespace mortise::plugins
