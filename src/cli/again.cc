// Runs taken up again, and dead letters.
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

// What goes on must have somebody in whom it goes on: without a server this process waits for the end itself.
int again(const Tools& tools, const std::string& path, const Value& body) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const bool wait = tools.arguments.jobs.wait || owner.own() != nullptr;
  const Value answer =
      owner.client()
          .ask({.method = "POST", .target = path + (wait ? "?wait=true" : ""), .body = data::to_json(body)})
          .value();
  if (!wait) {
    print(tools.arguments.json ? json_text(answer) : text_in(answer, "run_id") + "\n");
    return EXIT_SUCCESS;
  }
  const Value& data = map_in(answer, "data");
  if (tools.arguments.json) {
    print(json_text(answer));
    return flag_in(data, "success") ? EXIT_SUCCESS : meaning(error_from(map_in(data, "failure")).code()).exit_status;
  }
  require_success(answer);
  print(toned(Tone::good, "succeeded", 1) + "  " + text_in(data, "run_id") + "\n");
  return EXIT_SUCCESS;
}

std::string run_path(const Tools& tools, const char* what) {
  return "/api/v1/runs/" + path_segment(tools.arguments.run_id) + "/" + what;
}

std::string letter_path(const Tools& tools, const char* what = "") {
  return "/api/v1/dead-letters/" + path_segment(tools.arguments.jobs.letter) + what;
}

std::string moment(const Value& record, std::string_view key) {
  std::string text = text_in(record, key, "-").substr(0, 19);
  if (text.size() == 19) text[10] = ' ';
  return text;
}

std::string letter_page(const Value& letter) {
  std::string text = toned(Tone::strong, text_in(letter, "id"), 1) + "  " + text_in(letter, "state") + "\n";
  text += "  run       " + text_in(letter, "run_id") + "\n  pipeline  " + harmless(text_in(letter, "pipeline")) + "\n";
  if (!text_in(letter, "step_name").empty())
    text +=
        "  step      " + harmless(text_in(letter, "step_name")) + " (" + harmless(text_in(letter, "plugin")) + ")\n";
  text += "  attempts  " + std::to_string(integer_in(letter, "attempts")) + ", driven again " +
          std::to_string(integer_in(letter, "drives")) + " times\n  since     " + moment(letter, "created") + "\n";
  text += error_text(error_from(map_in(letter, "error")), 1);
  if (const Value* input = letter.find("input"); input != nullptr && !input->is_null())
    text += "\nInput:\n" + harmless(json_text(*input)) + "\n";
  return text;
}

}  // namespace

int resume_run(const Tools& tools) { return again(tools, run_path(tools, "resume"), Value::map()); }
int retry_run(const Tools& tools) { return again(tools, run_path(tools, "retry"), Value::map()); }

int rerun_run(const Tools& tools) {
  Value body = Value::map();
  if (!tools.arguments.jobs.from.empty()) body.set("from", tools.arguments.jobs.from);
  return again(tools, run_path(tools, "rerun"), body);
}

int list_letters(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  std::string target = "/api/v1/dead-letters?limit=" + std::to_string(tools.arguments.limit);
  if (!tools.arguments.state.empty()) target += "&state=" + path_segment(tools.arguments.state);
  const Value letters = owner.client().get(target);
  if (tools.arguments.json) {
    print(json_text(letters));
    return EXIT_SUCCESS;
  }
  std::vector<std::vector<std::string>> rows{{"LETTER", "STATE", "SINCE", "PIPELINE", "STEP", "REASON"}};
  for (const Value& letter : list_in(letters, "dead_letters").items()) {
    rows.push_back({text_in(letter, "id"), text_in(letter, "state"), moment(letter, "created"),
                    text_in(letter, "pipeline"), text_in(letter, "step_name", "-"),
                    text_in(letter, "reason").substr(0, 100)});
  }
  print(rows.size() > 1 ? table(rows) : "no dead letters\n");
  return EXIT_SUCCESS;
}

int show_letter(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value letter = owner.client().get(letter_path(tools));
  print(tools.arguments.json ? json_text(letter) : letter_page(letter));
  return EXIT_SUCCESS;
}

int drive_letter(const Tools& tools) { return again(tools, letter_path(tools, "/drive"), Value::map()); }

int discard_letter(const Tools& tools) {
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = owner.client().ask({.method = "DELETE", .target = letter_path(tools)}).value();
  print(tools.arguments.json ? json_text(answer) : "discarded " + tools.arguments.jobs.letter + "\n");
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
