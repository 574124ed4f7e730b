#include "describe.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "mortise/leaf.hpp"

namespace conformance {
namespace {

using mortise::Code;
using mortise::Error;
using mortise::Kind;
using mortise::Value;

constexpr const char* dtypes[] = {"",      "BOOL",  "UINT8", "UINT16", "UINT32", "UINT64", "INT8",
                                  "INT16", "INT32", "INT64", "FP16",   "FP32",   "FP64"};

std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex += digits[static_cast<unsigned char>(byte) >> 4];
    hex += digits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2) {
    unsigned byte = 0;
    std::from_chars(hex.data() + at, hex.data() + at + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::int64_t to_int64(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) {
    throw Error(Code::invalid, "'" + std::string(text) + "' is not an integer");
  }
  return number;
}

Value bits_of(double number) {
  if (std::isnan(number)) return "nan";
  const auto bits = std::bit_cast<std::uint64_t>(number);
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(bits >> (56 - 8 * i) & 255);
  return to_hex(bytes);
}

double from_bits(std::string_view text) {
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  std::uint64_t bits = 0;
  std::from_chars(text.data(), text.data() + text.size(), bits, 16);
  return std::bit_cast<double>(bits);
}

Value describe_tensor(const mortise_tensor& tensor) {
  Value shape = Value::list();
  for (std::uint32_t axis = 0; axis < tensor.rank; ++axis) shape.push_back(tensor.shape[axis]);
  const std::string_view data(static_cast<const char*>(tensor.data), bytes_of(tensor));
  return Value::map({{"kind", "tensor"}, {"dtype", dtypes[tensor.dtype]}, {"shape", shape}, {"hex", to_hex(data)}});
}

Value describe_column(const ArrowSchema& schema, const ArrowArray& array) {
  Value told = Value::map({{"name", schema.name != nullptr ? schema.name : ""},
                           {"format", schema.format},
                           {"rows", array.length},
                           {"nulls", array.null_count}});
  for (std::int64_t i = 0; i < schema.n_children; ++i) {
    told["children"].push_back(describe_column(*schema.children[i], *array.children[i]));
  }
  if (schema.dictionary != nullptr) told["dictionary"] = describe_column(*schema.dictionary, *array.dictionary);
  return told;
}

Value describe_table(const mortise_table& table) {
  Value columns = Value::list();
  for (std::int64_t i = 0; i < table.schema.n_children; ++i) {
    columns.push_back(describe_column(*table.schema.children[i], *table.array.children[i]));
  }
  return Value::map({{"kind", "table"}, {"rows", table.array.length}, {"columns", columns}});
}

Value make_tensor_of(const Value& told) {
  std::vector<std::int64_t> shape;
  for (const Value& size : told.at("shape").items()) shape.push_back(size.as_int64());
  const std::string bytes = from_hex(told.at("hex").as_string());
  const auto words = std::make_shared<std::vector<std::uint64_t>>(bytes.size() / 8 + 1);  // aligned for every element
  std::memcpy(words->data(), bytes.data(), bytes.size());
  return mortise::make_tensor(dtype_named(told.at("dtype").as_string()), std::move(shape), words->data(), words);
}

}  // namespace

std::uint32_t dtype_named(std::string_view name) noexcept {
  for (std::uint32_t dtype = 1; dtype < std::size(dtypes); ++dtype) {
    if (name == dtypes[dtype]) return dtype;
  }
  return 0;
}

std::size_t bytes_of(const mortise_tensor& tensor) noexcept {
  std::size_t size = mortise::dtype_size(tensor.dtype);
  for (std::uint32_t axis = 0; axis < tensor.rank; ++axis) size *= static_cast<std::size_t>(tensor.shape[axis]);
  return size;
}

Value describe(const Value& value) {
  switch (value.kind()) {
    case Kind::null: return Value::map({{"kind", "null"}});
    case Kind::boolean: return Value::map({{"kind", "bool"}, {"value", value.as_bool()}});
    case Kind::int64: return Value::map({{"kind", "int64"}, {"text", std::to_string(value.as_int64())}});
    case Kind::float64: return Value::map({{"kind", "float64"}, {"bits", bits_of(value.as_float64())}});
    case Kind::string: {
      const std::string_view text = value.as_string();
      return Value::map({{"kind", "string"}, {"text", text}, {"bytes", static_cast<std::int64_t>(text.size())}});
    }
    case Kind::bytes: return Value::map({{"kind", "bytes"}, {"hex", to_hex(value.as_bytes())}});
    case Kind::time: return Value::map({{"kind", "time"}, {"ns", std::to_string(value.as_time().nanoseconds)}});
    case Kind::list: {
      Value items = Value::list();
      for (const Value& item : value.items()) items.push_back(describe(item));
      return Value::map({{"kind", "list"}, {"items", items}});
    }
    case Kind::map: {
      Value members = Value::list();
      for (const mortise::Member& member : value.members()) {
        members.push_back(Value::list({member.key(), describe(member.value())}));
      }
      return Value::map({{"kind", "map"}, {"members", members}});
    }
    case Kind::tensor: return describe_tensor(value.as_tensor());
    case Kind::table: return describe_table(value.as_table());
  }
  throw Error(Code::internal, "a value of a kind that nobody knows");
}

Value make(const Value& told) {
  const std::string_view kind = told.at("kind").as_string();
  if (kind == "null") return {};
  if (kind == "bool") return told.at("value").as_bool();
  if (kind == "int64") return to_int64(told.at("text").as_string());
  if (kind == "float64") return from_bits(told.at("bits").as_string());
  if (kind == "string") return told.at("text");
  if (kind == "bytes") return Value::bytes(from_hex(told.at("hex").as_string()));
  if (kind == "time") return mortise::Time{to_int64(told.at("ns").as_string())};
  if (kind == "tensor") return make_tensor_of(told);
  Value made = kind == "list" ? Value::list() : Value::map();
  if (kind == "list") {
    for (const Value& item : told.at("items").items()) made.push_back(make(item));
  } else if (kind == "map") {
    for (const Value& member : told.at("members").items()) made.set(member[0].as_string(), make(member[1]));
  } else {
    throw Error(Code::invalid, "nothing is of kind '" + std::string(kind) + "'");
  }
  return made;
}

}  // namespace conformance
