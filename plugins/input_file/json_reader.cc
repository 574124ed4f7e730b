#include "input_file/json_reader.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>
#include <vector>

#include "input_file/file_text.h"
#include "lib/text_type.h"

namespace mortise::plugins {
namespace {

constexpr std::size_t max_depth = MORTISE_MAX_DEPTH;
constexpr std::int64_t max_values = 100'000'000;

// long double, so that a number beyond float64 is told with its text instead of being an error.
using Parser = nlohmann::basic_json<std::map, std::vector, std::string, bool, std::int64_t, std::uint64_t, long double>;

// Walks over the text and says how far it came.
class Walker {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Walker(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  Walker& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  Walker operator++(int) {
    const Walker before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Walker& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

// What the parser tells, as a tree. The names of its functions are the parser's.
class Tree {
 public:
  Tree(std::string_view text, const std::string& path, std::int64_t first_line)
      : text_(text), path_(path), first_line_(first_line), reached_(text.data()) {}

  Value read() {
    if (text_.find_first_not_of(" \t\r\n") == std::string_view::npos)
      throw error_at(path_, first_line_, "the file is empty", "JSON", "nothing");
    const char* const end = text_.data() + text_.size();
    (void)Parser::sax_parse(Walker(text_.data(), &reached_), Walker(end, &reached_), this);
    return std::move(whole_);
  }

  bool null() { return add({}); }
  bool boolean(bool flag) { return add(Value(flag)); }
  bool number_integer(std::int64_t number) { return add(number == 0 && negative_zero() ? Value(-0.0) : Value(number)); }
  bool number_unsigned(std::uint64_t number) {
    if (std::in_range<std::int64_t>(number)) return add(Value(static_cast<std::int64_t>(number)));
    return add(Value(std::to_string(number)));
  }
  bool number_float(long double, const std::string& text) {
    const auto number = read_real(text);
    return add(number && !number->integer ? Value(number->value) : Value(text));
  }
  bool string(const std::string& text) { return add(Value(text)); }
  bool binary(const Parser::binary_t&) { return true; }  // not in JSON
  bool start_object(std::size_t) { return open(Value::map()); }
  bool key(const std::string& name) {
    if (!open_.back().seen.insert(name).second) throw problem("each key once", "'" + name + "' twice");
    open_.back().key = name;
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Value::list()); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t, const std::string& token, const nlohmann::detail::exception& problem_found) {
    const std::string_view what = problem_found.what();
    const std::size_t begin = what.rfind(" - ");
    const std::string said = begin == std::string_view::npos ? "'" + token + "'" : std::string(what.substr(begin + 3));
    throw problem("JSON", said.substr(0, 200));
  }

 private:
  struct Open {
    Value value;
    std::string key;                       // of the value to come
    std::unordered_set<std::string> seen;  // keys
  };

  [[nodiscard]] Error problem(const std::string& expected, const std::string& got, const std::string& hint = {}) const {
    return error_at(path_, line(), "expected " + expected + ", got " + got, expected, got, hint);
  }

  [[nodiscard]] std::int64_t line() const {
    // The last character that was read may be a line's end behind the wrong one.
    const char* const last = std::max(text_.data(), reached_ - 1);
    return first_line_ + std::count(text_.data(), last, '\n');
  }
  // The parser has read "-0" and the character behind it.
  [[nodiscard]] bool negative_zero() const {
    return reached_ - text_.data() >= 3 && reached_[-2] == '0' && reached_[-3] == '-';
  }

  bool open(Value value) {
    count();
    if (open_.size() == max_depth)
      throw problem("at most " + std::to_string(max_depth) + " levels", "one more", "flatten the data first");
    open_.push_back({std::move(value), {}, {}});
    return true;
  }
  bool close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(value));
  }
  bool add(Value value) {
    count();
    if (open_.empty()) throw problem("an array or an object", "a single value");
    return put(std::move(value));
  }
  bool put(Value value) {
    if (open_.empty()) {
      whole_ = std::move(value);
    } else if (Open& outer = open_.back(); outer.value.is(Kind::list)) {
      outer.value.push_back(std::move(value));
    } else {
      outer.value.append(outer.key, std::move(value));
    }
    return true;
  }
  void count() {
    if (++values_ <= max_values) return;
    throw Error(Code::busy, path_ + " holds more than " + std::to_string(max_values) + " values", "split the file")
        .with("file", path_);
  }

  const std::string_view text_;
  const std::string& path_;
  const std::int64_t first_line_;
  const char* reached_;  // the parser has read up to here
  std::vector<Open> open_;
  Value whole_;
  std::int64_t values_ = 0;
};

}  // namespace

Value read_json(std::string_view text, const std::string& path, std::int64_t first_line) {
  return Tree(text, path, first_line).read();
}

}  // namespace mortise::plugins
