// What the command line needs from the house, declared here and built in src/app: a host in this very process.
//
// Every verb is a client of the process that owns the data folder. When nobody owns it, this process becomes the owner for
// as long as the verb takes, serves the folder's socket like any other owner, and is a client of itself. So there is one
// way to do everything, and another shell can watch and cancel what this one runs.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/guests.h"
#include "mortise/value.hpp"

namespace mortise::cli {

class Signals;

struct HostOptions {
  std::string data_dir;                                       // absolute, as the configuration says in the end
  std::string config;                                         // absolute path of the configuration file, empty: none
  enum class Ports { none, configured } ports = Ports::none;  // whether to listen on TCP beside the socket
  // Keys of the configuration that the command line gives: {"server.port", {"9000"}, "--port"}.
  struct Override {
    std::string key;
    std::vector<std::string> values;
    std::string option;
  };
  std::vector<Override> overrides;
  enum class Logging {
    configured,
    aside
  } logging = Logging::aside;  // a verb's own host logs to a file of the data folder
};

class Host {
 public:
  Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  virtual ~Host() = default;  // stops at once what still runs

  [[nodiscard]] virtual std::vector<std::string> urls() const = 0;
  // Lets what runs come to its end for at most the configured patience, then stops everything. Once.
  virtual void drain() = 0;
  // Reads the configuration again, makes what can change at once hold, and begins the log file anew. {"changed": [key],
  // "restart": [key]}; `restart` are those that wait for the next start. Throws Error when the configuration is wrong: then
  // nothing changed.
  virtual Value reload() = 0;
};

// A new project for a plugin, as `mortise new` is told.
struct NewProject {
  std::string dialect, name, language, kind;
  std::string folder;  // absolute; empty: named after the plugin, in the present one
  std::string author, description, category;
  std::vector<std::string> tags, extension_points;
};

// What `mortise plugin test` wants.
struct PluginTest {
  std::string folder;  // absolute
  std::chrono::milliseconds timeout{600'000};  // of all of it
  bool DANGEROUSLY_unconfined = false;          // its build and its tests may do what the caller may do
  std::function<void(const Value& one)> watch;  // gets each case as it ends
  std::function<bool()> cancelled;
  Signals* signals = nullptr;  // what interrupts a question to a host
};

class HostMaker {
 public:
  HostMaker() = default;
  HostMaker(const HostMaker&) = delete;
  HostMaker& operator=(const HostMaker&) = delete;
  virtual ~HostMaker() = default;

  // Takes the data folder's lock and starts everything. Throws Error{busy} with the detail "pid" when another process has it.
  [[nodiscard]] virtual std::unique_ptr<Host> open(const HostOptions& options) = 0;
  // What this machine has and lacks, as `mortise doctor --json` prints it. Needs no lock.
  [[nodiscard]] virtual Value examine(const HostOptions& options) = 0;
  // The same about the plugin in a folder (absolute): where it lies, its manifest, whether it was built.
  [[nodiscard]] virtual Value examine_plugin(const HostOptions& options, const std::string& folder) = 0;
  // What the configuration says about the data folder: an absolute path, or empty.
  [[nodiscard]] virtual std::string data_dir(const HostOptions& options) const = 0;
  // The configuration that a host would have: {"file", "values": [{"key", "value", "source", "place"}]}. Throws Error.
  [[nodiscard]] virtual Value configuration(const HostOptions& options) const = 0;
  // {"valid", "file", "problems": [error], "notes": [text]}.
  [[nodiscard]] virtual Value check_configuration(const HostOptions& options) const = 0;
  // Makes the project: {"name", "dialect", "language", "folder", "files": [path], "next": [command]}. Throws Error, and then made
  // nothing.
  [[nodiscard]] virtual Value make_project(const NewProject& wanted) const = 0;
  // Builds a plugin, runs its tests and its examples, for which it goes to another folder: {"plugin", "folder", "language", "confined", "passed", "failed", "skipped",
  // "seconds", "cases": [{"suite", "name", "outcome", "seconds", "message"?, "output"?}]}. Needs no lock. Throws Error{cancelled}.
  [[nodiscard]] virtual Value test_plugin(const HostOptions& options, const PluginTest& wanted) = 0;
  // Folders of the program that plugins are built and tested with: {"include": path, ...}; empty where there is none.
  [[nodiscard]] virtual Value places() const = 0;
  // Puts a backup (an absolute path) in the place of the data folder: {"files", "bytes", "kept"}. Throws Error{busy} while a
  // host has the folder.
  [[nodiscard]] virtual Value restore(const HostOptions& options, const std::string& file) = 0;
  // Every key: [{"key", "kind", "default", "change", "variable", "meaning"}].
  [[nodiscard]] virtual Value configuration_keys() const = 0;
  [[nodiscard]] virtual std::string version() const = 0;
  [[nodiscard]] virtual std::string socket_path(const std::string& data_dir) const = 0;
  // Words of the command line that other rooms bring. The same object every time.
  [[nodiscard]] virtual const Guests& guests() const = 0;
  // The pipeline that `mortise quickstart` runs.
  [[nodiscard]] virtual std::string quickstart_pipeline() const = 0;
};

}  // namespace mortise::cli
