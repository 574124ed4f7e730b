// Runs that begin or go on once more, and the dead letters of those that failed.
#include "base/clock.h"
#include "base/redact.h"
#include "http/api.h"
#include "http/openapi.h"
#include "http/run_start.h"
#include "jobs/core/dead_letters.h"

namespace mortise::http {
namespace {

using namespace schema;

const Parameter which_run{"id", "the run's id", string()};
const Parameter which_letter{"id", "the letter's id", string()};
const Parameter whether_to_wait{"wait", "whether to wait for the end; false when absent", boolean()};

std::string text_in(const Value& body, std::string_view key) {
  const Value* value = body.find(key);
  if (value == nullptr || value->is_null()) return {};
  if (value->is(Kind::string)) return std::string(value->as_string());
  throw Error(Code::invalid, "'" + std::string(key) + "' must be a text, got " + name_of(value->kind()))
      .with("key", std::string(key));
}

// As executePipeline answers: the outcome, or the id when nobody waits for it.
Response answer(const Api& api, const Request& request, jobs::Pipelines::Handle handle, const char* what) {
  StartedRun run{std::move(handle), {}, std::chrono::steady_clock::now()};
  run.id = jobs::Pipelines::id_of(run.handle);
  api.runs.started(run.id);
  api.log.info(what, {{"run", run.id}, {"by", name_of(request.principal)}});
  if (request.bool_parameter("wait", false)) return Response::json(finished_answer(api, run, AnswerContext::whole));
  return Response::json(Value::map({{"run_id", run.id}, {"state", "running"}}), 202);
}

Response resume(const Api& api, const Request& request) {
  return answer(api, request, api.pipelines.resume(std::string(request.variable("id"))), "run resumed");
}

Response retry(const Api& api, const Request& request) {
  return answer(api, request, api.pipelines.retry(std::string(request.variable("id"))), "run retried");
}

Response rerun(const Api& api, const Request& request) {
  const Value body = request.json();
  return answer(api, request, api.pipelines.rerun(std::string(request.variable("id")), text_in(body, "from")),
                "run repeated");
}

Value letter_value(const jobs::DeadLetter& letter) {
  return Value::map({{"id", letter.id},
                     {"run_id", letter.run},
                     {"pipeline", letter.pipeline},
                     {"step", letter.position ? Value(*letter.position) : Value()},
                     {"step_name", letter.step},
                     {"plugin", letter.plugin},
                     {"state", letter.state},
                     {"code", letter.code},
                     {"reason", letter.reason},
                     {"attempts", letter.attempts},
                     {"drives", letter.drives},
                     {"created", to_rfc3339(letter.created)},
                     {"changed", to_rfc3339(letter.changed)}});
}

Response list_letters(const Api& api, const Request& request) {
  jobs::DeadLetters::Filter filter;
  filter.state = request.parameter("state").value_or("");
  filter.pipeline = request.parameter("pipeline").value_or("");
  filter.run = request.parameter("run").value_or("");
  filter.before = request.parameter("before").value_or("");
  filter.limit = static_cast<std::uint32_t>(request.int_parameter("limit", 100, 1, 1000));
  Value letters = Value::list();
  for (const jobs::DeadLetter& letter : api.dead_letters.list(filter)) letters.push_back(letter_value(letter));
  return Response::json(Value::map({{"dead_letters", letters}}));
}

Response show_letter(const Api& api, const Request& request) {
  const jobs::DeadLetter letter = api.dead_letters.get(std::string(request.variable("id")));
  Value page = letter_value(letter);
  page.set("error", letter.error);
  page.set("input", letter.input);
  return Response::json(api.log.redactor().clean(page));
}

// The run of the letter is taken up again, with all that failed in it.
Response drive(const Api& api, const Request& request) {
  const jobs::DeadLetter letter = api.dead_letters.get(std::string(request.variable("id")));
  if (letter.state != "open") {
    throw Error(Code::conflict,
                "the dead letter '" + letter.id + "' is " + letter.state + "; only open ones can be driven",
                "`mortise runs show " + letter.run + "` tells how its run is")
        .with("letter", letter.id)
        .with("got", letter.state);
  }
  return answer(api, request, api.pipelines.retry(letter.run), "dead letter driven");
}

Response discard(const Api& api, const Request& request) {
  const std::string id(request.variable("id"));
  api.dead_letters.discard(id);
  api.log.info("dead letter discarded", {{"letter", id}, {"by", name_of(request.principal)}});
  return Response::json(Value::map({{"id", id}, {"state", "discarded"}}));
}

Value started_schema() { return object({{"run_id", string()}, {"state", string()}}, {"run_id", "state"}); }

Value letter_schema() {
  return object({{"id", string()},
                 {"run_id", string()},
                 {"pipeline", string()},
                 {"step", nullable(integer("from 0; null: the run as a whole"))},
                 {"step_name", string()},
                 {"plugin", string()},
                 {"state", one_of({"open", "driven", "resolved", "discarded"})},
                 {"code", string()},
                 {"reason", string()},
                 {"attempts", integer()},
                 {"drives", integer("how often it was driven")},
                 {"created", time()},
                 {"changed", time()},
                 {"error", anything("with one letter: the whole chain of errors")},
                 {"input", anything("with one letter: {config, input, data, key}, cut to what can be looked at")}},
                {"id", "run_id", "state", "reason"});
}

struct Again {
  const char* path;
  const char* id;
  const char* tag;
  const char* summary;
  const char* description;
};

void add_again(Router& router, const Again& again, const Parameter& which, Value body,
               std::function<Response(const Request&)> handler) {
  router.add({.method = Method::post,
              .pattern = again.path,
              .id = again.id,
              .tag = again.tag,
              .summary = again.summary,
              .description = again.description,
              .parameters = {which, whether_to_wait},
              .request = std::move(body),
              .response = started_schema(),
              .success = 202,
              .errors = {Code::not_found, Code::conflict, Code::busy},
              .work = Work::waiting,
              .handler = answering(std::move(handler))});
}

void add_letters(Router& router, const Api& api) {
  router.add({.pattern = "/api/v1/dead-letters",
              .id = "listDeadLetters",
              .tag = "dead letters",
              .summary = "What failed for good, newest first",
              .parameters = {{"state", "only in this state", one_of({"open", "driven", "resolved", "discarded"})},
                             {"pipeline", "only of this pipeline", string()},
                             {"run", "only of this run", string()},
                             {"before", "only older than this letter, for paging", string()},
                             {"limit", "at most so many, 100 when absent", integer()}},
              .response = object({{"dead_letters", list(letter_schema())}}, {"dead_letters"}),
              .handler = answering([&api](const Request& request) { return list_letters(api, request); })});
  router.add({.pattern = "/api/v1/dead-letters/{id}",
              .id = "getDeadLetter",
              .tag = "dead letters",
              .summary = "One dead letter with its input and its chain of errors",
              .parameters = {which_letter},
              .response = letter_schema(),
              .errors = {Code::not_found},
              .handler = answering([&api](const Request& request) { return show_letter(api, request); })});
  router.add({.method = Method::del,
              .pattern = "/api/v1/dead-letters/{id}",
              .id = "discardDeadLetter",
              .tag = "dead letters",
              .summary = "Decide that a dead letter does not matter any more",
              .parameters = {which_letter},
              .response = object({{"id", string()}, {"state", string()}}),
              .errors = {Code::not_found, Code::conflict},
              .handler = answering([&api](const Request& request) { return discard(api, request); })});
}

}  // namespace

void add_again_routes(Router& router, const Api& api) {
  add_again(router,
            {"/api/v1/runs/{id}/resume", "resumeRun", "runs", "Go on with an interrupted run",
             "Finished steps are not run again. A server goes on with its own runs by itself."},
            which_run, {}, [&api](const Request& request) { return resume(api, request); });
  add_again(router,
            {"/api/v1/runs/{id}/retry", "retryRun", "runs", "Take a run that failed or was cancelled up again",
             "Only what has not succeeded runs, with the same idempotency keys."},
            which_run, {}, [&api](const Request& request) { return retry(api, request); });
  add_again(router,
            {"/api/v1/runs/{id}/rerun", "rerunRun", "runs", "Repeat a run as a new one, wholly or from a step",
             "With `from`, that step and what comes after it run; other steps that had succeeded keep their results."},
            which_run, object({{"from", string("the name of a step")}}),
            [&api](const Request& request) { return rerun(api, request); });
  add_letters(router, api);
  add_again(router,
            {"/api/v1/dead-letters/{id}/drive", "driveDeadLetter", "dead letters",
             "Take the run of a dead letter up again", "As retryRun, of the letter's run."},
            which_letter, {}, [&api](const Request& request) { return drive(api, request); });
}

}  // namespace mortise::http
