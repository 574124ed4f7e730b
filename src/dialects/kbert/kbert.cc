#include "dialects/kbert/kbert.h"

#include <filesystem>
#include <mutex>
#include <set>

#include "dialects/core/inspector.h"
#include "dialects/core/projects.h"
#include "dialects/core/surroundings.h"
#include "dialects/core/told.h"
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
    const auto add = [&](const char* what, const char* id, const char* summary, Value answer, auto member) {
      add_project_route(router, {"kbert", what, id, summary, body, std::move(answer), [this, member](const Value& asked) {
                                   return (this->*member)(asked);
                                 }});
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
    Project project = Project::open(project_of(folder_in(body)), host_);
    for (const Found& found : project.plugins) enter(found.descriptor, "Plugin", host_);
    return project;
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
                             {"tags", list_of(plugin.tags)},
                             {"provides", list_of(plugin.provides)},
                             {"file", os::join(plugin.folder, plugin.entry)},
                             {"class", plugin.adapter.object},
                             {"warnings", list_of(found.warnings)}});
    try {
      const Value state = ask(plugin.id, "state", {});
      for (const Member& member : state.members()) page.set(member.key(), member.value());
    } catch (const Error& error) {
      page.set("state", "FAILED");
      page.set("error", error.what());
    }
    return page;
  }

  Value list_all(const Value& body) {
    const Project project = open(body);
    const std::string only = text_in(body, "name");
    Value plugins = Value::list(), others = Value::list();
    for (const Found& found : project.plugins) {
      if (only.empty() || only == found.descriptor.id) plugins.push_back(shown(found));
    }
    if (!only.empty() && plugins.size() == 0)
      (void)host_.registry.get(only);  // says that there is none, and what is near
    for (const LeftOut& each : project.left_out)
      others.push_back(Value::map({{"name", each.name}, {"reason", each.reason}}));
    return Value::map({{"project", project.folder},
                       {"settings", project.settings.file.empty() ? Value() : Value(project.settings.file)},
                       {"plugins", std::move(plugins)},
                       {"not_loaded", std::move(others)},
                       {"problems", dialects::shown(project.problems)},
                       {"warnings", list_of(project.warnings)}});
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
