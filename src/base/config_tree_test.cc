#include "base/config_tree.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

using mortise::Code;
using mortise::Error;
using mortise::Node;
using mortise::parse_yaml;
using mortise::Value;
using namespace std::chrono_literals;

namespace {

template <typename Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::internal, "nothing was thrown");
}

const char* const sample = R"(plugins:
  timeout: abc
  retries: 3
  ratio: 2.5
  enabled: true
  folders: [a, b]
  nothing: ~
  version: 1.10
  grace: 250ms
  memory: 512 MiB
steps:
  - name: read
    "odd key": 1
)";

}  // namespace

TEST_CASE("a wrong type is told with key, expectation, value, file, line and column") {
  const Node root = parse_yaml(sample, "config.yaml");
  const Error error = error_of([&] { (void)root.at("plugins").at("timeout").as_float64(); });
  CHECK(error.code() == Code::invalid);
  CHECK(std::string(error.what()) == R"(plugins.timeout: expected a number, got "abc")");
  CHECK(error.detail("file") == "config.yaml");
  CHECK(error.detail("line") == "2");
  CHECK(error.detail("column") == "12");
  CHECK(error.detail("key") == "plugins.timeout");
  CHECK(error.detail("expected") == "a number");
  CHECK(error.detail("got") == "\"abc\"");
}

TEST_CASE("typed reading") {
  const Node plugins = parse_yaml(sample, "f").at("plugins");
  CHECK(plugins.at("retries").as_int64() == 3);
  CHECK(plugins.at("retries").as_float64() == 3.0);
  CHECK(plugins.at("ratio").as_float64() == 2.5);
  CHECK(plugins.at("enabled").as_bool());
  CHECK(plugins.at("folders").as_strings() == std::vector<std::string>{"a", "b"});
  CHECK(plugins.at("nothing").is_null());
  CHECK(plugins.at("version").as_text() == "1.10");
  CHECK(plugins.at("grace").as_duration() == 250ms);
  CHECK(plugins.at("ratio").as_duration() == 2500ms);
  CHECK(plugins.at("memory").as_size() == 512U << 20U);
  CHECK(plugins.int64_or("retries", 9) == 3);
  CHECK(plugins.int64_or("absent", 9) == 9);
  CHECK(plugins.string_or("absent", "x") == "x");
  CHECK(plugins.bool_or("enabled", false));
  CHECK(plugins.float64_or("absent", 0.5) == 0.5);
  CHECK(plugins.duration_or("absent", 3s) == 3s);
}

TEST_CASE("every mismatch has its sentence") {
  const Node root = parse_yaml(sample, "f");
  const Node plugins = root.at("plugins");
  const auto text = [](auto action) { return std::string(error_of(action).what()); };
  CHECK(text([&] { (void)plugins.at("ratio").as_int64(); }) == "plugins.ratio: expected an integer, got 2.5");
  CHECK(text([&] { (void)plugins.at("version").as_string(); }) == "plugins.version: expected a string, got 1.10");
  CHECK(text([&] { (void)plugins.at("nothing").as_text(); }) == "plugins.nothing: expected a string, got null");
  CHECK(text([&] { (void)plugins.at("retries").as_bool(); }) == "plugins.retries: expected true or false, got 3");
  CHECK(text([&] { (void)plugins.at("retries").as_int64(5); }) ==
        "plugins.retries: expected an integer of at least 5, got 3");
  CHECK(text([&] { (void)plugins.at("retries").as_int64(0, 2); }) ==
        "plugins.retries: expected an integer from 0 to 2, got 3");
  CHECK(text([&] { (void)root.at("steps").as_string(); }) == "steps: expected a string, got a list of 1 item");
  CHECK(text([&] { (void)root.items(); }) == "expected a list, got a map of 2 keys");
  CHECK(text([&] { (void)root.at("steps").at("x"); }) == "steps: expected a map, got a list of 1 item");
  CHECK(text([&] { (void)plugins.at("timeout").as_duration(); }).find("expected a duration such as 250ms") !=
        std::string::npos);
  CHECK(text([&] { (void)plugins.at("timeout").as_size(); }).find("expected a size such as 512 MiB") !=
        std::string::npos);
  CHECK(text([&] { (void)root.at("steps").items()[0].at("odd key").as_bool(); }) ==
        R"(steps[0]["odd key"]: expected true or false, got 1)");
}

TEST_CASE("a missing key names itself and its map's place") {
  const Node root = parse_yaml(sample, "f");
  const Error error = error_of([&] { (void)root.at("steps").items()[0].at("plugin"); });
  CHECK(std::string(error.what()) == "steps[0].plugin: is missing");
  CHECK(error.detail("line") == "12");
  CHECK(error.detail("key") == "steps[0].plugin");
}

TEST_CASE("an unknown key is told with its own place and the word that was meant") {
  const Node root = parse_yaml("a:\n  retries: 1\n  timeot: 5\n", "f.yaml");
  const Error error = error_of([&] { root.at("a").forbid_unknown({"retries", "timeout"}); });
  CHECK(std::string(error.what()) == "a.timeot: unknown key; did you mean 'timeout'?");
  CHECK(error.hint() == "known here: retries, timeout");
  CHECK(error.detail("line") == "3");
  CHECK(error.detail("column") == "3");
  CHECK(error.detail("got") == "timeot");
  CHECK_NOTHROW(root.at("a").forbid_unknown({"retries", "timeot"}));
}

