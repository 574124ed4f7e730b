#include <simdjson.h>

#include <charconv>
#include <cstring>
#include <limits>
#include <set>
#include <string>

#include "base/clock.h"
#include "data/base64.h"
#include "data/json_keys.h"
#include "data/table.h"
#include "data/tensor.h"
#include "data/wire.h"

namespace mortise::data {
namespace {

namespace dom = simdjson::dom;

[[noreturn]] void refuse(const std::string& what) { throw Error(Code::invalid, what); }

std::string_view text_of(const dom::element& json, std::string_view what) {
  std::string_view text;
  if (json.get(text) != simdjson::SUCCESS) refuse(std::string(what) + " is not a string");
  return text;
}

std::int64_t integer_of(const dom::element& json, std::string_view what) {
  std::int64_t number = 0;
  if (!json.is<std::int64_t>() || json.get(number) != simdjson::SUCCESS) {
    refuse(std::string(what) + " is not an integer within int64");
  }
  return number;
}

std::uint64_t count_of(const dom::element& json, std::string_view what) {
  const std::int64_t number = integer_of(json, what);
  if (number < 0) refuse(std::string(what) + " is " + std::to_string(number) + ", which is negative");
  return static_cast<std::uint64_t>(number);
}

dom::array array_of(const dom::element& json, std::string_view what) {
  dom::array array;
  if (json.get(array) != simdjson::SUCCESS) refuse(std::string(what) + " is not a list");
  return array;
}

dom::object object_of(const dom::element& json, std::string_view what) {
  dom::object object;
  if (json.get(object) != simdjson::SUCCESS) refuse(std::string(what) + " is not an object");
  return object;
}

dom::element member_of(const dom::object& object, std::string_view key, std::string_view what) {
  dom::element member;
  if (object.at_key(key).get(member) != simdjson::SUCCESS) {
    refuse(std::string(what) + " has no '" + std::string(key) + "'");
  }
  return member;
}

}  // namespace

class WireValueReader {
 public:
  explicit WireValueReader(WireDecoder& from) : from_(from) {}

  Value read(const dom::element& json, std::uint32_t depth) {
    if (depth > MORTISE_MAX_DEPTH) refuse("a value nests deeper than 128 levels");
    count();
    switch (json.type()) {
      case dom::element_type::NULL_VALUE: return nullptr;
      case dom::element_type::BOOL: return bool(json);
      case dom::element_type::INT64: return std::int64_t(json);
      case dom::element_type::UINT64:
        refuse("the number " + std::to_string(std::uint64_t(json)) + " does not fit int64");
      case dom::element_type::DOUBLE: return double(json);
      case dom::element_type::STRING: return std::string_view(json);
      case dom::element_type::ARRAY: return list(dom::array(json), depth);
      case dom::element_type::OBJECT: return object(dom::object(json), depth);
    }
    return nullptr;
  }

 private:
  void count() {
    if (++from_.values_ > from_.options_.values) {
      refuse("a message holds more than " + std::to_string(from_.options_.values) + " values");
    }
  }

  Value list(const dom::array& array, std::uint32_t depth) {
    Value list = Value::list();
    list.reserve(array.size());
    for (const dom::element item : array) list.push_back(read(item, depth + 1));
    return list;
  }

  Value object(const dom::object& object, std::uint32_t depth) {
    const auto first = object.begin();
    if (first == object.end() || !first.key().starts_with('$')) return map(object, depth);
    auto second = first;
    const std::string_view tag = first.key();
    const dom::element content = first.value();
    if (++second != object.end()) {
      refuse("an object with the tag '" + std::string(tag) + "' has more than that one key");
    }
    if (tag == "$int64") return tagged_integer(text_of(content, tag));
    if (tag == "$float64") return tagged_real(text_of(content, tag));
    if (tag == "$bytes") return bytes(content);
    if (tag == "$time") return time(text_of(content, tag));
    if (tag == "$map") return tagged_map(array_of(content, tag), depth);
    if (tag == "$tensor") return tensor(object_of(content, tag));
    if (tag == "$table") return table(object_of(content, tag));
    refuse("unknown tag '" + std::string(tag) + "'");
  }

