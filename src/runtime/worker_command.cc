#include "runtime/worker_command.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "os/paths.h"
#include "os/process.h"
#include "runtime/go_program.h"
#include "runtime/worker_zygote.h"
#include "runtime/worker_policy.h"

namespace mortise::runtime {
namespace {

constexpr std::string_view path_of_workers = "/usr/local/bin:/usr/bin:/bin";

std::string own(const char* name, std::string_view otherwise) {
  const char* value = ::getenv(name);
  return value != nullptr ? value : std::string(otherwise);
}

// All that a worker sees of the host's environment: where things are, how text looks, and what the plugin asked for by name.
// Never another MORTISE_ variable: they may hold the operator's token.
std::vector<std::string> environment_of(const plugin::Descriptor& descriptor, RuntimeSettings::Sandbox sandbox) {
  std::vector<std::string> environment = usual_environment();
  environment.push_back("MORTISE_PLUGIN=" + descriptor.id);
  if (sandbox == RuntimeSettings::Sandbox::DANGEROUSLY_off) {
    environment.push_back("HOME=" + os::home());
    environment.push_back("TMPDIR=" + own("TMPDIR", "/tmp"));
  } else {  // its private one
    environment.emplace_back("HOME=/tmp");
    environment.emplace_back("TMPDIR=/tmp");
  }
  for (const std::string& name : descriptor.environment) {
    const char* value = ::getenv(name.c_str());
    if (value == nullptr || name.starts_with("MORTISE_") || name.starts_with("LD_")) continue;
    std::erase_if(environment, [&](const std::string& entry) { return entry.starts_with(name + "="); });
    environment.push_back(name + "=" + value);
  }
  return environment;
}

void must_exist(const std::string& program, const std::string& what) {
  if (!program.empty() && ::access(program.c_str(), X_OK) == 0) return;
  throw Error(Code::not_found, what + " is missing: '" + program + "'",
              "build or install mortise completely; `mortise doctor` shows what is missing")
      .with("file", program);
}

// Only what the plugin did not ask for itself.
void set_default(std::vector<std::string>& environment, std::string_view name, std::string_view value) {
  const std::string start = std::string(name) + "=";
  for (const std::string& entry : environment) {
    if (entry.starts_with(start)) return;
  }
  environment.push_back(start + std::string(value));
}

// What the script `R` would set, and no more: it takes longer than R itself.
void order_r(launcher::Order& order, const plugin::Descriptor& descriptor, const RuntimePaths& paths, const std::string& packages) {
  const std::string program = r_program(paths);
  if (program.empty()) {
    throw Error(Code::not_found, "R is missing, and this plugin is written in it",
                "install r-base-core (R 4.2 or later), or name R's folder in MORTISE_R_HOME; `mortise doctor` shows "
                "what is missing");
  }
  must_exist(program, "R");
  if (::access(os::join(paths.r_library, "mortise").c_str(), R_OK) != 0) {
    throw Error(Code::not_found, "the R package `mortise` is missing: '" + os::join(paths.r_library, "mortise") + "'",
                "it is built where R is found: install r-base-core, then build or install mortise again")
        .with("file", paths.r_library);
  }
  order.arguments = {program, "--vanilla", "--no-echo", "-e", "mortise:::worker()"};
  auto& environment = order.environment;
  for (std::string& entry : r_environment(paths)) {
    if (entry.starts_with("R_LIBS=") && !packages.empty()) entry += ":" + packages;
    environment.push_back(std::move(entry));
  }
  if (!descriptor.adapter.name.empty()) environment.push_back("MORTISE_ADAPTER=" + descriptor.adapter.name);
  set_default(environment, "LC_ALL", "C.UTF-8");
  set_default(environment, "TZ", "UTC");
}

}  // namespace

std::vector<std::string> usual_environment() { return {"PATH=" + std::string(path_of_workers), "LANG=" + own("LANG", "C.UTF-8")}; }

std::string r_program(const RuntimePaths& paths) { return paths.r_home.empty() ? std::string() : os::join(paths.r_home, "bin/exec/R"); }

std::vector<std::string> r_environment(const RuntimePaths& paths) {
  std::vector<std::string> environment{"R_HOME=" + paths.r_home};
  for (const auto& [name, folder] :
       {std::pair("R_SHARE_DIR", "share"), std::pair("R_INCLUDE_DIR", "include"), std::pair("R_DOC_DIR", "doc")}) {
    const std::string of_debian = os::join("/usr/share/R", folder);
    const bool there = paths.r_home == "/usr/lib/R" && ::access(of_debian.c_str(), R_OK) == 0;
    environment.push_back(std::string(name) + "=" + (there ? of_debian : os::join(paths.r_home, folder)));
  }
  environment.push_back("LD_LIBRARY_PATH=" + os::join(paths.r_home, "lib"));
  environment.push_back("R_LIBS=" + paths.r_library);
  environment.emplace_back("R_DEFAULT_PACKAGES=NULL");  // the package `mortise` attaches them when they are used
  return environment;
}

launcher::Order worker_order(const plugin::Descriptor& descriptor, const Access& access, const RuntimePaths& paths,
                             const RuntimeSettings& settings) {
  launcher::Order order;
  const std::string packages = settings.packages ? settings.packages(descriptor) : std::string();
  order.environment = environment_of(descriptor, settings.sandbox);
  if (!access.own_folder.empty()) order.environment.push_back("MORTISE_FILES=" + access.own_folder);
  const bool is_library = descriptor.entry.ends_with(".so");  // in Go, one built with -buildmode=c-shared
  if (descriptor.language == "c" || descriptor.language == "c++" || (descriptor.language == "go" && is_library)) {
    must_exist(paths.worker, "the worker for native plugins");
    order.arguments = {paths.worker};
  } else if (descriptor.language == "python") {
    must_exist(paths.python, "the Python interpreter");
    // No .pyc files beside the plugin, no buffering of what it prints, nothing of the user's site-packages.
    order.arguments = {paths.python, "-u", "-B", "-s", "-m", "mortise.worker"};
    std::string path = paths.python_sdk;
    for (const std::string& folder : descriptor.adapter.paths) path += ":" + folder;
    if (!packages.empty()) path += ":" + packages;
    order.environment.push_back("PYTHONPATH=" + path);
    order.environment.push_back("PYTHONUTF8=1");
    order.environment.push_back("PYTHONSAFEPATH=1");  // a user's json.py must not stand in for Python's own
  } else if (descriptor.language == "r") {
    order_r(order, descriptor, paths, packages);
  } else if (descriptor.language == "go") {
    order.arguments = {go_program(descriptor, paths)};
  } else {
    throw Error(
        Code::unsupported,
        "plugin '" + descriptor.id + "' is written in '" + descriptor.language + "', for which there is no worker",
        "languages with a worker are c, c++, python, r and go")
        .with("plugin", descriptor.id);
  }
  order.folder = paths.working_folder;
  order.policy = worker_policy(descriptor, access, order.arguments.front(), paths, settings);
  if (!packages.empty() && settings.sandbox != RuntimeSettings::Sandbox::DANGEROUSLY_off)
    order.policy.paths.push_back({packages, sandbox::Path::Access::execute, sandbox::Path::Presence::must_exist});
  add_zygote(order, descriptor, paths, settings);
  return order;
}

WorkerBounds worker_bounds(const plugin::Descriptor& descriptor, const RuntimeSettings& settings) {
  const plugin::Limits& own = descriptor.limits;
  const std::uint64_t usual = settings.memory_bytes != 0 ? settings.memory_bytes : os::physical_memory() / 4;
  return {own.memory_bytes != 0 ? own.memory_bytes : usual, own.processes != 0 ? own.processes : settings.processes,
          own.processors};
}

}  // namespace mortise::runtime
