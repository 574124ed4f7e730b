#include "os/paths.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <vector>

#include "os/fd.h"

namespace mortise::os {
namespace {

std::string base_directory(const char* variable, std::string_view below_home) {
  const char* value = ::getenv(variable);
  if (value != nullptr && value[0] == '/') return join(value, "mortise");
  return join(join(home(), below_home), "mortise");
}

}  // namespace

std::string config_home() { return base_directory("XDG_CONFIG_HOME", ".config"); }
std::string data_home() { return base_directory("XDG_DATA_HOME", ".local/share"); }
std::string cache_home() { return base_directory("XDG_CACHE_HOME", ".cache"); }
std::string state_home() { return base_directory("XDG_STATE_HOME", ".local/state"); }

std::string runtime_directory() {
  const char* value = ::getenv("XDG_RUNTIME_DIR");
  if (value != nullptr && value[0] == '/') return join(value, "mortise");
  return "/tmp/mortise-" + std::to_string(::getuid());
}

std::string home() {
  if (const char* value = ::getenv("HOME"); value != nullptr && value[0] == '/') return value;
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return entry.pw_dir;
  return "/";
}

std::string join(std::string_view a, std::string_view b) {
  if (a.empty() || (!b.empty() && b.front() == '/')) return std::string(b);
  std::string path(a);
  if (path.back() != '/') path += '/';
  return path.append(b);
}

std::string absolute(std::string_view path) {
  std::string whole(path);
  if (path.empty() || path.front() != '/') {
    const std::unique_ptr<char, void (*)(void*)> folder(::getcwd(nullptr, 0), &::free);
    if (!folder) throw system_error("cannot find out the present folder", "");
    whole = join(folder.get(), path);
  }
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin < whole.size();) {
    const std::size_t end = std::min(whole.find('/', begin), whole.size());
    const std::string_view part = std::string_view(whole).substr(begin, end - begin);
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    begin = end + 1;
  }
  std::string clean;
  for (const std::string_view part : parts) clean.append("/").append(part);
  return clean.empty() ? "/" : clean;
}

std::string parent_of(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

bool is_within(std::string_view path, std::string_view folder) {
  if (folder == "/") return !path.empty() && path.front() == '/';
  return path.substr(0, folder.size()) == folder && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace mortise::os
