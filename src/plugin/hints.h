// Hints for mistyped names, worded once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mortise::plugin {

// "did you mean 'x'?" when one of the known names is near; "known: x, y" when there are few of them; else empty.
[[nodiscard]] std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace mortise::plugin