TEST_CASE("a long value is shown cut") {
  const Node root = parse_yaml("k: " + std::string(5'000, 'x'), "f");
  CHECK(std::string(error_of([&] { (void)root.at("k").as_bool(); }).what()).size() < 200);
}

TEST_CASE("a tree becomes a value") {
  const Value value = to_value(parse_yaml("a: [1, 2.5, x, true, ~]\nb: {c: 'd'}\n", "f"));
  CHECK(value == Value::map({{"a", Value::list({1, 2.5, "x", true, nullptr})}, {"b", Value::map({{"c", "d"}})}}));
}

TEST_CASE("a default-made node is null and nowhere") {
  const Node node;
  CHECK(node.is_null());
  CHECK(node.line() == 0);
  CHECK(node.path().empty());
}

TEST_CASE("files are read by their ending, and their absence is not_found") {
  char name[] = "/tmp/mortise-config-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name);
  std::ofstream(folder / "a.yml") << "k: 1\n";
  std::ofstream(folder / "a.toml") << "k = 1\n";
  std::ofstream(folder / "a.json") << "{\"k\": 1}\n";
  for (const char* file : {"a.yml", "a.toml", "a.json"}) {
    CHECK(mortise::read_config(folder / file).at("k").as_int64() == 1);
  }
  CHECK(error_of([&] { (void)mortise::read_config(folder / "b.yaml"); }).code() == Code::not_found);
  CHECK(error_of([&] { (void)mortise::read_config(folder / "a.ini"); }).detail("got") == ".ini");
  std::filesystem::create_directory(folder / "d.yaml");
  CHECK(error_of([&] { (void)mortise::read_config(folder / "d.yaml"); }).code() == Code::invalid);
  std::filesystem::remove_all(folder);
}

// ---- the environment -------------------------------------------------------------------------------------------------

namespace {

struct Environment {
  std::map<std::string, std::string> variables{{"KEY", "sk-123456"},
                                               {"PORT", "8080"},
                                               {"EMPTY", ""},
                                               {"SNEAKY", "${KEY}"},
                                               {"DIGITS", "123456789012345678901234567890"}};
  std::vector<std::string> secrets;

  Node expand(const std::string& yaml) {
    Node root = parse_yaml(yaml, "f.yaml");
    expand_environment(
        root,
        [this](const std::string& name) -> std::optional<std::string> {
          const auto found = variables.find(name);
          if (found == variables.end()) return std::nullopt;
          return found->second;
        },
        [this](const std::string& value) { secrets.push_back(value); });
    return root;
  }
};

}  // namespace

TEST_CASE("variables are substituted everywhere, and told as secrets") {
  Environment environment;
  const Node root = environment.expand("a: Bearer ${KEY}\nb: [{c: \"${KEY}${PORT}\"}]\n");
  CHECK(root.at("a").as_string() == "Bearer sk-123456");
  CHECK(root.at("b").items()[0].at("c").as_string() == "sk-1234568080");
  CHECK(environment.secrets == std::vector<std::string>{"sk-123456", "sk-123456", "8080"});
}

TEST_CASE("an unquoted value is typed by its new text, a quoted one stays a string") {
  Environment environment;
  const Node root = environment.expand("a: ${PORT}\nb: \"${PORT}\"\nc: ${UNSET:-true}\nd: ${DIGITS}\n");
  CHECK(root.at("a").as_int64() == 8080);
  CHECK(root.at("b").as_string() == "8080");
  CHECK(root.at("c").as_bool());
  CHECK(root.at("d").as_string() == "123456789012345678901234567890");
}

TEST_CASE("defaults, escapes and lone dollars") {
  Environment environment;
  const Node root = environment.expand(
      "a: ${UNSET:-x:-y}\nb: $${KEY}\nc: cost $5 $$ ${EMPTY:-none}\nd: ${UNSET:-}\ne: '${UNSET:-{\"a\": {}}}'\n");
  CHECK(root.at("a").as_string() == "x:-y");
  CHECK(root.at("b").as_string() == "${KEY}");
  CHECK(root.at("c").as_string() == "cost $5 $$ none");
  CHECK(root.at("d").is_null());
  CHECK(root.at("e").as_string() == "{\"a\": {}}");
  CHECK(environment.secrets.empty());
}

TEST_CASE("a substituted text is not substituted again, nor twice") {
  Environment environment;
  const Node root = environment.expand("a: ${SNEAKY}\n");
  CHECK(root.at("a").as_string() == "${KEY}");
  expand_environment(
      root, [](const std::string&) { return std::string("again"); }, [](const std::string&) {});
  CHECK(root.at("a").as_string() == "${KEY}");
}

TEST_CASE("a missing variable is an error that names variable, key and line") {
  Environment environment;
  const Error error = error_of([&] { (void)environment.expand("x: 1\nllm:\n  api_key: ${OPENAI_API_KEY}\n"); });
  CHECK(std::string(error.what()) == "llm.api_key: the environment variable OPENAI_API_KEY is not set");
  CHECK(error.detail("variable") == "OPENAI_API_KEY");
  CHECK(error.detail("key") == "llm.api_key");
  CHECK(error.detail("line") == "3");
  for (const char* bad : {"a: ${}", "a: ${1X}", "a: '${A B}'", "a: ${OPEN"}) {
    CAPTURE(std::string(bad));
    CHECK(error_of([&] { (void)environment.expand(bad); }).code() == Code::invalid);
  }
}

TEST_CASE("an error about a substituted value shows the variable, not the value") {
  Environment environment;
  const Node root = environment.expand("timeout: ${KEY}\n");
  const Error error = error_of([&] { (void)root.at("timeout").as_float64(); });
  CHECK(std::string(error.what()) == R"(timeout: expected a number, got the value of "${KEY}")");
}
