#include "base/error.h"
#include "data/value_json.h"
#include "http/api.h"
#include "http/event_stream.h"
#include "http/openapi.h"
#include "http/run_start.h"

namespace mortise::http {
namespace {

using namespace schema;

Value step_value(const jobs::Step& step) {
  return Value::map({{"name", step.name}, {"plugin", step.plugin}, {"config", step.config}, {"output", step.output}});
}

Value entry_value(const PipelineCatalog::Entry& entry) {
  Value value = Value::map({{"id", entry.id},
                            {"name", entry.name},
                            {"file", entry.file},
                            {"registered", entry.origin == PipelineCatalog::Origin::registered}});
  if (entry.problem) value.set("problem", error_body(*entry.problem));
  if (!entry.pipeline) return value;
  value.set("description", entry.pipeline->description);
  value.set("enabled", entry.pipeline->enabled);
  Value steps = Value::list();
  for (const jobs::Step& step : entry.pipeline->steps) steps.push_back(step_value(step));
  value.set("steps", steps);
  return value;
}

Response register_pipeline(const Api& api, const Request& request) {
  const Value body = request.json();
  const Value* pipeline = body.find("pipeline");
  if (pipeline == nullptr || !pipeline->is(Kind::map)) {
    throw Error(Code::invalid, "the body needs a map 'pipeline'", R"(send {"pipeline": {"name": ..., "steps": [...]}})")
        .with("key", "pipeline");
  }
  const std::string text = data::to_json(*pipeline, {.indent = 2});
  const auto as_written = [](const std::string& name) -> std::optional<std::string> { return "${" + name + "}"; };
  const jobs::Pipeline read = jobs::parse_pipeline(text, "pipeline", jobs::PipelineSyntax::json, "", as_written);
  return Response::json(entry_value(api.catalog.add(read.name, text)), 201);
}

// Answered with an Error's own status only when the request itself is wrong; what is wrong with the pipeline is the answer.
Response validate(const Api& api, const Request& request) {
  const jobs::RunRequest wanted = read_run_request(api, request);
  Value findings = Value::list();
  for (const jobs::Finding& finding : api.pipelines.validate(wanted.pipeline, wanted.folder)) {
    Value body = error_body(finding.error);
    body.set("step", finding.step + 1);  // as the text has it
    findings.push_back(body);
  }
  return Response::json(Value::map({{"valid", findings.size() == 0},
                                    {"name", wanted.pipeline.name},
                                    {"steps", wanted.pipeline.steps.size()},
                                    {"findings", findings}}));
}

// First `run.accepted`, then the run's own events, at the end `run.result` with what the plain answer would be.
Response execute_as_stream(const Api& api, StartedRun run, AnswerContext context) {
  return event_stream([&api, run = std::move(run), context](Stream& stream) {
    stream.send(event_text({}, "run.accepted", Value::map({{"run_id", run.id}})));
    const auto watch = watch_run(api, run.id, 0);
    if (forward_events(*watch, stream)) stream.send(event_text({}, "run.result", finished_answer(api, run, context)));
  });
}

Response execute(const Api& api, const Request& request) {
  const bool wait = request.bool_parameter("wait", true);
  const auto context = request.bool_parameter("context", true) ? AnswerContext::whole : AnswerContext::left_out;
  StartedRun run = start_run(api, read_run_request(api, request));
  if (!wait) return Response::json(accepted_answer(run), 202);
  const bool streams = request.header("accept").find("text/event-stream") != std::string_view::npos;
  return streams ? execute_as_stream(api, std::move(run), context) : Response::json(finished_answer(api, run, context));
}

Response start(const Api& api, const Request& request) {
  const StartedRun run = start_run(api, read_run_request(api, request));
  Response response = Response::json(Value::map({{"run_id", run.id}, {"state", "running"}}), 202);
  response.headers.emplace_back("Location", "/api/v1/runs/" + run.id);
  return response;
}

Value request_schema() {
  return object({{"pipeline_id", string("of GET /api/v1/pipelines")},
                 {"pipeline_name", string("also: which of the pipelines of pipeline_file")},
                 {"pipeline_file", string("path; relative ones start at `folder`")},
                 {"pipeline", object({{"name", string()}, {"steps", list(object({}))}}, {"name", "steps"})},
                 {"folder", string("where relative paths of the steps start; the server's own when absent")},
                 {"context", object({})},
                 {"trace", boolean("tell the context's keys after each step")}});
}

Value entry_schema() {
  return object(
      {{"id", string()},
       {"name", string()},
       {"file", string()},
       {"registered", boolean()},
       {"description", string()},
       {"enabled", boolean()},
       {"steps",
        list(object({{"name", string()}, {"plugin", string()}, {"config", object({})}, {"output", string()}}))}},
      {"id", "name", "file"});
}

Value answer_schema() {
  return object({{"success", boolean()},
                 {"data", object({{"success", boolean("whether the run succeeded")},
                                  {"error", nullable(string())},
                                  {"context", nullable(object({}))},
                                  {"executed_at", time()},
                                  {"run_id", string()},
                                  {"state", string()},
                                  {"elapsed_ms", number()},
                                  {"steps", list(object({}))}},
                                 {"run_id", "state"})}},
                {"success", "data"});
}

const Parameter which_pipeline{"id", "the pipeline's id", string()};

void add_catalog(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/pipelines",
              .id = "listPipelines",
              .tag = "pipelines",
              .summary = "The pipelines that are known",
              .response = list(entry_schema()),
              .handler = answering([&api](const Request&) {
                Value all = Value::list();
                for (const auto& entry : api.catalog.list()) all.push_back(entry_value(entry));
                return Response::json(all);
              })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/pipelines",
              .id = "registerPipeline",
              .tag = "pipelines",
              .summary = "Make a pipeline known by its name",
              .request = object({{"pipeline", object({})}}, {"pipeline"}),
              .response = entry_schema(),
              .success = 201,
              .errors = {Code::conflict},
              .handler = answering([&api](const Request& request) { return register_pipeline(api, request); })});
  router.add({.pattern = "/api/v1/pipelines/{id}",
              .id = "getPipeline",
              .tag = "pipelines",
              .summary = "One pipeline with its steps",
              .parameters = {which_pipeline},
              .response = entry_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) {
                return Response::json(entry_value(api.catalog.with_id(request.variable("id"))));
              })});
  router.add({.method = Method::del,
              .pattern = "/api/v1/pipelines/{id}",
              .id = "removePipeline",
              .tag = "pipelines",
              .summary = "Forget a registered pipeline",
              .parameters = {which_pipeline},
              .response = object({{"removed", string()}}),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) {
                api.catalog.remove(request.variable("id"));
                return Response::json(Value::map({{"removed", request.variable("id")}}));
              })});
}

}  // namespace

