// Reads pipeline files. Every error says step and key in its text, and file, line and step in its details.
#include <algorithm>
#include <filesystem>
#include <map>

#include "base/config_tree.h"
#include "jobs/pipelines/pipelines.h"

namespace mortise::jobs {
namespace {

constexpr std::size_t max_steps = 1000;
constexpr std::int64_t max_attempts = 100;

// The message with the place in front and `name: value` beside it.
Error prefixed(const Error& error, const std::string& prefix) {
  Error copy(error.code(), prefix + error.what(), error.hint());
  for (const auto& [name, value] : error.details()) copy.with(name, value);
  if (error.cause() != nullptr) copy.because(*error.cause());
  return copy;
}

std::chrono::milliseconds positive_duration(const Node& node) {
  std::chrono::milliseconds duration{};
  try {
    duration = std::chrono::duration_cast<std::chrono::milliseconds>(node.as_duration());
  } catch (const Error&) {
    throw node.expected("a duration such as 30, 500ms, 30s or 2m");
  }
  if (duration.count() <= 0) throw node.expected("a duration longer than 0, such as 30s");
  return duration;
}

Retry read_retry(const Node& node) {
  Retry retry;
  if (!node.is(Node::Kind::map)) {
    retry.attempts = static_cast<std::uint32_t>(node.as_int64(1, max_attempts));
    return retry;
  }
  node.forbid_unknown({"attempts", "delay", "backoff", "factor", "max_delay"});
  retry.attempts = static_cast<std::uint32_t>(node.at("attempts").as_int64(1, max_attempts));
  if (const auto delay = node.find("delay")) retry.delay = positive_duration(*delay);
  if (const auto most = node.find("max_delay")) retry.max_delay = positive_duration(*most);
  if (const auto backoff = node.find("backoff")) {
    const std::string kind = backoff->as_string();
    if (kind != "exponential" && kind != "constant") throw backoff->expected("exponential or constant");
    if (kind == "constant") retry.factor = 1;
  }
  if (const auto factor = node.find("factor")) {
    retry.factor = factor->as_float64();
    const bool sane = retry.factor >= 1 && retry.factor <= 100;  // and no NaN
    if (!sane) throw factor->expected("a number from 1 to 100");
  }
  return retry;
}

plugin::FailurePolicy read_on_failure(const Node& node) {
  const std::string policy = node.as_string();
  if (policy == "stop") return plugin::FailurePolicy::stop;
  if (policy == "report") return plugin::FailurePolicy::report;
  throw node.expected("stop or report");
}

OnInterrupt read_on_interrupt(const Node& node) {
  const std::string policy = node.as_string();
  if (policy == "rerun") return OnInterrupt::rerun;
  if (policy == "fail") return OnInterrupt::fail;
  throw node.expected("rerun or fail");
}

Condition read_when(const Node& node) {
  try {
    return Condition::parse(node.as_text());
  } catch (const Error& error) {
    throw node.problem(error.what(), error.hint());
  }
}

std::string read_name(const Node& map) {
  const Node node = map.at("name");
  std::string name = node.as_text();
  if (name.empty() || name.size() > 200) throw node.expected("a name of 1 to 200 bytes");
  return name;
}

Step read_step_keys(const Node& node) {
  if (!node.is(Node::Kind::map)) throw node.expected("a map with name and plugin");
  node.forbid_unknown(
      {"name", "plugin", "config", "output", "needs", "when", "retry", "timeout", "on_failure", "on_interrupt"});
  Step step;
  step.line = static_cast<int>(node.line());
  step.name = read_name(node);
  step.plugin = node.at("plugin").as_string();
  if (const auto config = node.find("config"); config && !config->is_null()) {
    if (!config->is(Node::Kind::map)) throw config->expected("a map");
    step.config = to_value(*config);
  }
  if (const auto output = node.find("output"); output && !output->is_null()) step.output = output->as_text();
  if (const auto when = node.find("when")) step.when = read_when(*when);
  if (const auto retry = node.find("retry")) step.retry = read_retry(*retry);
  if (const auto timeout = node.find("timeout")) step.timeout = positive_duration(*timeout);
  if (const auto policy = node.find("on_failure")) step.on_failure = read_on_failure(*policy);
  if (const auto policy = node.find("on_interrupt")) step.on_interrupt = read_on_interrupt(*policy);
  return step;
}

// Adds "step 2 (Filter): " to whatever is wrong with it.
Step read_step(const Node& node, std::size_t index) {
  try {
    return read_step_keys(node);
  } catch (const Error& error) {
    std::string where = "step " + std::to_string(index + 1);
    if (node.is(Node::Kind::map)) {
      const auto name = node.find("name");
      if (name && !name->text().empty()) where += " (" + name->text() + ")";
    }
    throw prefixed(error, where + ": ").with("step_number", std::to_string(index + 1));
  }
}

// Steps may name later ones: only the circle is wrong. Fills `needs` of every step.
void resolve_needs(Pipeline& pipeline, const std::vector<Node>& nodes) {
  std::map<std::string, std::size_t, std::less<>> by_name;
  std::string all;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!by_name.emplace(pipeline.steps[i].name, i).second) {
      throw nodes[i].at("name").problem("the step name '" + pipeline.steps[i].name + "' is not unique in the pipeline",
                                        "rename one of them");
    }
    all += (i == 0 ? "" : ", ") + pipeline.steps[i].name;
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto needs = nodes[i].find("needs");
    if (!needs) {
      if (i > 0) pipeline.steps[i].needs = {i - 1};
      continue;
    }
    for (const Node& need : needs->items()) {
      const auto found = by_name.find(need.as_text());
      if (found == by_name.end()) throw need.expected("the name of a step of this pipeline (" + all + ")");
      pipeline.steps[i].needs.push_back(found->second);
    }
  }
}

