#include "jobs/pipelines/restore.h"

#include <algorithm>
#include <map>

namespace mortise::jobs {
namespace {

constexpr std::string_view syntax_words[] = {"yaml", "json", "toml"};

// The rows of one step: its attempts, and perhaps one that stands for the attempt to come.
struct StepHistory {
  const StepRecord* waiting = nullptr;  // attempt 0
  const StepRecord* last = nullptr;     // the highest other one
  std::uint32_t failures = 0, interruptions = 0;
};

std::vector<StepHistory> histories_of(const std::vector<StepRecord>& records, std::size_t steps, std::uint32_t round) {
  std::vector<StepHistory> all(steps);
  for (const StepRecord& record : records) {  // by index, then attempt
    StepHistory& history = all.at(record.index);
    if (record.attempt == 0) {
      history.waiting = &record;
      continue;
    }
    history.last = &record;
    if (record.round != round) continue;
    if (record.state == "failed" && record.verdict == "retry") ++history.failures;
    if (record.state == "interrupted" || record.state == "running") ++history.interruptions;
  }
  return all;
}

Error error_of(const Value& object) {
  const auto text = [&](std::string_view key) {
    const Value* value = object.find(key);
    return value != nullptr && value->is(Kind::string) ? std::string(value->as_string()) : std::string();
  };
  Error error(code_named(text("code")).value_or(Code::internal), text("message"), text("hint"));
  if (const Value* details = object.find("details"); details != nullptr && details->is(Kind::map)) {
    for (const Member& detail : details->members()) {
      if (detail.value().is(Kind::string))
        error.with(std::string(detail.key()), std::string(detail.value().as_string()));
    }
  }
  return error;
}

void fill_in(StepState& state, const StepRecord& record) {
  state.rows = record.rows.value_or(-1);
  state.worker_pid = record.worker_pid;
  state.bytes_copied = record.bytes_copied;
  state.elapsed = std::chrono::nanoseconds(record.elapsed_ns);
  if (!record.error.is_null()) state.error = error_of(record.error);
}

void fill_in(StepState& state, const StepHistory& history) {
  state.attempts = history.last == nullptr ? 0 : history.last->attempt;
  state.failures = history.failures;
  state.interruptions = history.interruptions;
  const bool waits = history.waiting != nullptr && history.waiting->state == "pending";
  const StepRecord& record = waits || history.last == nullptr ? *history.waiting : *history.last;
  state.open_attempt = record.attempt;
  if (record.state == "pending" || (record.state == "failed" && record.verdict == "retry")) return;
  if (record.state == "interrupted" || record.state == "running") {
    state.lost = true;
    return;
  }
  fill_in(state, record);
  if (record.state == "succeeded") state.phase = StepPhase::succeeded;
  if (record.state == "skipped") state.phase = StepPhase::skipped;
  if (record.state == "cancelled") state.phase = StepPhase::cancelled;
  if (record.state == "failed") state.phase = StepPhase::failed;
  state.tolerated = record.verdict == "tolerated";
}

// What was written last wins, as it did then.
void restore_context(Pipelines::Run& run, std::vector<std::pair<Time, std::uint32_t>> finished,
                     const std::string& source, const Checkpoints& checkpoints) {
  std::sort(finished.begin(), finished.end());
  for (const auto& [time, step] : finished) {
    const Value outputs = checkpoints.outputs(source, step);
    for (const Member& output : outputs.members()) run.context.set(output.key(), output.value());
  }
}

Time end_of(const StepRecord& record) { return record.finished.value_or(Time{}); }

}  // namespace

Value plan_of(const RunRequest& request) {
  const Pipeline& pipeline = request.pipeline;
  return Value::map({{"text", pipeline.text},
                     {"syntax", syntax_words[static_cast<std::size_t>(pipeline.syntax)]},
                     {"file", pipeline.file},
                     {"name", pipeline.name},
                     {"folder", request.folder},
                     {"context", request.context},
                     {"trace", request.trace},
                     {"environment", request.environment == EnvironmentAccess::visible}});
}

RunRequest request_of_plan(const Value& plan, const EnvironmentLookup& environment) {
  const auto text = [&](std::string_view key) { return std::string(plan.at(key).as_string()); };
  RunRequest request;
  const bool visible = plan.at("environment").as_bool();
  request.environment = visible ? EnvironmentAccess::visible : EnvironmentAccess::hidden;
  const EnvironmentLookup hidden = [](const std::string&) { return std::optional<std::string>(); };
  const auto syntax = std::find(std::begin(syntax_words), std::end(syntax_words), text("syntax"));
  request.pipeline =
      parse_pipeline(text("text"), text("file"), static_cast<PipelineSyntax>(syntax - std::begin(syntax_words)),
                     text("name"), visible ? environment : hidden);
  request.folder = text("folder");
  request.context = plan.at("context");
  request.trace = plan.at("trace").as_bool();
  return request;
}

void restore(Pipelines::Run& run, const RunRecord& record, const std::vector<StepRecord>& steps,
             const Checkpoints& checkpoints) {
  const auto histories = histories_of(steps, run.steps.size(), record.round);
  std::vector<std::pair<Time, std::uint32_t>> finished;
  for (std::size_t i = 0; i < histories.size(); ++i) {
    if (histories[i].last == nullptr && histories[i].waiting == nullptr) {
      throw Error(Code::internal, "run '" + run.id + "' has no record of its step " + std::to_string(i + 1));
    }
    StepState& state = run.steps[i];
    fill_in(state, histories[i]);
    const StepRecord& last = histories[i].last != nullptr ? *histories[i].last : *histories[i].waiting;
    if (state.phase == StepPhase::succeeded) finished.emplace_back(end_of(last), static_cast<std::uint32_t>(i));
    if (state.phase != StepPhase::failed || state.tolerated) continue;
    run.stopping = true;
    if (!run.first_error) run.first_error = state.error;
  }
  restore_context(run, std::move(finished), record.id, checkpoints);
}

std::vector<std::uint32_t> reopen(Pipelines::Run& run) {
  std::vector<std::uint32_t> indices;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    StepState& state = run.steps[i];
    const Step& step = run.request.pipeline.steps[i];
    if (state.phase == StepPhase::succeeded && !(step.when && step.when->asks_about_failure())) continue;
    const std::uint32_t attempts = state.attempts;
    state = StepState{};
    state.attempts = attempts;
    indices.push_back(static_cast<std::uint32_t>(i));
  }
  run.stopping = false;
  run.first_error.reset();
  return indices;
}

