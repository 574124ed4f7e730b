#include "jobs/pipelines/pipelines.h"

#include <malloc.h>

#include <map>

#include "base/clock.h"
#include "jobs/pipelines/recorder.h"
#include "jobs/pipelines/run.h"
#include "jobs/pipelines/step_call.h"
#include "jobs/pipelines/step_check.h"
#include "jobs/pipelines/step_host.h"
#include "jobs/pipelines/task_pool.h"
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

}  // namespace

// Each step of a run is a task of the pool. When one settles, the run is looked through for steps that can go now; when all
// are settled, the run ends. There is no thread per run.
class Pipelines::Engine {
 public:
  explicit Engine(Parts parts)
      : parts_(parts), recorder_(parts.log, parts.run_log, parts.events), pool_(parts.max_concurrency) {}

  ~Engine() { drain(std::chrono::milliseconds(0)); }

  Handle start(RunRequest request) {
    for (const std::string& secret : request.pipeline.secrets) recorder_.hide(secret);
    auto run = std::make_shared<Run>(std::move(request));
    {
      const std::lock_guard lock(mutex_);
      if (draining_) throw Error(Code::busy, "the server is shutting down", "start the run again afterwards");
      run->id = recorder_.begin(run->request);
      running_.emplace(run->id, run);
    }
    pool_.post([this, run] { begin(run); });
    return run;
  }

  RunResult wait(const Handle& run) {
    std::unique_lock lock(run->mutex);
    run->ended.wait(lock, [&] { return run->result.has_value(); });
    return *run->result;
  }

  Handle find(const std::string& run_id) const {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(run_id);
    return found == running_.end() ? nullptr : found->second;
  }

  void cancel(const std::string& run_id, const std::string& reason) {
    const Handle run = find(run_id);
    if (run == nullptr) {
      throw Error(Code::not_found, "no run '" + run_id + "' is in progress", "`mortise runs list` shows what runs")
          .with("run", run_id);
    }
    cancel(run, reason);
  }

  std::vector<Finding> validate(const Pipeline& pipeline, const std::string& folder) {
    std::vector<Finding> findings;
    for (std::size_t i = 0; i < pipeline.steps.size(); ++i) {
      try {
        (void)check_step(pipeline.steps[i], folder, parts_, runtime::Call{});
      } catch (...) {
        findings.push_back({i, recorder_.clean(step_failure(pipeline, i, caught_error()))});
      }
    }
    return findings;
  }

  void drain(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    draining_ = true;
    if (idle_.wait_for(lock, patience, [&] { return running_.empty(); })) return;
    const std::map<std::string, Handle> rest = running_;
    lock.unlock();
    for (const auto& [id, run] : rest) cancel(run, "the server is shutting down");
    lock.lock();
    idle_.wait(lock, [&] { return running_.empty(); });  // bounded: a cancelled call ends within its grace
  }

 private:
  void cancel(const Handle& run, const std::string& reason) {
    run->cancel.cancel(reason);
    proceed(run);
  }

  // ---- phase 1: check everything before anything runs ----------------------------------------------------------------

  void begin(const Handle& run) {
    recorder_.started(*run);
    bool sound = true;
    for (std::size_t i = 0; i < run->steps.size() && !run->cancel.cancelled(); ++i) {
      try {
        runtime::Call call;
        call.cancel = run->cancel;
        call.host = std::make_shared<StepHost>(run, i, recorder_, parts_.services);
        call.memory = run->memory;
        CheckedStep checked = check_step(run->request.pipeline.steps[i], run->request.folder, parts_, std::move(call));
        for (const std::string& secret : checked.descriptor->config.secrets_in(checked.config)) recorder_.hide(secret);
        const std::lock_guard lock(run->mutex);
        run->steps[i].descriptor = std::move(checked.descriptor);
        run->steps[i].style = checked.style;
        run->steps[i].config = std::move(checked.config);
      } catch (...) {
        if (run->cancel.cancelled()) break;
        refuse(run, i, caught_error());
        sound = false;
      }
    }
    {
      const std::lock_guard lock(run->mutex);
      if (!sound) {
        for (std::size_t i = 0; i < run->steps.size(); ++i) {
          if (run->steps[i].settled()) continue;
          run->steps[i].phase = StepPhase::skipped;
          recorder_.step_ended(*run, i, run->steps[i], Value());
        }
      } else {
        run->context = run->request.context;
      }
      run->checked = true;
    }
    proceed(run);
  }

