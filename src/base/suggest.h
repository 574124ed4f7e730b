// "Did you mean ...?": the nearest of the known words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise {

// The known word with the fewest edits (insert, delete, replace, swap of neighbours; case is free), if at most a third of its
// letters differ. Nothing when no word is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace mortise
