#include "literal.h"

#include <charconv>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "data/table.h"
#include "data/tensor.h"

namespace conformance {
namespace {

using mortise::Code;
using mortise::Error;
using mortise::Kind;
using mortise::Value;
using mortise::data::Buffer;
using mortise::data::Column;

[[noreturn]] void refuse(std::string_view what) {
  throw Error(Code::invalid, "a case file has what this driver does not know: " + std::string(what));
}

template <typename T>
void append(std::string& bytes, T number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// ---- literal bytes

double real_of(const Value& node) {
  if (!node.is(Kind::string)) return node.as_float64();
  if (node.as_string() == "NaN") return std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  return node.as_string() == "Infinity" ? infinity : -infinity;
}

template <typename T>
T number_of(const Value& node) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(real_of(node));
  } else {
    if (!node.is(Kind::string)) return static_cast<T>(node.as_int64());
    T number{};  // beyond int64
    const std::string_view text = node.as_string();
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }
}

// Exact for the halves that case files use: powers of two times short fractions.
std::uint16_t half_of(double number) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    if (mortise::data::half_to_double(static_cast<std::uint16_t>(bits)) == number)
      return static_cast<std::uint16_t>(bits);
  }
  refuse("a number that is not a half");
}

void append_number(std::string& bytes, std::string_view form, const Value& node) {
  if (form == "i8") return append(bytes, number_of<std::int8_t>(node));
  if (form == "u8") return append(bytes, number_of<std::uint8_t>(node));
  if (form == "i16") return append(bytes, number_of<std::int16_t>(node));
  if (form == "u16") return append(bytes, number_of<std::uint16_t>(node));
  if (form == "i32") return append(bytes, number_of<std::int32_t>(node));
  if (form == "u32") return append(bytes, number_of<std::uint32_t>(node));
  if (form == "i64") return append(bytes, number_of<std::int64_t>(node));
  if (form == "u64") return append(bytes, number_of<std::uint64_t>(node));
  if (form == "f16") return append(bytes, half_of(real_of(node)));
  if (form == "f32") return append(bytes, number_of<float>(node));
  if (form == "f64") return append(bytes, number_of<double>(node));
  refuse(form);
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    const int digit = c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
    if (high >= 0) bytes += static_cast<char>(high << 4 | digit);
    high = high >= 0 ? -1 : digit;
  }
  return bytes;
}

std::string from_bits(std::string_view text) {
  std::string bytes((text.size() + 7) / 8, '\0');
  for (std::size_t row = 0; row < text.size(); ++row) {
    if (text[row] == '1') bytes[row / 8] = static_cast<char>(bytes[row / 8] | 1 << row % 8);
  }
  return bytes;
}

std::string literal_bytes(const Value& place) {
  const mortise::Member& only = place.members()[0];
  const std::string_view form = only.key();
  const Value& content = only.value();
  if (form == "hex") return from_hex(content.as_string());
  if (form == "utf8") return std::string(content.as_string());
  if (form == "bits") return from_bits(content.as_string());
  if (form == "zeros") return std::string(static_cast<std::size_t>(content.as_int64()), '\0');
  std::string bytes;
  if (form == "counting") {
    const std::string_view as = content.at("as").as_string();
    for (std::int64_t n = content.at("from").as_int64(); n < content.at("to").as_int64(); ++n)
      append_number(bytes, as, n);
  } else if (form == "repeated") {
    const std::string_view as = content.at("as").as_string();
    for (std::int64_t n = 0; n < content.at("times").as_int64(); ++n) append_number(bytes, as, content.at("number"));
  } else {
    for (const Value& number : content.items()) append_number(bytes, form, number);
  }
  return bytes;
}

Buffer buffer_of(const Value& place) {
  if (place.is_null()) return {};
  const std::string bytes = literal_bytes(place);
  return mortise::data::copy_of(std::as_bytes(std::span(bytes)));
}

// ---- leaves

