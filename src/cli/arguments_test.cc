#include "cli/arguments.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace mortise;
using namespace mortise::cli;
using Verb = Arguments::Verb;

namespace {

std::variant<Arguments, Printed> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "mortise");
  return parse_arguments(static_cast<int>(words.size()), words.data());
}
Arguments arguments(std::vector<const char*> words) { return std::get<Arguments>(parse(std::move(words))); }
std::string printed(std::vector<const char*> words) { return std::get<Printed>(parse(std::move(words))).text; }

Error refusal(std::vector<const char*> words) {
  try {
    (void)parse(std::move(words));
  } catch (const Error& error) {
    return error;
  }
  FAIL("it was understood");
  return Error(Code::internal, "");
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE("every verb and its options are understood") {
  const Arguments serve =
      arguments({"serve", "--host", "::1", "--port", "1", "--port", "2", "--data-dir", "d", "--config", "c.yaml"});
  CHECK(serve.verb == Verb::serve);
  CHECK(serve.hosts == std::vector<std::string>{"::1"});
  CHECK(serve.ports == std::vector<std::uint16_t>{1, 2});
  CHECK(serve.data_dir == "d");
  CHECK(serve.config == "c.yaml");

  const Arguments run =
      arguments({"run", "p.yaml", "--set", "a=1", "--set", "b=x", "--trace", "--json", "--name", "N"});
  CHECK(run.verb == Verb::run);
  CHECK(run.pipeline == "p.yaml");
  CHECK(run.set == std::vector<std::string>{"a=1", "b=x"});
  CHECK(run.trace);
  CHECK(run.json);
  CHECK_FALSE(run.detach);
  CHECK(run.name == "N");
  CHECK(arguments({"run", "--set", "a=1", "p.yaml"}).pipeline == "p.yaml");

  CHECK(arguments({"runs", "list", "--state", "failed"}).state == "failed");
  CHECK(arguments({"runs", "show", "run_1"}).run_id == "run_1");
  CHECK(arguments({"runs", "logs", "--follow", "run_1"}).follow);
  CHECK(arguments({"runs", "cancel", "run_1", "--reason", "no"}).verb == Verb::runs_cancel);
  CHECK(arguments({"plugin", "list"}).verb == Verb::plugin_list);
  CHECK(arguments({"plugin", "show", "Input.file"}).plugin == "Input.file");
  CHECK(arguments({"doctor", "--json"}).json);
  CHECK(arguments({"log-level", "debug"}).level == "debug");
  CHECK(arguments({"quickstart"}).verb == Verb::quickstart);
  CHECK(arguments({"--version"}).verb == Verb::version);
}

TEST_CASE("the common options may stand before the verb or after it") {
  CHECK(arguments({"--data-dir", "d", "doctor"}).data_dir == "d");
  CHECK(arguments({"plugin", "list", "--data-dir", "d"}).data_dir == "d");
}

TEST_CASE("help is printed for the program and for each verb, with examples") {
  CHECK(has(printed({}), "Examples:"));
  CHECK(has(printed({"--help"}), "quickstart"));
  CHECK(has(printed({"run", "--help"}), "--dry-run"));
  CHECK(has(printed({"run", "--help"}), "Examples:"));
  CHECK(has(printed({"runs", "cancel", "--help"}), "--reason"));
  CHECK(has(printed({"runs", "cancel", "--help"}), "Usage: mortise runs cancel "));
}

TEST_CASE("what is not understood is refused, and the nearest word is named") {
  const Error verb = refusal({"rnu", "p.yaml"});
  CHECK(verb.code() == Code::invalid);
  CHECK(has(verb.what(), "rnu"));
  CHECK(has(verb.hint(), "'run'"));
  CHECK(has(refusal({"run", "p.yaml", "--dryrun"}).hint(), "--dry-run"));
  CHECK(has(refusal({"runs", "lst"}).hint(), "'list'"));
  CHECK(refusal({"run"}).code() == Code::invalid);
  CHECK(refusal({"runs"}).code() == Code::invalid);
  CHECK(refusal({"serve", "--port", "70000"}).code() == Code::invalid);
  CHECK(refusal({"serve", "--port", "x"}).code() == Code::invalid);
  CHECK(refusal({"log-level", "loud"}).code() == Code::invalid);
}
