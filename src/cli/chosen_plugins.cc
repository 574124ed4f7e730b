#include "cli/chosen_plugins.h"

#include "cli/client.h"
#include "cli/json.h"

namespace mortise::cli {

std::vector<std::string> chosen_plugins(const Client& client, const std::string& named) {
  if (!named.empty()) return {named};
  std::vector<std::string> ids;
  const Value all = client.get("/api/v1/plugins");
  for (const Value& plugin : all.items()) ids.push_back(text_in(plugin, "id"));
  return ids;
}

}  // namespace mortise::cli
