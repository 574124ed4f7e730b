#include "input_file/json_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "input_file/file_text.h"
#include "lib/text_type.h"

namespace mortise::plugins {
namespace {

namespace od = simdjson::ondemand;
static_assert(json_padding >= simdjson::SIMDJSON_PADDING);

constexpr std::size_t max_depth = MORTISE_MAX_DEPTH;
constexpr std::int64_t max_values = 100'000'000;

class JsonReader {
 public:
  // `text` must be followed by SIMDJSON_PADDING readable bytes.
  JsonReader(std::string_view text, const std::string& path, std::int64_t first_line)
      : text_(text), path_(path), first_line_(first_line) {}

  Value read() {
    check(parser_.allocate(text_.size(), max_depth + 8));
    check(parser_.iterate(text_.data(), text_.size(), text_.size() + simdjson::SIMDJSON_PADDING).get(document_));
    started_ = true;
    Value value;
    bool scalar = false;
    check(document_.is_scalar().get(scalar));
    if (scalar) throw problem("an array or an object", "a single value");
    od::value whole;
    check(document_.get_value().get(whole));
    value = read_value(whole, 1);
    const char* rest = nullptr;  // of what follows; there is no place behind the end
    if (document_.current_location().get(rest) == simdjson::SUCCESS)
      throw problem("the end of the text", "something after it");
    return value;
  }

 private:
  // The place of the parser, counted in lines; the last line when it did not come to parsing (an open text).
  [[nodiscard]] std::int64_t line() {
    const char* at = nullptr;
    if (!started_ || document_.current_location().get(at) != simdjson::SUCCESS || at < text_.data() ||
        at > text_.data() + text_.size()) {
      at = text_.data() + text_.size();
    }
    return first_line_ + std::count(text_.data(), at, '\n');
  }
  Error problem(const std::string& expected, const std::string& got, const std::string& hint = {}) {
    return error_at(path_, line(), "expected " + expected + ", got " + got, expected, got, hint);
  }
  void check(simdjson::error_code code) {
    if (code == simdjson::SUCCESS) return;
    if (code == simdjson::DEPTH_ERROR) throw too_deep();
    if (code == simdjson::EMPTY) throw error_at(path_, first_line_, "the file is empty", "JSON", "nothing");
    if (code == simdjson::MEMALLOC || code == simdjson::CAPACITY) {
      throw Error(Code::busy, path_ + " is too large to read at once", "raise limits.memory, or split the file")
          .with("file", path_);
    }
    throw problem("JSON", simdjson::error_message(code));
  }
  Error too_deep() {
    return problem("at most " + std::to_string(max_depth) + " levels", "one more", "flatten the data first");
  }

  Value read_value(od::value value, std::size_t depth) {
    if (depth > max_depth) throw too_deep();
    if (++values_ > max_values) {
      throw Error(Code::busy, path_ + " holds more than " + std::to_string(max_values) + " values", "split the file")
          .with("file", path_);
    }
    od::json_type type{};
    check(value.type().get(type));
    switch (type) {
      case od::json_type::array: return read_array(value, depth);
      case od::json_type::object: return read_object(value, depth);
      case od::json_type::number: return read_number(value);
      case od::json_type::string: {
        std::string_view text;
        check(value.get_string().get(text));
        return Value(text);
      }
      case od::json_type::boolean: {
        bool flag = false;
        check(value.get_bool().get(flag));
        return Value(flag);
      }
      case od::json_type::null: {
        bool null = false;
        check(value.is_null().get(null));
        if (!null) throw problem("null", "something else");
        return {};
      }
    }
    throw problem("JSON", "a value of no kind");
  }

  Value read_array(od::value value, std::size_t depth) {
    od::array array;
    check(value.get_array().get(array));
    Value list = Value::list();
    for (auto item : array) {
      od::value inner;
      check(std::move(item).get(inner));
      list.push_back(read_value(inner, depth + 1));
    }
    return list;
  }

  Value read_object(od::value value, std::size_t depth) {
    od::object object;
    check(value.get_object().get(object));
    Value map = Value::map();
    std::unordered_set<std::string> seen;
    for (auto field : object) {
      std::string_view key;
      check(field.unescaped_key().get(key));
      const std::string name(key);
      if (!seen.insert(name).second) throw problem("each key once", "'" + name + "' twice");
      od::value inner;
      check(field.value().get(inner));
      map.append(name, read_value(inner, depth + 1));
    }
    return map;
  }

  // A number that neither int64 nor float64 holds stays the text that it was.
  Value read_number(od::value value) {
    std::string_view token = value.raw_json_token();
    while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
    if (token == "-0") return Value(-0.0);
    od::number number;
    const simdjson::error_code code = value.get_number().get(number);
    if (code == simdjson::NUMBER_ERROR && is_json_number(token)) return Value(token);
    check(code);
    if (number.is_double()) return Value(number.get_double());
    if (number.is_int64()) return Value(number.get_int64());
    return Value(token);
  }

  static bool is_json_number(std::string_view token) {
    return !token.empty() && token.find_first_not_of("0123456789+-.eE") == std::string_view::npos &&
           (read_real(token) || token.find_first_of("eE") != std::string_view::npos) &&
           token.find_first_of("0123456789") != std::string_view::npos && token[0] != '+';
  }

  std::string_view text_;
  const std::string& path_;
  std::int64_t first_line_;
  od::parser parser_;
  od::document document_;
  bool started_ = false;
  std::int64_t values_ = 0;
};

}  // namespace

Value read_json(std::string_view text, const std::string& path, std::int64_t first_line) {
  return JsonReader(text, path, first_line).read();
}

}  // namespace mortise::plugins
