// What plugins use, and the operator's hand on them: stats, reload, release.
#include <cstdlib>

#include "base/config_units.h"
#include "cli/chosen_plugins.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"

namespace mortise::cli {
namespace {

std::string target(std::string_view plugin, std::string_view what) {
  return "/api/v1/plugins/" + path_segment(std::string(plugin)) + "/" + std::string(what);
}

std::string whole(const Value& map, std::string_view key) {
  return std::to_string(integer_in(map, key));
}

std::string size_in(const Value& map, std::string_view key) {
  const auto bytes = static_cast<std::uint64_t>(number_in(map, key));
  return bytes == 0 ? "" : config::size_text(bytes);
}

std::string endings_text(const Value& stats) {
  std::string text;
  for (const Member& ending : map_in(stats, "endings").members())
    text += (text.empty() ? "" : ", ") + whole(map_in(stats, "endings"), ending.key()) + " " + std::string(ending.key());
  return text;
}

// "3, 2 warm"
std::string starts_text(const Value& stats) { return whole(stats, "starts") + ", " + whole(stats, "warm_starts") + " warm"; }

std::vector<std::string> row(const std::string& id, const Value& stats) {
  const auto took = [&](std::string_view key) { return duration_text(number_in(stats, key) / 1000); };
  return {id,
          whole(stats, "calls"),
          endings_text(stats),
          took("p50_ms"),
          took("p95_ms"),
          took("p99_ms"),
          duration_text(number_in(stats, "cpu_seconds")),
          size_in(stats, "memory_bytes"),
          size_in(stats, "memory_peak_bytes"),
          starts_text(stats),
          whole(stats, "restarts"),
          quarantine_text(map_in(stats, "quarantine"))};
}

}  // namespace

std::string quarantine_text(const Value& quarantine) {
  if (!quarantine.is(Kind::map) || quarantine.members().empty()) return "";
  const std::string until = text_in(quarantine, "until");
  return until.empty() ? "out of service until released" : "quarantined until " + until;
}

void print_last_start(const std::string& last) {
  if (!last.empty()) print("last worker: " + std::string(last == "zygote" ? "forked from a zygote" : "started as a " + harmless(last)) + "\n");
}

int plugin_statistics(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const std::vector<std::string> ids = chosen_plugins(owner.client(), tools.arguments.plugin);
  Value report = Value::map();
  std::vector<std::vector<std::string>> rows{
      {"PLUGIN", "CALLS", "FAILED", "P50", "P95", "P99", "CPU", "MEMORY", "PEAK", "STARTS", "RESTARTS", "STATE"}};
  for (const std::string& id : ids) {
    const Value stats = owner.client().get(target(id, "stats"));
    report.set(id, stats);
    if (ids.size() == 1 || number_in(stats, "calls") > 0) rows.push_back(row(id, stats));
  }
  print(tools.arguments.json ? json_text(report) : rows.size() > 1 ? table(rows) : "no plugin was called yet\n");
  if (!tools.arguments.json && ids.size() == 1) print_last_start(text_in(map_in(report, ids.front()), "last_start"));
  return EXIT_SUCCESS;
}

int reload_plugin(const Tools& tools) {
  const auto client = require_server(tools);
  const Value done = client->ask({.method = "POST", .target = target(tools.arguments.plugin, "reload")}).value();
  if (tools.arguments.json) {
    print(json_text(done));
    return EXIT_SUCCESS;
  }
  const std::string id = harmless(text_in(done, "plugin"));
  if (!flag_in(done, "changed")) {
    print(id + " has not changed\n");
  } else {
    const std::string from = text_in(done, "from"), to = text_in(done, "to");
    print(id + " " + harmless(from) + (from == to ? " was loaded anew" : " went over to " + harmless(to)) + "\n");
  }
  return EXIT_SUCCESS;
}

int release_plugin(const Tools& tools) {
  const auto client = require_server(tools);
  const Value done = client->ask({.method = "POST", .target = target(tools.arguments.plugin, "release")}).value();
  const std::string id = harmless(text_in(done, "plugin"));
  print(tools.arguments.json ? json_text(done)
                             : id + (flag_in(done, "released") ? " may be called again\n" : " was not in quarantine\n"));
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
