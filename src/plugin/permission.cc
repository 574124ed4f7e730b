#include "plugin/permission.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/host_pattern.h"
#include "plugin/hints.h"

namespace mortise::plugin {
namespace {

constexpr std::array rights{Right::read_data, Right::write_data, Right::network, Right::file_system, Right::environment};
constexpr std::string_view write_ending = ":write";
constexpr std::string_view read_ending = ":read";
constexpr std::size_t longest_path = 4096;

Error wrong(std::string_view text, const std::string& why, std::string hint) {
  const std::string got(text.substr(0, 256));
  return Error(Code::invalid, "permission '" + got + "': " + why, std::move(hint)).with("got", got);
}

std::string host(std::string_view detail) { return HostPattern::parse(detail).text(); }

// Absolute, without "..", links left as they are: what they lead to is looked at when a worker starts.
std::string path(std::string_view text, std::string_view detail) {
  const bool write = detail.ends_with(write_ending);
  if (write) detail.remove_suffix(write_ending.size());
  if (detail.ends_with(read_ending)) detail.remove_suffix(read_ending.size());
  if (detail.size() > longest_path || detail.find('\0') != std::string_view::npos || !detail.starts_with('/')) {
    throw wrong(text, "expected an absolute path", "such as file_system=/data or file_system=/data/out:write");
  }
  std::string normal = std::filesystem::path(detail).lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return write ? normal + std::string(write_ending) : normal;
}

// Those that change what a program is, or hold the host's own secrets, are nobody's.
std::string variable(std::string_view text, std::string_view detail) {
  const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (detail.empty() || detail.size() > 255 || !std::all_of(detail.begin(), detail.end(), fits) ||
      (detail.front() >= '0' && detail.front() <= '9')) {
    throw wrong(text, "expected the name of a variable", "such as environment=API_KEY");
  }
  if (detail.starts_with("MORTISE_") || detail.starts_with("LD_")) {
    throw wrong(text, "this variable is never shown to a plugin", "hand its content over under another name");
  }
  return std::string(detail);
}

}  // namespace

std::string_view name_of(Right right) noexcept {
  switch (right) {
    case Right::read_data: return "read_data";
    case Right::write_data: return "write_data";
    case Right::network: return "network";
    case Right::file_system: return "file_system";
    case Right::environment: return "environment";
  }
  return "";
}

Permission Permission::parse(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const bool has_detail = equals != std::string_view::npos;
  const std::string_view detail = has_detail ? text.substr(equals + 1) : std::string_view();
  const auto right = std::find_if(rights.begin(), rights.end(), [&](Right one) { return name_of(one) == name; });
  if (right == rights.end()) {
    std::vector<std::string_view> known;
    for (const Right one : rights) known.push_back(name_of(one));
    const std::string got(name.substr(0, 64));
    throw Error(Code::invalid, "Unknown permission: " + got, did_you_mean(name, known)).with("got", got);
  }
  switch (*right) {
    case Right::network: return {*right, has_detail ? host(detail) : std::string()};
    case Right::file_system: return {*right, has_detail ? path(text, detail) : std::string()};
    case Right::environment: return {*right, variable(text, detail)};
    default:
      if (has_detail) throw wrong(text, "it takes no detail", "write " + std::string(name) + " alone");
      return {*right, {}};
  }
}

std::string Permission::text() const {
  return detail.empty() ? std::string(name_of(right)) : std::string(name_of(right)) + "=" + detail;
}

PathAccess path_of(const Permission& permission) {
  std::string_view detail = permission.detail;
  const bool write = detail.ends_with(write_ending);
  if (write) detail.remove_suffix(write_ending.size());
  return {std::string(detail), write};
}

}  // namespace mortise::plugin
