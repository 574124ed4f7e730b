// Project: a new plugin out of a template, as a whole or not at all.
//
// These stand in the texts and in the names of a template's files:
//
//   {{name}}               as it was given: "Data_Processing.z-score"
//   {{word}} {{class}}     "z_score", "ZScore"
//   {{extension_point}}    the first of them; {{extension_points}} and {{tags}} are JSON lists
//   {{author}} {{description}} {{category}}
//
// What people wrote is escaped as in JSON, so within double quotes it is a text in every language that we have; in Markdown it
// stands as it is. Other words in double braces are left alone. A file `dot-gitignore` becomes `.gitignore`.
#pragma once

#include <string>
#include <vector>

#include "scaffold/template.h"

namespace mortise::scaffold {

struct Request {
  Wanted wanted;
  std::string name;
  std::string folder;   // absolute; made with those above it. Empty: the word of the name, in `present`
  std::string present;  // absolute: the folder in which somebody asks
  std::string author, description, category;  // may be empty
  std::vector<std::string> tags, extension_points;
};

struct Project {
  Template of;
  std::string name, folder;
  std::vector<std::string> files;  // relative to the folder
  std::vector<std::string> next;   // what to type first
};

// Throws Error{invalid} for a name or text that cannot be used, Error{conflict} when the folder is there and not empty. Whatever it
// throws, nothing was made.
[[nodiscard]] Project make_project(const std::string& templates, const Request& request);

}  // namespace mortise::scaffold
