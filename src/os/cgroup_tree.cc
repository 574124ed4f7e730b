// Where groups can be made, and what dead processes left there.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string_view>
#include <thread>

#include "base/error.h"
#include "os/cgroup.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::os {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "mortise.";
constexpr std::uint64_t most_text = 1U << 20;
constexpr std::array<std::string_view, 3> wanted{"memory", "pids", "cpu"};

std::string text_of(const std::string& path) noexcept {
  try {
    return read_file(path, most_text);
  } catch (const std::exception&) {
    return {};
  }
}

// False with errno.
bool write_text(const std::string& path, std::string_view text) noexcept {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool has_word(std::string_view text, std::string_view word, char between) {
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(between, at), text.size());
    if (text.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

// ---- who lives -------------------------------------------------------------------------------------------------------

// When the process began, in ticks since the machine did: with its number, it names one process for ever. Empty: none.
std::string start_of(pid_t pid) {
  const std::string text = text_of("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  std::string word;
  for (int field = 3; field <= 22; ++field) rest >> word;
  return word;
}

std::string name_of_process(pid_t pid) { return std::string(prefix) + std::to_string(pid) + "-" + start_of(pid); }

bool is_left_behind(const std::string& name) {
  if (!name.starts_with(prefix)) return false;
  const pid_t pid = static_cast<pid_t>(std::strtol(name.c_str() + prefix.size(), nullptr, 10));
  return pid > 0 && (start_of(pid).empty() || !name.starts_with(name_of_process(pid)));
}

void remove_with_all(const fs::path& folder) {
  std::error_code failure;
  for (const auto& inside : fs::directory_iterator(folder, failure)) {
    if (inside.is_directory(failure)) remove_with_all(inside.path());
  }
  Cgroup group(CgroupVersion::none, {CgroupFolder{.path = folder.string()}});
  for (int attempt = 0; attempt < 50 && !group.remove(); ++attempt) {
    group.kill();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void remove_left_behind(const std::string& base) {
  std::error_code failure;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(base, failure)) {
    if (entry.is_directory(failure) && is_left_behind(entry.path().filename().string())) found.push_back(entry.path());
  }
  for (const fs::path& folder : found) remove_with_all(folder);
}

// ---- where we are ----------------------------------------------------------------------------------------------------

struct Mount {
  std::string root, point, options;
};

// Of the file system type, in the form of /proc/self/mountinfo.
std::vector<Mount> mounts_of(const std::string& text, std::string_view type) {
  std::vector<Mount> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash)), after(line.substr(dash + 3));
    std::string number, parent, device, its_type, source;
    Mount mount;
    before >> number >> parent >> device >> mount.root >> mount.point;
    after >> its_type >> source >> mount.options;
    if (its_type == type) all.push_back(std::move(mount));
  }
  return all;
}

// Our own group in the hierarchy with this controller ("" for version 2), from lines "4:memory:/path".
std::optional<std::string> own_path(const std::string& text, std::string_view controller) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view names = std::string_view(line).substr(first + 1, second - first - 1);
    if (controller.empty() ? names.empty() : has_word(names, controller, ',')) return line.substr(second + 1);
  }
  return std::nullopt;
}

// A mount may show only a part of the tree, as in a container.
std::string folder_of(const Mount& mount, std::string path) {
  if (mount.root != "/" && path.starts_with(mount.root)) path.erase(0, mount.root.size());
  while (path.starts_with('/')) path.erase(0, 1);
  return path.empty() ? mount.point : join(mount.point, path);
}

}  // namespace

std::unique_ptr<CgroupTree> CgroupTree::open(const Sources& sources) {
  auto tree = std::make_unique<CgroupTree>();
  const std::string mounts = text_of(sources.mounts), own = text_of(sources.own);
  tree->open_v1(mounts, own);
  if (!tree->support_.memory && !tree->support_.processes) tree->open_v2(mounts, own);
  if (tree->support_.version == CgroupVersion::none && tree->support_.why_not.empty())
    tree->support_.why_not = "no control groups are mounted";
  return tree;
}

