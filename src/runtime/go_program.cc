#include "runtime/go_program.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/paths.h"
#include "runtime/go_build.h"
#include "runtime/go_sources.h"

namespace mortise::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kept_builds = 2;  // of one plugin: the present one and the one before, for whoever still runs it

// Waits until no other thread and no other process builds there. Given up by the kernel when the process dies.
os::Fd lock(const std::string& folder) {
  os::Fd file(::open(os::join(folder, "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  while (::flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      throw Error(Code::internal, "cannot lock " + folder + ": " + std::system_category().message(errno),
                  "make the folder writable for this user");
    }
  }
  return file;
}

bool is_program(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::string builds_of(const RuntimePaths& paths) {
  return paths.go_builds.empty() ? os::join(os::cache_home(), "go") : paths.go_builds;
}

std::string place_of(const std::string& builds, const plugin::Descriptor& descriptor, const std::string& hash) {
  return os::join(builds, "programs/" + descriptor.id + "-" + hash.substr(0, 32));
}

// The earlier builds of this plugin, but for the newest.
void forget_old(const std::string& builds, const plugin::Descriptor& descriptor) {
  constexpr std::size_t tail = 33;  // "-" and the hash
  std::vector<fs::directory_entry> all;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(os::join(builds, "programs"), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.size() == descriptor.id.size() + tail && name.starts_with(descriptor.id + "-")) all.push_back(entry);
  }
  std::ranges::sort(all, std::greater{}, [&](const fs::directory_entry& entry) { return entry.last_write_time(ignored); });
  for (std::size_t index = kept_builds; index < all.size(); ++index) fs::remove(all[index].path(), ignored);
}

void must_have_toolchain(const plugin::Descriptor& descriptor, const RuntimePaths& paths) {
  if (!paths.go.empty() && is_program(paths.go)) return;
  throw Error(Code::not_found, "plugin '" + descriptor.id + "' comes as Go source, and there is no Go toolchain to build it",
              "install golang-go (Go 1.19 or later), or ship a built program: the manifest's entry_point may name an executable "
              "too; `mortise doctor` shows what is missing")
      .with("plugin", descriptor.id)
      .with("file", os::join(descriptor.folder, descriptor.entry));
}

bool comes_built(const plugin::Descriptor& descriptor) { return !descriptor.entry.ends_with(".go"); }

std::string built_elsewhere(const plugin::Descriptor& descriptor) {
  const std::string path = os::join(descriptor.folder, descriptor.entry);
  if (is_program(path)) return path;
  throw Error(Code::invalid, "the program of plugin '" + descriptor.id + "' cannot be run: " + path,
              "make it executable: chmod +x, or name a .go file as entry_point to have it built here")
      .with("file", path);
}

}  // namespace

bool go_program_is_ready(const plugin::Descriptor& descriptor, const RuntimePaths& paths) {
  if (comes_built(descriptor)) return true;
  return is_program(place_of(builds_of(paths), descriptor, go_hash(descriptor, paths)));
}

std::string go_program(const plugin::Descriptor& descriptor, const RuntimePaths& paths) {
  if (comes_built(descriptor)) return built_elsewhere(descriptor);
  const std::string builds = builds_of(paths);
  const std::string place = place_of(builds, descriptor, go_hash(descriptor, paths));
  if (is_program(place)) return place;
  must_have_toolchain(descriptor, paths);
  os::make_directories(os::join(builds, "programs"));
  const os::Fd held = lock(builds);
  if (is_program(place)) return place;  // somebody else was quicker
  go_build(descriptor, paths, builds, place);
  forget_old(builds, descriptor);
  return place;
}

}  // namespace mortise::runtime
