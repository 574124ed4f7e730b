#include "runtime/access.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::runtime {
namespace {

namespace fs = std::filesystem;
using plugin::Right;

// Where the path leads, as far as it exists.
std::string real(const std::string& path) {
  std::error_code failure;
  const fs::path resolved = fs::weakly_canonical(path, failure);
  return failure ? path : resolved.string();
}

// "./x" and "~/x" as the plugin will understand them.
std::string spelled_out(const std::string& path) {
  return path.starts_with("~/") ? os::join(os::home(), path.substr(2)) : os::absolute(path);
}

class Collector {
 public:
  Collector(const plugin::Descriptor& descriptor, const HostFolders& folders, Wanted::Folders make)
      : descriptor_(descriptor), folders_(folders), make_(make), data_(folders.data.empty() ? "" : real(folders.data)) {}

  // A file that is read, or the folder where a pattern begins; or the folder of a file that is written.
  void named(const plugin::PathAccess& access) {
    if (!access.write) return add(before_pattern(access.path), false, Private::uploads);
    const std::string folder = os::parent_of(access.path);
    refuse_private(folder, Private::nothing);
    if (make_ == Wanted::Folders::made) os::make_directories(folder);
    add(folder, true, Private::nothing);
  }

  // Something that may be a path. What is not there can only be made in its folder; what nobody may see is passed over.
  void mentioned(const std::string& path, bool write) {
    const bool there = exists(path);
    const std::string seen = there ? path : os::parent_of(path);
    if (write && seen != "/" && exists(seen) && !is_private(seen, Private::nothing)) {
      add(seen, true, Private::nothing);
    } else if (there && !is_private(seen, Private::uploads)) {
      add(seen, false, Private::uploads);
    }
  }

  void granted(const plugin::PathAccess& access) { add(access.path, access.write, Private::nothing); }
  void shared(const std::string& folder) { add(folder, true, Private::nothing); }

  // Folders of the host itself, made here.
  void of_host(const std::string& folder, Wanted::Folders make) {
    if (make == Wanted::Folders::made) os::make_directories(folder);
    add(folder, true, Private::everything);
  }

  std::vector<Access::File> files;

 private:
  enum class Private { nothing, uploads, everything };  // what of the data folder may be named

  static bool exists(const std::string& path) {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0;
  }

  [[nodiscard]] bool is_private(const std::string& path, Private open) const {
    if (open == Private::everything || data_.empty()) return false;
    const std::string where = real(path);
    if (!os::is_within(where, data_)) return false;
    const std::string uploads = folders_.uploads.empty() ? std::string() : real(folders_.uploads);
    return open != Private::uploads || uploads.empty() || !os::is_within(where, uploads) || where == uploads;
  }

  void refuse_private(const std::string& path, Private open) const {
    if (!is_private(path, open)) return;
    throw Error(Code::denied, "denied: " + path + " lies in the host's data folder, which no plugin sees",
                "keep files for plugins elsewhere, or upload them: mortise files upload FILE")
        .with("plugin", descriptor_.id)
        .with("file", path);
  }

  void add(const std::string& path, bool write, Private open) {
    refuse_private(path, open);
    if (write && path == "/") {
      throw Error(Code::denied, "denied: the whole machine cannot be written by a plugin", "name a folder")
          .with("plugin", descriptor_.id)
          .with("file", path);
    }
    const auto known = std::find_if(files.begin(), files.end(), [&](const Access::File& one) { return one.path == path; });
    if (known != files.end()) {
      known->write = known->write || write;
      return;
    }
    Access::File file{path, write, 0, 0};
    struct stat found {};
    if (::stat(path.c_str(), &found) == 0) {
      file.device = found.st_dev;
      file.inode = found.st_ino;
    }
    files.push_back(std::move(file));
  }

  const plugin::Descriptor& descriptor_;
  const HostFolders& folders_;
  const Wanted::Folders make_;
  const std::string data_;
};

void add_hosts(const plugin::Allowed& allowed, const std::vector<std::string>& named, bool named_hold, Access& access) {
  access.public_network = allowed.has_plain(Right::network);
  access.hosts = allowed.hosts();
  if (!named_hold) return;
  for (const std::string& text : named) {
    const HostPattern host = HostPattern::parse(text);
    if (std::find(access.hosts.begin(), access.hosts.end(), host) == access.hosts.end()) access.hosts.push_back(host);
  }
}

}  // namespace

std::string before_pattern(const std::string& path) {
  const std::size_t pattern = path.find_first_of("*?[");
  if (pattern == std::string::npos) return path;
  const std::size_t slash = path.rfind('/', pattern);
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

Access access_of(const plugin::Descriptor& descriptor, const plugin::Allowed& allowed, const Wanted& wanted,
                 const HostFolders& folders) {
  Access access;
  const bool plain_files = allowed.has_plain(Right::file_system);
  const bool unasked = !plugin::has_manifest(descriptor);
  Collector files(descriptor, folders, wanted.folders);
  for (const auto& one : wanted.named.by_schema) files.named({spelled_out(one.path), one.write});
  for (const auto& one : allowed.paths()) files.granted(one);
  if (plain_files || unasked) {
    for (const std::string& one : wanted.named.mentioned) files.mentioned(spelled_out(one), plain_files);
  }
  if (plain_files) {
    for (const std::string& folder : folders.shared) files.shared(folder);
    if (!folders.own.empty()) {
      access.own_folder = os::join(folders.own, descriptor.id);
      files.of_host(access.own_folder, Wanted::Folders::made);
    }
  }
  if (!wanted.tables.empty()) files.of_host(wanted.tables, wanted.folders);
  access.files = std::move(files.files);
  std::sort(access.files.begin(), access.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  add_hosts(allowed, wanted.named.hosts, unasked || allowed.has(Right::network), access);
  access.environment = allowed.environment();
  access.limits = allowed.limits;
  access.deadline = allowed.deadline;
  return access;
}

}  // namespace mortise::runtime
