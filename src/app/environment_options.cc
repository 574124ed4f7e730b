#include "app/environment_options.h"

#include <unistd.h>

#include "os/paths.h"
#include "os/process.h"
#include "runtime/runtime.h"

namespace mortise::app {
namespace {

// Beside the interpreter first: whoever made that folder chose both.
std::string find_uv(const std::string& python) {
  for (const std::string& folder : {os::parent_of(python), std::string("/usr/local/bin"), std::string("/usr/bin"), os::join(os::home(), ".local/bin")}) {
    const std::string path = os::join(folder, "uv");
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

}  // namespace

environments::Options environment_options(const Settings& settings) {
  environments::Options options;
  options.wheels = settings.environments.wheels;
  options.r_packages = settings.environments.r_packages;
  options.index = settings.environments.index;
  options.DANGEROUSLY_build_sources = settings.environments.allow_source_builds;
  options.DANGEROUSLY_unconfined = settings.runtime.sandbox == Settings::Runtime::Sandbox::DANGEROUSLY_off;
  options.timeout = settings.environments.timeout;
  options.keep = settings.environments.keep;
  if (settings.environments.uv) options.uv = find_uv(runtime::RuntimePaths::beside(os::own_executable()).python);
  return options;
}

environments::Places environment_places(const Places& places, const std::string& data_dir) {
  const auto paths = runtime::RuntimePaths::beside(places.executable);
  return {os::join(data_dir, "environments"), paths.launcher, paths.python, paths.r_home, paths.r_library, places.environment_builders};
}

}  // namespace mortise::app
