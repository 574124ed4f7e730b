#include "runtime/worker_policy.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "os/paths.h"

namespace mortise::runtime {
namespace {

using sandbox::Layer;
using sandbox::Path;
using Access = sandbox::Path::Access;
using Presence = sandbox::Path::Presence;

class Paths {
 public:
  void add(const std::string& path, Access access, Presence presence = Presence::may_be_missing) {
    if (path.empty() || path.front() != '/') return;
    const auto same = std::find_if(all_.begin(), all_.end(), [&](const Path& one) { return one.path == path; });
    if (same == all_.end()) return all_.push_back({path, access, presence});
    same->access = access;  // who comes later knows better
  }
  std::vector<Path> take() { return std::move(all_); }

 private:
  std::vector<Path> all_;
};

// The folder that an interpreter belongs to ("/x/.venv" for "/x/.venv/bin/python"), and where its links lead.
void add_interpreter(Paths& paths, const std::string& program) {
  paths.add(os::parent_of(os::parent_of(program)), Access::execute);
  std::error_code failure;
  const std::string real = std::filesystem::canonical(program, failure).string();
  if (!failure && !os::is_within(real, "/usr")) paths.add(os::parent_of(os::parent_of(real)), Access::execute);
}

// Where people keep what their pipelines work on: every folder of the host's root that is not the system's.
void add_folders_of_users(Paths& paths) {
  constexpr std::array systems{"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "lost+found", "proc", "run", "sbin", "sys", "usr", "var"};
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator("/", failure)) {
    const std::string name = entry.path().filename();
    if (std::find(systems.begin(), systems.end(), name) != systems.end()) continue;
    if (entry.is_directory(failure) && !entry.is_symlink(failure)) paths.add(entry.path(), Access::write);
  }
}

// `file_system` in a manifest. One that names no permissions at all is of a time, or of a guide, that had none.
// TODO(security): the operator's grants decide, and which files are told call by call.
bool works_on_files(const plugin::Descriptor& descriptor) {
  const auto& asked = descriptor.permissions;
  return asked.empty() || std::find(asked.begin(), asked.end(), "file_system") != asked.end();
}

// What stands between the author's file and the worker: a library, an R file, folders of Python modules.
void add_adapter(Paths& paths, const plugin::Adapter& adapter) {
  for (const std::string& folder : adapter.paths) paths.add(folder, Access::read);
  if (adapter.name.starts_with('/')) paths.add(os::parent_of(adapter.name), Access::execute);
}

// What its language needs to run.
void add_language(Paths& paths, const plugin::Descriptor& descriptor, const RuntimePaths& runtime) {
  if (descriptor.language == "python") {
    add_interpreter(paths, runtime.python);
    paths.add(runtime.python_sdk, Access::read);
  } else if (descriptor.language == "r") {
    paths.add(runtime.r_home, Access::execute);
    paths.add(runtime.r_library, Access::read);
  } else {
    paths.add(runtime.worker, Access::execute);
    // In a build tree the Arrow libraries of first-party plugins lie in the Python environment beside it.
    paths.add(runtime.native_libraries, Access::read);
  }
}

}  // namespace

sandbox::Layers required_layers() noexcept {
  return {Layer::private_root, Layer::own_processes,   Layer::own_network,       Layer::own_ipc,         Layer::landlock_files,
          Layer::system_calls, Layer::no_capabilities, Layer::no_new_privileges, Layer::resource_limits, Layer::closed_descriptors};
}

sandbox::Policy worker_policy(const plugin::Descriptor& descriptor, const std::string& program, const RuntimePaths& paths,
                              const RuntimeSettings& settings) {
  sandbox::Policy policy;
  policy.limits.open_files =
      descriptor.limits.open_files != 0 ? std::max(descriptor.limits.open_files, 16U) : settings.open_files;
  policy.limits.processes = descriptor.limits.processes;
  if (settings.sandbox == RuntimeSettings::Sandbox::DANGEROUSLY_off) {
    policy.network = sandbox::Network::DANGEROUSLY_the_hosts;
    policy.DANGEROUSLY_off = sandbox::Layers::all().without(
        {Layer::no_new_privileges, Layer::resource_limits, Layer::closed_descriptors});
    return policy;
  }
  if (settings.sandbox == RuntimeSettings::Sandbox::required) policy.required = required_layers();
  Paths shown;
  if (works_on_files(descriptor)) add_folders_of_users(shown);
  for (const Path& path : settings.worker_paths) shown.add(path.path, path.access, path.presence);
  add_language(shown, descriptor, paths);
  add_adapter(shown, descriptor.adapter);
  shown.add(program, Access::execute);
  shown.add(descriptor.folder, Access::execute, Presence::must_exist);
  policy.paths = shown.take();
  const auto& asked = descriptor.permissions;
  // TODO(security): a network of its own with a way out, instead of the host's.
  if (std::find(asked.begin(), asked.end(), "network") != asked.end()) policy.network = sandbox::Network::DANGEROUSLY_the_hosts;
  return policy;
}

}  // namespace mortise::runtime
