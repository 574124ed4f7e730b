#include "scaffold/template.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/config_tree.h"
#include "base/error.h"
#include "base/suggest.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::scaffold {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t longest_description = 64U << 10;

std::vector<std::string> folders_in(const std::string& path) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Template::Names names_of(const Node& root) {
  const auto node = root.find("names");
  if (!node) return Template::Names::plugin;
  const std::string word = node->as_string();
  if (word == "plugin") return Template::Names::plugin;
  if (word == "identifier") return Template::Names::identifier;
  throw node->expected("plugin or identifier");
}

std::vector<Taken> taken_of(const Node& root, const std::string& folder) {
  std::vector<Taken> all;
  const auto node = root.find("taken");
  if (!node) return all;
  for (const auto& [name, one] : node->members()) {
    one.forbid_unknown({"from", "words"});
    Taken taken{name, os::join(folder, one.at("from").as_string()), {}};
    if (const auto words = one.find("words")) {
      for (const auto& [word, placeholder] : words->members()) taken.words.emplace_back(word, placeholder.as_string());
    }
    all.push_back(std::move(taken));
  }
  return all;
}

Template read_template(const std::string& root, const std::string& dialect, const std::string& variant) {
  Template made;
  made.dialect = dialect;
  made.variant = variant;
  made.folder = os::join(os::join(root, dialect), variant);
  const std::string file = os::join(made.folder, "template.json");
  const Node node = parse_json_config(os::read_file(file, longest_description), file);
  node.forbid_unknown({"description", "language", "template", "usual", "names", "reserved", "extension_point",
                       "extension_points", "taken", "next"});
  made.description = node.at("description").as_string();
  made.language = node.at("language").as_string();
  made.kind = node.string_or("template", "");
  if (const auto usual = node.find("usual")) made.usual = usual->as_bool();
  made.names = names_of(node);
  made.reserved = node.string_or("reserved", "");
  made.extension_point = node.string_or("extension_point", "");
  if (const auto points = node.find("extension_points")) made.extension_points = points->as_strings();
  made.taken = taken_of(node, made.folder);
  if (const auto next = node.find("next")) made.next = next->as_strings();
  return made;
}

// The distinct values of one member, in the order of the templates.
template <typename Member>
std::vector<std::string> values(const std::vector<Template>& templates, Member member) {
  std::vector<std::string> all;
  for (const Template& one : templates) {
    const std::string& value = one.*member;
    if (!value.empty() && std::find(all.begin(), all.end(), value) == all.end()) all.push_back(value);
  }
  return all;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text.empty() ? "none" : text;
}

// Those whose member has this value; all when it is empty.
template <typename Member>
std::vector<Template> those(const std::vector<Template>& templates, Member member, const std::string& value,
                            const std::string& what) {
  if (value.empty()) return templates;
  std::vector<Template> left;
  for (const Template& one : templates) {
    if (one.*member == value) left.push_back(one);
  }
  if (!left.empty()) return left;
  const std::vector<std::string> known = values(templates, member);
  const auto near = nearest(value, {known.begin(), known.end()});
  throw Error(Code::not_found, "there is no " + what + " '" + value + "'",
              (near ? "did you mean '" + *near + "'? " : "") + "there are: " + joined(known))
      .with("got", value);
}

}  // namespace

std::vector<Template> list_templates(const std::string& root) {
  if (root.empty() || !fs::is_directory(root)) {
    throw Error(Code::not_found, "the templates are missing" + (root.empty() ? "" : ": '" + root + "'"),
                "build or install mortise completely");
  }
  std::vector<Template> all;
  for (const std::string& dialect : folders_in(root)) {
    for (const std::string& variant : folders_in(os::join(root, dialect))) {
      if (fs::exists(os::join(os::join(os::join(root, dialect), variant), "template.json")))
        all.push_back(read_template(root, dialect, variant));
    }
  }
  return all;
}

Template choose(const std::vector<Template>& templates, const Wanted& wanted) {
  const std::string language = wanted.language == "c++" ? "cpp" : wanted.language;
  std::vector<Template> left = those(templates, &Template::dialect, wanted.dialect, "way of writing plugins called");
  left = those(left, &Template::language, language, "template of '" + wanted.dialect + "' for the language");
  left = those(left, &Template::kind, wanted.kind, "template of '" + wanted.dialect + "' called");
  if (left.size() == 1) return left.front();
  const auto usual = std::find_if(left.begin(), left.end(), [](const Template& one) { return one.usual; });
  if (usual != left.end()) return *usual;
  const std::vector<std::string> languages = values(left, &Template::language);
  throw Error(Code::invalid, "'" + wanted.dialect + "' has templates for several languages",
              languages.size() > 1 ? "say which: --language " + joined(languages)
                                   : "say which: --template " + joined(values(left, &Template::kind)));
}

std::vector<std::string> reserved_words(const std::string& root, const Template& of) {
  if (of.reserved.empty()) return {};
  std::istringstream text(os::read_file(os::join(os::join(root, "reserved"), of.reserved + ".txt"), longest_description));
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

}  // namespace mortise::scaffold
