#include "runtime/sandbox/owner_maps.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "os/file.h"
#include "runtime/sandbox/kernel_calls.h"

namespace mortise::runtime::sandbox {
namespace {

constexpr std::size_t most_maps = 1024;
constexpr std::uint64_t all_ids = 0xffffffff;

// Every id as it is, but the owner as the worker.
std::string lines(std::uint64_t owner, std::uint64_t worker) {
  std::string text;
  const auto same = [&](std::uint64_t begin, std::uint64_t end) {
    if (begin >= end) return;
    text += std::to_string(begin) + " " + std::to_string(begin) + " " + std::to_string(end - begin) + "\n";
  };
  same(0, std::min(owner, worker));
  same(std::min(owner, worker) + 1, std::max(owner, worker));
  same(std::max(owner, worker) + 1, all_ids);
  text += std::to_string(owner) + " " + std::to_string(worker) + " 1\n";
  return text;
}

bool put(pid_t pid, const char* file, const std::string& text) noexcept {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + file;
  const os::Fd to(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return to && ::write(to.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

int OwnerMaps::map_of(const Key& key) {
  if (const auto found = maps_.find(key); found != maps_.end()) return found->second.get();
  if (maps_.size() >= most_maps) maps_.clear();
  const auto [uid, gid, worker_uid, worker_gid] = key;
  const pid_t child = kernel::fork_with(CLONE_NEWUSER);
  if (child < 0) return -1;
  if (child == 0) {
    while (true) ::pause();
  }
  os::Fd space;
  if (put(child, "uid_map", lines(uid, worker_uid)) && put(child, "gid_map", lines(gid, worker_gid))) {
    const std::string path = "/proc/" + std::to_string(child) + "/ns/user";
    space = os::Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  }
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return maps_.emplace(key, std::move(space)).first->second.get();
}

bool OwnerMaps::can_map(const std::string& path, dev_t device, int map) {
  if (const auto found = file_systems_.find(device); found != file_systems_.end()) return found->second;
  const os::Fd mount(kernel::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  mount_attr owners{};
  owners.attr_set = MOUNT_ATTR_IDMAP;
  owners.userns_fd = static_cast<std::uint64_t>(map);
  const bool can = mount && kernel::set_mount(mount.get(), owners, 0);
  file_systems_.emplace(device, can);
  return can;
}

bool OwnerMaps::prepare(const User& worker) {
  if (worker.uid == last_.uid) return false;
  bool made = false;
  for (const auto& [uid, gid] : owners_of_last_) {
    const Key key{uid, gid, worker.uid, worker.gid};
    if (!maps_.contains(key) && map_of(key) >= 0) made = true;
  }
  return made;
}

int OwnerMaps::map_for(const std::string& path, const User& worker) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return -1;
  if (last_.uid != worker.uid) owners_of_last_.clear();
  last_ = worker;
  owners_of_last_.emplace(status.st_uid, status.st_gid);
  const int map = map_of({status.st_uid, status.st_gid, worker.uid, worker.gid});
  return map >= 0 && can_map(path, status.st_dev, map) ? map : -1;
}

}  // namespace mortise::runtime::sandbox
