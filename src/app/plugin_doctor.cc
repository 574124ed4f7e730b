#include "app/plugin_doctor.h"

#include <elf.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/error.h"
#include "os/file.h"
#include "os/paths.h"
#include "os/run_program.h"
#include "plugin/manifest.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"

namespace mortise::app {
namespace {

namespace fs = std::filesystem;

constexpr int scan_depth = plugin::Registry::usual_depth;

struct Check {
  std::string name, status, found, hint;
};
Check ok(std::string name, std::string found) { return {std::move(name), "ok", std::move(found), {}}; }
Check problem(std::string name, std::string found, std::string hint) {
  return {std::move(name), "problem", std::move(found), std::move(hint)};
}

Value group_of(const char* name, const std::vector<Check>& checks) {
  Value listed = Value::list();
  for (const Check& check : checks) {
    Value one = Value::map({{"name", check.name}, {"status", check.status}, {"found", check.found}});
    if (!check.hint.empty()) one.set("hint", check.hint);
    listed.push_back(std::move(one));
  }
  return Value::map({{"name", name}, {"checks", listed}});
}

// In the order of the scan: who is found first has the name.
std::vector<std::string> searched(const Settings& settings, const Places& places) {
  std::vector<std::string> folders;
  if (settings.plugins.first_party && !places.first_party_plugins.empty())
    folders.push_back(places.first_party_plugins);
  if (settings.plugins.auto_discovery)
    folders.insert(folders.end(), settings.plugins.directories.begin(), settings.plugins.directories.end());
  return folders;
}

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text.append(text.empty() ? "" : ", ").append(one);
  return text.empty() ? "nowhere" : text;
}

// Directory structure.
std::vector<Check> place(const std::string& folder, const Settings& settings, const Places& places) {
  if (!fs::is_directory(folder))
    return {problem("folder", folder + " is no folder", "name the folder that holds manifest.json")};
  std::vector<Check> checks{ok("folder", folder)};
  const std::vector<std::string> folders = searched(settings, places);
  for (const std::string& directory : folders) {
    if (!os::is_within(folder, directory) || folder == directory) continue;
    const fs::path below = fs::path(folder).lexically_relative(directory);
    const auto depth = std::distance(below.begin(), below.end());
    const bool hidden =
        std::any_of(below.begin(), below.end(), [](const fs::path& part) { return part.string().starts_with("."); });
    if (hidden) {
      checks.push_back(problem("searched", "it lies in a hidden folder, which is passed over",
                               "give it a name without a leading dot"));
    } else if (depth > scan_depth) {
      checks.push_back(
          problem("searched", std::to_string(depth) + " folders below " + directory,
                  "plugins are looked for at most " + std::to_string(scan_depth) + " folders below a configured one"));
    } else {
      checks.push_back(ok("searched", "below " + directory));
    }
    return checks;
  }
  checks.push_back(settings.plugins.auto_discovery
                       ? problem("searched", "plugins are looked for in " + joined(folders) + ", not here",
                                 "move it there, or add " + os::parent_of(folder) + " to plugins.directories")
                       : problem("searched", "plugins.auto_discovery is off: nothing is looked for", "set it to true"));
  return checks;
}

// Type and name, and whether another plugin has them.
std::vector<Check> manifest(const std::string& folder, const Settings& settings, const Places& places,
                            std::optional<plugin::Descriptor>& read) {
  const std::string file = os::join(folder, "manifest.json");
  if (!fs::exists(file))
    return {problem("manifest", "there is no " + file, "docs/manifest.md says what belongs into it. A plugin of a guide that knows no manifest: what is wrong with it stands in the "
                    "server's log, as 'a plugin was left out'")};
  try {
    read = plugin::parse_manifest(os::read_file(file, 1U << 20U), file);
  } catch (const Error& error) {
    const std::string where = location_of(error);
    return {problem("manifest", error.describe() + (where.empty() ? "" : " (" + where + ")"), error.hint())};
  }
  std::string points;
  for (const std::string& point : read->extension_points) points.append(points.empty() ? "" : ", ").append(point);
  std::vector<Check> checks{ok("name", read->id), ok("type", points)};
  plugin::Registry registry;
  std::vector<fs::path> directories;
  for (const std::string& directory : searched(settings, places)) {
    if (fs::is_directory(directory)) directories.emplace_back(directory);
  }
  (void)registry.scan(directories);
  const auto other = registry.find(read->id);
  std::error_code ignored;
  if (other != nullptr && !fs::equivalent(other->folder, folder, ignored)) {
    checks.push_back(problem("unique", "the plugin in " + other->folder + " has this name, too, and is found first",
                             "give one of them another name"));
  }
  return checks;
}

// The beginning of an ELF file tells what it was built for; its entry point's name stands in it as text.
Check shared_object(const std::string& path) {
  const std::string text = os::read_file(path, std::uint64_t{1} << 30U);
  if (text.size() < sizeof(Elf64_Ehdr) || text.compare(0, SELFMAG, ELFMAG) != 0)
    return problem("compiled", path + " is no shared object", "build it: g++ -std=c++20 -shared -fPIC ...");
  Elf64_Ehdr header{};
  text.copy(reinterpret_cast<char*>(&header), sizeof header);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64 || header.e_type != ET_DYN)
    return problem("compiled", path + " was built for another machine, or is no library",
                   "build it for x86-64 with -shared -fPIC");
  if (text.find("mortise_plugin_entry") == std::string::npos)
    return problem("compiled", path + " does not export mortise_plugin_entry",
                   "say MORTISE_PLUGIN(YourClass) once, at the end of the source");
  return ok("compiled", path);
}

