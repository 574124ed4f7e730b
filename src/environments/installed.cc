#include "environments/installed.h"

#include <filesystem>

#include "base/error.h"
#include "os/paths.h"

namespace mortise::environments {
namespace {

namespace fs = std::filesystem;
constexpr auto runs = fs::perms::owner_exec;

Error strange(const fs::path& path, const std::string& what) {
  return Error(Code::denied, "a package brings '" + path.string() + "', " + what, "take another version of it, and tell whoever made it").with("file", path.string());
}

void must_stay_inside(const fs::path& link, const fs::path& folder) {
  std::error_code failure;
  const fs::path target = fs::weakly_canonical(link, failure);
  if (failure || !os::is_within(target.string(), folder.string())) throw strange(link, "a link that leads out of the environment");
}

}  // namespace

std::uint64_t open_to_readers(const std::string& folder) {
  if (fs::symlink_status(folder).type() != fs::file_type::directory) throw strange(folder, "where a folder was");
  const fs::path real = fs::canonical(folder);
  std::uint64_t bytes = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(real)) {
    const fs::file_status status = entry.symlink_status();
    switch (status.type()) {
      case fs::file_type::symlink: must_stay_inside(entry.path(), real); continue;
      case fs::file_type::directory: fs::permissions(entry.path(), fs::perms(0755)); continue;
      case fs::file_type::regular: break;
      default: throw strange(entry.path(), "which is neither a file nor a folder");
    }
    fs::permissions(entry.path(), fs::perms((status.permissions() & runs) != fs::perms::none ? 0755 : 0644));
    bytes += entry.file_size();
  }
  fs::permissions(real, fs::perms(0755));
  return bytes;
}

}  // namespace mortise::environments
