#include "authors/trial_copy.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::authors {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;
constexpr std::size_t most_files = 50'000;
constexpr std::array<std::string_view, 7> left_out{".git", ".mortise", "__pycache__", ".pytest_cache", ".venv", "node_modules", ".Rproj.user"};

void copy_all(const fs::path& from, const fs::path& to) {
  std::uint64_t bytes = 0;
  std::size_t files = 0;
  for (fs::recursive_directory_iterator entry(from), end; entry != end; ++entry) {
    const std::string name = entry->path().filename().string();
    if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) {
      if (entry->is_directory()) entry.disable_recursion_pending();
      continue;
    }
    const fs::path target = to / entry->path().lexically_relative(from);
    if (entry->is_symlink()) fs::copy_symlink(entry->path(), target);
    else if (entry->is_directory()) fs::create_directory(target);
    else if (entry->is_regular_file()) bytes += entry->file_size(), fs::copy_file(entry->path(), target);
    if (bytes > most_bytes || ++files > most_files) {
      throw Error(Code::invalid, "'" + from.string() + "' is too large to be a plugin's folder: the most is 1 GiB in 50,000 files",
                  "name the folder of the plugin itself")
          .with("folder", from.string());
    }
  }
}

}  // namespace

TrialCopy::TrialCopy(const std::string& folder) {
  if (!fs::is_directory(folder)) {
    throw Error(Code::not_found, "'" + folder + "' is no folder", "name the folder of a plugin").with("folder", folder);
  }
  const fs::path source = fs::canonical(folder);
  root_ = os::make_temporary_directory((fs::temp_directory_path() / "mortise-test-").string());
  try {
    const std::string name = source.filename().string();
    folder_ = os::join(plugins(), name.starts_with('.') || name == "/" ? "plugin" : name);
    os::make_directories(folder_, 0755);
    os::make_directories(home(), 0755);
    copy_all(source, folder_);
  } catch (const fs::filesystem_error& error) {
    fs::remove_all(root_);
    throw Error(Code::denied, "'" + folder + "' cannot be copied: " + error.code().message(), "make its files readable").with("folder", folder);
  } catch (...) {
    fs::remove_all(root_);
    throw;
  }
}

TrialCopy::~TrialCopy() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

}  // namespace mortise::authors
