#include "jobs/pipelines/run.h"

namespace mortise::jobs {

std::string_view name_of(StepPhase phase) noexcept {
  switch (phase) {
    case StepPhase::pending: return "pending";
    case StepPhase::running: return "running";
    case StepPhase::retrying: return "retrying";
    case StepPhase::succeeded: return "succeeded";
    case StepPhase::failed: return "failed";
    case StepPhase::skipped: return "skipped";
    case StepPhase::cancelled: return "cancelled";
  }
  return "unknown";
}

std::optional<Value> Pipelines::Run::context_entry(std::string_view key) {
  const std::lock_guard lock(mutex);
  const Value* found = context.find(key);
  return found == nullptr ? std::nullopt : std::optional<Value>(*found);
}

std::string Pipelines::Run::default_input(std::size_t step) const {
  const auto& all = request.pipeline.steps;
  while (all[step].needs.size() == 1) {
    step = all[step].needs.front();
    if (!all[step].output.empty() && steps[step].phase == StepPhase::succeeded) return all[step].output;
  }
  return {};
}

Condition::Scope Pipelines::Run::scope(std::size_t step) const {
  Condition::Scope scope;
  scope.context = [this](std::string_view name) { return context.find(name); };
  scope.steps = Value::map();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!steps[i].settled()) continue;
    Value seen = Value::map({{"outcome", name_of(steps[i].phase)},
                             {"attempts", static_cast<std::int64_t>(steps[i].attempts)},
                             {"rows", steps[i].rows < 0 ? Value() : Value(steps[i].rows)}});
    scope.steps.set(request.pipeline.steps[i].name, std::move(seen));
  }
  const std::vector<bool> ancestors = ancestors_of(request.pipeline, step);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (ancestors[i] && steps[i].phase == StepPhase::failed) scope.any_failed = true;
  }
  return scope;
}

std::vector<StepReport> Pipelines::Run::reports() const {
  std::vector<StepReport> reports;
  reports.reserve(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const StepState& state = steps[i];
    StepReport report;
    report.name = request.pipeline.steps[i].name;
    report.plugin = request.pipeline.steps[i].plugin;
    report.outcome = name_of(state.phase);
    report.attempts = state.attempts;
    report.rows = state.rows;
    report.worker_pid = state.worker_pid;
    report.elapsed = state.elapsed;
    report.error = state.error;
    reports.push_back(std::move(report));
  }
  return reports;
}

Error step_failure(const Pipeline& pipeline, std::size_t step, const Error& cause) {
  const Step& failed = pipeline.steps[step];
  const std::string where = "step " + std::to_string(step + 1) + " (" + failed.name + ")";
  Error error(cause.code(), where + " failed: " + failed.plugin + ": " + cause.describe(), cause.hint());
  error.with("step", failed.name).with("step_number", std::to_string(step + 1)).with("plugin", failed.plugin);
  if (!pipeline.file.empty()) error.with("file", pipeline.file);
  if (failed.line > 0) error.with("line", std::to_string(failed.line));
  for (const auto& [name, value] : cause.details()) {
    if (error.detail(name).empty()) error.with(name, value);
  }
  return std::move(error).because(cause);
}

Error caught_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return {Code::internal, error.what()};
  } catch (...) {
    return {Code::internal, "an exception of an unknown kind"};
  }
}

}  // namespace mortise::jobs
