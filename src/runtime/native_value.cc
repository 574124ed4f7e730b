#include "runtime/native_value.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "mortise/leaf.hpp"

namespace mortise::runtime {
namespace {

// ---- checking --------------------------------------------------------------------------------------------------------

class Checker {
 public:
  void check(const mortise_value& value, int depth) {
    if (depth > MORTISE_MAX_DEPTH) broken("nests deeper than " + std::to_string(MORTISE_MAX_DEPTH) + " levels");
    if (++values_ > max_foreign_values) broken("holds more than " + std::to_string(max_foreign_values) + " values");
    switch (value.kind) {
      case MORTISE_KIND_NULL:
      case MORTISE_KIND_BOOL:
      case MORTISE_KIND_INT64:
      case MORTISE_KIND_FLOAT64:
      case MORTISE_KIND_TIME: return;
      case MORTISE_KIND_STRING: return check_text(value.as.string, "a string");
      case MORTISE_KIND_BYTES: return check_pointer(value.as.string.data, value.as.string.size, "bytes");
      case MORTISE_KIND_LIST: return check_list(value, depth);
      case MORTISE_KIND_MAP: return check_map(value, depth);
      case MORTISE_KIND_TENSOR: return check_tensor(value.as.tensor);
      case MORTISE_KIND_TABLE: return check_table(value.as.table);
      default: broken("is of kind " + std::to_string(value.kind) + ", which does not exist");
    }
  }

 private:
  void check_list(const mortise_value& value, int depth) {
    check_pointer(value.as.list.items, value.as.list.count, "a list");
    for (std::uint64_t i = 0; i < value.as.list.count; ++i) {
      path_.push_back({{}, i});
      check(value.as.list.items[i], depth + 1);
      path_.pop_back();
    }
  }

  void check_map(const mortise_value& value, int depth) {
    check_pointer(value.as.map.members, value.as.map.count, "a map");
    if (value.as.map.count > max_foreign_values) broken("is a map of " + std::to_string(value.as.map.count) + " keys");
    for (std::uint64_t i = 0; i < value.as.map.count; ++i) {
      const mortise_member& member = value.as.map.members[i];
      check_text(member.key, "a key");
      path_.push_back({detail::text_of(member.key), 0});
      check(member.value, depth + 1);
      path_.pop_back();
    }
    check_unique({value.as.map.members, value.as.map.count});
  }

  void check_unique(std::span<const mortise_member> members) {
    constexpr std::size_t few = 16;  // comparing each with each is faster than sorting
    const auto key = [&](std::size_t i) { return detail::text_of(members[i].key); };
    if (members.size() <= few) {
      for (std::size_t i = 1; i < members.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (key(i) == key(j)) broken("has the key '" + std::string(key(i)) + "' twice");
        }
      }
      return;
    }
    std::vector<std::string_view> keys;
    keys.reserve(members.size());
    for (std::size_t i = 0; i < members.size(); ++i) keys.push_back(key(i));
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) broken("has the key '" + std::string(*twice) + "' twice");
  }

  void check_pointer(const void* data, std::uint64_t count, const char* what) {
    if (data == nullptr && count > 0) broken(std::string("is ") + what + " of " + std::to_string(count) + " at NULL");
  }

  void check_text(mortise_string text, const char* what) {
    check_pointer(text.data, text.size, what);
    if (find_invalid_utf8(detail::text_of(text)) != std::string_view::npos) broken(std::string("has ") + what + " that is not UTF-8");
  }

  template <typename Leaf>
  void check_leaf(const Leaf* leaf, const char* what) {
    if (leaf == nullptr) broken(std::string("is ") + what + " at NULL");
    if (leaf->size < sizeof(Leaf)) broken(std::string("is ") + what + " with a size of " + std::to_string(leaf->size));
    if (leaf->retain == nullptr || leaf->release == nullptr) broken(std::string("is ") + what + " without retain or release");
  }

