// The configuration shown to people and programs.
#pragma once

#include <string>
#include <vector>

#include "app/settings.h"
#include "mortise/value.hpp"

namespace mortise::app {

// {"file", "values": [{"key", "value", "source", "place"}]}; durations in seconds, sizes in bytes.
[[nodiscard]] Value shown(const Configuration& configuration, const std::string& file);
// The table of keys: [{"key", "kind", "default", "change", "variable", "meaning"}].
[[nodiscard]] Value shown_keys();

// The names of the keys whose values differ.
struct Difference {
  std::vector<std::string> at_once, restart;
};
[[nodiscard]] Difference difference(const Settings& before, const Settings& after);

// What is allowed and still looks wrong: a folder that is not there. One sentence each.
[[nodiscard]] std::vector<std::string> doubts(const Configuration& configuration);

}  // namespace mortise::app
