#include <doctest/doctest.h>

#include "base/error.h"
#include "jobs/pipelines/pipelines.h"

using namespace mortise;
using namespace mortise::jobs;
using namespace std::chrono_literals;

namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "API_KEY") return "s3cr3t-value";
  return std::nullopt;
}

Pipeline parse(std::string_view text, const std::string& name = {}) {
  return parse_pipeline(text, "p.yaml", PipelineSyntax::yaml, name, environment);
}

std::string failure(std::string_view text, const std::string& name = {}) {
  try {
    (void)parse(text, name);
  } catch (const Error& error) {
    return location_of(error) + ": " + error.what();
  }
  return "no error";
}

constexpr std::string_view guide_shape = R"(
pipelines:
  - name: "Tide tables"
    steps:
      - name: "Find the turns"
        plugin: "Data_Processing.slack_water"
        config:
          place: "Husum"
          flag: true
          ratio: 0.5
          count: 3
        output: "turns"
)";

}  // namespace

TEST_CASE("a file in the guide's shape keeps name, plugin, config and output of each step (M-26, M-27)") {
  const Pipeline pipeline = parse(guide_shape);
  CHECK(pipeline.name == "Tide tables");
  REQUIRE(pipeline.steps.size() == 1);
  const Step& step = pipeline.steps[0];
  CHECK(step.name == "Find the turns");
  CHECK(step.plugin == "Data_Processing.slack_water");
  CHECK(step.output == "turns");
  CHECK(step.config == Value::map({{"place", "Husum"}, {"flag", true}, {"ratio", 0.5}, {"count", 3}}));
  CHECK(step.line == 5);
}

TEST_CASE("steps come one after the other unless they say what they need") {
  const Pipeline pipeline = parse(R"(
name: P
steps:
  - {name: a, plugin: X}
  - {name: b, plugin: X}
  - {name: c, plugin: X, needs: []}
  - {name: d, plugin: X, needs: [a, c]}
)");
  CHECK(pipeline.steps[0].needs.empty());
  CHECK(pipeline.steps[1].needs == std::vector<std::size_t>{0});
  CHECK(pipeline.steps[2].needs.empty());
  CHECK(pipeline.steps[3].needs == std::vector<std::size_t>{0, 2});
  CHECK(ancestors_of(pipeline, 3) == std::vector<bool>{true, false, true, false});
}

TEST_CASE("of several pipelines the named one is taken, else the first enabled, else the first") {
  constexpr std::string_view text = R"(
pipelines:
  - {name: one, enabled: false, steps: [{name: a, plugin: X}]}
  - {name: two, steps: [{name: a, plugin: X}]}
)";
  CHECK(parse(text).name == "two");
  CHECK(parse(text, "one").name == "one");
  CHECK(failure(text, "three") == "p.yaml: no pipeline 'three' in the file");
}

TEST_CASE("retry, timeout, when and on_failure are read with their defaults") {
  const Pipeline pipeline = parse(R"(
name: P
steps:
  - {name: a, plugin: X, retry: 3, timeout: 1.5, when: "n > 1", on_failure: report}
  - {name: b, plugin: X, retry: {attempts: 5, delay: 100ms, backoff: constant}, timeout: 2m}
)");
  const Step& a = pipeline.steps[0];
  CHECK(a.retry.attempts == 3);
  CHECK(a.retry.before(2) == 1000ms);
  CHECK(a.retry.before(3) == 2000ms);
  CHECK(a.retry.before(20) == 30'000ms);
  CHECK(a.timeout == 1500ms);
  REQUIRE(a.when);
  CHECK(a.when->text() == "n > 1");
  CHECK(a.on_failure == plugin::FailurePolicy::report);
  const Step& b = pipeline.steps[1];
  CHECK(b.retry.before(4) == 100ms);
  CHECK(b.timeout == 120'000ms);
  CHECK_FALSE(b.on_failure);
}

TEST_CASE("what comes from the environment is a secret, PIPELINE_DIR is not") {
  const Pipeline pipeline = parse(R"(
name: P
steps:
  - {name: a, plugin: X, config: {key: "${API_KEY}", folder: "${PIPELINE_DIR}", literal: "$${API_KEY}"}}
)");
  const Value& config = pipeline.steps[0].config;
  CHECK(config.at("key").as_string() == "s3cr3t-value");
  CHECK(config.at("literal").as_string() == "${API_KEY}");
  CHECK(config.at("folder").as_string().front() == '/');
  CHECK(pipeline.secrets == std::vector<std::string>{"s3cr3t-value"});
}

TEST_CASE("errors begin with file and line, and name the step, the key, what was expected and what was there") {
  CHECK(failure("name: P\nsteps:\n  - {name: a, plugin: X, timeout: soon}\n") ==
        "p.yaml:3:35: step 1 (a): steps[0].timeout: expected a duration such as 30, 500ms, 30s or 2m, got \"soon\"");
  CHECK(failure("name: P\nsteps:\n  - {name: a, plugin: X, when: 'a = 1'}\n").find(": step 1 (a): steps[0].when: ") !=
        std::string::npos);
  CHECK(failure("name: P\nsteps:\n  - {name: a, plugin: X, needs: [b]}\n  - {name: b, plugin: X, needs: [a]}\n")
            .find("needs go in a circle: a <- b <- a") != std::string::npos);
  CHECK(failure("name: P\nsteps:\n  - {name: a, plugin: X, needs: [a]}\n").find("circle: a <- a") != std::string::npos);
  CHECK(failure("name: P\nsteps:\n  - {name: a, plugin: X}\n  - {name: a, plugin: X}\n").starts_with("p.yaml:4:"));
}

TEST_CASE("two steps that may run at once must not share an output; one after the other may") {
  CHECK(failure("name: P\nsteps:\n  - {name: a, plugin: X, needs: [], output: o}\n"
                "  - {name: b, plugin: X, needs: [], output: o}\n")
            .find("steps 'a' and 'b' may run at once and both have the output 'o'") != std::string::npos);
  CHECK(parse("name: P\nsteps:\n  - {name: a, plugin: X, output: o}\n  - {name: b, plugin: X, output: o}\n")
            .steps.size() == 2);
}
