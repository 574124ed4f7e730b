#include "lib/suggest.h"

#include <algorithm>
#include <numeric>

namespace mortise::plugins {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Levenshtein's distance without letter case.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t replace = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({replace, above + 1, row[j - 1] + 1});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 64;  // nobody mistypes more than that by accident
  if (name.size() > longest) return {};
  std::string best;
  std::size_t best_distance = std::min<std::size_t>(2, name.size() / 2) + 1;
  for (const std::string& candidate : known) {
    if (candidate.size() > longest) continue;
    const std::size_t d = distance(name, candidate);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  if (const std::string best = nearest(name, known); !best.empty()) return "did you mean '" + best + "'?";
  if (known.empty()) return "there are none";
  std::string text = "known are: ";
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < known.size() && i < most; ++i) text.append(i == 0 ? "" : ", ").append(known[i]);
  if (known.size() > most) text.append(", ... (" + std::to_string(known.size()) + " in all)");
  return text;
}

}  // namespace mortise::plugins
