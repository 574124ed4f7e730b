#include <algorithm>
#include <map>
#include <set>

#include "mortise/error.hpp"
#include "package_archive/archive.h"

namespace mortise::package_archive {
namespace {

Error refused(const std::string& path, const std::string& why) {
  return Error(Code::invalid, "the archive's link '" + path + "' " + why,
               "put the file itself into the package; links may only point to its other files")
      .with("entry", path);
}

}  // namespace

std::string symlink_target(const std::string& path, std::string_view target, const Limits& limits) {
  if (target.empty()) throw refused(path, "points to nothing");
  if (target.front() == '/') throw refused(path, "points to an absolute path");
  std::vector<std::string> parts;
  const auto walk = [&](std::string_view text) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find('/', begin), text.size());
      const std::string_view name = text.substr(begin, end - begin);
      begin = end + 1;
      if (name.empty() || name == ".") continue;
      if (name != "..") {
        parts.emplace_back(name);
        continue;
      }
      if (parts.empty()) throw refused(path, "points out of the package");
      parts.pop_back();
    }
  };
  const std::size_t folder = path.rfind('/');
  if (folder != std::string::npos) walk(std::string_view(path).substr(0, folder));
  walk(target);
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : "/") + part;
  if (joined.empty()) throw refused(path, "points to the package itself");
  return clean_path(joined, limits);
}

void resolve_links(std::vector<File>& files, const std::vector<Link>& links, const Limits& limits) {
  std::map<std::string, const Link*> by_path;
  std::map<std::string, File> found;
  std::uint64_t bytes = 0;
  for (const Link& link : links) by_path.emplace(link.path, &link);
  for (const File& file : files) {
    bytes += file.content->size();
    found.emplace(file.path, file);
  }
  for (const Link& link : links) {
    std::set<std::string> seen{link.path};
    std::string at = link.target;
    while (by_path.contains(at)) {
      if (!seen.insert(at).second) throw refused(link.path, "points in a circle");
      at = by_path.at(at)->target;
    }
    const auto source = found.find(at);
    if (source == found.end()) throw refused(link.path, "points to '" + at + "', which is no file of the package");
    bytes += source->second.content->size();
    if (bytes > limits.bytes) {
      throw Error(Code::invalid, "the archive's links make it larger than " + std::to_string(limits.bytes) + " bytes",
                  "packages may be so large and no larger; raise packages.max_unpacked if you trust this one")
          .with("entry", link.path);
    }
    files.push_back({link.path, source->second.content, source->second.executable});
  }
}

}  // namespace mortise::package_archive
