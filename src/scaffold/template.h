// Templates: the projects that `mortise new` can begin, as data.
//
// A template is a folder sdk/templates/<dialect>/<variant> with a file template.json that says for which language it is; all other
// files belong to the project. A dialect adds one by adding a folder: nothing here knows a dialect by name. Placeholders such as
// {{name}} are replaced in the names and in the texts of the files (project.h has all of them). Set aside: a template language
// with conditions and loops; two variants are two folders, and each can be read as it will be.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise::scaffold {

// A file of the project that is made from another of the SDK, so that both are written once: `words` are what stands there and
// what stands for it in the template.
struct Taken {
  std::string name;  // in the project, with placeholders
  std::string from;  // absolute
  std::vector<std::pair<std::string, std::string>> words;
};

struct Template {
  std::string dialect, variant;  // the names of its two folders
  std::string folder;            // absolute
  std::string description;
  std::string language;            // what --language finds
  std::string kind;                // what --template finds; may be empty
  bool usual = false;              // the one that is meant when more than one is left
  enum class Names { plugin, identifier } names = Names::plugin;  // "Input.my-plugin", or a word of a programming language
  std::string reserved;            // the list of words below `reserved/` that no such project can be called by; may be empty
  std::string extension_point;     // where a plugin takes part that does not say
  std::vector<std::string> extension_points;  // where such a plugin can take part; empty: anywhere
  std::vector<Taken> taken;
  std::vector<std::string> next;   // what to type first, with placeholders
};

// All templates below a folder, by dialect and variant. Throws Error{not_found} when the folder is not there, Error{invalid} with
// file and key for a template.json that is wrong.
[[nodiscard]] std::vector<Template> list_templates(const std::string& root);

// The template that is meant; an empty language or kind means any. Throws Error{not_found} that names what there is and the nearest
// one, Error{invalid} when several fit and none is the usual one.
struct Wanted {
  std::string dialect, language, kind;
};
[[nodiscard]] Template choose(const std::vector<Template>& templates, const Wanted& wanted);

// The words that a project of this template cannot be called by, lower case.
[[nodiscard]] std::vector<std::string> reserved_words(const std::string& root, const Template& of);

}  // namespace mortise::scaffold
