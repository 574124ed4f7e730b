// The one table of configuration keys.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "app/settings.h"
#include "base/config_tree.h"
#include "mortise/value.hpp"

namespace mortise::app {

struct Key {
  // What SIGHUP does with a changed value: it holds from then on, or it waits for the next start.
  enum class Change { at_once, restart };
  enum class Shape { one, list, map };

  std::string_view name;
  std::string_view kind;      // for people: "duration"
  std::string_view standard;  // the default, for people
  std::string_view meaning;
  Change change;
  Shape shape;
  // Relative paths start at `folder`. Throws Error{invalid}.
  void (*read)(const Node& node, const std::string& folder, Settings& settings);
  Value (*show)(const Settings& settings);
};

// In the order of the documentation.
[[nodiscard]] std::span<const Key> keys() noexcept;
// Also by its other way of writing it ("server.ports"). Null when there is none.
[[nodiscard]] const Key* find_key(std::string_view name) noexcept;
// "MORTISE_SERVER_PORT" for "server.port".
[[nodiscard]] std::string variable_of(std::string_view key);
[[nodiscard]] std::string_view name_of(Key::Change change) noexcept;

// Keys that may be written in two ways.
struct OtherSpelling {
  std::string_view spelling, key;
};
[[nodiscard]] std::span<const OtherSpelling> other_spellings() noexcept;

[[nodiscard]] Settings default_settings(const std::string& folder);

}  // namespace mortise::app