  void check_tensor(const mortise_tensor* leaf) {
    check_leaf(leaf, "a tensor");
    const std::size_t element = dtype_size(leaf->dtype);
    if (element == 0) broken("is a tensor of dtype " + std::to_string(leaf->dtype) + ", which does not exist");
    if (leaf->rank > MORTISE_MAX_RANK) broken("is a tensor of rank " + std::to_string(leaf->rank));
    check_pointer(leaf->shape, leaf->rank, "a tensor shape");
    std::uint64_t bytes = element;
    for (std::uint32_t i = 0; i < leaf->rank; ++i) {
      if (leaf->shape[i] < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(leaf->shape[i]), &bytes)) {
        broken("is a tensor with an impossible shape");
      }
    }
    check_pointer(leaf->data, bytes, "a tensor");
    if (reinterpret_cast<std::uintptr_t>(leaf->data) % element != 0) broken("is a tensor that is not aligned to its elements");
  }

  void check_table(const mortise_table* leaf) {
    check_leaf(leaf, "a table");
    const ArrowSchema& schema = leaf->schema;
    const ArrowArray& array = leaf->array;
    if (schema.format == nullptr || std::string_view(schema.format) != "+s") broken("is a table that is no struct array");
    if (array.offset != 0 || array.null_count > 0) broken("is a table with an offset or null rows");
    if (array.length < 0) broken("is a table of " + std::to_string(array.length) + " rows");
    if (schema.n_children < 0 || schema.n_children != array.n_children) broken("is a table whose schema and data differ in columns");
    check_pointer(schema.children, static_cast<std::uint64_t>(schema.n_children), "a table schema");
    check_pointer(array.children, static_cast<std::uint64_t>(array.n_children), "a table");
    for (std::int64_t i = 0; i < array.n_children; ++i) {
      const bool there = schema.children[i] != nullptr && array.children[i] != nullptr && schema.children[i]->format != nullptr;
      if (!there) broken("is a table whose column " + std::to_string(i) + " is missing");
      if (array.children[i]->length < array.length) {
        broken("is a table of " + std::to_string(array.length) + " rows whose column " + std::to_string(i) + " has " +
               std::to_string(array.children[i]->length));
      }
    }
  }

  [[noreturn]] void broken(const std::string& rule) const {
    std::string place;
    for (const Place& step : path_) {
      if (step.key.data() == nullptr) {
        place += "[" + std::to_string(step.index) + "]";
      } else {
        place.append(place.empty() ? "" : ".").append(readable(step.key.substr(0, 64)));
      }
      if (place.size() > 256) break;
    }
    throw Error(Code::plugin, "the plugin returned a value that " + rule + (place.empty() ? "" : ", at " + place),
                "this is a defect of the plugin")
        .with("key", place);
  }

  struct Place {
    std::string_view key;  // no data: an index
    std::uint64_t index;
  };
  std::vector<Place> path_;
  std::uint64_t values_ = 0;
};

// ---- leaves that lie in the call's memory ----------------------------------------------------------------------------

// A leaf that is the plugin's and holds the memory as well. Bits of the struct are shared, the count is its own.
template <typename Raw>
struct HeldLeaf {
  Raw raw;
  std::atomic<std::uint32_t> owners{1};
  Raw* inner;
  std::shared_ptr<const void> memory;

  static Value make(Raw* inner, std::shared_ptr<const void> memory) {
    auto* leaf = new HeldLeaf{*inner, {1}, inner, std::move(memory)};
    inner->retain(inner);
    leaf->raw.size = sizeof(Raw);
    leaf->raw.private_data = leaf;
    leaf->raw.retain = [](Raw* shared) { of(shared)->owners.fetch_add(1, std::memory_order_relaxed); };
    leaf->raw.release = [](Raw* shared) {
      HeldLeaf* self = of(shared);
      if (self->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      self->inner->release(self->inner);
      delete self;
    };
    return Value::adopt(&leaf->raw);
  }
  static HeldLeaf* of(Raw* raw) noexcept { return static_cast<HeldLeaf*>(raw->private_data); }
};

template <typename Raw>
Value take_leaf(Raw* leaf, const std::shared_ptr<const void>& memory) {
  if (memory != nullptr) return HeldLeaf<Raw>::make(leaf, memory);
  leaf->retain(leaf);
  return Value::adopt(leaf);
}

}  // namespace

void check_foreign(const mortise_value& tree) { Checker().check(tree, 1); }

Value adopt(const mortise_value& tree, const std::shared_ptr<const void>& memory) {
  check_foreign(tree);
  return Value::deep_copy(tree, [&](const mortise_value& leaf) {
    return leaf.kind == MORTISE_KIND_TENSOR ? take_leaf(leaf.as.tensor, memory) : take_leaf(leaf.as.table, memory);
  });
}

std::string readable(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t good = std::min(find_invalid_utf8(text), text.size());
    clean.append(text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty()) break;
    clean.append("\xEF\xBF\xBD");
    text.remove_prefix(1);
  }
  return clean;
}

}  // namespace mortise::runtime
