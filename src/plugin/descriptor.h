// Descriptor: everything the host knows about a plugin before running a line of it.
//
// It is made from a manifest (native plugins and OmniScope packages), or by a dialect from whatever its guide uses
// instead. Nothing above this room asks how a plugin was written or where it runs; it reads the descriptor.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/semver.h"
#include "plugin/config_schema.h"

namespace mortise::plugin {

enum class Lifetime { resident, per_call };
enum class FailurePolicy { stop, report, backoff, fail };
enum class Trust { confined, in_process };  // in_process only where the operator said so (config key plugins.trusted)

struct Limits {
  std::uint64_t memory_bytes = 0;  // 0: the default of the runtime
  std::uint32_t processes = 0;     // 0: the default of the runtime
  std::uint32_t open_files = 0;
  double processors = 0;           // 0.5: half of one; 0: as many as there are

  friend bool operator==(const Limits&, const Limits&) = default;
};

struct Requirement {
  enum class Type { plugin, package, system, capability };
  Type type = Type::plugin;
  std::string name;
  std::string range;  // semver range, empty: any
};

// How a plugin that was not written for this host becomes one: the worker loads the adapter, which loads the author's file.
struct Adapter {
  std::string name;                // Python: a module; C and C++: the absolute path of a library. Empty: none is needed
  std::string object;              // which one of several plugins in the entry file: a class's name; empty: the adapter decides
  std::vector<std::string> paths;  // Python: folders on the module path of this plugin's processes alone

  bool operator==(const Adapter&) const = default;
};

struct Descriptor {
  std::string id;  // the name, unique in a host
  std::string version_text;
  Version version;
  std::string description, author, author_email, license, category;
  std::vector<std::string> tags;

  std::string dialect = "native";
  std::string language;                        // "c", "c++", "python", "r", "go"
  std::string folder;                          // absolute path of the package
  std::string entry;                           // file inside the folder: lib*.so, *.py, *.R, *.go, or the program of a plugin in Go
  Adapter adapter;
  Value settings;                              // the plugin's own configuration, for calls that bring none; null or a map
  std::vector<std::string> aliases;            // other names that find it: "Data_Processing.normaliser"
  std::vector<std::string> extension_points;   // each known to extension_points.h
  ConfigSchema config;                         // of a step, with defaults
  std::vector<std::string> permissions;
  std::vector<std::string> environment;        // variables it may see, by name
  std::vector<Requirement> requires_;
  std::vector<std::string> provides, conflicts;

  Lifetime lifetime = Lifetime::resident;
  std::uint32_t concurrency = 1;               // calls of one instance at a time; more calls get more instances
  std::uint32_t max_instances = 4;             // warm instances at most
  std::optional<std::chrono::milliseconds> deadline;  // of one operation; absent: the host's default
  bool keeps_state = false;                    // an instance stays however long nobody asks it anything
  FailurePolicy on_failure = FailurePolicy::stop;
  Limits limits;
  Trust trust = Trust::confined;
  std::uint64_t generation = 0;                // counts what took this one's place in the host (Registry::replace)
};

}  // namespace mortise::plugin
