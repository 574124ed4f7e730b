#include "dialects/mimolo/commands.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "cli/json.h"
#include "cli/owner.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "data/value_json.h"
#include "dialects/core/projects.h"
#include "os/paths.h"

namespace mortise::dialects::mimolo {
namespace {

using namespace cli;

// The guide's exit statuses.
constexpr int nothing_to_do = 1, wrong_configuration = 2, wrong_registration = 3;

constexpr const char* standard_file = "mimolo.toml";

int status_of(const Error& error) {
  const std::string_view phase = error.detail("phase");
  return phase == "configuration" ? wrong_configuration : phase == "registration" ? wrong_registration : nothing_to_do;
}

// Runs a verb with the guide's exit statuses.
std::function<int(const Tools&, const GuestInput&)> verb(int (*run)(const Tools&, const GuestInput&)) {
  return [run](const Tools& tools, const GuestInput& input) {
    try {
      return run(tools, input);
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      complain(error_text(error, 2));
      if (tools.arguments.json) print(json_text(error_json(error)));
      return status_of(error);
    }
  };
}

double number_of(const GuestInput& input, std::string_view name, double otherwise) {
  const std::string text = input.text(name);
  if (text.empty()) return otherwise;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (*end != '\0' || !(number > 0 && number < 1e9)) {
    throw Error(Code::invalid, "--" + std::string(name) + ": expected a number above 0, got '" + text + "'")
        .with("phase", "configuration");
  }
  return number;
}

enum class File { required, optional };

Value request_of(const GuestInput& input, File file) {
  Value body = Value::map({{"folder", os::absolute(".")}});
  const std::string config = input.text("config", standard_file);
  if (file == File::required || input.has("config") || std::filesystem::exists(config))
    body.set("config", os::absolute(config));
  if (input.has("cooldown")) body.set("cooldown", number_of(input, "cooldown", 0));
  if (input.has("log-format")) body.set("log_format", input.text("log-format"));
  return body;
}

// ---- register ----------------------------------------------------------------------------------------------------------

int list_registered(const Tools& tools, const GuestInput& input) {
  const Value body = request_of(input, File::optional);
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  const Value answer = ask(owner.client(), "mimolo", "check", body);
  const bool problems = complain_about(answer);
  print(json_text(
      Value::map({{"plugins", list_in(answer, "plugins")}, {"not_registered", list_in(answer, "not_registered")}})));
  if (problems) return wrong_registration;
  return list_in(answer, "plugins").size() == 0 ? nothing_to_do : EXIT_SUCCESS;
}

// ---- monitor -----------------------------------------------------------------------------------------------------------

int dry_run(const Client& client, const Value& body) {
  const Value answer = ask(client, "mimolo", "check", body);
  const bool problems = complain_about(answer);
  print(json_text(answer));
  if (problems) return wrong_registration;
  return list_in(answer, "plugins").size() == 0 ? nothing_to_do : EXIT_SUCCESS;
}

std::string joined(const Value& list) {
  std::string text;
  for (const Value& one : list.items()) text.append(text.empty() ? "" : ", ").append(one.as_string());
  return text;
}

std::string line_of(const Value& record) {
  if (text_in(record, "type") == "event") {
    return "[EVENT] " + text_in(record, "timestamp") + " " + text_in(record, "label") + " " + text_in(record, "event") +
           " " + data::to_json(record.at("data")) + "\n";
  }
  return "[SEGMENT] " + text_in(record, "start") + " - " + text_in(record, "end") + " (" +
         data::to_json(record.at("duration_s")) + " s) " + joined(list_in(record, "labels")) + ": " +
         std::to_string(list_in(record, "events").size()) + " events, " +
         std::to_string(integer_in(record, "resets_count")) + " resets\n";
}

class Console {
 public:
  Console(const Client& client, const Value& began, bool json, bool once)
      : client_(client), id_(text_in(began, "id")), json_(json), once_(once) {
    level_ = level_named(text_in(map_in(map_in(began, "config"), "monitor"), "console_verbosity"))
                 .value_or(Log::Level::info);
  }

  // Until the watch ends, which the first SIGINT or SIGTERM, or with --once the first segment, makes it do.
  void follow() {
    client_.listen(
        {.target = "/api/v1/watches/" + id_ + "/events", .accept = "text/event-stream"},
        {.event = [this](const Client::Event& event) { take(event); }, .signal = [this](int) { end(); }, .tick = {}});
  }

 private:
  void take(const Client::Event& event) {
    const Value data = data::parse_json(event.data);
    if (event.name == "monitor.note") {
      const auto level = level_named(text_in(data, "level")).value_or(Log::Level::info);
      if (level >= level_)
        complain(text_in(data, "level") + ": " + harmless(text_in(data, "message")) + fields_of(data) + "\n");
      return;
    }
    if (event.name != "monitor.event" && event.name != "monitor.segment") return;
    if (level_ <= Log::Level::info) print(json_ ? data::to_json(data) + "\n" : harmless_line(line_of(data)));
    if (once_ && event.name == "monitor.segment") end();
  }

