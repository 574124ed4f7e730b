#include "models/inputs.h"

#include <cstring>

#include "base/error.h"
#include "base/utf8.h"
#include "data/base64.h"
#include "data/value_json.h"
#include "mortise/leaf.hpp"

namespace mortise::models {
namespace {

constexpr std::size_t most_dimensions = 4;

bool is_number(const Value& value) { return value.is(Kind::int64) || value.is(Kind::float64); }

// Nested lists of numbers, read into one block.
class Array {
 public:
  explicit Array(const Value& nested, std::string_view name) : name_(name) { read(nested, 0); }

  [[nodiscard]] Value tensor() const {
    if (whole_) return make<std::int64_t>();
    return make<float>();
  }
  [[nodiscard]] Value as(std::string_view format) const {
    return format == "int64" ? make<std::int64_t>() : make<float>();
  }

 private:
  void read(const Value& value, std::size_t depth) {
    if (is_number(value)) {
      if (depth != shape_.size()) throw wrong("its lists are of different depth");
      whole_ = whole_ && value.is(Kind::int64);
      numbers_.push_back(value);
      return;
    }
    if (!value.is(Kind::list)) throw wrong(std::string("it holds ") + mortise::name_of(value.kind()));
    if (depth == most_dimensions) throw wrong("it has more than 4 dimensions");
    const auto size = static_cast<std::int64_t>(value.size());
    if (depth == shape_.size()) {
      if (!numbers_.empty()) throw wrong("its lists are of different depth");
      shape_.reserve(most_dimensions);
      shape_.push_back(size);
    } else if (shape_[depth] != size) {
      throw wrong("its lists have " + std::to_string(shape_[depth]) + " and " + std::to_string(size) + " items");
    }
    for (const Value& item : value.items()) read(item, depth + 1);
  }

  [[nodiscard]] Error wrong(const std::string& why) const {
    return Error(Code::invalid, "'" + name_ + "' is no array of numbers: " + why,
                 "send lists of numbers, all of one length")
        .with("key", name_);
  }

  template <typename Number>
  [[nodiscard]] Value make() const {
    std::vector<Number> data;
    data.reserve(numbers_.size());
    for (const Value& number : numbers_) {
      if constexpr (std::is_same_v<Number, std::int64_t>) {
        if (!number.is(Kind::int64)) throw wrong("int64 holds no fractions");
        data.push_back(number.as_int64());
      } else {
        data.push_back(static_cast<Number>(number.as_float64()));
      }
    }
    return make_tensor(std::move(data), shape_);
  }

  const std::string name_;
  std::vector<std::int64_t> shape_;
  std::vector<Value> numbers_;
  bool whole_ = true;
};

Value json_bytes(const Value& value) { return Value::bytes(data::to_json(value)); }

bool all_numbers(const Value& value) {
  if (is_number(value)) return true;
  if (!value.is(Kind::list) || value.size() == 0) return false;
  for (const Value& item : value.items()) {
    if (!all_numbers(item)) return false;
  }
  return true;
}

}  // namespace

Input input_of(const Value& any, std::string_view format, bool library) {
  if (format == "text" || (format.empty() && any.is(Kind::string))) {
    return {library ? Value::bytes(any.as_string()) : any, Form::text};
  }
  if (format == "base64") {
    const auto bytes = data::decode_base64(any.as_string());
    if (!bytes)
      throw Error(Code::invalid, "input is no base64", "send standard base64 with padding").with("key", "input");
    return {Value::bytes(*bytes), Form::bytes};
  }
  if (format == "float32" || format == "int64") {
    const Value tensor = Array(any, "input").as(format);
    const mortise_tensor& raw = tensor.as_tensor();
    std::size_t count = 1;
    for (std::uint32_t i = 0; i < raw.rank; ++i) count *= static_cast<std::size_t>(raw.shape[i]);
    return {Value::bytes({static_cast<const char*>(raw.data), count * dtype_size(raw.dtype)}), Form::numbers};
  }
  if (!format.empty() && format != "json") {
    throw Error(Code::invalid, "input_format is '" + std::string(format) + "'",
                "use text, json, float32, int64 or base64")
        .with("key", "input_format");
  }
  if (!library) return {any, all_numbers(any) ? Form::numbers : Form::json};
  if (format.empty() && all_numbers(any)) return {any, Form::numbers};
  return {json_bytes(any), Form::json};
}

Input named_inputs(const Value& body, bool library) {
  if (body.size() == 0)
    throw Error(Code::invalid, "the body has no input", R"(send {"input": ...})").with("key", "input");
  Value arrays = Value::map();
  for (const Member& member : body.members()) {
    if (!member.value().is(Kind::list)) {
      if (library) return {json_bytes(body), Form::json};
      return {body, Form::json};
    }
    arrays.set(member.key(), Array(member.value(), member.key()).tensor());
  }
  if (library && arrays.size() > 1) return {json_bytes(body), Form::json};
  return {std::move(arrays), Form::numbers};
}

Shown shown(const Value& output, Form form) {
  if (!output.is(Kind::bytes)) {
    const std::string text = data::to_json(output);
    return {output, "json", static_cast<std::int64_t>(text.size())};
  }
  const std::string_view bytes = output.as_bytes();
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (form == Form::numbers && size > 0 && size % 4 == 0) {
    Value numbers = Value::list();
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(float)) {
      float number = 0;
      std::memcpy(&number, bytes.data() + at, sizeof number);
      numbers.push_back(static_cast<double>(number));
    }
    return {std::move(numbers), "float32", size};
  }
  if (form != Form::bytes && find_invalid_utf8(bytes) == std::string_view::npos) return {Value(bytes), "text", size};
  std::string text;
  data::append_base64(text, bytes);
  return {Value(text), "base64", size};
}

}  // namespace mortise::models
