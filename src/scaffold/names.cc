#include "scaffold/names.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "base/error.h"
#include "plugin/extension_points.h"
#include "plugin/manifest.h"

namespace mortise::scaffold {
namespace {

constexpr std::size_t longest = 64;  // it becomes the name of files and of folders

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_plain(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; }

std::string_view after_dot(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::string lower(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return made;
}

bool is_reserved(std::string_view name, const std::vector<std::string>& reserved) {
  return std::find(reserved.begin(), reserved.end(), lower(word_of(name))) != reserved.end();
}

// Letters, digits and '_' of the text, one '_' for each run of anything else, beginning with a letter.
std::string plain(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (is_plain(c)) made += c;
    else if (!made.empty() && made.back() != '_') made += '_';
  }
  while (made.ends_with('_')) made.pop_back();
  made.erase(0, std::min(made.find_first_not_of('_'), made.size()));
  if (made.empty()) return "my_plugin";
  if (!is_letter(made.front())) made = "plugin_" + made;
  return made.substr(0, longest / 2);
}

std::string nearest_name(const Template& of, std::string_view name, const std::vector<std::string>& reserved) {
  const std::size_t dot = name.find('.');
  const std::string type = dot == std::string_view::npos ? std::string() : std::string(name.substr(0, dot));
  const auto* point = type.empty() ? nullptr : plugin::find_extension_point(type);
  const bool typed = of.names == Template::Names::plugin && point != nullptr && point->group == plugin::Group::step;
  std::string made = typed ? plain(name.substr(dot + 1)) : plain(name);
  if (is_reserved(made, reserved)) made += "_plugin";
  return typed ? type + "." + made : made;
}

// Why it will not do; empty: it will.
std::string fault_of(const Template& of, std::string_view name, const std::vector<std::string>& reserved) {
  if (name.size() > longest) return "is longer than " + std::to_string(longest) + " characters";
  if (of.names == Template::Names::identifier) {
    const bool good = !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), is_plain);
    if (!good) return "is no name of a program's part: letters, digits and '_', beginning with a letter";
  } else {
    try {
      plugin::check_plugin_name(name);
    } catch (const Error& error) {
      return "is no name of a plugin: " + error.hint();
    }
    const std::string_view last = after_dot(name);
    if (last.empty() || !is_letter(last.front())) return "needs a letter after its dot";
    const std::size_t dot = name.find('.');
    if (dot != std::string_view::npos && plugin::find_extension_point(name.substr(0, dot)) == nullptr)
      return "has '" + std::string(name.substr(0, dot)) + "' before its dot, where no plugin can take part";
  }
  return is_reserved(name, reserved) ? "stands for something else in " + of.language : "";
}

}  // namespace

void check_name(const Template& of, std::string_view name, const std::vector<std::string>& reserved) {
  const std::string fault = fault_of(of, name, reserved);
  if (fault.empty()) return;
  throw Error(Code::invalid, "'" + std::string(name) + "' " + fault,
              "such as: " + nearest_name(of, name, reserved))
      .with("got", std::string(name));
}

std::string word_of(std::string_view name) {
  std::string word(after_dot(name));
  std::replace(word.begin(), word.end(), '-', '_');
  return word;
}

std::string class_of(std::string_view name) {
  std::string made;
  bool begin = true;
  for (const char c : word_of(name)) {
    if (c == '_') {
      begin = true;
      continue;
    }
    made += begin ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begin = false;
  }
  return made;
}

}  // namespace mortise::scaffold
