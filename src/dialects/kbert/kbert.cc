#include "dialects/kbert/kbert.h"

#include <filesystem>
#include <mutex>
#include <set>

#include "dialects/core/inspector.h"
#include "dialects/core/surroundings.h"
#include "dialects/kbert/commands.h"
#include "dialects/kbert/project.h"
#include "http/api.h"
#include "http/openapi.h"
#include "os/paths.h"
#include "plugin/registry.h"
#include "runtime/plain_host.h"
#include "runtime/runtime.h"

namespace mortise::dialects {
namespace {

namespace fs = std::filesystem;
using namespace kbert;
using namespace http::schema;

std::string text_in(const Value& body, std::string_view key) {
  const Value* found = body.find(key);
  return found != nullptr && found->is(Kind::string) ? std::string(found->as_string()) : std::string();
}

std::string entry_key(const plugin::Descriptor& plugin) {
  return os::join(plugin.folder, plugin.entry) + ":" + plugin.adapter.object;
}

class Kbert final : public Dialect {
 public:
  explicit Kbert(const Surroundings& host) : host_(host) {}

  // A file in a configured folder belongs to the project around it, which is opened once and found whole.
  plugin::Finding look(const plugin::Shelf& shelf) override {
    plugin::Finding finding;
    if (has_manifest(shelf)) return finding;
    finding.files = plugin_files(shelf);
    if (finding.files.empty()) return finding;
    const std::string folder = project_of(shelf.folder.string());
    if (folder == shelf.folder.string() && !is_project(folder)) return loose(shelf, std::move(finding));
    add_project(folder, finding);
    return finding;
  }

  plugin::Finding elsewhere() override {
    plugin::Finding finding;
    if (is_project(host_.folder)) add_project(host_.folder, finding);
    return finding;
  }

  void add_routes(http::Router& router) override {
    const auto body = object({{"folder", string("of the project; absolute")},
                              {"name", string("of one plugin")},
                              {"method", string("of its own")},
                              {"input", anything("for the method")}},
                             {"folder"});
    const auto add = [&](std::string what, std::string id, std::string summary, Value answer, auto member) {
      router.add({.method = http::Method::post,
                  .pattern = "/api/v1/kbert/" + what,
                  .id = std::move(id),
                  .tag = "kbert",
                  .summary = std::move(summary),
                  .request = body,
                  .response = std::move(answer),
                  .errors = {Code::not_found, Code::conflict, Code::plugin},
                  .scope = http::Scope::admin,  // it loads code from a folder that the caller names
                  .work = http::Work::waiting,
                  .handler = http::answering([this, member](const http::Request& request) {
                    return http::Response::json((this->*member)(request.json()));
                  })});
    };
    add("plugins", "listKbert", "The plugins of a k-bert project, each brought up as its settings say",
        object({{"plugins", list(anything("name, category, state, error, ..."))}}), &Kbert::list_all);
    add("call", "callKbert",
        "Call a method of a plugin; validate, initialize, start, stop, cleanup and state are its life",
        object({{"result", anything()}}), &Kbert::call);
  }

 private:
  // Files that belong to no project.
  plugin::Finding loose(const plugin::Shelf& shelf, plugin::Finding finding) {
    Project project = Project::open(shelf.folder.string(), host_, finding.files);
    give(project, finding);
    return finding;
  }

  void add_project(const std::string& folder, plugin::Finding& finding) {
    {
      const std::lock_guard lock(mutex_);
      if (!opened_.insert(fs::weakly_canonical(folder).string()).second) return;
    }
    Project project = Project::open(folder, host_);
    for (const std::string& warning : project.warnings) host_.log.warning(warning, {{"project", folder}});
    give(project, finding);
  }

  void give(Project& project, plugin::Finding& finding) {
    for (plugin::Problem& problem : project.problems) finding.problems.push_back(std::move(problem));
    for (Found& found : project.plugins) {
      for (const std::string& warning : found.warnings) host_.log.warning(warning, {{"plugin", found.descriptor.id}});
      finding.plugins.push_back(std::move(found.descriptor));
    }
  }

