// StepHost: what a plugin finds when it calls back from a pipeline step: the run's context, its log, its progress, and the
// host's services. Internal to this room.
#pragma once

#include <chrono>
#include <memory>

#include "jobs/pipelines/recorder.h"
#include "plugin/services.h"
#include "runtime/call.h"

namespace mortise::jobs {

class StepHost : public runtime::CallHost {
 public:
  StepHost(Pipelines::Handle run, std::size_t step, Recorder& recorder, const plugin::Services& services)
      : run_(std::move(run)), step_(step), recorder_(recorder), services_(services) {}

  void log(runtime::LogLevel level, std::string_view message, const Value& fields) override {
    recorder_.step_log(*run_, step_, level, message, fields);
  }

  // At most ten a second reach the outside; the last one (1.0) always does.
  void progress(double fraction, std::string_view note) override {
    const auto now = runtime::Clock::now();
    if (fraction < 1.0 && now - last_progress_ < std::chrono::milliseconds(100)) return;
    last_progress_ = now;
    recorder_.step_progress(*run_, step_, fraction, note);
  }

  std::optional<Value> context(std::string_view key) override { return run_->context_entry(key); }

  // `context.all` is the run's whole context as a map, for those who cannot ask for single keys; the rest are the house's.
  Value service(std::string_view service, std::string_view method, const Value& input,
                const runtime::Chain& chain) override {
    if (service == "context" && method == "all") {
      const std::lock_guard lock(run_->mutex);
      return run_->context;
    }
    return services_.call(service, method, input, chain);
  }

 private:
  Pipelines::Handle run_;
  std::size_t step_;
  Recorder& recorder_;
  const plugin::Services& services_;
  runtime::Clock::time_point last_progress_{};
};

}  // namespace mortise::jobs