std::vector<ReusedStep> reuse(Pipelines::Run& run, const RunRecord& record, const std::string& from,
                              const std::vector<StepRecord>& records, const Checkpoints& checkpoints) {
  const auto& steps = run.request.pipeline.steps;
  std::string names;
  std::size_t first = steps.size();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    names += (i == 0 ? "" : ", ") + steps[i].name;
    if (steps[i].name == from) first = i;
  }
  if (first == steps.size()) {
    throw Error(Code::not_found, "the pipeline has no step '" + from + "'", "it has: " + names)
        .with("expected", names)
        .with("got", from);
  }
  const auto histories = histories_of(records, steps.size(), record.round);
  std::vector<ReusedStep> reused;
  std::vector<std::pair<Time, std::uint32_t>> finished;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i == first || ancestors_of(run.request.pipeline, i)[first]) continue;
    StepState before;
    fill_in(before, histories[i]);
    if (before.phase != StepPhase::succeeded) continue;
    const StepRecord& last = histories[i].last != nullptr ? *histories[i].last : *histories[i].waiting;
    const auto index = static_cast<std::uint32_t>(i);
    finished.emplace_back(end_of(last), index);
    StepState& state = run.steps[i];
    state.phase = StepPhase::succeeded;
    state.rows = before.rows;
    reused.push_back(
        {index, last.rows, last.outputs, checkpoints.keep(run.id, index, checkpoints.outputs(record.id, index))});
  }
  restore_context(run, std::move(finished), record.id, checkpoints);
  return reused;
}

}  // namespace mortise::jobs
