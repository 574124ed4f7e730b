#include "dialects/mimir/mimir.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/suggest.h"
#include "dialects/core/inspector.h"
#include "dialects/core/surroundings.h"
#include "dialects/core/told.h"
#include "dialects/mimir/go_library.h"
#include "dialects/mimir/go_package.h"
#include "os/file.h"
#include "os/paths.h"
#include "plugin/manifest.h"
#include "plugin/registry.h"

namespace mortise::dialects {
namespace {

namespace fs = std::filesystem;
using mimir::GoPackage;
using mimir::GoPlugin;

constexpr std::uint64_t most_source = std::uint64_t{4} << 20U;
constexpr std::string_view module_of_the_guide = "github.com/Mimir-AIP/Mimir-AIP-Go";
const std::vector<std::string_view> types{"Input", "Data_Processing", "AIModels", "Output"};

std::vector<std::string> modules(const std::string& shims) {
  const std::string guide = os::join(shims, "mimir");
  return {std::string(module_of_the_guide) + "=" + guide, "github.com/stretchr/testify=" + os::join(guide, "testify")};
}

class Mimir final : public Dialect {
 public:
  explicit Mimir(const Surroundings& host) : host_(host) {}

  // A folder with such a type is one Go package, whatever else is in it.
  plugin::Finding look(const plugin::Shelf& shelf) override {
    const GoPackage package = mimir::read_package(sources(shelf));
    if (package.plugins.empty()) return go_libraries(shelf);  // beside its source a library is what was made of that
    plugin::Finding finding;
    finding.whole_folder = true;
    for (const GoPlugin& plugin : package.plugins) {
      try {
        finding.plugins.push_back(described(shelf, plugin, finding.plugins));
      } catch (const Error& error) {
        finding.problems.push_back({shelf.folder, error});
      }
    }
    return finding;
  }

 private:
  // What `go build -buildmode=plugin` made is opened by a program that is built for it, and asked what it is.
  plugin::Finding go_libraries(const plugin::Shelf& shelf) {
    plugin::Finding finding;
    for (const std::string& file : shelf.files) {
      const std::string path = (shelf.folder / file).string();
      if (!file.ends_with(".so") || !mimir::is_go_library(path)) continue;
      finding.files.push_back(file);
      try {
        finding.plugins.push_back(opened(shelf, file, finding.plugins));
      } catch (const Error& error) {
        Error told(error.code(), file + " was built with -buildmode=plugin: " + error.what(),
                   "put its source here instead, as plugins/<name>/<name>.go: it is built when it is first used");
        finding.problems.push_back({path, told.with("file", path)});
      }
    }
    return finding;
  }

  plugin::Descriptor opened(const plugin::Shelf& shelf, const std::string& file, const std::vector<plugin::Descriptor>& before) {
    GoPlugin found;
    found.go_type = fs::path(file).stem().string();
    found.file = "open.go";
    found.constructor = mimir::opener;
    plugin::Descriptor plugin = descriptor(shelf, found);
    plugin.folder = mimir::package_for((shelf.folder / file).string(), os::join(host_.data_dir, "go-libraries"));
    plugin.adapter.paths.emplace_back("cgo");
    plugin.description = file;
    return finished(shelf, std::move(plugin), found, before);
  }

  static std::map<std::string, std::string> sources(const plugin::Shelf& shelf) {
    std::map<std::string, std::string> all;
    for (const std::string& file : shelf.files) {
      if (file.ends_with(".go")) all[file] = beginning_of((shelf.folder / file).string(), most_source);
    }
    return all;
  }

  static Error wrong(const plugin::Shelf& shelf, const GoPlugin& plugin, const std::string& what, const std::string& hint) {
    return Error(Code::invalid, what, hint)
        .with("file", (shelf.folder / plugin.file).string())
        .with("line", std::to_string(plugin.line));
  }

  static void check(const plugin::Shelf& shelf, const GoPlugin& plugin) {
    const std::string who = "Go type " + plugin.go_type;
    if (!plugin.missing.empty()) {
      throw wrong(shelf, plugin, who + " does not implement the BasePlugin interface: it lacks the method " + plugin.missing.front(),
                  "a plugin has ExecuteStep, GetPluginType, GetPluginName and ValidateConfig");
    }
    if (plugin.constructor.empty()) {
      throw wrong(shelf, plugin, who + " has no constructor, and its name is not exported, so nobody else can make one",
                  "write func New() *" + plugin.go_type + ", or begin its name with a capital letter");
    }
  }

  plugin::Descriptor described(const plugin::Shelf& shelf, const GoPlugin& found, const std::vector<plugin::Descriptor>& before) {
    check(shelf, found);
    return finished(shelf, descriptor(shelf, found), found, before);
  }