Check python_file(const std::string& path, const Places& places) {
  const auto paths = runtime::RuntimePaths::beside(places.executable);
  const auto answer = os::run_program({{paths.python, "-c",
                                        "import ast, sys\ntry: ast.parse(open(sys.argv[1], 'rb').read())\n"
                                        "except SyntaxError as e: print(f'line {e.lineno}: {e.msg}'); sys.exit(1)",
                                        path}});
  if (!answer)
    return problem("compiled", paths.python + " does not run", "install python3, or name one in MORTISE_PYTHON");
  if (answer->exit_status == 0) return ok("compiled", path);
  return problem("compiled", path + " is no Python: " + answer->output.substr(0, answer->output.find('\n')),
                 "correct it");
}

// Compiled.
std::vector<Check> built(const std::string& folder, const plugin::Descriptor& plugin, const Places& places) {
  const std::string path = os::join(folder, plugin.entry);
  if (!fs::is_regular_file(path)) {
    const bool native = plugin.language == "c" || plugin.language == "c++";
    return {
        problem("compiled", "there is no " + path,
                native ? "build it, or correct entry_point in manifest.json" : "correct entry_point in manifest.json")};
  }
  if (plugin.language == "python") return {python_file(path, places)};
  if (plugin.language == "c" || plugin.language == "c++") return {shared_object(path)};
  return {ok("entry point", path)};
}

}  // namespace

Value examine_plugin(const std::string& folder, const Settings& settings, const Places& places) {
  Value groups = Value::list({group_of("Directory structure", place(folder, settings, places))});
  std::optional<plugin::Descriptor> read;
  if (fs::is_directory(folder)) groups.push_back(group_of("Type and name", manifest(folder, settings, places, read)));
  if (read) groups.push_back(group_of("Compiled", built(folder, *read, places)));
  bool healthy = true;
  for (const Value& group : groups.items()) {
    for (const Value& check : group.at("checks").items())
      healthy = healthy && check.at("status").as_string() != "problem";
  }
  return Value::map({{"healthy", healthy}, {"folder", folder}, {"groups", groups}});
}

}  // namespace mortise::app
