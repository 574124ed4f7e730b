#include "runtime/go_sources.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"
#include "runtime/go_adapter.h"
#include "store/sha256.h"

namespace mortise::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_files = 4096;
constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20U;
constexpr std::string_view own_module = "mortise.invalid/plugin";  // of a package without a go.mod

// The regular files of a folder by their paths within it, sorted; no links, nothing hidden.
std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  std::uint64_t bytes = 0;
  std::error_code failure;
  fs::recursive_directory_iterator walk(folder, failure);
  if (failure) throw Error(Code::not_found, "cannot read " + folder + ": " + failure.message()).with("file", folder);
  for (const fs::directory_entry& entry : walk) {
    const std::string name = entry.path().filename().string();
    const bool hidden = name.starts_with(".");
    if (hidden && entry.is_directory(failure)) walk.disable_recursion_pending();
    if (hidden || entry.is_symlink(failure) || !entry.is_regular_file(failure)) continue;
    bytes += entry.file_size(failure);
    if (files.size() == most_files || bytes > most_bytes) {
      throw Error(Code::invalid, "the Go package " + folder + " has more than " + std::to_string(most_files) + " files or " +
                                     std::to_string(most_bytes >> 20U) + " MiB",
                  "keep what is not compiled elsewhere, or ship a built program")
          .with("file", folder);
    }
    files.emplace(fs::relative(entry.path(), folder, failure).string(), os::read_file(entry.path().string(), most_bytes));
  }
  return files;
}

void add_all(store::Sha256& hash, const std::map<std::string, std::string>& files) {
  for (const auto& [path, content] : files) {
    hash.add(path + '\0' + std::to_string(content.size()) + '\0');
    hash.add(content);
  }
}

// "require mortise v1", "replace mortise => ../sdk", and the same lines within a block.
bool mentions_module(const std::string& line, const std::string& word, const std::string& module) {
  std::istringstream words(line);
  std::string first;
  std::string second;
  words >> first >> second;
  return (first == word && second == module) || (first == module && (second == "=>") == (word == "replace"));
}

// The package's own go.mod, or a new one, that finds the SDK's module in its folder.
std::string go_mod(const std::string& given, const std::map<std::string, std::string>& modules) {
  std::string text = given.empty() ? "module " + std::string(own_module) + "\n\ngo 1.19\n" : given;
  if (!text.ends_with("\n")) text += "\n";
  for (const auto& [module, folder] : modules) {
    bool required = false;
    std::string kept;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      required = required || mentions_module(line, "require", module);
      if (!mentions_module(line, "replace", module)) kept += line + "\n";
    }
    text = kept;
    if (!required) text += "\nrequire " + module + " v0.0.0\n";
    text += "\nreplace " + module + " => " + folder + "\n";
  }
  return text;
}

// The SDK, and what the adapter brings along.
std::map<std::string, std::string> modules_for(const plugin::Descriptor& descriptor, const RuntimePaths& paths) {
  std::map<std::string, std::string> modules{{"mortise", paths.go_sdk}};
  for (const std::string& entry : descriptor.adapter.paths) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) modules[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return modules;
}

}  // namespace

std::string go_hash(const plugin::Descriptor& descriptor, const RuntimePaths& paths) {
  store::Sha256 hash;
  hash.add("1 " + descriptor.entry + '\0' + descriptor.adapter.name + '\0' + descriptor.adapter.object + '\0');
  add_all(hash, files_of(descriptor.folder));
  for (const auto& [module, folder] : modules_for(descriptor, paths)) add_all(hash, files_of(folder));
  return hash.finish();
}

void copy_go_sources(const plugin::Descriptor& descriptor, const RuntimePaths& paths, const std::string& folder) {
  std::map<std::string, std::string> files = files_of(descriptor.folder);
  files["go.mod"] = go_mod(files["go.mod"], modules_for(descriptor, paths));
  if (!descriptor.adapter.name.empty()) add_go_main(descriptor, files);
  for (const auto& [path, content] : files) {
    const std::string target = os::join(folder, path);
    os::make_directories(os::parent_of(target));
    os::write_file(target, content);
  }
}

}  // namespace mortise::runtime
