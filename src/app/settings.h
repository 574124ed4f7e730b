// Settings: the host's configuration file, read into types once, at start.
//
// Every key is known here with its type and its default; docs/configuration.md lists them for people. An unknown key, or a
// value of the wrong kind, is an error that names file, line and key. Relative paths start at the folder of the file.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"

namespace mortise::app {

struct Settings {
  struct Server {
    std::vector<std::string> hosts{"127.0.0.1"};
    std::vector<std::uint16_t> ports{8080, 8001};
    std::vector<std::string> allowed_hosts, allowed_origins;
    std::uint64_t max_body = 64U << 20U;
    std::size_t max_connections = 512;
    std::chrono::milliseconds drain_timeout{30'000};  // what running work gets at the end
  };
  struct Plugins {
    std::vector<std::string> directories;  // absolute
    bool auto_discovery = true;            // whether the directories are scanned at start
    bool first_party = true;               // whether the plugins that come with mortise are there
    std::chrono::milliseconds timeout{60'000};
    std::size_t max_concurrency = 10;
    std::vector<std::string> trusted;  // DANGER: these run inside the host's own process
  };
  struct Runtime {
    std::chrono::milliseconds grace{1'000}, idle{300'000};
    std::uint64_t memory = 0;  // of a worker; 0: a quarter of the machine
  };

  std::string data_dir;  // absolute; empty: not said
  Server server;
  Plugins plugins;
  Runtime runtime;
  std::vector<std::string> pipeline_directories;
  Log::Options logging;
};

// What holds without a file; relative defaults start at `folder`.
[[nodiscard]] Settings default_settings(const std::string& folder);

// `path` is absolute. ${NAME} is replaced from the environment; those values are given to `on_secret`. Throws
// Error{invalid, not_found}.
[[nodiscard]] Settings read_settings(const std::string& path, const std::function<void(const std::string&)>& on_secret);

}  // namespace mortise::app
