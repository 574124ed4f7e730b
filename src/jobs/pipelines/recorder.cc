#include "jobs/pipelines/recorder.h"

#include "base/error_object.h"
#include "base/ids.h"
#include "base/redact.h"
#include "jobs/core/checkpoints.h"
#include "jobs/core/events.h"
#include "jobs/core/run_log.h"
#include "jobs/pipelines/restore.h"

namespace mortise::jobs {
namespace {

std::string_view word(runtime::LogLevel level) noexcept {
  switch (level) {
    case runtime::LogLevel::debug: return "debug";
    case runtime::LogLevel::info: return "info";
    case runtime::LogLevel::warning: return "warning";
    case runtime::LogLevel::error: return "error";
  }
  return "info";
}

// The keys of a map with the kinds of their values: what is told of outputs and of the context.
Value kinds_of(const Value& map) {
  Value kinds = Value::map();
  if (!map.is(Kind::map)) return kinds;
  for (const Member& member : map.members()) kinds.set(member.key(), name_of(member.value().kind()));
  return kinds;
}

double milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

const Step& step_of(const Pipelines::Run& run, std::size_t step) { return run.request.pipeline.steps[step]; }

Value step_event(const Pipelines::Run& run, std::size_t step) {
  return Value::map({{"step", static_cast<std::int64_t>(step)},
                     {"name", step_of(run, step).name},
                     {"plugin", step_of(run, step).plugin}});
}

}  // namespace

template <typename Action>
void Recorder::guarded(const Pipelines::Run& run, Action action) {
  try {
    action();
  } catch (...) {
    if (!complained_.exchange(true)) log_.failure("a run could not be recorded", caught_error(), {{"run", run.id}});
  }
}

std::string Recorder::new_id() { return make_id("run"); }

void Recorder::begin(const Pipelines::Run& run, std::vector<ReusedStep> reused) {
  const RunRequest& request = run.request;
  NewRun begun;
  begun.kind = "pipeline";
  begun.name = request.pipeline.name;
  begun.source = request.pipeline.file;
  for (const Step& step : request.pipeline.steps) begun.steps.emplace_back(step.name, step.plugin);
  begun.id = run.id;
  begun.plan = checkpoints_.seal_plan(run.id, plan_of(request));
  begun.resume = resume_;
  begun.origin = request.origin;
  begun.reused = std::move(reused);
  begun.slot = request.slot;
  (void)run_log_.begin(begun);
}

void Recorder::started(const Pipelines::Run& run) {
  guarded(run, [&] {
    if (!run.taken_up) run_log_.started(run.id);
    Value steps = Value::list();
    for (const Step& step : run.request.pipeline.steps) {
      steps.push_back(Value::map({{"name", step.name}, {"plugin", step.plugin}}));
    }
    events_.publish(run.id, run.taken_up ? "run.resumed" : "run.started",
                    Value::map({{"name", run.request.pipeline.name}, {"steps", std::move(steps)}}));
    log_.info(run.taken_up ? "run goes on" : "run started", {{"run", run.id}, {"pipeline", run.request.pipeline.name}});
  });
}

void Recorder::step_started(const Pipelines::Run& run, std::size_t step, std::uint32_t attempt, RunLog::Intent intent,
                            const RunLog::Done& done) {
  guarded(run, [&] {
    Value event = step_event(run, step);
    event.set("attempt", static_cast<std::int64_t>(attempt));
    events_.publish(run.id, "step.started", std::move(event));
    log_.debug("step started", {{"run", run.id},
                                {"step", step_of(run, step).name},
                                {"plugin", step_of(run, step).plugin},
                                {"attempt", attempt}});
  });
  try {
    run_log_.step_started(run.id, static_cast<std::uint32_t>(step), attempt, done, intent);
  } catch (...) {
    const Error error = caught_error();
    done(&error);
  }
}

void Recorder::step_progress(const Pipelines::Run& run, std::size_t step, double fraction, std::string_view note) {
  guarded(run, [&] {
    Value event = step_event(run, step);
    event.set("fraction", fraction < 0 ? Value() : Value(fraction));
    event.set("note", log_.redactor().clean(note));
    events_.publish(run.id, "step.progress", std::move(event));
  });
}

void Recorder::step_log(const Pipelines::Run& run, std::size_t step, runtime::LogLevel level, std::string_view message,
                        const Value& fields) {
  guarded(run, [&] {
    const std::string text = log_.redactor().clean(message);
    const Value known = log_.redactor().clean(fields);
    run_log_.step_log(run.id, static_cast<std::uint32_t>(step), word(level), text, known);
    Value event = step_event(run, step);
    event.set("level", word(level));
    event.set("message", text);
    event.set("fields", known);
    events_.publish(run.id, "step.log", std::move(event));
    const std::string& plugin = step_of(run, step).plugin;
    const Log log = log_.named(plugin).with({{"run", run.id}, {"step", step_of(run, step).name}, {"plugin", plugin}});
    log.write(static_cast<Log::Level>(level), text, known.is(Kind::map) ? known : Value::map());
  });
}

void Recorder::step_retrying(const Pipelines::Run& run, std::size_t step, std::uint32_t attempt, const Error& error,
                             std::chrono::milliseconds delay) {
  guarded(run, [&] {
    StepEnd end;
    end.index = static_cast<std::uint32_t>(step);
    end.attempt = attempt;
    end.state = "failed";
    end.error = error_object(error);
    end.verdict = "retry";
    run_log_.step_ended(run.id, end);
    Value event = step_event(run, step);
    event.set("attempt", static_cast<std::int64_t>(attempt));
    event.set("error", error.describe());
    event.set("delay_ms", static_cast<std::int64_t>(delay.count()));
    events_.publish(run.id, "step.retrying", std::move(event));
    log_.failure("step failed, trying again", error,
                 {{"run", run.id}, {"step", step_of(run, step).name}, {"delay_ms", delay.count()}});
  });
}

void Recorder::step_ended(const Pipelines::Run& run, std::size_t step, const StepState& state, const Value& outputs,
                          const std::optional<store::OutputRow>& kept) {
  guarded(run, [&] {
    StepEnd end;
    end.index = static_cast<std::uint32_t>(step);
    end.attempt = state.open_attempt;
    // What the end of the host cancelled is not at its end.
    end.state = run.suspended && state.phase == StepPhase::cancelled ? "interrupted" : name_of(state.phase);
    end.verdict = state.tolerated ? "tolerated" : "";
    end.kept = kept;
    end.elapsed_ns = state.elapsed.count();
    if (state.rows >= 0) end.rows = state.rows;
    end.bytes_copied = state.bytes_copied;
    end.worker_pid = state.worker_pid;
    if (state.error) end.error = error_object(*state.error);
    if (outputs.is(Kind::map)) end.outputs = kinds_of(outputs);
    run_log_.step_ended(run.id, end);

    Value event = step_event(run, step);
    event.set("outcome", end.state);
    event.set("attempts", static_cast<std::int64_t>(state.attempts));
    event.set("rows", end.rows ? Value(*end.rows) : Value());
    event.set("elapsed_ms", milliseconds(state.elapsed));
    event.set("worker_pid", state.worker_pid);
    event.set("error", state.error ? Value(state.error->describe()) : Value());
    events_.publish(run.id, "step.finished", std::move(event));
    const Log log = log_.with({{"run", run.id},
                               {"step", step_of(run, step).name},
                               {"plugin", step_of(run, step).plugin},
                               {"outcome", end.state}});
    if (state.error) {
      log.failure("step ended", *state.error);
    } else {
      log.debug("step ended", {{"rows", state.rows}, {"elapsed_ms", milliseconds(state.elapsed)}});
    }
  });
}

void Recorder::context_seen(const Pipelines::Run& run, std::size_t step, const Value& context) {
  guarded(run, [&] {
    Value event = step_event(run, step);
    event.set("context", kinds_of(context));
    run_log_.step_log(run.id, static_cast<std::uint32_t>(step), "debug", "context after the step", event.at("context"));
    events_.publish(run.id, "step.context", std::move(event));
  });
}

void Recorder::finish(const Pipelines::Run& run, const RunResult& result, std::vector<store::DeadLetterRow> letters,
                      const RunLog::Done& done) {
  RunEnd end;
  end.state = result.state;
  if (result.error) end.error = error_object(*result.error);
  end.letters = std::move(letters);
  const auto told = [this, id = run.id, done](const Error* unwritten) {
    if (unwritten != nullptr && !complained_.exchange(true))
      log_.failure("a run could not be recorded", *unwritten, {{"run", id}});
    done(unwritten);
  };
  try {
    run_log_.finish(run.id, end, told);
  } catch (...) {
    const Error error = caught_error();
    told(&error);
  }
}

void Recorder::ended(const Pipelines::Run& run, const RunResult& result) {
  guarded(run, [&] {
    const Value error = result.error ? error_object(*result.error) : Value();
    events_.publish(run.id, "run.finished", Value::map({{"state", result.state}, {"error", error}}));
    log_.info("run ended", {{"run", run.id}, {"pipeline", run.request.pipeline.name}, {"state", result.state}});
  });
  events_.finish(run.id);
}

Value Recorder::clean(const Value& value) const { return log_.redactor().clean(value); }
Error Recorder::clean(const Error& error) const { return log_.redactor().clean(error); }
void Recorder::hide(std::string_view secret) const { log_.redact(secret); }

}  // namespace mortise::jobs
