#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "data/value_json.h"

namespace mortise::cli {
namespace {

Tone tone_of(std::string_view state) {
  if (state == "succeeded") return Tone::good;
  if (state == "failed" || state == "interrupted") return Tone::bad;
  return state == "running" || state == "cancelled" ? Tone::warn : Tone::faint;
}

std::string elapsed_of(const Value& record) {
  const Value* elapsed = record.find("elapsed_ms");
  return elapsed != nullptr && elapsed->is_number() ? duration_text(elapsed->as_float64() / 1000) : "-";
}

// "2026-01-31 12:34:56", of RFC 3339.
std::string moment(const Value& record, std::string_view key) {
  std::string text = text_in(record, key, "-").substr(0, 19);
  if (text.size() == 19) text[10] = ' ';
  return text;
}

std::string target_of(const std::string& run, std::string_view rest = {}) {
  return "/api/v1/runs/" + path_segment(run) + std::string(rest);
}

void append_error(std::string& text, const Value& error, std::string_view indent) {
  if (!error.is(Kind::map)) return;
  text.append(indent)
      .append(toned(Tone::bad, "error: ", 1))
      .append(harmless(error_from(error).describe()))
      .append("\n");
  if (const std::string hint = text_in(error, "hint"); !hint.empty())
    text.append(indent).append("hint: ").append(harmless(hint)).append("\n");
}

std::string step_text(const Value& step) {
  const std::string state = text_in(step, "state");
  std::string text = "  " +
                     toned(tone_of(state), state + std::string(state.size() < 10 ? 10 - state.size() : 0, ' '), 1) +
                     " " + harmless(text_in(step, "name")) + " (" + harmless(text_in(step, "plugin")) + ")";
  if (integer_in(step, "attempt") > 1) text += ", attempt " + std::to_string(integer_in(step, "attempt"));
  if (const Value* rows = step.find("rows"); rows != nullptr && rows->is(Kind::int64))
    text += ", " + rows_text(rows->as_int64());
  if (const std::string elapsed = elapsed_of(step); elapsed != "-") text += ", " + elapsed;
  if (integer_in(step, "worker_pid") > 0) text += ", pid " + std::to_string(integer_in(step, "worker_pid"));
  text += "\n";
  if (const Value* error = step.find("error")) append_error(text, *error, "             ");
  return text;
}

std::string page(const Value& run) {
  const std::string state = text_in(run, "state");
  std::string text = toned(Tone::strong, text_in(run, "id"), 1) + "  " + toned(tone_of(state), state, 1) + "\n";
  text += "  name     " + harmless(text_in(run, "name")) + "\n";
  if (const std::string source = text_in(run, "source"); !source.empty())
    text += "  file     " + harmless(source) + "\n";
  text += "  created  " + moment(run, "created") + "\n  ended    " + moment(run, "finished") + "\n  took     " +
          elapsed_of(run) + "\n";
  if (const Value* error = run.find("error")) append_error(text, *error, "  ");
  text += "\nSteps:\n";
  for (const Value& step : list_in(run, "steps").items()) text += step_text(step);
  return text;
}

std::string log_line(const Value& record) {
  std::string text = moment(record, "time") + " " + text_in(record, "level") + " [" +
                     harmless(text_in(record, "step_name")) + "] " + harmless(text_in(record, "message"));
  if (const Value& fields = map_in(record, "fields"); !fields.members().empty())
    text += " " + harmless(data::to_json(fields));
  return text + "\n";
}

bool is_over(const std::string& state) { return state != "queued" && state != "running"; }

}  // namespace

int list_runs(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  std::string target = "/api/v1/runs?limit=" + std::to_string(tools.arguments.limit);
  if (!tools.arguments.state.empty()) target += "&state=" + path_segment(tools.arguments.state);
  const Value runs = owner.client().get(target);
  if (tools.arguments.json) {
    print(json_text(runs));
    return EXIT_SUCCESS;
  }
  std::vector<std::vector<std::string>> rows{{"RUN", "STATE", "CREATED", "TOOK", "NAME"}};
  for (const Value& run : list_in(runs, "runs").items()) {
    rows.push_back(
        {text_in(run, "id"), text_in(run, "state"), moment(run, "created"), elapsed_of(run), text_in(run, "name")});
  }
  print(rows.size() > 1 ? table(rows) : "no runs\n");
  return EXIT_SUCCESS;
}

int show_run(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value run = owner.client().get(target_of(tools.arguments.run_id));
  print(tools.arguments.json ? json_text(run) : page(run));
  return EXIT_SUCCESS;
}

int show_logs(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  Value all = Value::list();
  std::int64_t after = 0;
  for (;;) {
    // The state is asked for before the lines: what came in between is then still read.
    const bool over =
        !tools.arguments.follow || is_over(text_in(owner.client().get(target_of(tools.arguments.run_id)), "state"));
    const Value page =
        owner.client().get(target_of(tools.arguments.run_id, "/logs?limit=1000&after=" + std::to_string(after)));
    const Value& records = list_in(page, "records");
    for (const Value& record : records.items()) {
      after = integer_in(record, "number", after);
      tools.arguments.json ? (void)all.push_back(record) : print(log_line(record));
    }
    if (records.size() > 0) continue;
    if (over) break;
    if (const auto signal = tools.signals.take()) throw Error(Code::cancelled, "interrupted");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  if (tools.arguments.json) print(json_text(Value::map({{"records", all}})));
  return EXIT_SUCCESS;
}

int cancel_run(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  Value body = Value::map();
  if (!tools.arguments.reason.empty()) body.set("reason", tools.arguments.reason);
  const Value answer =
      owner.client()
          .ask({.method = "POST", .target = target_of(tools.arguments.run_id, "/cancel"), .body = data::to_json(body)})
          .value();
  print(tools.arguments.json ? json_text(answer) : "asked run " + tools.arguments.run_id + " to stop\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
