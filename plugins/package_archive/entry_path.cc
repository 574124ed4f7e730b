#include <algorithm>
#include <cctype>

#include "mortise/error.hpp"
#include "package_archive/archive.h"

namespace mortise::package_archive {
namespace {

constexpr std::size_t longest_name = 255;    // what file systems hold
constexpr std::size_t longest_path = 1'024;

// For messages: what a terminal would obey, and what is no text, becomes '?'.
std::string shown(std::string_view raw) {
  std::string text(raw.substr(0, 120));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
  }
  return raw.size() > 120 ? text + "..." : text;
}

[[noreturn]] void refuse(std::string_view raw, const std::string& why, const char* hint) {
  throw Error(Code::invalid, "the archive's entry '" + shown(raw) + "' " + why, hint).with("entry", shown(raw));
}

// Bytes of the sequence that begins here, 0 when there is none (RFC 3629: shortest form, no surrogates).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first < 0xF0) {
    const bool shortest = first != 0xE0 || at(1) >= 0xA0;
    const bool surrogate = first == 0xED && at(1) >= 0xA0;
    return follows(1) && follows(2) && shortest && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first < 0xF5) {
    const bool in_range = (first != 0xF0 || at(1) >= 0x90) && (first != 0xF4 || at(1) < 0x90);
    return follows(1) && follows(2) && follows(3) && in_range ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void check_characters(std::string_view raw) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(raw.begin(), raw.end(), control)) refuse(raw, "has a control character in its name", "rename the file and pack again");
  if (raw.find('\\') != std::string_view::npos) refuse(raw, "has a backslash in its name", "separate folders by '/' and pack again");
  if (!is_utf8(raw)) refuse(raw, "has a name that is not UTF-8", "rename the file and pack again");
  if (raw.size() > longest_path) refuse(raw, "has a name of " + std::to_string(raw.size()) + " bytes; 1024 are possible", "use shorter names");
}

void check_start(std::string_view raw) {
  constexpr const char* relative = "names in a package are relative to its folder; pack with `tar -C PARENT -czf PACKAGE.tar.gz FOLDER`";
  if (raw.front() == '/') refuse(raw, "has an absolute path", relative);
  const bool drive = raw.size() > 1 && std::isalpha(static_cast<unsigned char>(raw[0])) != 0 && raw[1] == ':';
  if (drive) refuse(raw, "begins with a drive letter", relative);
}

}  // namespace

std::string clean_path(std::string_view raw, const Limits& limits) {
  if (raw.empty()) refuse(raw, "has no name", "pack again");
  check_characters(raw);
  check_start(raw);
  std::string clean;
  std::size_t folders = 0;
  for (std::size_t begin = 0; begin <= raw.size();) {
    const std::size_t end = std::min(raw.find('/', begin), raw.size());
    const std::string_view name = raw.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty() || name == ".") continue;
    if (name == "..") refuse(raw, "leads out of the package with '..'", "pack from inside the folder, without '..'");
    if (name.size() > longest_name) refuse(raw, "has a name longer than 255 bytes", "use shorter names");
    if (++folders > limits.depth) {
      refuse(raw, "lies deeper than " + std::to_string(limits.depth) + " folders", "flatten the package");
    }
    if (!clean.empty()) clean += '/';
    clean += name;
  }
  return clean;
}

}  // namespace mortise::package_archive
