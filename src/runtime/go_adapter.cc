#include "runtime/go_adapter.h"

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "os/paths.h"

namespace mortise::runtime {
namespace {

constexpr std::string_view name_of_mains = "plugin";

// Past white space and comments.
std::size_t past_blank(const std::string& source, std::size_t at) {
  for (;;) {
    at = std::min(source.find_first_not_of(" \t\r\n", at), source.size());
    if (source.compare(at, 2, "//") == 0) {
      at = std::min(source.find('\n', at), source.size());
    } else if (source.compare(at, 2, "/*") == 0) {
      const std::size_t end = source.find("*/", at + 2);
      at = end == std::string::npos ? source.size() : end + 2;
    } else {
      return at;
    }
  }
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::string module_of(const std::string& go_mod) {
  std::istringstream lines(go_mod);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    words >> first >> second;
    if (first != "module" || second.empty()) continue;
    if (second.front() == '"' && second.size() > 2) second = second.substr(1, second.size() - 2);
    return second;
  }
  throw Error(Code::invalid, "go.mod names no module", "it begins with: module example.com/plugin");
}

}  // namespace

std::string with_package_name(const std::string& source, std::string_view name) {
  constexpr std::string_view keyword = "package";
  const std::size_t at = past_blank(source, 0);
  if (source.compare(at, keyword.size(), keyword) != 0) return source;
  const std::size_t word = past_blank(source, at + keyword.size());
  if (source.compare(word, 4, "main") != 0 || (word + 4 < source.size() && is_word(source[word + 4]))) return source;
  return source.substr(0, word) + std::string(name) + source.substr(word + 4);
}

// What makes the plugin: a function of its package, or "*T" where that has none for its type T.
std::string made_by(const std::string& object) {
  if (!object.starts_with('*')) return "plugin." + object;
  return "func() interface{} { return new(plugin." + object.substr(1) + ") }";
}

void add_go_main(const plugin::Descriptor& descriptor, std::map<std::string, std::string>& files) {
  const std::string inner = os::parent_of(descriptor.entry);
  const std::string folder = inner == "." ? "" : inner + "/";
  for (auto& [path, content] : files) {
    if (path.ends_with(".go") && os::parent_of(path) == inner) content = with_package_name(content, name_of_mains);
  }
  const std::string package = module_of(files["go.mod"]) + (folder.empty() ? "" : "/" + inner);
  files[std::string(go_main_folder) + "/main.go"] =
      "package main\n\nimport (\n\tadapter \"" + descriptor.adapter.name + "\"\n\tplugin \"" + package +
      "\"\n)\n\nfunc main() { adapter.Serve(" + made_by(descriptor.adapter.object) + ") }\n";
}

bool blank_import(std::string& source, int line) {
  std::size_t begin = 0;
  for (int number = 1; number < line; ++number) {
    begin = source.find('\n', begin);
    if (begin == std::string::npos) return false;
    ++begin;
  }
  const std::size_t end = std::min(source.find('\n', begin), source.size());
  const std::size_t quote = source.find_first_of("\"`", begin);
  if (quote >= end) return false;
  std::size_t name = quote;  // an import's own name, if it has one, goes
  while (name > begin && source[name - 1] != '(' && source[name - 1] != ';') --name;
  const std::string before = source.substr(name, quote - name);
  const std::size_t keyword = before.find("import");
  if (keyword != std::string::npos) name += keyword + 6;
  source.replace(name, quote - name, " _ ");
  return true;
}

}  // namespace mortise::runtime