  void refuse(const Handle& run, std::size_t step, const Error& error) {
    const std::lock_guard lock(run->mutex);
    StepState& state = run->steps[step];
    state.phase = StepPhase::failed;
    state.error = recorder_.clean(step_failure(run->request.pipeline, step, error));
    if (!run->first_error) run->first_error = state.error;
    recorder_.step_ended(*run, step, state, Value());
  }

  // ---- phase 2: whatever can go, goes ----------------------------------------------------------------------------------

  enum class Verdict { wait, go, skip, cancel, fail };

  // Called after every change. Several threads may be here at once for one run; the lock makes it one after the other.
  void proceed(const Handle& run) {
    bool over = true;
    {
      const std::lock_guard lock(run->mutex);
      if (!run->checked || run->result) return;
      for (bool changed = true; changed;) {  // a step that is skipped may free the next
        changed = false;
        for (std::size_t i = 0; i < run->steps.size(); ++i) {
          const StepPhase phase = run->steps[i].phase;
          const bool idle = phase == StepPhase::pending || phase == StepPhase::retrying;
          if (idle && decide(run, i)) changed = true;
        }
      }
      for (const StepState& state : run->steps) over = over && state.settled();
      if (over) conclude(*run);
    }
    if (over) retire(run);
  }

  // True when the step, which is pending or between two attempts, changed its phase.
  bool decide(const Handle& run, std::size_t step) {
    StepState& state = run->steps[step];
    std::optional<Error> error;
    switch (verdict(*run, step, error)) {
      case Verdict::wait: return false;
      case Verdict::go:
        state.phase = StepPhase::running;
        pool_.post([this, run, step] { attempt(run, step, 1); });
        return true;
      case Verdict::skip: state.phase = StepPhase::skipped; break;
      case Verdict::cancel: state.phase = StepPhase::cancelled; break;
      case Verdict::fail: fail(*run, step, *error); break;
    }
    recorder_.step_ended(*run, step, state, Value());
    return true;
  }

  Verdict verdict(const Run& run, std::size_t step, std::optional<Error>& error) {
    const Step& wanted = run.request.pipeline.steps[step];
    if (run.cancel.cancelled()) return Verdict::cancel;
    if (run.steps[step].phase == StepPhase::retrying) return Verdict::wait;
    for (const std::size_t need : wanted.needs) {
      if (!run.steps[need].settled()) return Verdict::wait;
    }
    if (run.stopping && !(wanted.when && wanted.when->asks_about_failure())) return Verdict::skip;
    if (!wanted.when) return Verdict::go;
    try {
      return wanted.when->holds(run.scope(step)) ? Verdict::go : Verdict::skip;
    } catch (const Error& caught) {
      error = caught;
      return Verdict::fail;
    }
  }

  // Locked by the caller.
  void fail(Run& run, std::size_t step, const Error& cause) {
    StepState& state = run.steps[step];
    const Step& failed = run.request.pipeline.steps[step];
    state.phase = StepPhase::failed;
    state.error = recorder_.clean(step_failure(run.request.pipeline, step, cause));
    state.tolerated = failed.on_failure.value_or(state.descriptor->on_failure) == plugin::FailurePolicy::report;
    if (state.tolerated) return;
    run.stopping = true;
    if (!run.first_error) run.first_error = state.error;
  }

  // ---- one attempt of one step --------------------------------------------------------------------------------------------

  void attempt(const Handle& run, std::size_t step, std::uint32_t number) {
    StepInput input{run->request.pipeline.steps[step], run->steps[step].config, {}, run->id, number};
    {
      const std::lock_guard lock(run->mutex);
      StepState& state = run->steps[step];
      if (state.settled()) return;  // cancelled between two attempts
      state.phase = StepPhase::running;
      state.attempts = number;
      input.default_input = run->default_input(step);
    }
    recorder_.step_started(*run, step, number);
    StepAnswer answer;
    std::optional<Error> error;
    try {
      answer = perform(run, step, input);
    } catch (...) {
      error = caught_error();
    }
    if (error && retry(run, step, number, *error)) return;
    settle(run, step, std::move(answer), error);
  }

