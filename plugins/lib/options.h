// Options: a step's configuration, read with types.
//
// The host has checked the top level against the manifest; a plugin reads nested parts and combinations itself. Every
// error names the key as a path ("sections[2].plot.kind"), what was expected and what was there. A null counts as
// absent. The Value must outlive its Options.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::plugins {

class Options {
 public:
  // `map` must be a map or null; `where` is its path, empty at the top.
  explicit Options(const Value& map, std::string where = {});

  // Refuses keys that are not in the list.
  void only(std::initializer_list<std::string_view> known) const;

  [[nodiscard]] const Value* find(std::string_view key) const;  // null when absent or null
  [[nodiscard]] std::string path(std::string_view key) const;   // "where.key"

  [[nodiscard]] std::optional<std::string> text(std::string_view key) const;
  [[nodiscard]] std::string text(std::string_view key, std::string_view otherwise) const;
  [[nodiscard]] std::string required_text(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key, bool otherwise) const;
  [[nodiscard]] std::optional<std::int64_t> integer(
      std::string_view key, std::int64_t minimum = std::numeric_limits<std::int64_t>::min(),
      std::int64_t maximum = std::numeric_limits<std::int64_t>::max()) const;
  // One of the words; the first is the default.
  [[nodiscard]] std::string choice(std::string_view key, std::initializer_list<std::string_view> words) const;
  // A list of texts; a single text is a list of one.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  // A list of anything; a single value that is no list is a list of one.
  [[nodiscard]] std::vector<const Value*> list(std::string_view key) const;
  // The options of a map below this one; absent is an empty map.
  [[nodiscard]] Options map(std::string_view key) const;

  [[nodiscard]] const Value& value() const noexcept { return *map_; }

 private:
  const Value* map_;
  std::string where_;
};

// Error{invalid}: "path: expected a number, got text 'abc'".
[[nodiscard]] Error wrong_option(const std::string& path, const std::string& expected, const Value& got);

// A value in a few words for a message: text 'abc', 12, a list of 3.
[[nodiscard]] std::string describe(const Value& value);

}  // namespace mortise::plugins
