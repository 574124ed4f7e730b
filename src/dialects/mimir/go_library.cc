#include "dialects/mimir/go_library.h"

#include <filesystem>

#include "base/json_text.h"
#include "dialects/core/inspector.h"
#include "os/file.h"
#include "os/paths.h"
#include "store/sha256.h"

namespace mortise::dialects::mimir {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_looked_at = std::size_t{4} << 20U;  // a library's symbols are near its beginning
constexpr std::size_t digits = 16;

std::string source_for(const std::string& library) {
  std::string quoted;
  append_json_string(quoted, library);
  return "package opened\n\nimport \"github.com/Mimir-AIP/Mimir-AIP-Go/library\"\n\nfunc " + std::string(opener) +
         "() (interface{}, error) { return library.Open(" + quoted + ") }\n";
}

}  // namespace

bool is_go_library(const std::string& path) {
  const std::string image = beginning_of(path, most_looked_at);
  return image.starts_with("\x7f" "ELF") && (image.find("go:link.pkghash") != std::string::npos || image.find("go.link.pkghash") != std::string::npos);
}

std::string package_for(const std::string& library, const std::string& folder) {
  const std::string stem = fs::path(library).stem().string();
  const std::string place = os::join(folder, stem + "-" + store::sha256_of_file(library).substr(0, digits));
  const std::string copy = os::join(place, fs::path(library).filename().string());
  if (fs::exists(os::join(place, "open.go"))) return place;
  os::make_directories(place, 0755);
  fs::copy_file(library, copy, fs::copy_options::overwrite_existing);
  fs::permissions(copy, fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec | fs::perms::others_read | fs::perms::others_exec);
  os::write_file(os::join(place, "open.go"), source_for(copy), 0644);
  return place;
}

}  // namespace mortise::dialects::mimir
