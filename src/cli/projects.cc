// The verbs of whoever writes plugins: `new` and `where`.
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/suggest.h"
#include "cli/json.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "os/paths.h"

namespace mortise::cli {

int new_project(const Tools& tools) {
  const ProjectArguments& given = tools.arguments.project;
  const Value made = tools.maker.make_project({given.dialect, given.name, given.language, given.kind,
                                               given.folder.empty() ? std::string() : os::absolute(given.folder),
                                               given.author, given.description, given.category, given.tags,
                                               given.extension_points});
  if (tools.arguments.json) {
    print(json_text(made));
    return EXIT_SUCCESS;
  }
  std::string text = toned(Tone::strong, text_in(made, "folder"), STDOUT_FILENO) + "\n";
  for (const Value& file : list_in(made, "files").items()) text += "  " + harmless(std::string(file.as_string())) + "\n";
  text += "\nNext:\n";
  for (const Value& line : list_in(made, "next").items()) text += "  " + harmless(std::string(line.as_string())) + "\n";
  print(text);
  return EXIT_SUCCESS;
}

int where(const Tools& tools) {
  const Value places = tools.maker.places();
  const std::string& wanted = tools.arguments.project.place;
  if (wanted.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const Member& place : places.members()) rows.push_back({std::string(place.key()), text_in(places, place.key())});
    print(tools.arguments.json ? json_text(places) : table(rows));
    return EXIT_SUCCESS;
  }
  std::vector<std::string_view> known;
  for (const Member& place : places.members()) known.push_back(place.key());
  const Value* place = places.find(wanted);
  if (place == nullptr) {
    const auto near = nearest(wanted, known);
    throw Error(Code::invalid, "'" + wanted + "' is none of the things that `mortise where` knows",
                (near ? "did you mean '" + *near + "'? " : std::string()) + "type `mortise where` to see all");
  }
  if (place->as_string().empty()) {
    throw Error(Code::not_found, "there is no folder of '" + wanted + "' here", "build or install mortise completely");
  }
  print(tools.arguments.json ? json_text(*place) : std::string(place->as_string()) + "\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
