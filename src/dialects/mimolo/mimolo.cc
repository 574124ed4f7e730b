#include "dialects/mimolo/mimolo.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

#include "base/ids.h"
#include "dialects/core/inspector.h"
#include "dialects/core/projects.h"
#include "dialects/core/surroundings.h"
#include "dialects/core/told.h"
#include "dialects/mimolo/commands.h"
#include "dialects/mimolo/project.h"
#include "http/api.h"
#include "http/openapi.h"
#include "jobs/monitors/monitors.h"
#include "jobs/monitors/record_files.h"
#include "os/paths.h"
#include "plugin/registry.h"
#include "runtime/plain_host.h"
#include "runtime/runtime.h"

namespace mortise::dialects {
namespace {

namespace fs = std::filesystem;
using namespace mimolo;
using namespace http::schema;

class Mimolo final : public Dialect {
 public:
  explicit Mimolo(const Surroundings& host) : host_(host) {}

  plugin::Finding look(const plugin::Shelf& shelf) override {
    if (has_manifest(shelf)) return {};
    Findings findings = monitors_in(shelf, host_);
    plugin::Finding told{{}, std::move(findings.problems), false, std::move(findings.files)};
    const std::lock_guard lock(mutex_);
    for (Found& found : findings.monitors) {
      told.plugins.push_back(found.descriptor);
      known_.push_back(std::move(found));
    }
    return told;
  }

  // The monitors of the project around, if the present folder is one.
  plugin::Finding elsewhere() override {
    plugin::Finding told;
    const fs::path folder = host_.folder;
    if (!fs::exists(folder / "mimolo.toml") && !fs::is_directory(folder / "mimolo/plugins")) return told;
    Project project = Project::open(host_.folder, default_settings(host_.folder), known(), host_);
    told.problems = std::move(project.problems);
    for (const Project::Registered& each : project.registered) {
      if (host_.registry.find(each.found.descriptor.id) == nullptr) told.plugins.push_back(each.found.descriptor);
    }
    return told;
  }

  void add_routes(http::Router& router) override {
    const auto body = object({{"folder", string("of the project; absolute")},
                              {"config", string("the settings file; absent: none is read")},
                              {"cooldown", number("seconds, instead of monitor.cooldown_seconds")},
                              {"log_format", string("jsonl, yaml or md")},
                              {"label", string("of the one monitor to poll")}},
                             {"folder"});
    const auto add = [&](const char* what, const char* id, const char* summary, Value answer, auto member) {
      add_project_route(router, {"mimolo", what, id, summary, body, std::move(answer), [this, member](const Value& asked) {
                                   return (this->*member)(asked);
                                 }});
    };
    add("check", "checkMimolo", "What a MiMoLo project's settings say, and which monitors they register",
        object({{"config", anything()}, {"plugins", list(anything())}}), &Mimolo::check);
    add("watches", "watchMimolo", "Begin to poll the monitors of a MiMoLo project",
        object({{"id", string("of the watch; see /api/v1/watches")}}, {"id"}), &Mimolo::watch);
    add("poll", "pollMimolo", "Poll one monitor once", object({{"event", anything("null or the event")}}),
        &Mimolo::poll);
  }

 private:
  struct Opened {
    Settings settings;
    Project project;
  };

  std::vector<Found> known() const {
    const std::lock_guard lock(mutex_);
    return known_;
  }

  Opened open(const Value& body) const {
    const std::string folder = folder_in(body), config = text_in(body, "config");
    Settings settings = config.empty() ? default_settings(folder) : read_settings(os::join(folder, config), folder);
    Overrides overrides;
    if (const Value* cooldown = body.find("cooldown"); cooldown != nullptr && cooldown->is_number())
      overrides.cooldown_seconds = cooldown->as_float64();
    if (const std::string format = text_in(body, "log_format"); !format.empty()) overrides.log_format = format;
    apply(overrides, settings);
    Project project = Project::open(folder, settings, known(), host_);
    return {std::move(settings), std::move(project)};
  }

  void enter_all(const Project& project) const {
    for (const Project::Registered& each : project.registered) enter(each.found.descriptor, "Plugin label", host_);
  }

  Value check(const Value& body) const {
    const Opened opened = open(body);
    Value answer = opened.project.shown();
    answer.set("config", shown(opened.settings));
    return answer;
  }

  Value watch(const Value& body) const {
    const Opened opened = open(body);
    if (opened.project.registered.empty()) {
      throw Error(Code::not_found, "no plugins are registered", "enable one: [plugins.example] with enabled = true");
    }
    enter_all(opened.project);
    auto files = std::make_shared<jobs::RecordFiles>(
        jobs::RecordFiles::Layout{opened.settings.log_dir, opened.settings.log_format, "mimolo", "MiMoLo Log"});
    const auto spec = opened.project.watch(opened.settings, make_id("own"));
    Value answer = opened.project.shown();
    answer.set("config", shown(opened.settings));
    answer.set("id", host_.api.monitors.begin(spec, std::move(files)));
    return answer;
  }

  Value poll(const Value& body) const {
    const Opened opened = open(body);
    const std::string label = text_in(body, "label");
    const auto& all = opened.project.registered;
    const auto one =
        std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.found.descriptor.id == label; });
    if (one == all.end()) throw Error(Code::not_found, "no plugin '" + label + "' is registered").with("plugin", label);
    enter_all(opened.project);
    runtime::Call call;
    call.operation = runtime::Operation::poll;
    call.host = std::make_shared<runtime::PlainHost>(host_.services, host_.log.named(label));
    return Value::map(
        {{"event",
          host_.runtime.invoke(label, Value::map({{"arguments", one->section.arguments}}), std::move(call)).take()}});
  }

  const Surroundings host_;
  mutable std::mutex mutex_;
  std::vector<Found> known_;  // of the configured plugin folders
};

}  // namespace

Guide mimolo_guide() {
  return {"mimolo", mimolo::words(), [](const Surroundings& host) { return std::make_unique<Mimolo>(host); }};
}

}  // namespace mortise::dialects
