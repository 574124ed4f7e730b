#include "package/language_packages.h"

#include <algorithm>
#include <map>

namespace mortise::package {
namespace {

constexpr std::size_t most_packages = 2'000;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  line = line.substr(0, line.find("//"));
  constexpr std::string_view blanks = " \t\r";
  for (std::size_t begin = line.find_first_not_of(blanks); begin != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(blanks, end);
  }
  return words;
}

// `require module v1.2.3`, and the lines of a `require ( ... )` block.
void read_go_mod(std::string_view text, std::map<std::string, std::string>& found) {
  bool in_block = false;
  while (!text.empty() && found.size() < most_packages) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::vector<std::string_view> words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.size() == 1 && words[0] == ")") in_block = false;
    if (!words.empty() && words[0] == "require") {
      in_block = in_block || (words.size() == 2 && words[1] == "(");
      words.erase(words.begin());
    } else if (!in_block) {
      continue;
    }
    if (words.size() == 2 && words[1].starts_with('v')) found.emplace(std::string(words[0]), std::string(words[1]));
  }
}

}  // namespace

std::string_view ecosystem_of(std::string_view language) noexcept {
  if (language == "python") return "PyPI";
  if (language == "r") return "CRAN";
  return language == "go" ? "Go" : "";
}

std::vector<LanguagePackage> language_packages(const Contents& contents, const plugin::Descriptor& plugin) {
  std::map<std::string, std::string> found;
  for (const plugin::Requirement& need : plugin.requires_) {
    if (need.type != plugin::Requirement::Type::package) continue;
    std::string name = need.name.substr(0, need.name.find('['));
    name.erase(name.find_last_not_of(' ') + 1);
    if (!name.empty()) found[name] = need.range;
  }
  if (const ContentFile* modules = plugin.language == "go" ? contents.find("go.mod") : nullptr) read_go_mod(modules->content(), found);
  std::vector<LanguagePackage> all;
  for (const auto& [name, range] : found) all.push_back({name, range});
  return all;
}

std::string normal_name(std::string_view ecosystem, std::string_view name) {
  if (ecosystem != "PyPI") return std::string(name);
  std::string normal;
  for (const char c : name) {
    const bool between = c == '-' || c == '_' || c == '.';
    if (between && normal.ends_with('-')) continue;
    normal += between ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return normal;
}

std::string pinned_version(std::string_view range) {
  while (range.starts_with('=') || range.starts_with(' ')) range.remove_prefix(1);
  while (range.ends_with(' ')) range.remove_suffix(1);
  const bool plain = !range.empty() && std::all_of(range.begin(), range.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '+' || c == '_' || c == '!';
  });
  return plain ? std::string(range) : std::string();
}

}  // namespace mortise::package
