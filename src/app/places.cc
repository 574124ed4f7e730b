#include "app/places.h"

#include <filesystem>
#include <initializer_list>

#include "os/paths.h"

namespace mortise::app {

namespace {

// The first of these that is there, from the folder of the program. A build tree is build/bin, or build/<preset>/bin; an installation
// has share/, include/ and libexec/ beside bin/.
std::string beside(const std::string& executable, std::initializer_list<const char*> choices) {
  const std::filesystem::path folder = std::filesystem::path(executable).parent_path();
  for (const char* choice : choices) {
    std::error_code failure;
    const auto path = std::filesystem::weakly_canonical(folder / choice, failure);
    if (!failure && std::filesystem::exists(path, failure)) return path.string();
  }
  return {};
}

}  // namespace

Places Places::of(const std::string& executable) {
  const auto first = [&executable](std::initializer_list<const char*> choices) { return beside(executable, choices); };
  Places places;
  places.executable = executable;
  places.first_party_plugins = first({"../plugins", "../share/mortise/plugins"});
  places.quickstart_pipeline = first({"../../examples/quickstart/weather.yaml", "../../../examples/quickstart/weather.yaml",
                                      "../share/mortise/quickstart/weather.yaml"});
  places.dialect_shims = first({"../../sdk/dialects", "../../../sdk/dialects", "../share/mortise/dialects"});
  places.templates = first({"../../sdk/templates", "../../../sdk/templates", "../share/mortise/templates"});
  // Not every include/ is ours.
  const std::string header = first({"../../include/mortise/plugin.h", "../../../include/mortise/plugin.h", "../include/mortise/plugin.h"});
  if (!header.empty()) places.headers = os::parent_of(os::parent_of(header));
  places.environment_builders = first({"../../src/environments", "../../../src/environments", "../libexec/mortise/environments"});
  return places;
}

std::string lock_path(const std::string& data_dir) { return os::join(data_dir, "lock"); }
std::string socket_path(const std::string& data_dir) { return os::join(data_dir, "server.sock"); }

}  // namespace mortise::app
