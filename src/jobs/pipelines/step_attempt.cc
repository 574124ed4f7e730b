// One attempt of one step: its intent is written, its plugin called, its result written.
#include <unistd.h>

#include "jobs/core/checkpoints.h"
#include "jobs/pipelines/engine.h"
#include "jobs/pipelines/step_check.h"
#include "jobs/pipelines/step_host.h"
#include "os/paths.h"
#include "plugin/named.h"
#include "runtime/runtime.h"

namespace mortise::jobs {
namespace {

// Errors that may pass by themselves; the others are the same on the next attempt.
bool may_pass(const Error& error) {
  switch (error.code()) {
    case Code::busy:
    case Code::timeout:
    case Code::plugin:
    case Code::internal: return true;
    default: return false;
  }
}

// Where the step finds and leaves tables as files. Only a step that says `stream`, or one of a run that has such a file, needs
// to see it; others can share warm workers with other runs.
std::string tables_of(const StepInput& input) {
  const Value* stream = input.config.find("stream");
  const bool writes = stream != nullptr && stream->is(Kind::boolean) && stream->as_bool();
  return writes || ::access(input.folder.c_str(), F_OK) == 0 ? input.folder : std::string();
}

}  // namespace

// At most once means that an attempt is on the disk before it begins. At least once needs less: when the machine dies, an
// attempt that nobody remembers is made again like any other.
void Pipelines::Engine::attempt(const Handle& run, std::size_t step) {
  std::uint32_t number = 0;
  {
    const std::lock_guard lock(run->mutex);
    StepState& state = run->steps[step];
    if (state.settled()) return;  // cancelled between two attempts
    state.phase = StepPhase::running;
    number = ++state.attempts;
    state.open_attempt = number;
  }
  const bool at_most_once = run->request.pipeline.steps[step].on_interrupt == OnInterrupt::fail;
  recorder_.step_started(*run, step, number, at_most_once ? RunLog::Intent::on_disk : RunLog::Intent::recorded,
                         [this, run, step](const Error* unwritten) {
                           const auto error = unwritten == nullptr ? std::nullopt : std::optional<Error>(*unwritten);
                           pool_.post([this, run, step, error] { carry_out(run, step, error); });
                         });
}

void Pipelines::Engine::carry_out(const Handle& run, std::size_t step, const std::optional<Error>& unwritten) {
  StepInput input{run->request.pipeline.steps[step], run->steps[step].config, {}, run->id, 0,
                  os::join(os::absolute(parts_.checkpoints.folder_of(run->id)), "tables")};
  {
    const std::lock_guard lock(run->mutex);
    input.attempt = run->steps[step].attempts;
    input.default_input = run->default_input(step);
  }
  StepAnswer answer;
  std::optional<Error> error = unwritten;
  try {
    if (!error) answer = perform(run, step, input);
  } catch (...) {
    error = caught_error();
  }
  if (error && retry(run, step, *error)) return;
  settle(run, step, std::move(answer), error);
}

StepAnswer Pipelines::Engine::perform(const Handle& run, std::size_t step, const StepInput& input) {
  const StepState& state = run->steps[step];
  const plugin::Descriptor& descriptor = *state.descriptor;
  runtime::Call call;
  call.operation = operation_of(state.style, descriptor, input.config);
  if (call.operation == runtime::Operation::call) call.method = input.config.at("method").as_string();
  call.input = input_of(state.style, input, descriptor, [&](std::string_view key) { return run->context_entry(key); });
  call.deadline = runtime::Clock::now() + timeout_of(input.step, descriptor, parts_);
  call.cancel = run->cancel;
  call.host = std::make_shared<StepHost>(run, step, recorder_, parts_.services);
  call.memory = run->memory;
  call.wanted = {plugin::named_in(descriptor, state.config), tables_of(input), runtime::Wanted::Folders::made};

  const auto began = runtime::Clock::now();
  runtime::Outcome outcome = parts_.runtime.invoke(descriptor.id, std::move(call));
  {
    const std::lock_guard lock(run->mutex);
    run->steps[step].elapsed = runtime::Clock::now() - began;
    run->steps[step].worker_pid = outcome.pid;
    run->steps[step].bytes_copied = outcome.bytes_copied;
  }
  return answer_of(state.style, input.step, outcome.take());
}

// True when another attempt will come.
bool Pipelines::Engine::retry(const Handle& run, std::size_t step, const Error& error) {
  const Retry& rule = run->request.pipeline.steps[step].retry;
  std::uint32_t number = 0, failures = 0;
  {
    const std::lock_guard lock(run->mutex);
    StepState& state = run->steps[step];
    if (state.failures + 1 >= rule.attempts || !may_pass(error) || run->cancel.cancelled()) return false;
    state.phase = StepPhase::retrying;
    failures = ++state.failures;
    number = state.attempts;
  }
  const auto delay = rule.before(failures + 1);
  recorder_.step_retrying(*run, step, number, recorder_.clean(error), delay);
  pool_.post_at(TaskPool::Clock::now() + delay, [this, run, step] { attempt(run, step); });
  proceed(run);  // a cancel that came just before this finds the step between its attempts
  return true;
}

void Pipelines::Engine::settle(const Handle& run, std::size_t step, StepAnswer answer,
                               const std::optional<Error>& error) {
  for (const std::string& line : answer.logs) {
    recorder_.step_log(*run, step, runtime::LogLevel::info, line, Value());
  }
  for (const std::string& line : answer.warnings) {
    recorder_.step_log(*run, step, runtime::LogLevel::warning, line, Value());
  }
  const auto kept = error ? std::nullopt : keep(run, step, answer.outputs);
  {
    const std::lock_guard lock(run->mutex);
    StepState& state = run->steps[step];
    if (!error) {
      state.phase = StepPhase::succeeded;
      state.rows = answer.rows;
      for (const Member& output : answer.outputs.members()) run->context.set(output.key(), output.value());
    } else if (run->cancel.cancelled()) {
      state.phase = StepPhase::cancelled;
      state.error = recorder_.clean(step_failure(run->request.pipeline, step, *error));
    } else {
      fail(*run, step, *error);
    }
    recorder_.step_ended(*run, step, state, answer.outputs, kept);
    if (run->request.trace) recorder_.context_seen(*run, step, run->context);
  }
  proceed(run);
}

// A disk that is full does not fail a run that works: it can then not be gone on with beyond this step, and says so.
std::optional<store::OutputRow> Pipelines::Engine::keep(const Handle& run, std::size_t step, const Value& outputs) {
  try {
    return parts_.checkpoints.keep(run->id, static_cast<std::uint32_t>(step), outputs);
  } catch (...) {
    const Error why = recorder_.clean(caught_error());
    recorder_.step_log(*run, step, runtime::LogLevel::warning,
                       "the outputs of this step cannot be kept: " + why.describe(), Value());
    return std::nullopt;
  }
}

}  // namespace mortise::jobs
