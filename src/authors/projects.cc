#include "authors/projects.h"

#include <filesystem>
#include <initializer_list>

#include "os/paths.h"
#include "runtime/runtime.h"
#include "scaffold/project.h"

namespace mortise::authors {
namespace {

Value texts(const std::vector<std::string>& all) {
  Value list = Value::list();
  for (const std::string& one : all) list.push_back(one);
  return list;
}

std::string if_there(const std::string& folder) { return std::filesystem::is_directory(folder) ? folder : ""; }

// The first of these that is there, from the folder of the program: a build tree is build/bin or build/<preset>/bin, an installation has
// share/ and include/ beside bin/.
std::string beside(const app::Places& places, std::initializer_list<const char*> choices) {
  const std::filesystem::path folder = std::filesystem::path(places.executable).parent_path();
  for (const char* choice : choices) {
    std::error_code failure;
    const auto path = std::filesystem::weakly_canonical(folder / choice, failure);
    if (!failure && std::filesystem::exists(path, failure)) return path.string();
  }
  return {};
}

std::string templates_of(const app::Places& places) {
  return beside(places, {"../../sdk/templates", "../../../sdk/templates", "../share/mortise/templates"});
}

}  // namespace

Value make_project(const app::Places& places, const cli::NewProject& wanted) {
  scaffold::Request request;
  request.wanted = {wanted.dialect, wanted.language, wanted.kind};
  request.name = wanted.name;
  request.folder = wanted.folder;
  request.present = os::absolute(".");
  request.author = wanted.author;
  request.description = wanted.description;
  request.category = wanted.category;
  request.tags = wanted.tags;
  request.extension_points = wanted.extension_points;
  const scaffold::Project made = scaffold::make_project(templates_of(places), request);
  return Value::map({{"name", made.name},
                     {"dialect", made.of.dialect},
                     {"language", made.of.language},
                     {"folder", made.folder},
                     {"files", texts(made.files)},
                     {"next", texts(made.next)}});
}

std::string include_folder(const app::Places& places) {
  const std::string found = beside(places, {"../../include/mortise/plugin.h", "../../../include/mortise/plugin.h", "../include/mortise/plugin.h"});
  return found.empty() ? found : os::parent_of(os::parent_of(found));
}

Value shown_places(const app::Places& places) {
  const auto paths = runtime::RuntimePaths::beside(places.executable);
  return Value::map({{"include", include_folder(places)},
                     {"python", if_there(paths.python_sdk)},
                     {"r", if_there(paths.r_library)},
                     {"go", if_there(paths.go_sdk)},
                     {"templates", templates_of(places)},
                     {"plugins", places.first_party_plugins}});
}

}  // namespace mortise::authors
