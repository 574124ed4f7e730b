#include "dialects/smi/places.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "os/paths.h"

namespace mortise::dialects::smi {
namespace {

namespace fs = std::filesystem;

std::string path_in(std::string_view text, std::string_view key) {
  constexpr std::string_view scheme = "file://";
  if (text.starts_with(scheme)) return std::string(text.substr(scheme.size()));
  if (text.find("://") == std::string_view::npos && !text.empty()) return std::string(text);
  throw Error(Code::unsupported, std::string(key) + " is '" + std::string(text) + "'", "give a path or a file:// URL")
      .with("key", std::string(key))
      .with("expected", "file://PATH")
      .with("got", std::string(text));
}

bool within(const fs::path& path, const std::string& folder) {
  std::error_code failure;
  const fs::path real = fs::weakly_canonical(folder, failure);
  if (failure || real.empty()) return false;
  return std::mismatch(real.begin(), real.end(), path.begin(), path.end()).first == real.end();
}

}  // namespace

std::string place_of(std::string_view text, std::string_view key, const http::Request& request,
                     const Surroundings& host) {
  const std::string named = path_in(text, key);
  std::error_code failure;
  const fs::path path = fs::canonical(fs::path(host.folder) / named, failure);
  const bool allowed = request.by_operator() ||
                       within(failure ? fs::weakly_canonical(fs::path(host.folder) / named) : path, host.folder) ||
                       within(path, host.data_dir) || within(path, std::string(plugin_folder)) ||
                       within(path, std::string(model_folder));
  if (!allowed) {
    throw Error(Code::denied, std::string(key) + " '" + named + "' is outside of the folders that may be named",
                "put it below " + host.folder + " or " + std::string(plugin_folder) +
                    ", or ask over the server's own socket or with an operator's token")
        .with("key", std::string(key))
        .with("got", named);
  }
  if (failure) {
    throw Error(Code::not_found, std::string(key) + ": there is no file '" + named + "'",
                "relative paths start at " + host.folder)
        .with("key", std::string(key))
        .with("got", named);
  }
  return path.string();
}

}  // namespace mortise::dialects::smi
