// Project: the plugins of one k-bert project, each with its descriptor, in the order in which those that provide come before
// those that need.
//
// They are the classes in src/plugins, src/heads and the guide's other folders, in plugins.paths, and those that installed packages
// offer as "k_bert.plugins". What a plugin needs of the same project is brought up in its own process, too, so that it resolves
// the very objects; from elsewhere it gets services by name.
#pragma once

#include <string>
#include <vector>

#include "dialects/core/surroundings.h"
#include "dialects/kbert/settings.h"
#include "plugin/detector.h"

namespace mortise::dialects::kbert {

struct Found {
  plugin::Descriptor descriptor;
  std::string doc;
  std::vector<std::string> warnings;
};

struct LeftOut {
  std::string name, reason;
};

struct Project {
  std::string folder;
  Settings settings;
  std::vector<Found> plugins;
  std::vector<LeftOut> left_out;
  std::vector<plugin::Problem> problems;
  std::vector<std::string> warnings;

  // Slow: it asks workers about what was not seen before. Throws Error when the settings are wrong.
  [[nodiscard]] static Project open(const std::string& folder, const Surroundings& host);
  // Of these files of a folder alone, which is no project.
  [[nodiscard]] static Project open(const std::string& folder, const Surroundings& host,
                                    const std::vector<std::string>& files);
};

// The files of one folder that may hold plugins, by the shape of their text.
[[nodiscard]] std::vector<std::string> plugin_files(const plugin::Shelf& shelf);

}  // namespace mortise::dialects::kbert
