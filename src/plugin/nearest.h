// The nearest of some known names, for hints: a person who mistyped a name is told the one that was probably meant.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::plugin {

// The candidate with the fewest changes (insert, delete, replace, swap neighbours; letters of the other case are free), if
// that is at most a third of the name's length and at least one letter stays. Empty when nothing is near.
[[nodiscard]] std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

// "did you mean 'x'?", or the known names when there are few, or empty.
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);
[[nodiscard]] std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace mortise::plugin
