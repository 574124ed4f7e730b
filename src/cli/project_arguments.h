// What the verbs for those who write plugins take beside what all verbs take.
#pragma once

#include <string>
#include <vector>

namespace mortise::cli {

struct ProjectArguments {
  // new
  std::string dialect, name, language, kind, folder, author, description, category;
  std::vector<std::string> tags, extension_points;
  std::string environment;  // environment remove: its key
  std::string place;        // where
  // plugin test
  std::string tested, junit;
  double timeout = 600;
  bool unconfined = false;
};

}  // namespace mortise::cli
