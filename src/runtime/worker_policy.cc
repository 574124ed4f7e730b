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
using Right = sandbox::Path::Access;
using Presence = sandbox::Path::Presence;

class Paths {
 public:
  void add(const std::string& path, Right access, Presence presence = Presence::may_be_missing) {
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
  paths.add(os::parent_of(os::parent_of(program)), Right::execute);
  std::error_code failure;
  const std::string real = std::filesystem::canonical(program, failure).string();
  if (!failure && !os::is_within(real, "/usr")) paths.add(os::parent_of(os::parent_of(real)), Right::execute);
}

// What its language needs to run, and what stands between the plugin and the host where it was written for another guide.
void add_language(Paths& paths, const plugin::Descriptor& descriptor, const RuntimePaths& runtime) {
  for (const std::string& folder : descriptor.adapter.paths) paths.add(folder, Right::read);
  if (descriptor.adapter.name.starts_with('/')) paths.add(os::parent_of(descriptor.adapter.name), Right::execute);
  if (descriptor.language == "python") {
    add_interpreter(paths, runtime.python);
    paths.add(runtime.python_sdk, Right::read);
    for (const std::string& folder : descriptor.adapter.paths) paths.add(folder, Right::read);
  } else if (descriptor.language == "r") {
    paths.add(runtime.r_home, Right::execute);
    paths.add(runtime.r_library, Right::read);
  } else {
    paths.add(runtime.worker, Right::execute);
    // In a build tree the Arrow libraries of first-party plugins lie in the Python environment beside it.
    paths.add(runtime.native_libraries, Right::read);
  }
}

}  // namespace

sandbox::Layers required_layers() noexcept {
  return {Layer::private_root, Layer::own_processes,   Layer::own_network,       Layer::own_ipc,         Layer::landlock_files,
          Layer::system_calls, Layer::no_capabilities, Layer::no_new_privileges, Layer::resource_limits, Layer::closed_descriptors};
}

sandbox::Policy worker_policy(const plugin::Descriptor& descriptor, const Access& access, const std::string& program, const RuntimePaths& paths,
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
  for (const Path& path : settings.worker_paths) shown.add(path.path, path.access, path.presence);
  add_language(shown, descriptor, paths);
  shown.add(program, Right::execute);
  shown.add(descriptor.folder, Right::execute, Presence::must_exist);
  // Of a project whose own "plugins" is a folder that the host hides from workers: this file of it.
  if (!descriptor.entry.empty()) shown.add(os::join(descriptor.folder, descriptor.entry), Right::execute);
  for (const Access::File& file : access.files) shown.add(file.path, file.write ? Right::write : Right::read);
  policy.paths = shown.take();
  if (access.network()) policy.network = sandbox::Network::egress;
  return policy;
}

}  // namespace mortise::runtime
