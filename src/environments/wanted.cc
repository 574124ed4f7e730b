#include "environments/wanted.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::environments {
namespace {

constexpr std::uint64_t largest_list = 64U << 10;
constexpr std::size_t most_packages = 200, longest = 500;

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.'; }

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

// A name, perhaps extras in brackets, then versions, then perhaps a condition behind ';'.
bool is_plain(const std::string& text) {
  if (text.empty() || text.size() > longest || std::isalnum(static_cast<unsigned char>(text.front())) == 0) return false;
  std::size_t at = 0;
  while (at < text.size() && is_name(text[at])) ++at;
  if (at < text.size() && text[at] == '[') {
    do ++at;
    while (at < text.size() && (is_name(text[at]) || text[at] == ',' || text[at] == ' '));
    if (at == text.size() || text[at] != ']') return false;
    ++at;
  }
  const std::size_t condition = std::min(text.find(';', at), text.size());
  const auto fits = [](char c) { return is_name(c) || std::string_view("<>=!~^*+, ").find(c) != std::string_view::npos; };
  const auto in_condition = [&](char c) { return fits(c) || std::string_view(";'\"()").find(c) != std::string_view::npos; };
  const auto from = [&](std::size_t offset) { return text.begin() + static_cast<std::ptrdiff_t>(offset); };
  const bool versions = std::all_of(from(at), from(condition), fits);
  const bool begins_well = at == condition || !is_name(*from(text.find_first_not_of(' ', at)));
  return versions && begins_well && std::all_of(from(condition), text.end(), in_condition);
}

Error refused(const plugin::Descriptor& descriptor, const std::string& place, const std::string& text) {
  return Error(Code::invalid, place + " of plugin '" + descriptor.id + "' asks for '" + text.substr(0, longest) + "', which is no plain requirement",
               "write name>=1.2,<2; options, addresses and paths belong into the host's configuration (environments.*)")
      .with("plugin", descriptor.id);
}

void add_manifest(const plugin::Descriptor& descriptor, std::vector<std::string>& all) {
  for (const plugin::Requirement& one : descriptor.requires_) {
    if (one.type != plugin::Requirement::Type::package) continue;
    const std::string text = one.name + comparisons(one.range);
    if (!is_plain(text)) throw refused(descriptor, "manifest.json", text);
    all.push_back(text);
  }
}

void add_list(const plugin::Descriptor& descriptor, std::vector<std::string>& all) {
  const std::string file = os::join(descriptor.folder, "requirements.txt");
  std::error_code none;
  if (descriptor.folder.empty() || !std::filesystem::is_regular_file(file, none)) return;
  std::istringstream lines(os::read_file(file, largest_list));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t comment = line.starts_with('#') ? 0 : line.find(" #");
    std::string text = trimmed(std::string_view(line).substr(0, comment));
    std::replace(text.begin(), text.end(), '\t', ' ');
    if (text.empty()) continue;
    if (!is_plain(text)) throw refused(descriptor, "requirements.txt", text);
    all.push_back(text);
  }
}

// The version with its place `place` made one larger, and cut off behind it: ("1.2.3", 0) is "2".
std::string next_version(std::string_view version, std::size_t place) {
  std::vector<unsigned long> parts;
  std::istringstream text{std::string(version)};
  for (std::string part; std::getline(text, part, '.');) parts.push_back(std::strtoul(part.c_str(), nullptr, 10));
  parts.resize(place + 1);
  ++parts[place];
  std::string made;
  for (const unsigned long part : parts) made += (made.empty() ? "" : ".") + std::to_string(part);
  return made;
}

std::string comparison(std::string_view part) {
  if (part == "*") return {};
  if (part.starts_with('^')) {
    const std::string_view version = part.substr(1);
    const std::size_t place = version.starts_with("0.") ? 1 : 0;
    return ">=" + std::string(version) + ",<" + next_version(version, place);
  }
  if (part.starts_with('~') && !part.starts_with("~=")) {
    const std::string_view version = part.substr(1);
    return ">=" + std::string(version) + ",<" + next_version(version, version.find('.') == std::string_view::npos ? 0 : 1);
  }
  if (part.starts_with('=') && !part.starts_with("==")) return "=" + std::string(part);
  return std::isdigit(static_cast<unsigned char>(part.front())) != 0 ? "==" + std::string(part) : std::string(part);
}

}  // namespace

std::string comparisons(std::string_view range) {
  std::string made;
  std::string text(range);
  std::replace(text.begin(), text.end(), ',', ' ');
  for (std::size_t at = 0; (at = text.find_first_of("<>=!~^", at)) != std::string::npos;) {  // ">= 1.2" is ">=1.2"
    at = text.find_first_not_of("<>=!~^", at);
    if (at == std::string::npos) break;
    while (at < text.size() && text[at] == ' ') text.erase(at, 1);
  }
  std::istringstream parts(text);
  for (std::string part; parts >> part;) {
    const std::string one = comparison(part);
    if (!one.empty()) made.append(made.empty() ? "" : ",").append(one);
  }
  return made;
}

std::vector<std::string> wanted_packages(const plugin::Descriptor& descriptor) {
  std::vector<std::string> all;
  add_manifest(descriptor, all);
  if (descriptor.language == "python") add_list(descriptor, all);
  if (all.size() > most_packages) {
    throw Error(Code::invalid, "plugin '" + descriptor.id + "' asks for " + std::to_string(all.size()) + " packages, the most is " +
                                   std::to_string(most_packages))
        .with("plugin", descriptor.id);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace mortise::environments
