#include "runtime/sandbox/private_root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "runtime/sandbox/kernel_calls.h"

namespace mortise::runtime::sandbox {
namespace {

constexpr std::array devices{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
constexpr std::array places_for_the_root{"/tmp", "/run", "/mnt", "/usr"};  // any folder does: it is covered for a moment

bool there(int result) noexcept { return result == 0 || errno == EEXIST; }

// The path in the new root, which is the present folder until the end: without its leading slash.
const char* below(const std::string& path) noexcept { return path.c_str() + 1; }

// The folders above "a/b/c".
bool make_parents(const char* path) noexcept {
  std::array<char, 4096> text{};
  if (std::strlen(path) >= text.size()) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::strcpy(text.data(), path);
  for (char* slash = std::strchr(text.data(), '/'); slash != nullptr; slash = std::strchr(slash + 1, '/')) {
    *slash = '\0';
    if (!there(::mkdir(text.data(), 0755))) return false;
    *slash = '/';
  }
  return true;
}

bool make_file(const char* path, std::string_view content) noexcept {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (file < 0) return false;
  const bool done = content.empty() || ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  ::close(file);
  return done;
}

bool make_place(const Shown& shown) noexcept {
  if (shown.covered) return true;
  return make_parents(below(shown.path)) &&
         (shown.folder ? there(::mkdir(below(shown.path), 0755)) : make_file(below(shown.path), ""));
}

// A copy of the host's mount with fewer rights, not yet anywhere.
int take_from_host(const Shown& shown) noexcept {
  const int mount = kernel::open_tree(AT_FDCWD, shown.path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  if (mount < 0) return -1;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (!Path::writes(shown.access)) attributes.attr_set |= MOUNT_ATTR_RDONLY;
  bool done = kernel::set_mount(mount, attributes, AT_RECURSIVE);
  if (done && shown.owner_map >= 0) {
    mount_attr owners{};
    owners.attr_set = MOUNT_ATTR_IDMAP;
    owners.userns_fd = static_cast<std::uint64_t>(shown.owner_map);
    // A file system that cannot show other owners stays as it is: whoever may read a file, may read it here.
    (void)kernel::set_mount(mount, owners, 0);
  }
  if (done) return mount;
  ::close(mount);
  return -1;
}

int device_of_host(const char* path) noexcept {
  const int mount = kernel::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
  if (mount >= 0) (void)kernel::set_mount(mount, attributes, 0);
  return mount;
}

void put(int mount, const char* to, const char* name, const Steps& step) noexcept {
  step("show '%s' in its root", name, kernel::move_mount(mount, to));
  ::close(mount);
}

bool begin_empty_root() noexcept {
  for (const char* place : places_for_the_root) {
    if (::mount("mortise", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=0755") == 0) {
      return ::chdir(place) == 0;
    }
  }
  return false;
}

bool make_temporary(const RootPlan& plan) noexcept {
  std::array<char, 128> options{};
  std::snprintf(options.data(), options.size(), "size=%llu,mode=0700,uid=%u,gid=%u",
                static_cast<unsigned long long>(plan.temporary), plan.user.uid, plan.user.gid);
  for (const char* folder : {"tmp", "dev/shm"}) {
    if (!there(::mkdir(folder, 0755))) return false;
    if (::mount("mortise", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.data()) != 0) return false;
  }
  return true;
}

void make_devices(const std::array<int, devices.size()>& mounts, const Steps& step) noexcept {
  step("make /dev", there(::mkdir("dev", 0755)) && there(::symlink("/proc/self/fd", "dev/fd")) && there(::symlink("/proc/self/fd/0", "dev/stdin")) &&
                        there(::symlink("/proc/self/fd/1", "dev/stdout")) && there(::symlink("/proc/self/fd/2", "dev/stderr")));
  for (std::size_t i = 0; i < devices.size(); ++i) {
    step("show '%s' in its root", devices[i], mounts[i] >= 0 && make_file(devices[i] + 1, ""));
    put(mounts[i], devices[i] + 1, devices[i], step);
  }
}

void make_proc(bool own, const Steps& step) noexcept {
  step("make /proc", there(::mkdir("proc", 0755)));
  if (!own) return;
  step("mount its own /proc", ::mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, nullptr) == 0);
}

void make_texts(const RootPlan& plan, const Steps& step) noexcept {
  for (const auto& [path, target] : plan.links) {
    step("make the link '%s' in its root", path.c_str(),
         make_parents(below(path)) && there(::symlink(target.c_str(), below(path))));
  }
  for (const auto& [path, content] : plan.files) {
    step("write '%s' in its root", path.c_str(), make_parents(below(path)) && make_file(below(path), content));
  }
}

// Empty, and until all is in place still open for places of what is shown inside.
bool hide(const std::string& path) noexcept {
  return ::mount("mortise", below(path), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=0755") == 0;
}

bool close_hidden(const std::string& path) noexcept {
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  return ::syscall(SYS_mount_setattr, AT_FDCWD, below(path), 0, &read_only, sizeof read_only) == 0;
}

void show_all(const RootPlan& plan, const std::array<int, max_shown>& mounts, const Steps& step) noexcept {
  for (std::size_t i = 0; i < plan.shown.size(); ++i) {
    const Shown& shown = plan.shown[i];
    const char* path = shown.path.c_str();
    if (shown.access == Path::Access::hidden) {
      step("hide '%s'", path, make_place(shown) && hide(shown.path));
    } else if (mounts[i] >= 0) {
      step("make a place for '%s' in its root", path, make_place(shown));
      put(mounts[i], path + 1, path, step);
    }
  }
  for (const Shown& shown : plan.shown) {
    if (shown.access == Path::Access::hidden) step("hide '%s'", shown.path.c_str(), close_hidden(shown.path));
  }
}

void leave_the_host(const Steps& step) noexcept {
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  step("leave the host's root", kernel::pivot_root(".", ".") && ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0);
  step("make its root read-only", ::syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &read_only, sizeof read_only) == 0);
}

}  // namespace

void enter_private_root(const RootPlan& plan, const Steps& step) noexcept {
  const mode_t mask = ::umask(0022);
  step("get mounts of its own", ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  // Everything is taken while the host's tree is still there, and put when the new one is.
  std::array<int, max_shown> mounts{};
  for (std::size_t i = 0; i < plan.shown.size(); ++i) {
    if (plan.shown[i].access == Path::Access::hidden) continue;
    mounts[i] = take_from_host(plan.shown[i]);
    const bool may_lack = plan.shown[i].presence == Path::Presence::may_be_missing && errno == ENOENT;
    step("take '%s' from the host", plan.shown[i].path.c_str(), mounts[i] >= 0 || may_lack);
  }
  std::array<int, devices.size()> device_mounts{};
  for (std::size_t i = 0; i < devices.size(); ++i) device_mounts[i] = device_of_host(devices[i]);

  step("begin a root of its own", begin_empty_root());
  make_devices(device_mounts, step);
  step("make its /tmp", make_temporary(plan));
  make_proc(plan.own_proc, step);
  make_texts(plan, step);
  show_all(plan, mounts, step);
  leave_the_host(step);
  ::umask(mask);
}

}  // namespace mortise::runtime::sandbox