  StepAnswer perform(const Handle& run, std::size_t step, const StepInput& input) {
    const StepState& state = run->steps[step];
    const plugin::Descriptor& descriptor = *state.descriptor;
    runtime::Call call;
    call.operation = state.style == StepStyle::step ? runtime::Operation::step : runtime::Operation::execute;
    call.input = input_of(state.style, input, descriptor, [&](std::string_view key) { return run->context_entry(key); });
    call.deadline = runtime::Clock::now() + timeout_of(input.step, descriptor, parts_);
    call.cancel = run->cancel;
    call.host = std::make_shared<StepHost>(run, step, recorder_, parts_.services);
    call.memory = run->memory;

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
  bool retry(const Handle& run, std::size_t step, std::uint32_t number, const Error& error) {
    const Retry& rule = run->request.pipeline.steps[step].retry;
    if (number >= rule.attempts || !may_pass(error) || run->cancel.cancelled()) return false;
    const auto delay = rule.before(number + 1);
    {
      const std::lock_guard lock(run->mutex);
      run->steps[step].phase = StepPhase::retrying;
    }
    recorder_.step_retrying(*run, step, number, recorder_.clean(error), delay);
    pool_.post_at(TaskPool::Clock::now() + delay, [this, run, step, number] { attempt(run, step, number + 1); });
    proceed(run);  // a cancel that came just before this finds the step between its attempts
    return true;
  }

  void settle(const Handle& run, std::size_t step, StepAnswer answer, const std::optional<Error>& error) {
    for (const std::string& line : answer.logs) {
      recorder_.step_log(*run, step, runtime::LogLevel::info, line, Value());
    }
    for (const std::string& line : answer.warnings) {
      recorder_.step_log(*run, step, runtime::LogLevel::warning, line, Value());
    }
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
      recorder_.step_ended(*run, step, state, answer.outputs);
      if (run->request.trace) recorder_.context_seen(*run, step, run->context);
    }
    proceed(run);
  }

  // ---- phase 3 ------------------------------------------------------------------------------------------------------------

  // Locked by the caller.
  void conclude(Run& run) {
    RunResult result;
    result.run_id = run.id;
    result.steps = run.reports();
    result.context = recorder_.clean(run.context);
    result.finished = now();
    if (run.first_error) {
      result.state = "failed";
      result.error = run.first_error;
    } else if (run.cancel.cancelled()) {
      result.state = "cancelled";
      result.error = Error(Code::cancelled, "the run was cancelled: " + run.cancel.reason());
    } else {
      result.state = "succeeded";
      result.success = true;
    }
    recorder_.ended(run, result);
    run.context = Value::map();
    run.result = std::move(result);
    run.ended.notify_all();
  }

  void retire(const Handle& run) {
    const std::lock_guard lock(mutex_);
    running_.erase(run->id);
    if (!running_.empty()) return;
    ::malloc_trim(0);  // contexts are large and gone: the C library would keep their pages
    idle_.notify_all();
  }

  Parts parts_;
  Recorder recorder_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, Handle> running_;
  bool draining_ = false;
  TaskPool pool_;  // last: its threads use all of the above
};

Pipelines::Pipelines(Parts parts) : engine_(std::make_unique<Engine>(parts)) {}
Pipelines::~Pipelines() = default;

std::vector<Finding> Pipelines::validate(const Pipeline& pipeline, const std::string& folder) {
  return engine_->validate(pipeline, folder);
}
Pipelines::Handle Pipelines::start(RunRequest request) { return engine_->start(std::move(request)); }
const std::string& Pipelines::id_of(const Handle& run) noexcept { return run->id; }
RunResult Pipelines::wait(const Handle& run) { return engine_->wait(run); }
Pipelines::Handle Pipelines::find(const std::string& run_id) const { return engine_->find(run_id); }
void Pipelines::cancel(const std::string& run_id, const std::string& reason) { engine_->cancel(run_id, reason); }
void Pipelines::drain(std::chrono::milliseconds patience) { engine_->drain(patience); }

}  // namespace mortise::jobs
