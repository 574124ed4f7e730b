// Schedules, events and alerts on the command line.
#include <cstdlib>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/run_request.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {
namespace {

std::string moment(const Value& record, std::string_view key) {
  std::string text = text_in(record, key, "-").substr(0, 19);
  if (text.size() == 19) text[10] = ' ';
  return text;
}

int show(const Tools& tools, const Value& answer, const std::string& text) {
  print(tools.arguments.json ? json_text(answer) : text);
  return EXIT_SUCCESS;
}

std::string schedule_path(const Tools& tools, const char* what = "") {
  return "/api/v1/schedules/" + path_segment(tools.arguments.jobs.schedule) + what;
}

std::string schedule_page(const Value& schedule) {
  std::string text =
      toned(Tone::strong, harmless(text_in(schedule, "name")), 1) + "  " + text_in(schedule, "state") + "\n";
  text += "  due       " + harmless(text_in(schedule, "timing")) + " (" + text_in(schedule, "zone") + ")\n";
  text += "  missed    " + text_in(schedule, "missed") + "\n  overlap   " + text_in(schedule, "overlap") + "\n";
  text += "  next      " + moment(schedule, "next") + "\n  last      " + moment(schedule, "last") + "  " +
          text_in(schedule, "last_run") + "\n";
  if (const std::string origin = text_in(schedule, "origin"); !origin.empty())
    text += "  declared  " + harmless(origin) + "\n";
  if (const std::string problem = text_in(schedule, "problem"); !problem.empty())
    text += "  problem   " + toned(Tone::bad, harmless(problem), 1) + "\n";
  return text + "  starts    " + harmless(data::to_json(map_in(schedule, "request"))) + "\n";
}

int ask_and_say(const Tools& tools, std::string_view method, const std::string& target, const std::string& said,
                const Value& body = Value::map()) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().ask({.method = method, .target = target, .body = data::to_json(body)}).value();
  return show(tools, answer, said);
}

std::string alert_path(const Tools& tools, const char* what = "") {
  return "/api/v1/alerts/" + path_segment(tools.arguments.jobs.alert) + what;
}

}  // namespace

int add_schedule(const Tools& tools) {
  const JobArguments& jobs = tools.arguments.jobs;
  Value body = run_request(tools.arguments);
  body.set("name", jobs.schedule);
  const std::pair<const char*, const std::string*> texts[] = {{"cron", &jobs.cron},       {"every", &jobs.every},
                                                              {"zone", &jobs.zone},       {"missed", &jobs.missed},
                                                              {"overlap", &jobs.overlap}, {"jitter", &jobs.jitter}};
  for (const auto& [key, text] : texts) {
    if (!text->empty()) body.set(key, *text);
  }
  if (!jobs.type.empty()) body.set("event", jobs.type);
  if (!jobs.source.empty()) body.set("source", jobs.source);
  if (!jobs.data.empty()) body.set("data", map_of_settings("--data", jobs.data));
  if (jobs.most > 0) body.set("most", jobs.most);
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer =
      owner.client().ask({.method = "POST", .target = "/api/v1/schedules", .body = data::to_json(body)}).value();
  std::string text = "added " + jobs.schedule + (jobs.type.empty() ? "; next " + moment(answer, "next") + " UTC\n" : "; waits for " + jobs.type + "\n");
  if (owner.own() != nullptr) text += "no server runs here: `mortise serve` starts what is due\n";
  return show(tools, answer, text);
}

int list_schedules(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().get("/api/v1/schedules");
  std::vector<std::vector<std::string>> rows{{"NAME", "STATE", "DUE", "ZONE", "NEXT (UTC)", "LAST (UTC)", "PROBLEM"}};
  for (const Value& each : list_in(answer, "schedules").items()) {
    rows.push_back({text_in(each, "name"), text_in(each, "state"), text_in(each, "timing"), text_in(each, "zone"),
                    moment(each, "next"), moment(each, "last"), text_in(each, "problem", "-").substr(0, 80)});
  }
  return show(tools, answer, rows.size() > 1 ? table(rows) : "no schedules\n");
}

