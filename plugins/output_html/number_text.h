// Numbers as people like to read them, and as many decimals as a column of them needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mortise::plugins {

// "1,461", "35.6", "−1.6", "0.00012", "1.2e+30": a real minus sign, groups of thousands from 10,000 on (so that years stay
// years), at most `decimals` decimals; without that as many as say something (about four digits).
[[nodiscard]] std::string number_text(double number, std::optional<int> decimals = std::nullopt);

// How many decimals show all of these without noise: the fewest, up to three, that lose nothing, else what number_text would take.
[[nodiscard]] int decimals_for(const std::vector<double>& numbers);

// 1, 2 or 5 times a power of ten, the first that is at least `step`.
[[nodiscard]] double round_step(double step);

}  // namespace mortise::plugins