  Value map(const dom::object& object, std::uint32_t depth) {
    Value map = Value::map();
    map.reserve(object.size());
    KeySet keys(object.size());
    for (const auto [key, item] : object) {
      if (key.starts_with('$')) refuse("the key '" + std::string(key) + "' in a map that is not written as $map");
      add(map, keys, key, item, depth);
    }
    return map;
  }

  Value tagged_map(const dom::array& pairs, std::uint32_t depth) {
    Value map = Value::map();
    map.reserve(pairs.size());
    KeySet keys(pairs.size());
    for (const dom::element item : pairs) {
      const dom::array pair = array_of(item, "a member of $map");
      if (pair.size() != 2) {
        refuse("a member of $map has " + std::to_string(pair.size()) + " parts instead of key and value");
      }
      auto part = pair.begin();
      const std::string_view key = text_of(*part, "a key of $map");
      add(map, keys, key, *++part, depth);
    }
    return map;
  }

  void add(Value& map, KeySet& keys, std::string_view key, const dom::element& item, std::uint32_t depth) {
    if (!keys.add(key)) refuse("the key '" + std::string(key) + "' stands twice in one map");
    map.append(key, read(item, depth + 1));
  }

  static Value tagged_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size()) refuse("$int64 is '" + std::string(text) + "'");
    return number;
  }

  static Value tagged_real(std::string_view text) {
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    refuse("$float64 is '" + std::string(text) + "'; expected NaN, Infinity or -Infinity");
  }

  static Value time(std::string_view text) {
    const auto time = parse_rfc3339(text);
    if (!time) refuse("$time is '" + std::string(text) + "', which is not an RFC 3339 time from 1677 to 2262");
    return *time;
  }

  Value bytes(const dom::element& content) {
    if (content.is_string()) {
      const auto decoded = decode_base64(std::string_view(content));
      if (!decoded) refuse("$bytes is neither a place nor base64");
      return Value::bytes(*decoded);
    }
    const Buffer found = place(content, Use::copied_now);
    return Value::bytes({reinterpret_cast<const char*>(found.bytes.data()), found.bytes.size()});
  }

  Value tensor(const dom::object& object) {
    const std::string_view name = text_of(member_of(object, "dtype", "a tensor"), "the dtype of a tensor");
    const auto dtype = dtype_named(name);
    if (!dtype) refuse("unknown dtype '" + std::string(name) + "' of a tensor");
    const dom::array lengths = array_of(member_of(object, "shape", "a tensor"), "the shape of a tensor");
    if (lengths.size() > MORTISE_MAX_RANK) {
      refuse("a tensor of rank " + std::to_string(lengths.size()) + "; the highest is 32");
    }
    std::vector<std::int64_t> shape;
    for (const dom::element length : lengths) shape.push_back(integer_of(length, "a size in the shape of a tensor"));
    Buffer data = place(member_of(object, "data", "a tensor"), Use::kept);
    return make_tensor(*dtype, std::move(shape), std::move(data));
  }

  Value table(const dom::object& object) {
    const std::int64_t rows = integer_of(member_of(object, "rows", "a table"), "the number of rows");
    if (rows < 0) refuse("a table of " + std::to_string(rows) + " rows");
    std::vector<Column> columns;
    std::set<std::string> names;
    for (const dom::element item : array_of(member_of(object, "columns", "a table"), "the columns of a table")) {
      columns.push_back(column(object_of(item, "a column"), 1));
      if (!names.insert(columns.back().name).second) refuse("two columns have the name '" + columns.back().name + "'");
      check_column(columns.back(), rows);
    }
    check_rows(columns, rows);
    return make_table(rows, std::move(columns));
  }

  // Describes; check_column judges.
  Column column(const dom::object& object, std::uint32_t depth) {
    if (depth > max_column_depth) refuse("columns nest deeper than 32 levels");
    count();
    Column column;
    column.name = text_of(member_of(object, "name", "a column"), "the name of a column");
    column.format = text_of(member_of(object, "format", "a column"), "the format of a column");
    if (column.name.find('\0') != std::string::npos || column.format.find('\0') != std::string::npos) {
      refuse("the name or format of a column contains a zero");
    }
    column.length = integer_of(member_of(object, "length", "a column"), "the length of a column");
    column.null_count = integer_of(member_of(object, "null_count", "a column"), "the null count of a column");
    column.nullable = flag(object, "nullable", true);
    column.ordered = flag(object, "ordered", false);
    for (const dom::element item : array_of(member_of(object, "buffers", "a column"), "the buffers of a column")) {
      count();
      column.buffers.push_back(item.is_null() ? Buffer{} : place(item, Use::kept));
    }
    dom::element part;
    if (object.at_key("children").get(part) == simdjson::SUCCESS) {
      for (const dom::element child : array_of(part, "the children of a column")) {
        column.children.push_back(this->column(object_of(child, "a column"), depth + 1));
      }
    }
    if (object.at_key("dictionary").get(part) == simdjson::SUCCESS && !part.is_null()) {
      column.dictionary = std::make_unique<Column>(this->column(object_of(part, "a dictionary"), depth + 1));
    }
    if (object.at_key("metadata").get(part) == simdjson::SUCCESS && !part.is_null()) {
      for (const auto [key, value] : object_of(part, "the metadata of a column")) {
        count();
        column.metadata.emplace_back(key, text_of(value, "an entry of metadata"));
      }
    }
    return column;
  }

  static bool flag(const dom::object& object, std::string_view key, bool otherwise) {
    dom::element part;
    if (object.at_key(key).get(part) != simdjson::SUCCESS) return otherwise;
    bool set = false;
    if (part.get(set) != simdjson::SUCCESS) refuse("'" + std::string(key) + "' of a column is not true or false");
    return set;
  }

  enum class Use { copied_now, kept };

  Buffer place(const dom::element& json, Use use) {
    const dom::object object = object_of(json, "a place of bytes");
    dom::element part;
    if (object.at_key("segment").get(part) == simdjson::SUCCESS) {
      const std::uint64_t index = count_of(part, "a segment");
      if (index >= from_.segments_.size()) {
        refuse("segment " + std::to_string(index) + " of a message with " + std::to_string(from_.segments_.size()));
      }
      const Bytes bytes = from_.segments_[index];
      spend(bytes.size());
      return use == Use::kept ? copy_of(bytes) : Buffer{bytes, nullptr};
    }
    return shared(object, use);
  }

  Buffer shared(const dom::object& object, Use use) {
    const std::uint64_t arena = count_of(member_of(object, "arena", "a place of bytes"), "an arena");
    const ArenaPlace place{static_cast<std::uint32_t>(arena),
                           count_of(member_of(object, "offset", "a place"), "an offset"),
                           count_of(member_of(object, "size", "a place"), "a size")};
    if (arena == 0 || arena > std::numeric_limits<std::uint32_t>::max()) {
      refuse("there is no arena " + std::to_string(arena));
    }
    if (place.offset % buffer_alignment != 0) {
      refuse("the offset " + std::to_string(place.offset) + " in an arena is not a multiple of 64");
    }
    if (from_.bulk_ == nullptr) {
      refuse("a place in arena " + std::to_string(arena) + ", but this message has no shared memory");
    }
    spend(place.size);
    Buffer found = from_.bulk_->resolve(place);
    if (use == Use::copied_now) from_.copied_ += place.size;
    if (use == Use::copied_now || from_.options_.sender == Sender::cannot_write || from_.bulk_->immutable(place)) {
      return found;
    }
    Block copy = from_.bulk_->allocate(found.bytes.size());
    if (!found.bytes.empty()) std::memcpy(copy.bytes.data(), found.bytes.data(), found.bytes.size());
    from_.copied_ += found.bytes.size();
    return std::move(copy).freeze();
  }

  // Many places may name the same bytes; what they add up to is bounded.
  void spend(std::uint64_t size) {
    if (size > from_.options_.bulk_bytes - from_.bulk_bytes_) {
      refuse("a message carries more than " + std::to_string(from_.options_.bulk_bytes) +
             " bytes of tables, tensors and bytes");
    }
    from_.bulk_bytes_ += size;
  }

  WireDecoder& from_;
};

void WireDecoder::begin(std::span<const Bytes> segments, BulkReader* bulk) noexcept {
  segments_ = segments;
  bulk_ = bulk;
  values_ = 0;
  bulk_bytes_ = 0;
  copied_ = 0;
}

Value WireDecoder::decode(const simdjson::dom::element& json) { return WireValueReader(*this).read(json, 1); }

}  // namespace mortise::data
