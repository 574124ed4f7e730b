// Value: the one data type that crosses between a host and a plugin, as a C++ class.
//
// A Value has exactly the memory layout of `mortise_value` (plugin.h), so a tree of Values IS a tree of C values: passing
// one through the C boundary costs nothing, and reading a foreign one costs nothing (Value::view).
//
// Copying is cheap: strings, lists and maps share counted storage and are copied on the first write to a shared one;
// tensors and tables are immutable shared leaves. A Value may be read from several threads, written from one, like a
// std::vector. Accessors that meet the wrong kind throw Error{invalid} which names both kinds.
//
// Set aside: std::variant (other layout than C, so every call would convert), and a tree of shared_ptr (two allocations a
// node, and no way to borrow).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "mortise/error.hpp"
#include "mortise/plugin.h"

namespace mortise {

enum class Kind : std::uint32_t {
  null = MORTISE_KIND_NULL,
  boolean = MORTISE_KIND_BOOL,
  int64 = MORTISE_KIND_INT64,
  float64 = MORTISE_KIND_FLOAT64,
  string = MORTISE_KIND_STRING,
  bytes = MORTISE_KIND_BYTES,
  time = MORTISE_KIND_TIME,
  list = MORTISE_KIND_LIST,
  map = MORTISE_KIND_MAP,
  tensor = MORTISE_KIND_TENSOR,
  table = MORTISE_KIND_TABLE,
};

inline const char* name_of(Kind kind) noexcept {
  constexpr const char* names[] = {"null", "bool", "int64", "float64", "string", "bytes",
                                   "time", "list", "map",   "tensor",  "table"};
  const auto index = static_cast<std::size_t>(kind);
  return index < std::size(names) ? names[index] : "unknown";
}

// An instant: nanoseconds since 1970-01-01T00:00:00Z.
struct Time {
  std::int64_t nanoseconds = 0;
  friend bool operator==(Time, Time) = default;
  friend auto operator<=>(Time, Time) = default;
};

namespace detail {

// Counted storage; the characters, Values or Members follow it directly.
struct Storage {
  std::atomic<std::uint32_t> owners;
  std::uint32_t capacity;  // elements

  static constexpr std::size_t header = 16;