int show_schedule(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().get(schedule_path(tools));
  return show(tools, answer, schedule_page(answer));
}

int remove_schedule(const Tools& tools) {
  return ask_and_say(tools, "DELETE", schedule_path(tools), "removed " + tools.arguments.jobs.schedule + "\n");
}
int pause_schedule(const Tools& tools) {
  return ask_and_say(tools, "POST", schedule_path(tools, "/pause"), "paused " + tools.arguments.jobs.schedule + "\n");
}
int unpause_schedule(const Tools& tools) {
  return ask_and_say(tools, "POST", schedule_path(tools, "/unpause"), tools.arguments.jobs.schedule + " goes on\n");
}

int next_times(const Tools& tools) {
  const JobArguments& jobs = tools.arguments.jobs;
  const std::string count = "count=" + std::to_string(jobs.count);
  std::string target = schedule_path(tools, "/next?") + count;
  if (jobs.schedule.empty()) {
    target = "/api/v1/schedule-preview?" + count;
    if (!jobs.cron.empty()) target += "&cron=" + path_segment(jobs.cron);
    if (!jobs.every.empty()) target += "&every=" + path_segment(jobs.every);
    if (!jobs.zone.empty()) target += "&zone=" + path_segment(jobs.zone);
  }
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().get(target);
  std::string text;
  for (const Value& time : list_in(answer, "times").items()) text += std::string(time.as_string()) + "\n";
  if (text.empty()) text = "no times: it waits for events\n";
  return show(tools, answer, text);
}

int list_events(const Tools& tools) {
  std::string target = "/api/v1/events?limit=" + std::to_string(tools.arguments.limit);
  if (!tools.arguments.jobs.type.empty()) target += "&type=" + path_segment(tools.arguments.jobs.type);
  if (!tools.arguments.jobs.source.empty()) target += "&source=" + path_segment(tools.arguments.jobs.source);
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().get(target);
  std::vector<std::vector<std::string>> rows{{"TIME (UTC)", "TYPE", "SOURCE", "DATA"}};
  for (const Value& event : list_in(answer, "events").items()) {
    const Value* data = event.find("data");
    rows.push_back({moment(event, "time"), text_in(event, "type"), text_in(event, "source"),
                    data == nullptr || data->is_null() ? "-" : data::to_json(*data)});
  }
  return show(tools, answer, rows.size() > 1 ? table(rows) : "no events\n");
}

int list_alerts(const Tools& tools) {
  const std::string state = tools.arguments.state.empty() ? "unresolved" : tools.arguments.state;
  std::string target = "/api/v1/alerts?limit=" + std::to_string(tools.arguments.limit) + "&state=" + state;
  if (!tools.arguments.jobs.severity.empty()) target += "&severity=" + tools.arguments.jobs.severity;
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().get(target);
  std::vector<std::vector<std::string>> rows{{"ALERT", "SEVERITY", "STATE", "SEEN (UTC)", "TIMES", "TITLE"}};
  for (const Value& alert : list_in(answer, "alerts").items()) {
    rows.push_back({text_in(alert, "id"), text_in(alert, "severity"), text_in(alert, "state"), moment(alert, "seen"),
                    std::to_string(integer_in(alert, "occurrences")), text_in(alert, "title").substr(0, 120)});
  }
  return show(tools, answer, rows.size() > 1 ? table(rows) : "no alerts\n");
}

int show_alert(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().get(alert_path(tools));
  return show(tools, answer, harmless(json_text(answer)) + "\n");
}

int acknowledge_alert(const Tools& tools) {
  return ask_and_say(tools, "POST", alert_path(tools, "/acknowledge"),
                     "acknowledged " + tools.arguments.jobs.alert + "\n",
                     Value::map({{"note", tools.arguments.jobs.note}}));
}
int resolve_alert(const Tools& tools) {
  return ask_and_say(tools, "POST", alert_path(tools, "/resolve"), "resolved " + tools.arguments.jobs.alert + "\n",
                     Value::map({{"note", tools.arguments.jobs.note}}));
}

}  // namespace mortise::cli