  // With what it is called, and where it takes part: as its source says, or it itself.
  plugin::Descriptor finished(const plugin::Shelf& shelf, plugin::Descriptor plugin, GoPlugin told,
                              const std::vector<plugin::Descriptor>& before) {
    if (told.kind.empty() || told.name.empty() || told.asked_for_dependencies) ask(plugin, told);
    check_type(shelf, told);
    name(plugin, told, before);
    plugin.extension_points = {told.kind};
    plugin.category = told.kind;
    for (const std::string& needed : told.dependencies) {
      plugin.requires_.push_back({plugin::Requirement::Type::plugin, needed, {}});
    }
    (void)set_version(plugin, told.version);
    return plugin;
  }

  plugin::Descriptor descriptor(const plugin::Shelf& shelf, const GoPlugin& found) const {
    plugin::Descriptor plugin;
    plugin.id = "mimir-" + found.go_type;  // until it is known
    plugin.version_text = "0.0.0";
    plugin.dialect = "mimir";
    plugin.language = "go";
    plugin.folder = shelf.folder.string();
    plugin.entry = found.file;
    plugin.description = found.go_type + " of " + found.file;
    plugin.adapter = {std::string(module_of_the_guide) + "/worker", found.constructor, modules(host_.shims)};
    return plugin;
  }

  // What stands in the source as no plain text, the plugin itself tells: it is built and asked, once for these sources.
  void ask(const plugin::Descriptor& reader, GoPlugin& plugin) const {
    const Value answer = host_.inspector.describe(reader);
    const Value& one = answer.items().front();
    const auto text = [&](std::string_view key) { return std::string(one.at(key).as_string()); };
    plugin.kind = text("type");
    plugin.name = text("name");
    if (plugin.version.empty()) plugin.version = text("version");
    if (const Value* needs = one.find("dependencies"); needs != nullptr && needs->is(Kind::list)) {
      plugin.dependencies.clear();
      for (const Value& needed : needs->items()) plugin.dependencies.emplace_back(needed.as_string());
    }
  }

  static void check_type(const plugin::Shelf& shelf, const GoPlugin& plugin) {
    if (std::ranges::find(types, plugin.kind) != types.end()) return;
    const auto meant = nearest(plugin.kind, types);
    throw wrong(shelf, plugin, "GetPluginType of Go type " + plugin.go_type + " returns '" + plugin.kind + "', expected Input, Data_Processing, AIModels or Output",
                meant ? "did you mean '" + std::string(*meant) + "'?" : "return one of the four");
  }

  // The name alone, unless another plugin has it: the guide tells plugins apart by type and name.
  void name(plugin::Descriptor& plugin, const GoPlugin& told, const std::vector<plugin::Descriptor>& before) {
    plugin::check_plugin_name(told.kind + "." + told.name);
    const std::string reference = told.kind + "." + told.name;
    const bool here = std::ranges::any_of(before, [&](const auto& other) { return other.id == told.name; });
    const bool taken = here || host_.registry.find(told.name) != nullptr || names_.contains(told.name);
    plugin.id = taken ? reference : told.name;
    if (!taken) plugin.aliases = {reference};
    names_.insert({told.name, reference});
  }

  const Surroundings host_;
  std::map<std::string, std::string> names_;  // of the plugins found so far in this scan
};

// --server [PORT] serves, and so does it without a flag; --pipeline FILE runs that. The guide's config.yaml is read where it is there.
std::vector<std::string> own_words(std::vector<std::string> typed) {
  std::vector<std::string> words;
  if (fs::exists("config.yaml") && std::ranges::find(typed, "--config") == typed.end()) words = {"--config", "config.yaml"};
  const auto append = [&](auto from) { words.insert(words.end(), from, typed.end()); };
  if (const auto pipeline = std::ranges::find(typed, "--pipeline"); pipeline != typed.end()) {
    *pipeline = "run";
    append(typed.begin());
    return words;
  }
  if (!typed.empty() && typed.front() == "--version") return typed;
  words.emplace_back("serve");
  if (typed.empty() || typed.front() != "--server") {
    append(typed.begin());
    return words;
  }
  const bool port = typed.size() > 1 && !typed[1].starts_with('-');
  if (port) words.emplace_back("--port");
  append(typed.begin() + 1);
  return words;
}

cli::Guests words() {
  cli::Guests guests;
  guests.names = {{"mimir-aip-server", {}, own_words}};
  return guests;
}

}  // namespace

Guide mimir_guide() {
  return {"mimir", words(), [](const Surroundings& host) { return std::make_unique<Mimir>(host); }, modules};
}

}  // namespace mortise::dialects
