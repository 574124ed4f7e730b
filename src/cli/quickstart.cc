// The quick start: one pipeline on real data, told step by step, so that a newcomer sees what kind of thing this is.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/progress.h"
#include "cli/run_request.h"
#include "cli/terminal.h"
#include "cli/uri_text.h"
#include "cli/verbs.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::cli {
namespace {

bool once() {
  const char* text = std::getenv("MORTISE_ONCE");
  return text != nullptr && *text != '\0' && std::string_view(text) != "0";
}

// The host that stays as a server listens on the configured ports, or on free ones where those are taken: a newcomer's
// first look must not fail because something else runs on 8080.
std::unique_ptr<Host> open_host(const Tools& tools) {
  HostOptions options = tools.options;
  if (once()) return tools.maker.open(options);
  options.ports = HostOptions::Ports::configured;
  try {
    return tools.maker.open(options);
  } catch (const Error& error) {
    if (error.code() != Code::conflict) throw;
    complain(std::string("mortise: ") + error.what() + "; taking a free port instead\n");
    options.overrides.push_back({"server.port", {"0"}, "--port"});
    return tools.maker.open(options);
  }
}

Value request_of(const Tools& tools) {
  const std::string pipeline = tools.maker.quickstart_pipeline();
  if (pipeline.empty()) {
    throw Error(Code::not_found, "the quick start's pipeline is not there",
                "it is examples/quickstart/weather.yaml of the repository");
  }
  return Value::map({{"pipeline_file", pipeline}, {"folder", os::absolute(".")}});
}

std::string language_of(const Client& client, const std::string& plugin) {
  try {
    return text_in(client.get("/api/v1/plugins/" + path_segment(plugin)), "language");
  } catch (const Error&) {
    return "?";
  }
}

std::string story(const Client& client, const Value& answer) {
  std::vector<std::vector<std::string>> rows{{"STEP", "PLUGIN", "LANGUAGE", "WORKER", "ROWS", "TIME"}};
  for (const Value& step : list_in(map_in(answer, "data"), "steps").items()) {
    const std::string plugin = text_in(step, "plugin");
    const Value* count = step.find("rows");
    rows.push_back({text_in(step, "name"), plugin, language_of(client, plugin),
                    "pid " + std::to_string(integer_in(step, "worker_pid")),
                    count != nullptr && count->is(Kind::int64) ? count_text(count->as_int64()) : "-",
                    duration_text(number_in(step, "elapsed_ms") / 1000)});
  }
  return table(rows);
}

void require_report(const std::string& report) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(report, failure);
  if (failure || size == 0) throw Error(Code::internal, "the quick start ran, but left no report").with("file", report);
}

std::string where_to_look(const Host& host, const std::string& report) {
  const std::string url = host.urls().empty() ? "http://127.0.0.1:8080" : host.urls().front();
  return "\nLook at:\n"
         "  " +
         report +
         "     the report, in a browser\n"
         "  " +
         url +
         "     the server, with links to all it has\n"
         "\nTry, in another shell of this folder:\n"
         "  mortise runs list                  what ran\n"
         "  mortise plugin show Input.file     a plugin and its options\n"
         "  mortise doctor                     what this machine has\n"
         "\nCtrl-C ends the server.\n";
}

}  // namespace

int quickstart(const Tools& tools) {
  const std::string report = os::absolute("quickstart/report.html");
  os::make_directories(os::parent_of(report), 0755);
  std::filesystem::remove(report);  // what is there at the end was made by this run
  const Value request = request_of(tools);
  auto client = Owner::running(tools.maker, tools.options, &tools.signals);
  std::unique_ptr<Host> host;
  if (client == nullptr) {
    host = open_host(tools);
    client = std::make_unique<Client>(tools.maker.socket_path(tools.options.data_dir), &tools.signals);
  }
  Progress progress(Progress::style_for(tools.arguments.json), Progress::Detail::normal);
  const Value answer = run_and_follow(*client, request, WithContext::no, progress);
  require_success(answer);
  require_report(report);
  const bool stays = host != nullptr && !once();
  if (tools.arguments.json) {
    print(
        json_text(Value::map({{"report", report}, {"run", answer}, {"urls", stays ? urls_of(*host) : Value::list()}})));
  } else {
    print("\n" + story(*client, answer) + "\nThe report is " + report + "\n");
  }
  if (!stays) return EXIT_SUCCESS;
  if (!tools.arguments.json) print(ready_line(tools, *host) + where_to_look(*host, report));
  stay_until_signalled(tools, *host);
  return EXIT_SUCCESS;
}

}  // namespace mortise::cli
