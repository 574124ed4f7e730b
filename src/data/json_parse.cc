#include <simdjson.h>

#include <algorithm>
#include <vector>

#include "data/json_keys.h"
#include "data/json_spot.h"
#include "data/value_json.h"

namespace mortise::data {
namespace {

namespace dom = simdjson::dom;

// Thrown with the number of the value in reading order; parse_json turns it into a place.
struct Refusal {
  std::uint64_t ordinal;
  std::string message;
};

class Builder {
 public:
  explicit Builder(const JsonLimits& limits)
      : max_depth_(std::min<std::uint32_t>(limits.depth, MORTISE_MAX_DEPTH)), max_values_(limits.values) {}

  Value build(const dom::element& element, std::uint32_t depth) {
    const std::uint64_t ordinal = values_++;
    if (ordinal >= max_values_) throw Refusal{ordinal, "more than " + std::to_string(max_values_) + " values"};
    if (depth > max_depth_) throw Refusal{ordinal, "nested deeper than " + std::to_string(max_depth_) + " levels"};
    switch (element.type()) {
      case dom::element_type::ARRAY: return build_list(dom::array(element), depth);
      case dom::element_type::OBJECT: return build_map(dom::object(element), depth);
      case dom::element_type::INT64: return std::int64_t(element);
      case dom::element_type::UINT64:
        throw Refusal{ordinal,
                      "expected an integer within the range of int64, got " + std::to_string(std::uint64_t(element))};
      case dom::element_type::DOUBLE: return double(element);
      case dom::element_type::STRING: return std::string_view(element);
      case dom::element_type::BOOL: return bool(element);
      case dom::element_type::NULL_VALUE: return nullptr;
    }
    return nullptr;
  }

 private:
  Value build_list(const dom::array& array, std::uint32_t depth) {
    Value list = Value::list();
    list.reserve(array.size());
    for (const dom::element item : array) list.push_back(build(item, depth + 1));
    return list;
  }

  Value build_map(const dom::object& object, std::uint32_t depth) {
    Value map = Value::map();
    map.reserve(object.size());
    KeySet keys(object.size());
    for (const auto [key, item] : object) {
      if (!keys.add(key)) throw Refusal{values_, "the key '" + std::string(key) + "' stands twice in one object"};
      map.append(key, build(item, depth + 1));
    }
    return map;
  }

  std::uint32_t max_depth_;
  std::uint64_t max_values_;
  std::uint64_t values_ = 0;
};

}  // namespace

Value parse_json(std::string_view text, const JsonLimits& limits, std::string_view what) {
  if (text.size() > limits.bytes) {
    throw Error(Code::invalid, std::string(what) + " has " + std::to_string(text.size()) + " bytes; the limit is " +
                                   std::to_string(limits.bytes));
  }
  const std::uint32_t depth = std::min<std::uint32_t>(limits.depth, MORTISE_MAX_DEPTH);
  dom::parser parser;
  if (parser.allocate(std::max<std::size_t>(text.size(), 64), depth + 2) != simdjson::SUCCESS) {
    throw Error(Code::busy, "no memory to read " + std::string(what) + " of " + std::to_string(text.size()) + " bytes");
  }
  dom::element root;
  if (const auto failure = parser.parse(text.data(), text.size(), true).get(root); failure != simdjson::SUCCESS) {
    if (const auto spot = find_json_error(text, depth)) throw json_error(what, text, *spot);
    throw Error(Code::invalid, std::string(what) + ": " + simdjson::error_message(failure));
  }
  try {
    return Builder(limits).build(root, 1);
  } catch (const Refusal& refusal) {
    throw json_error_at(what, text, find_json_value(text, refusal.ordinal), refusal.message);
  }
}

}  // namespace mortise::data
