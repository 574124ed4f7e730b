#include "app/settings.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
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
    return read_settings(path + "/" + name, [this](const std::string& secret) { secrets.push_back(secret); });
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
};

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_CASE_FIXTURE(Folder, "every key of the configuration reaches its setting, in YAML and in TOML") {
  const Settings yaml = read(R"(
data_dir: state
server: {host: [127.0.0.1, "::1"], port: 9000, allowed_hosts: [box], max_body: 1 MiB, max_connections: 7, drain_timeout: 2m}
plugins: {directories: [./p2], auto_discovery: false, first_party: false, timeout: 60, max_concurrency: 3, trusted: [resize]}
runtime: {grace: 500ms, idle: 1m, memory: 1 GiB}
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
  ::setenv("MORTISE_SETTINGS_TEST", "s3cret-host", 1);
  CHECK(read("server: {allowed_hosts: [\"${MORTISE_SETTINGS_TEST}\"]}").server.allowed_hosts ==
        std::vector<std::string>{"s3cret-host"});
  CHECK(secrets == std::vector<std::string>{"s3cret-host"});
  ::unsetenv("MORTISE_SETTINGS_TEST");
  CHECK(has(refusal("server: {host: \"${MORTISE_SETTINGS_TEST}\"}").what(), "MORTISE_SETTINGS_TEST"));
}
