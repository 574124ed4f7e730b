#include "package/supplier.h"

#include <algorithm>

#include "base/error.h"
#include "package/inspection.h"
#include "plugin/manifest.h"

namespace mortise::package {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_packages = 1'000;  // of one folder

bool is_package(const fs::directory_entry& entry) {
  const std::string name = entry.path().filename().string();
  if (name.starts_with('.')) return false;
  if (entry.is_directory()) return fs::exists(entry.path() / "manifest.json");
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  return ends(".tar.gz") || ends(".tgz") || ends(".tar.zst") || ends(".zip") || ends(".tar");
}

}  // namespace

std::vector<Need> needs_of(const plugin::Descriptor& plugin) {
  std::vector<Need> needs;
  for (const plugin::Requirement& each : plugin.requires_) {
    if (each.type == plugin::Requirement::Type::plugin) needs.push_back({each.name, Range::parse(each.range)});
  }
  return needs;
}

void FolderSupplier::read() {
  if (std::exchange(read_, true)) return;
  std::error_code failure;
  if (!fs::is_directory(folder_, failure)) {
    throw Error(Code::not_found, "there is no folder '" + folder_.string() + "'", "name one that holds packages: archives, or folders with manifest.json")
        .with("file", folder_.string());
  }
  std::vector<fs::path> paths;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    if (is_package(entry)) paths.push_back(entry.path());
  }
  if (paths.size() > most_packages) {
    throw Error(Code::invalid, "'" + folder_.string() + "' holds " + std::to_string(paths.size()) + " packages, of " + std::to_string(most_packages) + " possible",
                "move some of them into another folder")
        .with("file", folder_.string());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) read(path);
}

void FolderSupplier::read(const fs::path& path) {
  try {
    const Contents contents = open_package(readers_, path.string(), limits_);
    const plugin::Descriptor plugin = plugin::parse_manifest(contents.manifest());
    offers_.emplace(plugin.id, Offer{path.string(), {plugin.version, needs_of(plugin)}});
  } catch (const Error& error) {
    problems_.push_back(path.filename().string() + ": " + error.describe());
  }
}

std::vector<Candidate> FolderSupplier::candidates(const std::string& plugin) {
  read();
  std::vector<Candidate> found;
  const auto [first, last] = offers_.equal_range(plugin);
  for (auto at = first; at != last; ++at) found.push_back(at->second.candidate);
  return found;
}

Parcel FolderSupplier::fetch(const std::string& plugin, const Version& version) {
  read();
  const auto [first, last] = offers_.equal_range(plugin);
  for (auto at = first; at != last; ++at) {
    if (at->second.candidate.version == version) return Parcel::from_path(at->second.path, limits_);
  }
  throw Error(Code::not_found, "'" + folder_.string() + "' has no version " + version.text() + " of '" + plugin + "'").with("plugin", plugin);
}

}  // namespace mortise::package
