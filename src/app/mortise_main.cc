// The program `mortise`: the command line, and behind it the house.
#include <malloc.h>

#include <algorithm>

#include "app/backup.h"
#include "app/doctor.h"
#include "app/house.h"
#include "app/plugin_doctor.h"
#include "app/settings_view.h"
#include "app/version.h"
#include "authors/plugin_trial.h"
#include "authors/projects.h"
#include "base/error.h"
#include "base/error_object.h"
#include "cli/program.h"
#include "dialects/all.h"
#include "os/file.h"
#include "os/paths.h"
#include "os/process.h"

namespace mortise::app {
namespace {

class Builder final : public cli::HostMaker {
 public:
  std::unique_ptr<cli::Host> open(const cli::HostOptions& options) override {
    const Reading read{sources_of(options), options.logging, options.data_dir};
    Configuration configuration = read();
    os::make_directories(options.data_dir);
    const Log log(configuration.settings.logging);
    for (const std::string& secret : configuration.secrets) log.redact(secret);
    return std::make_unique<House>(HouseOptions{options.data_dir, options.ports, options.config, places_, guides_, read},
                                   std::move(configuration), log);
  }

  Value examine(const cli::HostOptions& options) override {
    return app::examine(options.data_dir, read_configuration(sources_of(options)).settings, places_);
  }

  Value examine_plugin(const cli::HostOptions& options, const std::string& folder) override {
    return app::examine_plugin(folder, read_configuration(sources_of(options)).settings, places_);
  }

  std::string data_dir(const cli::HostOptions& options) const override {
    return read_configuration(sources_of(options)).settings.data_dir;
  }
  Value configuration(const cli::HostOptions& options) const override {
    Configuration read = read_configuration(sources_of(options));
    if (read.settings.data_dir.empty()) read.settings.data_dir = options.data_dir;
    return shown(read, options.config);
  }
  Value check_configuration(const cli::HostOptions& options) const override {
    const std::vector<Error> found = problems_of(sources_of(options));
    Value problems = Value::list(), notes = Value::list();
    for (const Error& problem : found) problems.push_back(error_object(problem));
    if (found.empty()) {
      for (const std::string& doubt : doubts(read_configuration(sources_of(options)))) notes.push_back(doubt);
    }
    return Value::map({{"valid", found.empty()},
                       {"file", options.config.empty() ? Value() : Value(options.config)},
                       {"problems", problems},
                       {"notes", notes}});
  }
  Value restore(const cli::HostOptions& options, const std::string& file) override {
    return restore_backup(options.data_dir, file);
  }
  Value make_project(const cli::NewProject& wanted) const override { return authors::make_project(places_, wanted); }
  Value test_plugin(const cli::HostOptions& options, const cli::PluginTest& wanted) override {
    return authors::try_plugin(places_, guides_, read_configuration(sources_of(options)), wanted);
  }
  Value places() const override { return authors::shown_places(places_); }
  Value configuration_keys() const override { return shown_keys(); }
  std::string version() const override { return app::version(); }
  std::string socket_path(const std::string& data_dir) const override { return app::socket_path(data_dir); }
  const cli::Guests& guests() const override { return words_; }
  std::string quickstart_pipeline() const override { return places_.quickstart_pipeline; }

 private:
  static Sources sources_of(const cli::HostOptions& options) {
    Sources sources{options.config, os::absolute("."), own_environment(), {}};
    for (const auto& given : options.overrides) sources.overrides.push_back({given.key, given.values, given.option});
    return sources;
  }

  // Reads the configuration as this host was told to, now and at every SIGHUP.
  struct Reading {
    Sources sources;
    cli::HostOptions::Logging logging;
    std::string data_dir;

    Configuration operator()() const {
      Configuration read = read_configuration(sources);
      Settings& settings = read.settings;
      settings.data_dir = data_dir;
      // A verb's own host keeps its log out of the way of what the verb has to say.
      if (logging == cli::HostOptions::Logging::aside && settings.logging.file.empty()) {
        settings.logging.file = os::join(data_dir, "mortise.log");
      }
      return read;
    }
  };

  const Places places_ = Places::of(os::own_executable());
  const std::vector<dialects::Guide> guides_ = dialects::all();
  const cli::Guests words_ = dialects::words_of(guides_);
};

}  // namespace
}  // namespace mortise::app

int main(int argc, char** argv) {
  ::mallopt(M_ARENA_MAX, 2);  // many threads touch large values now and then; an arena for each would keep them all
  mortise::app::Builder builder;
  return mortise::cli::run_program(argc, argv, builder);
}
