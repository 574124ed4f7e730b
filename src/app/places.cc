#include "app/places.h"

#include <filesystem>
#include <initializer_list>

#include "os/paths.h"

namespace mortise::app {

Places Places::of(const std::string& executable) {
  const std::filesystem::path folder = std::filesystem::path(executable).parent_path();
  const auto first = [&](std::initializer_list<const char*> choices) {
    for (const char* choice : choices) {
      std::error_code failure;
      const auto path = std::filesystem::weakly_canonical(folder / choice, failure);
      if (!failure && std::filesystem::exists(path, failure)) return path.string();
    }
    return std::string();
  };
  // A build tree is build/bin, or build/<preset>/bin for the others; an installation has share/ beside bin/.
  return {executable, first({"../plugins", "../share/mortise/plugins"}),
          first({"../../examples/quickstart/weather.yaml", "../../../examples/quickstart/weather.yaml",
                 "../share/mortise/quickstart/weather.yaml"}),
          first({"../../sdk/dialects", "../../../sdk/dialects", "../share/mortise/dialects"})};
}

std::string lock_path(const std::string& data_dir) { return os::join(data_dir, "lock"); }
std::string socket_path(const std::string& data_dir) { return os::join(data_dir, "server.sock"); }

}  // namespace mortise::app
