// "did you mean": the known name nearest to one that somebody typed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mortise::plugins {

// The known name within two typing mistakes of `name` (letter case does not count), or empty.
[[nodiscard]] std::string nearest(std::string_view name, const std::vector<std::string>& known);

// A hint for an unknown name: "did you mean 'wind'?", else "known are: a, b, c" (the first twenty).
[[nodiscard]] std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace mortise::plugins
