#include "plugin/hints.h"

#include "base/suggest.h"

namespace mortise::plugin {

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
  constexpr std::size_t few = 12;
  if (const auto near = nearest(name, known)) return "did you mean '" + *near + "'?";
  if (known.empty() || known.size() > few) return {};
  std::string text = "known: ";
  for (std::size_t i = 0; i < known.size(); ++i) text.append(i == 0 ? "" : ", ").append(known[i]);
  return text;
}

}  // namespace mortise::plugin
