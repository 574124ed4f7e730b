#include "jobs/pipelines/pipelines.h"

#include "jobs/pipelines/engine.h"

namespace mortise::jobs {

Pipelines::Pipelines(Parts parts) : engine_(std::make_unique<Engine>(std::move(parts))) {}
Pipelines::~Pipelines() = default;

std::vector<Finding> Pipelines::validate(const Pipeline& pipeline, const std::string& folder) {
  return engine_->validate(pipeline, folder);
}
Pipelines::Handle Pipelines::start(RunRequest request) { return engine_->start(std::move(request)); }
const std::string& Pipelines::id_of(const Handle& run) noexcept { return run->id; }
RunResult Pipelines::wait(const Handle& run) { return engine_->wait(run); }
Pipelines::Handle Pipelines::resume(const std::string& run_id) { return engine_->resume(run_id); }
std::size_t Pipelines::resume_all() { return engine_->resume_all(); }
Pipelines::Handle Pipelines::retry(const std::string& run_id) { return engine_->retry(run_id); }
Pipelines::Handle Pipelines::rerun(const std::string& run_id, const std::string& from) {
  return engine_->rerun(run_id, from);
}
Pipelines::Handle Pipelines::find(const std::string& run_id) const { return engine_->find(run_id); }
void Pipelines::cancel(const std::string& run_id, const std::string& reason) { engine_->cancel(run_id, reason); }
void Pipelines::drain(std::chrono::milliseconds patience) { engine_->drain(patience); }

}  // namespace mortise::jobs