Column column_of(const Value& node) {
  Column column;
  column.name = std::string(node.at("name").as_string());
  column.format = std::string(node.at("format").as_string());
  column.length = node.at("length").as_int64();
  column.null_count = node.at("null_count").as_int64();
  if (const Value* nullable = node.find("nullable")) column.nullable = nullable->as_bool();
  for (const Value& place : node.at("buffers").items()) column.buffers.push_back(buffer_of(place));
  if (const Value* children = node.find("children")) {
    for (const Value& child : children->items()) column.children.push_back(column_of(child));
  }
  if (const Value* dictionary = node.find("dictionary")) {
    column.dictionary = std::make_unique<Column>(column_of(*dictionary));
  }
  if (const Value* metadata = node.find("metadata")) {
    for (const mortise::Member& entry : metadata->members()) {
      column.metadata.emplace_back(entry.key(), entry.value().as_string());
    }
  }
  return column;
}

Value table_of(const Value& node) {
  const std::int64_t rows = node.at("rows").as_int64();
  std::vector<Column> columns;
  for (const Value& column : node.at("columns").items()) {
    columns.push_back(column_of(column));
    mortise::data::check_column(columns.back(), rows);
  }
  return mortise::data::make_table(rows, std::move(columns));
}

Value tensor_of(const Value& node) {
  const auto dtype = mortise::data::dtype_named(node.at("dtype").as_string());
  if (!dtype) refuse(node.at("dtype").as_string());
  std::vector<std::int64_t> shape;
  for (const Value& size : node.at("shape").items()) shape.push_back(size.as_int64());
  return mortise::data::make_tensor(*dtype, std::move(shape), buffer_of(node.at("data")));
}

// ---- short forms

Value lists(const Value& content) {
  const bool plain = content.is(Kind::int64);
  Value value = plain ? Value::list() : Value::list({content.at("of")});
  for (std::int64_t level = 1; level < (plain ? content.as_int64() : content.at("levels").as_int64()); ++level) {
    Value outer = Value::list();
    outer.push_back(std::move(value));
    value = std::move(outer);
  }
  return value;
}

Value maps(const Value& content) {
  Value value = Value::map();
  for (std::int64_t level = 1; level < content.at("levels").as_int64(); ++level) {
    Value outer = Value::map();
    outer.set(content.at("key").as_string(), std::move(value));
    value = std::move(outer);
  }
  return value;
}

Value repeated_text(const Value& content) {
  std::string text;
  for (std::int64_t n = 0; n < content.at("times").as_int64(); ++n) text += content.at("repeat").as_string();
  return text;
}

Value repeated(const Value& content) {
  const Value item = literal(content.at("repeat"));
  Value list = Value::list();
  for (std::int64_t n = 0; n < content.at("times").as_int64(); ++n) list.push_back(item);
  return list;
}

Value tagged_map(const Value& content) {
  Value map = Value::map();
  for (const Value& pair : content.items()) map.set(pair[0].as_string(), literal(pair[1]));
  return map;
}

Value tagged(std::string_view tag, const Value& content) {
  if (tag == "#lists") return lists(content);
  if (tag == "#maps") return maps(content);
  if (tag == "#text") return repeated_text(content);
  if (tag == "#list") return repeated(content);
  if (tag == "$int64") return number_of<std::int64_t>(content);
  if (tag == "$float64") return real_of(content);
  if (tag == "$bytes") return Value::bytes(literal_bytes(content));
  if (tag == "$time") return mortise::parse_rfc3339(content.as_string()).value();
  if (tag == "$map") return tagged_map(content);
  if (tag == "$tensor") return tensor_of(content);
  if (tag == "$table") return table_of(content);
  refuse(tag);
}

}  // namespace

Value literal(const Value& node) {
  if (node.is(Kind::list)) {
    Value list = Value::list();
    for (const Value& item : node.items()) list.push_back(literal(item));
    return list;
  }
  if (!node.is(Kind::map)) return node;
  if (node.size() == 1) {
    const mortise::Member& only = node.members()[0];
    if (only.key().starts_with('$') || only.key().starts_with('#')) return tagged(only.key(), only.value());
  }
  Value map = Value::map();
  for (const mortise::Member& member : node.members()) map.set(member.key(), literal(member.value()));
  return map;
}

}  // namespace conformance