  static std::string fields_of(const Value& note) {
    std::string text;
    for (const Member& field : note.members()) {
      if (field.key() == "level" || field.key() == "message" || field.key() == "time") continue;
      text.append(" ").append(field.key()).append("=").append(data::to_json(field.value()));
    }
    return harmless(text);
  }

  static std::string harmless_line(std::string line) {
    line.pop_back();
    return harmless(line) + "\n";
  }

  // Elsewhere: this thread listens, and the watch writes its last segment first.
  void end() {
    if (ended_) return;
    ended_ = true;
    ender_ = std::jthread([this] {
      try {
        (void)Client(client_).ask({.method = "DELETE", .target = "/api/v1/watches/" + id_}).value();
      } catch (const Error& error) {
        complain(error_text(error, 2));
      }
    });
  }

  const Client& client_;
  const std::string id_;
  const bool json_, once_;
  Log::Level level_ = Log::Level::info;
  bool ended_ = false;
  std::jthread ender_;
};

int monitor(const Tools& tools, const GuestInput& input) {
  const Value body = request_of(input, File::required);
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  if (input.has("dry-run")) return dry_run(owner.client(), body);
  const Value began = ask(owner.client(), "mimolo", "watches", body);
  (void)complain_about(began);
  Console(owner.client(), began, tools.arguments.json, input.has("once")).follow();
  return EXIT_SUCCESS;
}

// ---- test --------------------------------------------------------------------------------------------------------------

int try_out(const Tools& tools, const GuestInput& input) {
  const double rate = number_of(input, "rate", 1.0), count = number_of(input, "count", 10);
  Value body = Value::map({{"folder", os::absolute(".")}, {"label", input.text("plugin", "example")}});
  if (std::filesystem::exists(standard_file) && input.has("plugin")) body.set("config", os::absolute(standard_file));
  const Owner owner = Owner::reach(tools.maker, tools.options, &tools.signals);
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i) {
    if (i != 0 && tools.signals.wait_for(std::chrono::milliseconds(static_cast<std::int64_t>(1000 / rate)))) break;
    const Value answer = ask(owner.client(), "mimolo", "poll", body);
    print(data::to_json(*answer.find("event")) + "\n");
  }
  return EXIT_SUCCESS;
}

const GuestOption config_option{"-c,--config", "FILE", "The settings (default mimolo.toml)"};

}  // namespace

cli::Guests words() {
  cli::Guests guests;
  guests.groups = {{"mimolo", "Monitors written for MiMoLo"}};
  guests.names = {{"mimolo", {"mimolo"}}};
  guests.verbs = {
      {.words = {"mimolo", "register"},
       .summary = "List the monitors that the settings register",
       .more =
           "Those that are not registered are listed with the reason. Without a settings file all that are found are.\n"
           "The exit status is 1 when none is registered, 2 for wrong settings, 3 for a monitor that cannot be.",
       .examples = "  mortise mimolo register\n  mortise mimolo register -c work/mimolo.toml",
       .options = {config_option},
       .run = verb(list_registered)},
      {.words = {"mimolo", "monitor"},
       .summary = "Poll the registered monitors until Ctrl-C, and write segments",
       .more = "Each monitor is polled by itself every poll_interval_s seconds. Segments and standalone events are "
               "written to\n"
               "log_dir, one file for each day. Ctrl-C completes the open segment.",
       .examples =
           "  mortise mimolo monitor\n  mortise mimolo monitor --dry-run         check the settings, poll nothing\n"
           "  mortise mimolo monitor --once --cooldown 5",
       .options =
           {config_option,
            {"--once", "", "End once the first segment is written"},
            {"--dry-run", "", "Print the settings and the monitors they register, and end"},
            {"--log-format", "FORMAT", "Of the log files, instead of monitor.log_format", {"jsonl", "yaml", "md"}},
            {"--cooldown", "SECONDS", "Instead of monitor.cooldown_seconds"}},
       .run = verb(monitor)},
      {.words = {"mimolo", "test"},
       .summary = "Print events of one monitor as JSON",
       .more = "",
       .examples = "  mortise mimolo test --rate 2 --count 5\n  mortise mimolo test --plugin mymonitor --count 1",
       .options = {{"--rate", "NUMBER", "Polls in a second (default 1.0)"},
                   {"--count", "NUMBER", "How many (default 10)"},
                   {"--plugin", "LABEL", "Which monitor (default example)"}},
       .run = verb(try_out)}};
  return guests;
}

}  // namespace mortise::dialects::mimolo
