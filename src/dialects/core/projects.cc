#include "dialects/core/projects.h"

#include "cli/json.h"
#include "cli/terminal.h"
#include "data/value_json.h"
#include "http/api.h"
#include "os/paths.h"
#include "plugin/registry.h"
#include "runtime/runtime.h"

namespace mortise::dialects {

void add_project_route(http::Router& router, ProjectRoute route) {
  router.add({.method = http::Method::post,
              .pattern = "/api/v1/" + route.dialect + "/" + route.what,
              .id = std::move(route.id),
              .tag = route.dialect,
              .summary = std::move(route.summary),
              .request = std::move(route.request),
              .response = std::move(route.answer),
              .errors = {Code::not_found, Code::conflict, Code::plugin},
              .scope = http::Scope::admin,
              .work = http::Work::waiting,
              .handler = http::answering([run = std::move(route.run)](const http::Request& request) {
                return http::Response::json(run(request.json()));
              })});
}

std::string folder_in(const Value& body) {
  const Value* folder = body.find("folder");
  if (folder != nullptr && folder->is(Kind::string) && folder->as_string().starts_with('/')) return std::string(folder->as_string());
  throw Error(Code::invalid, "folder: expected an absolute path").with("key", "folder");
}

void enter(const plugin::Descriptor& plugin, const std::string& noun, const Surroundings& host) {
  const auto there = host.registry.find(plugin.id);
  if (there != nullptr) {
    const auto place = [](const plugin::Descriptor& of) { return os::join(of.folder, of.entry) + ":" + of.adapter.object; };
    if (there->dialect != plugin.dialect || place(*there) != place(plugin)) {
      throw Error(Code::conflict, noun + " '" + plugin.id + "' is already registered",
                  "the one in " + there->folder + " has the name; rename one of the two")
          .with("plugin", plugin.id)
          .with("phase", "registration");
    }
    const bool same = there->settings == plugin.settings && there->version_text == plugin.version_text &&
                      there->config.manifest_form() == plugin.config.manifest_form();
    if (same) return;
    host.runtime.retire(plugin.id);
    host.registry.remove(plugin.id);
  }
  host.registry.add(plugin);
}

Value ask(const cli::Client& client, const std::string& dialect, const std::string& what, const Value& body) {
  return client.ask({.method = "POST", .target = "/api/v1/" + dialect + "/" + what, .body = data::to_json(body)}).value();
}

bool complain_about(const Value& answer) {
  using cli::harmless;
  for (const Value& problem : cli::list_in(answer, "problems").items()) {
    cli::complain("mortise: " + harmless(cli::text_in(problem, "file")) + ": " + harmless(cli::text_in(problem, "error")) + "\n");
  }
  for (const Value& warning : cli::list_in(answer, "warnings").items()) {
    cli::complain("mortise: warning: " + harmless(warning.as_string()) + "\n");
  }
  return cli::list_in(answer, "problems").size() != 0;
}

}  // namespace mortise::dialects