void add_pipeline_routes(Router& router, const Api& api) {
  add_catalog(router, api);
  router.add({.method = Method::post,
              .pattern = "/api/v1/pipelines/validate",
              .id = "validatePipeline",
              .tag = "pipelines",
              .summary = "Check every step of a pipeline and run none",
              .request = request_schema(),
              .response = object(
                  {{"valid", boolean()}, {"name", string()}, {"steps", integer()}, {"findings", list(error_schema())}},
                  {"valid", "findings"}),
              .errors = {Code::not_found, Code::conflict},
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) { return validate(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/pipelines/execute",
              .id = "executePipeline",
              .tag = "pipelines",
              .summary = "Run a pipeline",
              .description = "Waits for its end, unless wait=false: then the answer is 202 with the run's id. A run "
                             "that fails is answered with status 200 "
                             "and data.success false. `Accept: text/event-stream` gives the run's events and, as the "
                             "last one, run.result.",
              .parameters = {{"wait", "whether to wait for the end; true when absent", boolean()},
                             {"context", "false: leave the context out of the answer", boolean()}},
              .request = request_schema(),
              .response = answer_schema(),
              .errors = {Code::not_found, Code::conflict},
              .work = Work::waiting,
              .handler = answering([&api](const Request& request) { return execute(api, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/v1/runs",
              .id = "startRun",
              .tag = "runs",
              .summary = "Start a pipeline and do not wait for it",
              .request = request_schema(),
              .response = object({{"run_id", string()}, {"state", string()}}, {"run_id", "state"}),
              .success = 202,
              .errors = {Code::not_found, Code::conflict},
              .handler = answering([&api](const Request& request) { return start(api, request); })});
}

}  // namespace mortise::http
