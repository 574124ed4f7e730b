// Environments: the packages that plugins need beside what their interpreter has, one folder for each set of them.
//
// A set of packages of certain versions for a certain interpreter has one key, whoever asks for it: plugins that need the same share it,
// and a plugin that needs something else gets something else. An environment is built in a folder aside and then renamed, so it is whole
// or not there. What is installed where Python itself finds it counts as there; a plugin without further needs has no environment.
//
// Set aside: a virtual environment per plugin. It costs an interpreter's start more, cannot be shared, and runs .pth files.
// One process owns the folder (the lock of the data folder). Thread-safe; builds come one after the other.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "environments/memory.h"
#include "plugin/descriptor.h"

namespace mortise::environments {

struct Options {
  std::string wheels;      // folder of wheels for Python; empty: none
  std::string r_packages;  // folder of packages for R; empty: none
  std::string uv;          // the program; empty: pip installs
  std::string index;       // address of a package index for Python; empty: none is asked
  bool DANGEROUSLY_build_sources = false;  // packages may run their own code while they are installed
  bool DANGEROUSLY_unconfined = false;     // the helpers and what they start may do what the host may do
  std::chrono::milliseconds timeout{600'000};  // of one build
  std::chrono::seconds keep{30 * 24 * 3600};   // unused so long, it goes
};

struct Places {
  std::string folder;    // where the environments are
  std::string launcher;  // the program that starts others
  std::string python, r_home, r_library;
  std::string helpers;   // the folder of python_environment.py and r_environment.R
};

struct Package {
  std::string name, version;
  std::string file;  // of the folder of packages; empty: the installer finds it
  std::vector<std::string> digests;
};

struct Environment {
  std::string key, language, interpreter;
  std::string folder;  // what goes on the interpreter's path
  std::vector<Package> packages;
  std::vector<std::string> plugins;  // that asked for it since this process began
  std::chrono::system_clock::time_point made, used;
  std::uint64_t bytes = 0;
};

class Environments {
 public:
  // Removes what an interrupted build left behind.
  Environments(Log log, Places places, Options options);

  // The folder of packages that a worker of this plugin needs; empty: none. Builds it when it is not there, which takes seconds.
  // Throws Error that names the plugin, the requirement and the place that was asked.
  [[nodiscard]] std::string folder_for(const plugin::Descriptor& descriptor);

  [[nodiscard]] std::vector<Environment> list() const;
  // Throws Error{not_found}, or Error{conflict} when a plugin of this process has it.
  void remove(const std::string& key);
  // Those that nobody used for `keep`; gives their keys.
  std::vector<std::string> collect_garbage();
  void configure(Options options);
  // What is built now is given up, and nothing is built any more: folder_for() throws Error{cancelled}.
  void stop();

 private:
  struct Resolved {
    std::string key, interpreter;  // key empty: nothing is needed
    std::vector<Package> packages;
    std::vector<std::string> watched;
    std::chrono::system_clock::time_point begun;
  };
  struct Failure {
    std::string request;
    std::pair<std::int64_t, std::int64_t> places;  // when the folders of packages were changed last
    std::chrono::steady_clock::time_point when;
    Error error;
  };

  [[nodiscard]] Options options() const;
  // The folder of packages (perhaps empty), when that is known without asking anybody.
  [[nodiscard]] std::optional<std::string> remembered(const plugin::Descriptor& plugin, const std::string& request);
  void remember(const plugin::Descriptor& plugin, const std::string& request, const Resolved& resolved);
  [[nodiscard]] std::string request_of(const plugin::Descriptor& plugin, const std::vector<std::string>& wanted) const;
  [[nodiscard]] Resolved resolve(const plugin::Descriptor& plugin, const std::vector<std::string>& wanted);
  void build(const plugin::Descriptor& plugin, const Resolved& resolved);
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> times_of_places() const;
  void must_not_have_failed_just_now(const std::string& request) const;
  void mark_used(const std::string& key) const;
  [[nodiscard]] std::string place_of(const std::string& key) const;
  [[nodiscard]] std::string packages_of(const std::string& key) const;

  const Log log_;
  const Places places_;
  mutable std::mutex mutex_;  // of what follows
  Options options_;
  Memory memory_;
  std::map<std::string, std::set<std::string>> plugins_;  // that asked, by key
  std::mutex building_;             // one build at a time; of what follows, too
  std::optional<Failure> failure_;  // the last one
  std::atomic<bool> stopping_{false};
};

}  // namespace mortise::environments
