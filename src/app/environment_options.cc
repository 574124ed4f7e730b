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

// A build tree is build/bin or build/<preset>/bin; an installation has libexec/ beside bin/.
std::string find_helpers(const std::string& executable) {
  const std::string bin = os::parent_of(executable);
  for (const char* choice : {"../../src/environments", "../../../src/environments", "../libexec/mortise/environments"}) {
    const std::string folder = os::absolute(os::join(bin, choice));
    if (::access(os::join(folder, "python_environment.py").c_str(), R_OK) == 0) return folder;
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
  return {os::join(data_dir, "environments"), paths.launcher, paths.python, paths.r_home, paths.r_library, find_helpers(places.executable)};
}

}  // namespace mortise::app