void CgroupTree::open_v1(const std::string& mounts, const std::string& own) {
  const std::string name = name_of_process(::getpid());
  for (const Mount& mount : mounts_of(mounts, "cgroup")) {
    CgroupFolder house;
    house.memory = has_word(mount.options, "memory", ',');
    house.processes = has_word(mount.options, "pids", ',');
    house.cpu = has_word(mount.options, "cpu", ',');
    house.accounting = has_word(mount.options, "cpuacct", ',');
    if (!house.memory && !house.processes && !house.cpu && !house.accounting) continue;
    const auto path = own_path(own, house.memory ? "memory" : house.processes ? "pids" : house.cpu ? "cpu" : "cpuacct");
    if (!path) continue;
    const std::string base = folder_of(mount, *path);
    remove_left_behind(base);
    house.path = join(base, name);
    if (::mkdir(house.path.c_str(), 0755) != 0 && errno != EEXIST) {
      support_.why_not = system_error("cannot make a group in", base).what();
      continue;
    }
    support_.version = CgroupVersion::v1;
    support_.memory |= house.memory;
    support_.processes |= house.processes;
    support_.cpu |= house.cpu;
    houses_.push_back(std::move(house));
  }
}

// As a checklist: each step is undone when a later one fails.
void CgroupTree::open_v2(const std::string& mounts, const std::string& own) {
  const auto found = mounts_of(mounts, "cgroup2");
  const auto path = own_path(own, "");
  if (found.empty() || !path) return;
  const std::string base = folder_of(found.front(), *path);
  const std::string offered = text_of(join(base, "cgroup.controllers"));
  if (!has_word(offered.substr(0, offered.find('\n')), "memory", ' ')) {
    if (support_.why_not.empty()) support_.why_not = base + " offers no memory controller";
    return;
  }
  remove_left_behind(base);
  const std::string name = name_of_process(::getpid());
  const std::string house = join(base, name), leaf = house + ".host";
  if (::mkdir(house.c_str(), 0755) != 0 && errno != EEXIST) {
    support_.why_not = system_error("cannot make a group in", base).what();
    return;
  }
  const bool is_root = ::access(join(base, "cgroup.type").c_str(), F_OK) != 0;  // the root may have processes
  if (!is_root && ((::mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) || !write_text(join(leaf, "cgroup.procs"), "0"))) {
    support_.why_not = system_error("cannot move into", leaf).what();
  } else {
    CgroupFolder folder{.path = house};
    folder.accounting = true;
    for (const std::string_view controller : wanted) {
      const std::string word = "+" + std::string(controller);
      const bool given = write_text(join(base, "cgroup.subtree_control"), word) &&
                         write_text(join(house, "cgroup.subtree_control"), word);
      if (!given) support_.why_not = "cannot pass on the controller " + std::string(controller) + ": " +
                                     system_error("", base).what() + "; do other processes share the group?";
      (controller == "memory" ? folder.memory : controller == "pids" ? folder.processes : folder.cpu) = given;
    }
    if (folder.memory || folder.processes) {
      support_.version = CgroupVersion::v2;
      support_.memory = folder.memory;
      support_.processes = folder.processes;
      support_.cpu = folder.cpu;
      houses_ = {folder};
      if (!is_root) host_leaf_ = leaf;
      home_ = base;
      return;
    }
  }
  (void)write_text(join(base, "cgroup.procs"), "0");
  ::rmdir(leaf.c_str());
  ::rmdir(house.c_str());
}

CgroupTree::~CgroupTree() {
  for (const CgroupFolder& house : houses_) ::rmdir(house.path.c_str());
  if (host_leaf_.empty()) return;
  (void)write_text(join(home_, "cgroup.subtree_control"), "-memory -pids -cpu");
  (void)write_text(join(home_, "cgroup.procs"), "0");
  ::rmdir(host_leaf_.c_str());
}

Cgroup CgroupTree::make(const std::string& name) const {
  std::vector<CgroupFolder> folders = houses_;
  for (CgroupFolder& folder : folders) {
    folder.path = join(folder.path, name);
    if (::mkdir(folder.path.c_str(), 0755) != 0 && errno != EEXIST) throw system_error("cannot make the group", folder.path);
  }
  return {support_.version, std::move(folders)};
}

}  // namespace mortise::os
