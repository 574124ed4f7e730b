#include "cli/run_request.h"

#include <unistd.h>

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "cli/json.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "data/value_json.h"
#include "os/paths.h"

namespace mortise::cli {
namespace {

bool looks_like_file(const std::string& text) {
  for (const char* ending : {".yaml", ".yml", ".json"}) {
    if (text.ends_with(ending)) return true;
  }
  return text.find('/') != std::string::npos || std::filesystem::is_regular_file(text);
}

// JSON when it is JSON, else text: --set limit=10 is a number, --set city=Seattle a string.
Value value_of(const std::string& text) {
  try {
    return data::parse_json(text);
  } catch (const Error&) {
    return text;
  }
}

}  // namespace

Value map_of_settings(const std::string& option, const std::vector<std::string>& settings) {
  Value map = Value::map();
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw Error(Code::invalid, option + " needs KEY=VALUE, got '" + setting + "'", "for example " + option + " city=Seattle")
          .with("got", setting);
    }
    map.set(setting.substr(0, equals), value_of(setting.substr(equals + 1)));
  }
  return map;
}

Value run_request(const Arguments& arguments) {
  Value request = Value::map();
  if (looks_like_file(arguments.pipeline)) {
    if (!std::filesystem::exists(arguments.pipeline)) {
      throw Error(Code::not_found, "there is no pipeline file '" + arguments.pipeline + "'",
                  "check the path; it starts at the present folder")
          .with("file", os::absolute(arguments.pipeline));
    }
    request.set("pipeline_file", os::absolute(arguments.pipeline));
    if (!arguments.name.empty()) request.set("pipeline_name", arguments.name);
  } else {
    request.set("pipeline_name", arguments.pipeline);
  }
  request.set("folder", std::filesystem::current_path().string());
  request.set("context", map_of_settings("--set", arguments.set));
  if (arguments.trace) request.set("trace", true);
  return request;
}

Value run_and_follow(const Client& client, const Value& request, WithContext context, Progress& progress) {
  std::string run_id;
  std::optional<Value> result;
  bool asked_to_stop = false;
  const Client::Listener listener{
      .event =
          [&](const Client::Event& event) {
            const Value data = event.data.empty() ? Value::map() : data::parse_json(event.data, {}, "event");
            if (event.name == "run.accepted") run_id = text_in(data, "run_id");
            if (event.name == "run.result") {
              result = data;
            } else {
              progress.on_event(event.name, data);
            }
          },
      .signal =
          [&](int) {
            if (asked_to_stop || run_id.empty()) ::_exit(meaning(Code::cancelled).exit_status);
            asked_to_stop = true;
            progress.note(toned(Tone::warn, "stopping the run; press Ctrl-C again to leave at once", STDERR_FILENO));
            (void)client.ask({.method = "POST",
                              .target = "/api/v1/runs/" + path_segment(run_id) + "/cancel",
                              .body = R"({"reason":"interrupted at the terminal"})"});
          },
      .tick = [&] { progress.tick(); }};
  client.listen(
      {.method = "POST",
       .target = std::string("/api/v1/pipelines/execute") + (context == WithContext::yes ? "" : "?context=false"),
       .body = data::to_json(request),
       .accept = "text/event-stream"},
      listener);
  progress.finish();
  if (!result)
    throw Error(Code::internal, "the server went away during the run" + (run_id.empty() ? "" : " " + run_id),
                "`mortise runs show " + run_id + "` tells what became of it");
  return *result;
}

void require_success(const Value& answer) {
  const Value& data = map_in(answer, "data");
  if (flag_in(data, "success")) return;
  const Value& failure = map_in(data, "failure");
  if (!failure.members().empty()) throw error_from(failure);
  throw Error(Code::plugin, text_in(data, "error", "the run failed"));
}

}  // namespace mortise::cli