  template <typename T>
  [[nodiscard]] T* elements() noexcept {
    return reinterpret_cast<T*>(reinterpret_cast<char*>(this) + header);
  }
  template <typename T>
  static Storage* of(const T* elements) noexcept {
    return reinterpret_cast<Storage*>(reinterpret_cast<char*>(const_cast<T*>(elements)) - header);
  }
  static Storage* make(std::size_t capacity, std::size_t element_size) {
    if (capacity > std::numeric_limits<std::uint32_t>::max()) {
      throw Error(Code::invalid, "a value holds at most 4294967295 elements or bytes", "use a table or a tensor");
    }
    void* memory = ::operator new(header + capacity * element_size);
    return ::new (memory) Storage{1, static_cast<std::uint32_t>(capacity)};
  }
  void retain() noexcept { owners.fetch_add(1, std::memory_order_relaxed); }
  // True when the caller was the last owner and must destroy the elements, then free.
  [[nodiscard]] bool release() noexcept { return owners.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  [[nodiscard]] bool shared() const noexcept { return owners.load(std::memory_order_acquire) != 1; }
  static void free(Storage* storage) noexcept { ::operator delete(static_cast<void*>(storage)); }
};
static_assert(sizeof(Storage) <= Storage::header);

inline mortise_string make_string(std::string_view text) {
  if (text.empty()) return {nullptr, 0};
  Storage* storage = Storage::make(text.size(), 1);
  std::memcpy(storage->elements<char>(), text.data(), text.size());
  return {storage->elements<char>(), text.size()};
}
inline void retain_string(mortise_string text) noexcept {
  if (text.data != nullptr) Storage::of(text.data)->retain();
}
inline void release_string(mortise_string text) noexcept {
  if (text.data == nullptr) return;
  Storage* storage = Storage::of(text.data);
  if (storage->release()) Storage::free(storage);
}
inline std::string_view text_of(mortise_string text) noexcept { return {text.data, text.size}; }

}  // namespace detail

class Member;

class Value {
 public:
  Value() noexcept : raw_{} {}
  Value(std::nullptr_t) noexcept : raw_{} {}  // NOLINT(google-explicit-constructor): values are written as literals
  template <typename T>
    requires std::is_arithmetic_v<T>
  Value(T number) noexcept : raw_{} {  // NOLINT(google-explicit-constructor)
    if constexpr (std::is_same_v<T, bool>) {
      raw_.kind = MORTISE_KIND_BOOL;
      raw_.as.boolean = number ? 1 : 0;
    } else if constexpr (std::is_integral_v<T>) {
      raw_.kind = MORTISE_KIND_INT64;
      // NOLINTNEXTLINE(bugprone-signed-char-misuse): a char is a number here
      raw_.as.int64 = static_cast<std::int64_t>(number);
    } else {
      raw_.kind = MORTISE_KIND_FLOAT64;
      raw_.as.float64 = static_cast<double>(number);
    }
  }
  Value(Time time) noexcept : raw_{} {  // NOLINT(google-explicit-constructor)
    raw_.kind = MORTISE_KIND_TIME;
    raw_.as.time_ns = time.nanoseconds;
  }
  Value(std::string_view text) : raw_{} {  // NOLINT(google-explicit-constructor)
    raw_.as.string = detail::make_string(text);
    raw_.kind = MORTISE_KIND_STRING;
    raw_.reserved = owned;
  }
  Value(const char* text) : Value(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
  Value(const std::string& text) : Value(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)

  static Value bytes(std::string_view content) {
    Value value(content);
    value.raw_.kind = MORTISE_KIND_BYTES;
    return value;
  }
  // A copy of a tree from somebody who is not trusted to count: strings, lists and maps are copied whatever their storage
  // says; `leaf` is given each tensor and table (as mortise_value) and returns the Value that takes its place.
  template <typename Leaf>
  static Value deep_copy(const mortise_value& source, Leaf&& leaf);

  static Value list(std::initializer_list<Value> items = {});
  static Value map(std::initializer_list<std::pair<std::string_view, Value>> members = {});
  // Take over one reference to a leaf.
  static Value adopt(mortise_tensor* leaf) noexcept {
    Value value;
    value.raw_.kind = MORTISE_KIND_TENSOR;
    value.raw_.reserved = owned;
    value.raw_.as.tensor = leaf;
    return value;
  }
  static Value adopt(mortise_table* leaf) noexcept {
    Value value;
    value.raw_.kind = MORTISE_KIND_TABLE;
    value.raw_.reserved = owned;
    value.raw_.as.table = leaf;
    return value;
  }

  Value(const Value& other) : raw_{} { copy_from(other.raw_); }
  Value(Value&& other) noexcept : raw_(other.raw_) { other.raw_ = {}; }
  Value& operator=(const Value& other) {
    if (this != &other) {
      Value copy(other);
      std::swap(raw_, copy.raw_);
    }
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Value() {
    if (raw_.reserved == owned) destroy();
  }

  // The C face of this value; valid while the value lives unchanged.
  [[nodiscard]] const mortise_value* c() const noexcept { return &raw_; }
  // A foreign C value seen as a Value; valid as long as the foreign one. Copy it to keep it. Its shape (kinds, depth,
  // counts) must have been made by code that is trusted to be in this process.
  [[nodiscard]] static const Value& view(const mortise_value* raw) noexcept {
    return *reinterpret_cast<const Value*>(raw);
  }

  // A Value that owns nothing and stands for a foreign one as long as that lives: moving it is free, copying it copies.
  [[nodiscard]] static Value borrow(const mortise_value& raw) noexcept {
    Value value;
    value.raw_ = raw;
    value.raw_.reserved = 0;
    return value;
  }

  [[nodiscard]] Kind kind() const noexcept { return static_cast<Kind>(raw_.kind); }
  [[nodiscard]] bool is(Kind kind) const noexcept { return this->kind() == kind; }
  [[nodiscard]] bool is_null() const noexcept { return raw_.kind == MORTISE_KIND_NULL; }
  [[nodiscard]] bool is_number() const noexcept { return is(Kind::int64) || is(Kind::float64); }

  [[nodiscard]] bool as_bool() const { return expect(Kind::boolean).as.boolean != 0; }
  [[nodiscard]] std::int64_t as_int64() const { return expect(Kind::int64).as.int64; }
  // Accepts an int64 too.
  [[nodiscard]] double as_float64() const {
    return is(Kind::int64) ? static_cast<double>(raw_.as.int64) : expect(Kind::float64).as.float64;
  }
  [[nodiscard]] std::string_view as_string() const { return detail::text_of(expect(Kind::string).as.string); }
  [[nodiscard]] std::string_view as_bytes() const { return detail::text_of(expect(Kind::bytes).as.string); }
  [[nodiscard]] Time as_time() const { return Time{expect(Kind::time).as.time_ns}; }
  [[nodiscard]] const mortise_tensor& as_tensor() const { return *expect(Kind::tensor).as.tensor; }
  [[nodiscard]] const mortise_table& as_table() const { return *expect(Kind::table).as.table; }

  // Lists.
  [[nodiscard]] std::span<const Value> items() const {
    expect(Kind::list);
    return {reinterpret_cast<const Value*>(raw_.as.list.items), raw_.as.list.count};
  }
  template <typename Index>
    requires std::is_integral_v<Index>
  [[nodiscard]] const Value& operator[](Index index) const {
    const auto all = items();
    if (static_cast<std::size_t>(index) >= all.size()) {
      throw Error(Code::not_found,
                  "index " + std::to_string(index) + " of a list of " + std::to_string(all.size()) + " items");
    }
    return all[static_cast<std::size_t>(index)];
  }
  Value& push_back(Value item);

  // Maps. Look-up is linear: maps here have tens of keys, not thousands.
  [[nodiscard]] std::span<const Member> members() const;
  [[nodiscard]] const Value* find(std::string_view key) const noexcept;  // null when absent or not a map
  [[nodiscard]] bool has(std::string_view key) const noexcept { return find(key) != nullptr; }
  [[nodiscard]] const Value& at(std::string_view key) const;
  // The value of `key`, made (null) when absent; a null Value becomes a map.
  template <typename Key>
    requires std::is_convertible_v<const Key&, std::string_view>  // a template, so that [0] is not a null string
  Value& operator[](const Key& key) {
    return member(std::string_view(key));
  }
  void set(std::string_view key, Value value) { member(key) = std::move(value); }
  bool erase(std::string_view key);
  // Adds a member at the end without looking for the key: the caller knows that it is new. For maps built by the thousand.
  Value& append(std::string_view key, Value value);

  // Lists and maps: room for so many elements at once.
  void reserve(std::size_t count);

  // Lists and maps: elements. Strings and bytes: bytes. Otherwise 0.
  [[nodiscard]] std::size_t size() const noexcept;

  // Same kinds and same content; NaN equals NaN, so that a round trip can be compared. Tables and tensors are equal when
  // they are the same leaf.
  friend bool operator==(const Value& a, const Value& b) noexcept;

 private:
  static constexpr std::uint32_t owned = 1;  // raw_.reserved: this Value holds one reference to counted storage

  const mortise_value& expect(Kind wanted) const {
    if (kind() != wanted) {
      throw Error(Code::invalid, std::string("expected ") + name_of(wanted) + ", got " + name_of(kind()))
          .with("expected", name_of(wanted))
          .with("got", name_of(kind()));
    }
    return raw_;
  }
  Value& member(std::string_view key);
  void copy_from(const mortise_value& source);
  void destroy() noexcept;
  Value* writable_items(std::size_t wanted_capacity);
  Member* writable_members(std::size_t wanted_capacity);

  mortise_value raw_;
};

// A key and its value, with the layout of `mortise_member`.
class Member {
 public:
  Member(std::string_view key, Value value) : key_(detail::make_string(key)), value_(std::move(value)) {}
  Member(const Member& other) : key_(other.key_), value_(other.value_) { detail::retain_string(key_); }
  Member(Member&& other) noexcept : key_(other.key_), value_(std::move(other.value_)) { other.key_ = {}; }
  Member& operator=(const Member&) = delete;
  Member& operator=(Member&& other) noexcept {
    std::swap(key_, other.key_);
    value_ = std::move(other.value_);
    return *this;
  }
  ~Member() { detail::release_string(key_); }

  [[nodiscard]] std::string_view key() const noexcept { return detail::text_of(key_); }
  [[nodiscard]] const Value& value() const noexcept { return value_; }
  [[nodiscard]] Value& value() noexcept { return value_; }

 private:
  mortise_string key_;
  Value value_;
};

static_assert(sizeof(Value) == sizeof(mortise_value) && alignof(Value) == alignof(mortise_value));
static_assert(sizeof(Member) == sizeof(mortise_member) && alignof(Member) == alignof(mortise_member));

// ---- implementation -------------------------------------------------------------------------------------------------

inline Value Value::list(std::initializer_list<Value> items) {
  Value value;
  value.raw_.kind = MORTISE_KIND_LIST;
  for (const Value& item : items) value.push_back(item);
  return value;
}

inline Value Value::map(std::initializer_list<std::pair<std::string_view, Value>> members) {
  Value value;
  value.raw_.kind = MORTISE_KIND_MAP;
  for (const auto& [key, item] : members) value.set(key, item);
  return value;
}

inline std::span<const Member> Value::members() const {
  expect(Kind::map);
  return {reinterpret_cast<const Member*>(raw_.as.map.members), raw_.as.map.count};
}

inline const Value* Value::find(std::string_view key) const noexcept {
  if (!is(Kind::map)) return nullptr;
  for (const Member& member : members()) {
    if (member.key() == key) return &member.value();
  }
  return nullptr;
}

inline const Value& Value::at(std::string_view key) const {
  expect(Kind::map);
  if (const Value* value = find(key)) return *value;
  throw Error(Code::not_found, "missing key '" + std::string(key) + "'").with("key", std::string(key));
}

inline std::size_t Value::size() const noexcept {
  switch (kind()) {
    case Kind::string:
    case Kind::bytes: return raw_.as.string.size;
    case Kind::list: return raw_.as.list.count;
    case Kind::map: return raw_.as.map.count;
    default: return 0;
  }
}

// A scalar is its bits. Owned storage is shared. Foreign storage is copied, level by level, but leaves are shared.
inline void Value::copy_from(const mortise_value& source) {
  raw_ = source;
  const bool share = source.reserved == owned;
  raw_.reserved = 0;  // until the copy below succeeded
  switch (static_cast<Kind>(source.kind)) {
    case Kind::string:
    case Kind::bytes:
      if (share) {
        detail::retain_string(raw_.as.string);
      } else {
        raw_.as.string = detail::make_string(detail::text_of(source.as.string));
      }
      break;
    case Kind::list:
      if (source.as.list.count == 0) {
        raw_.as.list.items = nullptr;
      } else if (share) {
        detail::Storage::of(source.as.list.items)->retain();
      } else {
        raw_.as.list = {nullptr, 0};
        Value copy = list();
        copy.writable_items(source.as.list.count);
        for (const Value& item : view(&source).items()) copy.push_back(item);
        std::swap(raw_, copy.raw_);
      }
      break;
    case Kind::map:
      if (source.as.map.count == 0) {
        raw_.as.map.members = nullptr;
      } else if (share) {
        detail::Storage::of(source.as.map.members)->retain();
      } else {
        raw_.as.map = {nullptr, 0};
        Value copy = map();
        Member* slots = copy.writable_members(source.as.map.count);
        for (const Member& member : view(&source).members()) {
          ::new (slots + copy.raw_.as.map.count) Member(member.key(), member.value());
          ++copy.raw_.as.map.count;
        }
        std::swap(raw_, copy.raw_);
      }
      break;
    case Kind::tensor: raw_.as.tensor->retain(raw_.as.tensor); break;
    case Kind::table: raw_.as.table->retain(raw_.as.table); break;
    default: return;
  }
  raw_.reserved = owned;
}

inline void Value::destroy() noexcept {
  switch (kind()) {
    case Kind::string:
    case Kind::bytes: detail::release_string(raw_.as.string); break;
    case Kind::list:
      if (raw_.as.list.items != nullptr) {
        auto* items = reinterpret_cast<Value*>(const_cast<mortise_value*>(raw_.as.list.items));
        detail::Storage* storage = detail::Storage::of(items);
        if (storage->release()) {
          for (std::size_t i = 0; i < raw_.as.list.count; ++i) items[i].~Value();
          detail::Storage::free(storage);
        }
      }
      break;
    case Kind::map:
      if (raw_.as.map.members != nullptr) {
        auto* members = reinterpret_cast<Member*>(const_cast<mortise_member*>(raw_.as.map.members));
        detail::Storage* storage = detail::Storage::of(members);
        if (storage->release()) {
          for (std::size_t i = 0; i < raw_.as.map.count; ++i) members[i].~Member();
          detail::Storage::free(storage);
        }
      }
      break;
    case Kind::tensor: raw_.as.tensor->release(raw_.as.tensor); break;
    case Kind::table: raw_.as.table->release(raw_.as.table); break;
    default: break;
  }
  raw_ = {};
}

namespace detail {

// Storage for at least `wanted` elements that belongs to one owner alone, with the elements of the old one in it.
template <typename T>
T* unshare(T* old, std::size_t count, std::size_t wanted) {
  if (old != nullptr) {
    Storage* storage = Storage::of(old);
    if (!storage->shared() && storage->capacity >= wanted) return old;
  }
  if (wanted == 0) return old;
  std::size_t capacity = wanted;
  if (old != nullptr && Storage::of(old)->capacity < wanted) capacity = std::max<std::size_t>(wanted, count * 2);
  Storage* fresh = Storage::make(capacity, sizeof(T));
  T* elements = fresh->elements<T>();
  if (old != nullptr) {
    Storage* storage = Storage::of(old);
    const bool moving = !storage->shared();
    std::size_t done = 0;
    try {
      for (; done < count; ++done) {
        if (moving) {
          ::new (elements + done) T(std::move(old[done]));
        } else {
          ::new (elements + done) T(old[done]);
        }
      }
    } catch (...) {
      while (done > 0) elements[--done].~T();
      Storage::free(fresh);
      throw;
    }
    if (storage->release()) {
      for (std::size_t i = 0; i < count; ++i) old[i].~T();
      Storage::free(storage);
    }
  }
  return elements;
}

}  // namespace detail

// Precondition of both: the kind is right. A borrowed value becomes an owned one first.
inline Value* Value::writable_items(std::size_t wanted_capacity) {
  if (raw_.reserved != owned && raw_.as.list.items != nullptr) *this = Value(*this);
  auto* items = reinterpret_cast<Value*>(const_cast<mortise_value*>(raw_.as.list.items));
  items = detail::unshare(items, raw_.as.list.count, std::max<std::size_t>(wanted_capacity, raw_.as.list.count));
  raw_.as.list.items = reinterpret_cast<const mortise_value*>(items);
  raw_.reserved = owned;
  return items;
}

inline Member* Value::writable_members(std::size_t wanted_capacity) {
  if (raw_.reserved != owned && raw_.as.map.members != nullptr) *this = Value(*this);
  auto* members = reinterpret_cast<Member*>(const_cast<mortise_member*>(raw_.as.map.members));
  members = detail::unshare(members, raw_.as.map.count, std::max<std::size_t>(wanted_capacity, raw_.as.map.count));
  raw_.as.map.members = reinterpret_cast<const mortise_member*>(members);
  raw_.reserved = owned;
  return members;
}

template <typename Leaf>
Value Value::deep_copy(const mortise_value& source, Leaf&& leaf) {
  Value copy;
  switch (static_cast<Kind>(source.kind)) {
    case Kind::string: return Value(detail::text_of(source.as.string));
    case Kind::bytes: return bytes(detail::text_of(source.as.string));
    case Kind::tensor:
    case Kind::table: return leaf(source);
    case Kind::list: {
      copy = list();
      Value* slots = copy.writable_items(source.as.list.count);
      for (std::size_t i = 0; i < source.as.list.count; ++i) {
        ::new (slots + i) Value(deep_copy(source.as.list.items[i], leaf));
        ++copy.raw_.as.list.count;
      }
      return copy;
    }
    case Kind::map: {
      copy = map();
      Member* slots = copy.writable_members(source.as.map.count);
      for (std::size_t i = 0; i < source.as.map.count; ++i) {
        const mortise_member& member = source.as.map.members[i];
        ::new (slots + i) Member(detail::text_of(member.key), deep_copy(member.value, leaf));
        ++copy.raw_.as.map.count;
      }
      return copy;
    }
    default:
      copy.raw_ = source;
      copy.raw_.reserved = 0;
      return copy;
  }
}

inline Value& Value::push_back(Value item) {
  if (is_null()) raw_.kind = MORTISE_KIND_LIST;
  expect(Kind::list);
  Value* items = writable_items(raw_.as.list.count + 1);
  Value* slot = ::new (items + raw_.as.list.count) Value(std::move(item));
  ++raw_.as.list.count;
  return *slot;
}

inline Value& Value::member(std::string_view key) {
  if (is_null()) raw_.kind = MORTISE_KIND_MAP;
  expect(Kind::map);
  Member* members = writable_members(raw_.as.map.count);
  for (std::size_t i = 0; i < raw_.as.map.count; ++i) {
    if (members[i].key() == key) return members[i].value();
  }
  members = writable_members(raw_.as.map.count + 1);
  Member* slot = ::new (members + raw_.as.map.count) Member(key, Value());
  ++raw_.as.map.count;
  return slot->value();
}

inline Value& Value::append(std::string_view key, Value value) {
  if (is_null()) raw_.kind = MORTISE_KIND_MAP;
  expect(Kind::map);
  Member* members = writable_members(raw_.as.map.count + 1);
  Member* slot = ::new (members + raw_.as.map.count) Member(key, std::move(value));
  ++raw_.as.map.count;
  return slot->value();
}

inline void Value::reserve(std::size_t count) {
  if (is(Kind::map)) {
    writable_members(count);
  } else {
    expect(Kind::list);
    writable_items(count);
  }
}

inline bool Value::erase(std::string_view key) {
  if (find(key) == nullptr) return false;
  Member* members = writable_members(raw_.as.map.count);
  std::size_t index = 0;
  while (members[index].key() != key) ++index;
  for (; index + 1 < raw_.as.map.count; ++index) members[index] = std::move(members[index + 1]);
  members[index].~Member();
  --raw_.as.map.count;
  return true;
}

inline bool operator==(const Value& a, const Value& b) noexcept {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::null: return true;
    case Kind::boolean: return a.raw_.as.boolean == b.raw_.as.boolean;
    case Kind::int64:
    case Kind::time: return a.raw_.as.int64 == b.raw_.as.int64;
    case Kind::float64:
      return a.raw_.as.float64 == b.raw_.as.float64 ||
             (a.raw_.as.float64 != a.raw_.as.float64 && b.raw_.as.float64 != b.raw_.as.float64);
    case Kind::string:
    case Kind::bytes: return detail::text_of(a.raw_.as.string) == detail::text_of(b.raw_.as.string);
    case Kind::list: {
      const auto left = a.items();
      const auto right = b.items();
      if (left.size() != right.size()) return false;
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (!(left[i] == right[i])) return false;
      }
      return true;
    }
    case Kind::map: {
      if (a.size() != b.size()) return false;
      for (const Member& member : a.members()) {
        const Value* other = b.find(member.key());
        if (other == nullptr || !(member.value() == *other)) return false;
      }
      return true;
    }
    case Kind::tensor: return a.raw_.as.tensor == b.raw_.as.tensor;
    case Kind::table: return a.raw_.as.table == b.raw_.as.table;
  }
  return false;
}

}  // namespace mortise
