// Project: the monitors that a folder offers, and which of them its settings register.
//
// Monitors are the classes derived from BaseMonitor in FOLDER/mimolo/plugins, in the configured plugin folders, those that
// installed packages offer as entry points of "mimolo.plugins", and those that come along (example, folderwatch, template); where two
// have one label the earlier of these holds. A monitor is
// registered when its section [plugins.LABEL], or [plugins.FILE], is there and not `enabled = false`.
#pragma once

#include <string>
#include <vector>

#include "dialects/core/surroundings.h"
#include "dialects/mimolo/settings.h"
#include "jobs/monitors/watch.h"
#include "plugin/detector.h"

namespace mortise::dialects::mimolo {

// One monitor as its class describes it.
struct Found {
  struct Parameter {
    std::string name;
    bool required = false;
  };
  plugin::Descriptor descriptor;
  jobs::EventRules rules;
  double poll_interval_s = 5;
  std::vector<Parameter> parameters;  // of the constructor
  std::string stem;                   // of the file: "myplugin"; empty: of an installed package
  bool hears_segments = false;
};

struct Findings {
  std::vector<Found> monitors;
  std::vector<plugin::Problem> problems;
  std::vector<std::string> files;  // that hold monitors, readable or not
};

// The monitors in the files of one folder. Slow: it asks a worker about what was not seen before.
[[nodiscard]] Findings monitors_in(const plugin::Shelf& shelf, const Surroundings& host);
[[nodiscard]] std::string built_in_folder(const Surroundings& host);

struct Project {
  struct Registered {
    Found found;
    PluginSection section;
  };
  struct LeftOut {
    std::string label, reason;
  };
  std::vector<Registered> registered;
  std::vector<LeftOut> left_out;
  std::vector<plugin::Problem> problems;
  std::vector<std::string> warnings;

  // `known` are those of the configured plugin folders. Throws Error with the detail phase: registration.
  [[nodiscard]] static Project open(const std::string& folder, const Settings& settings,
                                    const std::vector<Found>& known, const Surroundings& host);

  // One watch over all that are registered. `watch` keeps its monitors' instances apart from those of other watches.
  [[nodiscard]] jobs::WatchSpec watch(const Settings& settings, const std::string& watch) const;
  [[nodiscard]] Value shown() const;
};

}  // namespace mortise::dialects::mimolo