// Depth-first; a step that is met again on the present path closes a circle.
void refuse_circles(const Pipeline& pipeline, const std::vector<Node>& nodes) {
  enum class Mark : char { fresh, open, done };
  std::vector<Mark> marks(pipeline.steps.size(), Mark::fresh);
  struct Frame {
    std::size_t step;
    std::size_t next;
  };
  for (std::size_t start = 0; start < marks.size(); ++start) {
    std::vector<Frame> path;
    if (marks[start] == Mark::fresh) path.push_back({start, 0});
    while (!path.empty()) {
      Frame& frame = path.back();
      marks[frame.step] = Mark::open;
      if (frame.next == pipeline.steps[frame.step].needs.size()) {
        marks[frame.step] = Mark::done;
        path.pop_back();
        continue;
      }
      const std::size_t need = pipeline.steps[frame.step].needs[frame.next++];
      if (marks[need] == Mark::fresh) {
        path.push_back({need, 0});
      } else if (marks[need] == Mark::open) {
        std::string circle = pipeline.steps[need].name;
        for (auto link = path.rbegin(); link != path.rend(); ++link) {
          circle += " <- " + pipeline.steps[link->step].name;
          if (link->step == need) break;
        }
        throw nodes[need].problem("needs go in a circle: " + circle, "take one of these needs out");
      }
    }
  }
}

// Two steps that may run at once must not write the same entry.
void refuse_shared_outputs(const Pipeline& pipeline, const std::vector<Node>& nodes) {
  std::map<std::string, std::vector<std::size_t>> writers;
  for (std::size_t i = 0; i < pipeline.steps.size(); ++i) {
    if (!pipeline.steps[i].output.empty()) writers[pipeline.steps[i].output].push_back(i);
  }
  for (const auto& [output, steps] : writers) {
    if (steps.size() < 2) continue;
    for (const std::size_t later : steps) {
      const std::vector<bool> before = ancestors_of(pipeline, later);
      for (const std::size_t other : steps) {
        if (other >= later || before[other] || ancestors_of(pipeline, other)[later]) continue;
        throw nodes[later].at("output").problem("steps '" + pipeline.steps[other].name + "' and '" +
                                                    pipeline.steps[later].name +
                                                    "' may run at once and both have the output '" + output + "'",
                                                "give them different outputs, or let one need the other");
      }
    }
  }
}

