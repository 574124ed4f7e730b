// What PLUGIN means to a word that takes one plugin or all.
#pragma once

#include <string>
#include <vector>

namespace mortise::cli {

class Client;

// The one that was named, else every plugin that there is.
[[nodiscard]] std::vector<std::string> chosen_plugins(const Client& client, const std::string& named);

}  // namespace mortise::cli
