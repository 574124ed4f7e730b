#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "runtime/sandbox/private_root.h"

namespace mortise::runtime::sandbox {
namespace {

// Beside /usr on every Debian: links into it, or folders on a system that was never merged.
constexpr std::array beside_usr{"/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"};

// Where libraries, languages, time zones, fonts and certificates look. No accounts, no hosts, no keys.
constexpr std::array of_etc{"/etc/ld.so.cache", "/etc/ld.so.conf",  "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/R",
                            "/etc/python3",     "/etc/python3.11",  "/etc/fonts",        "/etc/ssl/certs",    "/etc/ssl/openssl.cnf",
                            "/etc/mime.types",  "/etc/protocols",   "/etc/services",     "/etc/gai.conf",     "/etc/OpenCL",
                            "/etc/timezone",    "/etc/debian_version"};
constexpr std::array links_of_etc{"/etc/localtime", "/etc/os-release"};

std::string target_of(const char* link) {
  std::array<char, 4096> text{};
  const ssize_t size = ::readlink(link, text.data(), text.size());
  return size <= 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

}  // namespace

SystemPaths SystemPaths::find() {
  SystemPaths found;
  const auto add = [&](const char* path, Path::Access access) {
    if (::access(path, F_OK) == 0) found.paths.push_back({path, access, Path::Presence::may_be_missing});
  };
  add("/usr", Path::Access::execute);
  for (const char* path : beside_usr) {
    if (std::string target = target_of(path); !target.empty()) {
      found.links.emplace_back(path, std::move(target));
    } else {
      add(path, Path::Access::execute);
    }
  }
  for (const char* path : of_etc) add(path, Path::Access::read);
  for (const char* path : links_of_etc) {
    if (std::string target = target_of(path); !target.empty()) {
      found.links.emplace_back(path, std::move(target));
    } else {
      add(path, Path::Access::read);
    }
  }
  return found;
}

}  // namespace mortise::runtime::sandbox
