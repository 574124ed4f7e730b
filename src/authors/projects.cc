#include "authors/projects.h"

#include <filesystem>

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
  const scaffold::Project made = scaffold::make_project(places.templates, request);
  return Value::map({{"name", made.name},
                     {"dialect", made.of.dialect},
                     {"language", made.of.language},
                     {"folder", made.folder},
                     {"files", texts(made.files)},
                     {"next", texts(made.next)}});
}

Value shown_places(const app::Places& places) {
  const auto paths = runtime::RuntimePaths::beside(places.executable);
  return Value::map({{"include", places.headers},
                     {"python", if_there(paths.python_sdk)},
                     {"r", if_there(paths.r_library)},
                     {"go", if_there(paths.go_sdk)},
                     {"templates", places.templates},
                     {"plugins", places.first_party_plugins}});
}

}  // namespace mortise::authors