Pipeline read_pipeline(const Node& node, const std::string& file) {
  if (!node.is(Node::Kind::map)) throw node.expected("a map with name and steps");
  node.forbid_unknown({"name", "description", "enabled", "on_interrupt", "schedule", "steps"});
  Pipeline pipeline;
  pipeline.file = file;
  pipeline.name = read_name(node);
  pipeline.description = node.string_or("description", "");
  pipeline.enabled = node.bool_or("enabled", true);
  if (const auto schedule = node.find("schedule"); schedule && !schedule->is_null())
    pipeline.schedule = read_schedule_spec(*schedule);
  const Node list = node.at("steps");
  const std::vector<Node> nodes = list.items();
  if (nodes.empty()) throw list.expected("a list of at least one step");
  if (nodes.size() > max_steps) throw list.expected("at most " + std::to_string(max_steps) + " steps");
  for (std::size_t i = 0; i < nodes.size(); ++i) pipeline.steps.push_back(read_step(nodes[i], i));
  if (const auto policy = node.find("on_interrupt")) {
    const OnInterrupt common = read_on_interrupt(*policy);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (!nodes[i].has("on_interrupt")) pipeline.steps[i].on_interrupt = common;
    }
  }
  resolve_needs(pipeline, nodes);
  refuse_circles(pipeline, nodes);
  refuse_shared_outputs(pipeline, nodes);
  return pipeline;
}

std::vector<Pipeline> read_all(const Node& top, const std::string& origin, const EnvironmentLookup& environment) {
  std::vector<std::string> secrets;
  const std::string folder = std::filesystem::absolute(origin).parent_path().string();
  if (top.is_null()) throw top.problem("the file is empty; expected `pipelines:` with a list of pipelines");
  if (!top.is(Node::Kind::map)) throw top.expected("a map with the key 'pipelines'");
  // ${PIPELINE_DIR} is answered here, and is no secret.
  expand_environment(
      top,
      [&](const std::string& name) -> std::optional<std::string> {
        return name == "PIPELINE_DIR" ? folder : environment(name);
      },
      [&](const std::string& value) {
        if (value != folder) secrets.push_back(value);
      });
  std::vector<Pipeline> pipelines;
  if (const auto list = top.find("pipelines")) {
    const std::vector<Node> nodes = list->items();
    if (nodes.empty()) throw list->expected("a list of at least one pipeline");
    for (const Node& node : nodes) pipelines.push_back(read_pipeline(node, origin));
  } else if (top.has("steps")) {
    pipelines.push_back(read_pipeline(top, origin));
  } else {
    throw top
        .problem("missing key 'pipelines'",
                 "a pipeline file begins with `pipelines:` and a list; see docs/pipelines.md")
        .with("key", "pipelines");
  }
  for (Pipeline& pipeline : pipelines) pipeline.secrets = secrets;
  return pipelines;
}

Pipeline choose(std::vector<Pipeline> pipelines, const std::string& origin, const std::string& name) {
  if (name.empty()) {
    const auto enabled = std::find_if(pipelines.begin(), pipelines.end(), [](const Pipeline& p) { return p.enabled; });
    return enabled == pipelines.end() ? std::move(pipelines.front()) : std::move(*enabled);
  }
  std::string names;
  for (Pipeline& pipeline : pipelines) {
    if (pipeline.name == name) return std::move(pipeline);
    names += (names.empty() ? "" : ", ") + pipeline.name;
  }
  throw Error(Code::not_found, "no pipeline '" + name + "' in the file", "it has: " + names)
      .with("file", origin)
      .with("expected", names)
      .with("got", name);
}

}  // namespace

std::vector<Pipeline> read_pipeline_list(const std::string& path, const EnvironmentLookup& environment) {
  const std::string text = read_config_text(path);
  std::vector<Pipeline> pipelines = read_all(parse_config(text, path), path, environment);
  const PipelineSyntax syntax = path.ends_with(".json")   ? PipelineSyntax::json
                                : path.ends_with(".toml") ? PipelineSyntax::toml
                                                          : PipelineSyntax::yaml;
  for (Pipeline& pipeline : pipelines) {
    pipeline.text = text;
    pipeline.syntax = syntax;
  }
  return pipelines;
}

Pipeline read_pipeline_file(const std::string& path, const std::string& name, const EnvironmentLookup& environment) {
  return choose(read_pipeline_list(path, environment), path, name);
}

Pipeline parse_pipeline(std::string_view text, const std::string& origin, PipelineSyntax syntax,
                        const std::string& name, const EnvironmentLookup& environment) {
  const Node top = syntax == PipelineSyntax::json   ? parse_json_config(text, origin)
                   : syntax == PipelineSyntax::toml ? parse_toml(text, origin)
                                                    : parse_yaml(text, origin);
  Pipeline pipeline = choose(read_all(top, origin, environment), origin, name);
  pipeline.text = text;
  pipeline.syntax = syntax;
  return pipeline;
}

}  // namespace mortise::jobs
