// Where things are: those of the program, and the two of a data folder that others look for.
#pragma once

#include <string>

namespace mortise::app {

// Where things of the program itself are, in a build tree or an installation.
struct Places {
  std::string executable;
  std::string first_party_plugins;  // empty: not found
  std::string quickstart_pipeline;  // empty: not found
  std::string dialect_shims;        // empty: not found
  std::string templates;            // of `mortise new`; empty: not found
  std::string headers;              // what a compiler is told with -I; empty: not found
  std::string environment_builders; // the scripts that fill environments; empty: not found

  [[nodiscard]] static Places of(const std::string& executable);
};

[[nodiscard]] std::string lock_path(const std::string& data_dir);
[[nodiscard]] std::string socket_path(const std::string& data_dir);

}  // namespace mortise::app
