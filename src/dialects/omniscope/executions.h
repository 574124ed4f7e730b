// Executions: runs one plugin once and keeps what became of it, in the run log beside all other runs.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "dialects/core/surroundings.h"
#include "mortise/value.hpp"
#include "plugin/descriptor.h"

namespace mortise::dialects::omniscope {

struct Request {
  Value data, parameters, metadata, config;
  std::string extension_point;
  std::optional<std::chrono::milliseconds> timeout;
};

class Executions {
 public:
  explicit Executions(const Surroundings& host) : host_(host) {}

  // {execution_id, plugin_id, status: success | failure | error, output: {data, metadata, logs, warnings, errors}, execution_time (ms),
  // logs, warnings, errors}. What the plugin does is in it, whatever it does. Blocks.
  Value run(const plugin::Descriptor& plugin, const Request& request);

  // {id, status, execution_time, started_at, completed_at, error_message, logs}, newest first.
  [[nodiscard]] Value history(const plugin::Descriptor& plugin, std::uint32_t limit) const;

  // How often it ran, and when last.
  struct Usage {
    std::int64_t count = 0;
    std::optional<Time> last;
  };
  [[nodiscard]] Usage usage(const plugin::Descriptor& plugin) const;

 private:
  const Surroundings& host_;
};

}  // namespace mortise::dialects::omniscope
