// House: all parts of the host, built by hand, in order, once; taken down in reverse.
//
// A house owns its data folder (the lock), serves the folder's Unix socket and perhaps TCP ports, and runs what it is asked
// to run. When it goes, nothing of it stays: no process, no socket.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/places.h"
#include "app/settings.h"
#include "cli/host.h"
#include "dialects/core/dialect.h"

namespace mortise::app {

struct HouseOptions {
  std::string data_dir;  // absolute
  cli::HostOptions::Ports ports = cli::HostOptions::Ports::none;
  std::string configuration_file;  // absolute; empty: none
  Places places;
  const std::vector<dialects::Guide>& guides;  // outlives the house
  std::function<Configuration()> read_again;  // throws Error when the configuration is wrong now
};

class House final : public cli::Host {
 public:
  // Throws Error: `busy` when another process owns the data folder, else what went wrong first.
  House(HouseOptions options, Configuration configuration, const Log& log);
  ~House() override;

  [[nodiscard]] std::vector<std::string> urls() const override;
  void drain() override;
  Value reload() override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mortise::app
