// The program `mortise`: the command line, and behind it the house.
#include <malloc.h>

#include <algorithm>

#include "app/doctor.h"
#include "app/house.h"
#include "app/settings.h"
#include "app/version.h"
#include "base/error.h"
#include "cli/program.h"
#include "os/file.h"
#include "os/paths.h"
#include "os/process.h"

namespace mortise::app {
namespace {

class Builder final : public cli::HostMaker {
 public:
  std::unique_ptr<cli::Host> open(const cli::HostOptions& options) override {
    std::vector<std::string> secrets;
    Settings settings = settings_for(options, secrets);
    os::make_directories(options.data_dir);
    // A verb's own host keeps its log out of the way of what the verb has to say.
    if (options.logging == cli::HostOptions::Logging::aside && settings.logging.file.empty()) {
      settings.logging.file = os::join(options.data_dir, "mortise.log");
    }
    const Log log(settings.logging);
    for (const std::string& secret : secrets) log.redact(secret);
    return std::make_unique<House>(options.data_dir, settings, options.ports, places_, log);
  }

  Value examine(const cli::HostOptions& options) override {
    std::vector<std::string> secrets;
    return app::examine(options.data_dir, settings_for(options, secrets), places_);
  }

  std::string data_dir(const std::string& config) const override {
    return config.empty() ? std::string() : read_settings(config, [](const std::string&) {}).data_dir;
  }
  std::string version() const override { return app::version(); }
  std::string socket_path(const std::string& data_dir) const override { return app::socket_path(data_dir); }
  std::string quickstart_pipeline() const override { return places_.quickstart_pipeline; }

 private:
  static Settings settings_for(const cli::HostOptions& options, std::vector<std::string>& secrets) {
    Settings settings =
        options.config.empty()
            ? default_settings(os::absolute("."))
            : read_settings(options.config, [&](const std::string& secret) { secrets.push_back(secret); });
    if (!options.listen_hosts.empty()) settings.server.hosts = options.listen_hosts;
    if (!options.listen_ports.empty()) settings.server.ports = options.listen_ports;
    return settings;
  }

  const Places places_ = Places::of(os::own_executable());
};

}  // namespace
}  // namespace mortise::app

int main(int argc, char** argv) {
  ::mallopt(M_ARENA_MAX, 2);  // many threads touch large values now and then; an arena for each would keep them all
  mortise::app::Builder builder;
  return mortise::cli::run_program(argc, argv, builder);
}