  Project open(const Value& body) {
    const std::string folder = text_in(body, "folder");
    if (!folder.starts_with('/')) throw Error(Code::invalid, "folder: expected an absolute path");
    Project project = Project::open(project_of(folder), host_);
    for (const Found& found : project.plugins) enter(found.descriptor);
    return project;
  }

  // Makes the host know it in its present form.
  void enter(const plugin::Descriptor& plugin) {
    const auto there = host_.registry.find(plugin.id);
    if (there != nullptr) {
      if (there->dialect != plugin.dialect || entry_key(*there) != entry_key(plugin)) {
        throw Error(Code::conflict, "Plugin '" + plugin.id + "' is already registered",
                    "the one in " + there->folder + " has the name; rename one of the two")
            .with("plugin", plugin.id);
      }
      if (there->settings == plugin.settings && there->version_text == plugin.version_text) return;
      host_.runtime.retire(plugin.id);
      host_.registry.remove(plugin.id);
    }
    host_.registry.add(plugin);
  }

  Value ask(const std::string& name, const std::string& method, const Value& input) {
    runtime::Call call;
    call.method = method;
    call.input = input;
    call.host = std::make_shared<runtime::PlainHost>(host_.services, host_.log.named(name));
    return host_.runtime.invoke(name, std::move(call)).take();
  }

  Value shown(const Found& found) {
    const plugin::Descriptor& plugin = found.descriptor;
    Value page = Value::map({{"name", plugin.id},
                             {"version", plugin.version_text},
                             {"category", plugin.category},
                             {"description", plugin.description},
                             {"doc", found.doc},
                             {"author", plugin.author},
                             {"email", plugin.author_email},
                             {"tags", texts(plugin.tags)},
                             {"provides", texts(plugin.provides)},
                             {"file", os::join(plugin.folder, plugin.entry)},
                             {"class", plugin.adapter.object},
                             {"warnings", texts(found.warnings)}});
    try {
      const Value state = ask(plugin.id, "state", {});
      for (const Member& member : state.members()) page.set(member.key(), member.value());
    } catch (const Error& error) {
      page.set("state", "FAILED");
      page.set("error", error.what());
    }
    return page;
  }

  static Value texts(const std::vector<std::string>& all) {
    Value list = Value::list();
    for (const std::string& one : all) list.push_back(one);
    return list;
  }

  Value list_all(const Value& body) {
    const Project project = open(body);
    const std::string only = text_in(body, "name");
    Value plugins = Value::list(), others = Value::list(), problems = Value::list();
    for (const Found& found : project.plugins) {
      if (only.empty() || only == found.descriptor.id) plugins.push_back(shown(found));
    }
    if (!only.empty() && plugins.size() == 0)
      (void)host_.registry.get(only);  // says that there is none, and what is near
    for (const LeftOut& each : project.left_out)
      others.push_back(Value::map({{"name", each.name}, {"reason", each.reason}}));
    for (const plugin::Problem& each : project.problems)
      problems.push_back(Value::map({{"file", each.folder.string()}, {"error", each.error.what()}}));
    return Value::map({{"project", project.folder},
                       {"settings", project.settings.file.empty() ? Value() : Value(project.settings.file)},
                       {"plugins", std::move(plugins)},
                       {"not_loaded", std::move(others)},
                       {"problems", std::move(problems)},
                       {"warnings", texts(project.warnings)}});
  }

  Value call(const Value& body) {
    (void)open(body);
    const Value* input = body.find("input");
    return Value::map(
        {{"result", ask(text_in(body, "name"), text_in(body, "method"), input == nullptr ? Value() : *input)}});
  }

  const Surroundings host_;
  std::mutex mutex_;
  std::set<std::string> opened_;  // projects that were found during the scan
};

}  // namespace

Guide kbert_guide() {
  return {"kbert", kbert::words(), [](const Surroundings& host) { return std::make_unique<Kbert>(host); }};
}

}  // namespace mortise::dialects
