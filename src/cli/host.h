// What the command line needs from the house, declared here and built in src/app: a host in this very process.
//
// Every verb is a client of the process that owns the data folder. When nobody owns it, this process becomes the owner for
// as long as the verb takes, serves the folder's socket like any other owner, and is a client of itself. So there is one
// way to do everything, and another shell can watch and cancel what this one runs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::cli {

struct HostOptions {
  std::string data_dir;                                       // absolute
  std::string config;                                         // absolute path of the configuration file, empty: none
  enum class Ports { none, configured } ports = Ports::none;  // whether to listen on TCP beside the socket
  std::vector<std::string> listen_hosts;                      // instead of the configured one; may be empty
  std::vector<std::uint16_t> listen_ports;                    // instead of the configured ones; may be empty
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
  // What the configuration file says about the data folder: an absolute path, or empty.
  [[nodiscard]] virtual std::string data_dir(const std::string& config) const = 0;
  [[nodiscard]] virtual std::string version() const = 0;
  [[nodiscard]] virtual std::string socket_path(const std::string& data_dir) const = 0;
  // The pipeline that `mortise quickstart` runs.
  [[nodiscard]] virtual std::string quickstart_pipeline() const = 0;
};

}  // namespace mortise::cli
