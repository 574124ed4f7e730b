#include "app/settings.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "os/file.h"

using namespace mortise;
using namespace mortise::app;
using namespace std::chrono_literals;

namespace {

struct Folder {
  Folder() : path(os::make_temporary_directory("/tmp/mortise-settings-")) {}
  ~Folder() { std::filesystem::remove_all(path); }
  Settings read(const std::string& text, const std::string& name = "mortise.yaml") {
    os::write_file(path + "/" + name, text);
    Configuration configuration = read_configuration({path + "/" + name, "/here", environment, overrides});
    secrets = configuration.secrets;
    origins = configuration.origins;
    return configuration.settings;
  }
  Error refusal(const std::string& text) {
    try {
      (void)read(text);
    } catch (const Error& error) {
      return error;
    }
    FAIL("it was accepted: " << text);
    return Error(Code::internal, "");
  }
  std::string path;
  std::vector<std::string> secrets;
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<Override> overrides;
  std::map<std::string, Origin, std::less<>> origins;
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE_FIXTURE(Folder, "every key of the configuration reaches its setting, in YAML and in TOML") {
  const Settings yaml = read(R"(
data_dir: state
server: {host: [127.0.0.1, "::1"], port: 9000, allowed_hosts: [box], max_body: 1 MiB, max_connections: 7, drain_timeout: 2m}
plugins: {directories: [./p2], auto_discovery: false, first_party: false, timeout: 60, max_concurrency: 3, trusted: [resize]}
runtime: {grace: 500ms, idle: 1m, memory: 1 GiB, transport: socket}
pipelines: {directories: [/flows]}
logging: {level: debug, format: json, file: log/m.log}
)");
  CHECK(yaml.data_dir == path + "/state");
  CHECK(yaml.server.hosts == std::vector<std::string>{"127.0.0.1", "::1"});
  CHECK(yaml.server.ports == std::vector<std::uint16_t>{9000});
  CHECK(yaml.server.allowed_hosts == std::vector<std::string>{"box"});
  CHECK(yaml.server.max_body == 1024 * 1024);
  CHECK(yaml.server.max_connections == 7);
  CHECK(yaml.server.drain_timeout == 120s);
  CHECK(yaml.plugins.directories == std::vector<std::string>{path + "/p2"});
  CHECK_FALSE(yaml.plugins.auto_discovery);
  CHECK_FALSE(yaml.plugins.first_party);
  CHECK(yaml.plugins.timeout == 60s);
  CHECK(yaml.plugins.max_concurrency == 3);
  CHECK(yaml.plugins.trusted == std::vector<std::string>{"resize"});
  CHECK(yaml.runtime.grace == 500ms);
  CHECK(yaml.runtime.idle == 60s);
  CHECK(yaml.runtime.memory == 1ULL << 30U);
  CHECK(yaml.runtime.transport == runtime::Transport::socket);
  CHECK(yaml.pipeline_directories == std::vector<std::string>{"/flows"});
  CHECK(yaml.logging.level == Log::Level::debug);
  CHECK(yaml.logging.format == Log::Format::json);
  CHECK(yaml.logging.file == path + "/log/m.log");

  const Settings toml = read("[server]\nports = [1, 2]\n[plugins]\ntimeout = \"1m\"\n", "mortise.toml");
  CHECK(toml.server.ports == std::vector<std::uint16_t>{1, 2});
  CHECK(toml.plugins.timeout == 60s);
}

TEST_CASE_FIXTURE(Folder, "an empty file means the defaults") {
  const Settings settings = read("");
  CHECK(settings.server.ports == std::vector<std::uint16_t>{8080, 8001});
  CHECK(settings.plugins.directories == std::vector<std::string>{path + "/plugins"});
  CHECK(settings.plugins.timeout == 60s);
}

TEST_CASE_FIXTURE(Folder, "a value of the wrong kind is refused by the name of its key, with its place") {
  const Error timeout = refusal("plugins:\n  timeout: \"abc\"\n");
  CHECK(has(timeout.what(), "plugins.timeout"));
  CHECK(has(timeout.what(), "abc"));
  CHECK(timeout.detail("line") == "2");
  CHECK(has(timeout.detail("file"), "mortise.yaml"));
  CHECK(has(refusal("server: {port: 70000}").what(), "server.port"));
  CHECK(has(refusal("server: {port: []}").what(), "server.port"));
  CHECK(has(refusal("plugins: {directories: 5}").what(), "plugins.directories"));
  CHECK(has(refusal("plugins: {timeout: 0}").what(), "plugins.timeout"));
  CHECK(has(refusal("logging: {level: loud}").what(), "logging.level"));
  CHECK(has(refusal("plugins: {auto_discovery: yes}").what(), "plugins.auto_discovery"));
  CHECK(has(refusal("[]").what(), "map"));
}

TEST_CASE_FIXTURE(Folder, "an unknown key is refused, and the nearest known one is named") {
  const Error error = refusal("plugins:\n  timout: 5\n");
  CHECK(has(error.what(), "timout"));
  CHECK(has(error.hint(), "timeout"));
}

TEST_CASE_FIXTURE(Folder, "values from the environment are put in, and known as secrets") {
  environment = {{"BOX_NAME", "s3cret-host"}};
  CHECK(read("server: {allowed_hosts: [\"${BOX_NAME}\"]}").server.allowed_hosts ==
        std::vector<std::string>{"s3cret-host"});
  CHECK(secrets == std::vector<std::string>{"s3cret-host"});
  environment.clear();
  CHECK(has(refusal("server: {host: \"${BOX_NAME}\"}").what(), "BOX_NAME"));
}

TEST_CASE_FIXTURE(Folder, "of default, file, environment and command line each comes before the one above it") {
  const std::string file = "server: {port: 1}\nplugins: {timeout: 5s}\nruntime: {grace: 2s}\n";
  environment = {{"MORTISE_SERVER_PORT", "2"}, {"MORTISE_PLUGINS_TIMEOUT", "6s"}, {"MORTISE_ONCE", "1"}};
  overrides = {{"server.port", {"3", "4"}, "--port"}};
  const Settings settings = read(file);
  CHECK(settings.server.ports == std::vector<std::uint16_t>{3, 4});
  CHECK(settings.plugins.timeout == 6s);
  CHECK(settings.runtime.grace == 2s);
  CHECK(settings.runtime.idle == 300s);
  CHECK(origins.at("server.port").place == "--port");
  CHECK(origins.at("plugins.timeout").place == "MORTISE_PLUGINS_TIMEOUT");
  CHECK(origins.at("plugins.timeout").source == Origin::Source::environment);
  CHECK(origins.at("runtime.grace").place == path + "/mortise.yaml:3:18");
  CHECK_FALSE(origins.contains("runtime.idle"));
}

TEST_CASE_FIXTURE(Folder, "lists and maps in the environment are written with commas") {
  environment = {{"MORTISE_PLUGINS_DIRECTORIES", "a, /b"},
                 {"MORTISE_LOGGING_LEVELS", "http=debug,Input.file=error"},
                 {"MORTISE_SERVER_HOST", "127.0.0.1"},
                 {"MORTISE_SERVER_AUTH", ""}};
  const Settings settings = read("");
  CHECK(settings.plugins.directories == std::vector<std::string>{"/here/a", "/b"});
  CHECK(settings.logging.levels == Log::Levels{{"http", Log::Level::debug}, {"Input.file", Log::Level::error}});
  CHECK(settings.server.hosts == std::vector<std::string>{"127.0.0.1"});
}

TEST_CASE_FIXTURE(Folder, "a list that is written as in a file is that list") {
  for (const char* text : {R"(["a", "/b"])", "[a,/b]", "['a', '/b']"}) {
    environment = {{"MORTISE_PLUGINS_DIRECTORIES", text}};
    CHECK(read("").plugins.directories == std::vector<std::string>{"/here/a", "/b"});
  }
  environment = {{"MORTISE_PLUGINS_DIRECTORIES", "[a], b"}};
  CHECK(read("").plugins.directories == std::vector<std::string>{"/here/[a]", "/here/b"});
}

TEST_CASE_FIXTURE(Folder, "a wrong variable is refused by its own name, and one that looks like a key, too") {
  environment = {{"MORTISE_PLUGINS_TIMEOUT", "soon"}};
  const Error wrong = refusal("");
  CHECK(has(wrong.what(), "plugins.timeout"));
  CHECK(has(wrong.what(), "soon"));
  CHECK(wrong.detail("file") == "MORTISE_PLUGINS_TIMEOUT");
  environment = {{"MORTISE_PLUGINS_TIMEOT", "5s"}};
  const Error unknown = refusal("");
  CHECK(has(unknown.what(), "MORTISE_PLUGINS_TIMEOT"));
  CHECK(has(unknown.hint(), "MORTISE_PLUGINS_TIMEOUT"));
  environment.clear();
  overrides = {{"plugins.timeot", {"1"}, "--option"}};
  CHECK(has(refusal("").hint(), "plugins.timeout"));
}

TEST_CASE_FIXTURE(Folder, "all problems of a configuration are told at once") {
  os::write_file(path + "/m.yaml", "server: {port: x, hots: 1}\nplugins: {timeout: abc}\nlogging: 5\nserver2: {}\n");
  const auto problems = problems_of({path + "/m.yaml", "/here", {{"MORTISE_RUNTIME_GRACE", "no"}}, {}});
  REQUIRE(problems.size() == 6);
  CHECK(problems_of({"", "/here", {}, {}}).empty());
}

TEST_CASE_FIXTURE(Folder, "a certificate without its key is refused") {
  CHECK(has(refusal("server: {tls: {certificate: c.pem}}").what(), "server.tls.key"));
}
