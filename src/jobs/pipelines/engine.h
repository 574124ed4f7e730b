// Engine: what drives runs. Internal to this room.
//
// Each step of a run is a task of the pool. When one settles, the run is looked through for steps that can go now; when all
// are settled, the run ends. There is no thread per run, and no task waits for the disk: what must be written first is handed to
// the run log, and the next task is posted when it is.
//
//   start, take_up ─> begin ─> proceed ─> attempt ─(intent written)─> carry_out ─> settle ─> proceed ...
//                                  └─> conclude ─(outcome written)─> announce
//
// engine.cc: the way of a run; step_attempt.cc: one attempt of one step; take_up.cc: runs that began earlier;
// run_end.cc: the end of a run, and of all.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "jobs/pipelines/recorder.h"
#include "jobs/pipelines/run.h"
#include "jobs/pipelines/step_call.h"
#include "jobs/pipelines/task_pool.h"

namespace mortise::jobs {

class Pipelines::Engine {
 public:
  explicit Engine(Parts parts);
  ~Engine() { drain(std::chrono::milliseconds(0)); }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Handle start(RunRequest request);
  RunResult wait(const Handle& run);
  [[nodiscard]] Handle find(const std::string& run_id) const;
  void cancel(const std::string& run_id, const std::string& reason);
  std::vector<Finding> validate(const Pipeline& pipeline, const std::string& folder);
  void drain(std::chrono::milliseconds patience);

  Handle resume(const std::string& run_id);
  std::size_t resume_all();
  Handle retry(const std::string& run_id);
  Handle rerun(const std::string& run_id, const std::string& from);

 private:
  // engine.cc
  void refuse_when_draining() const;  // locked by the caller
  void cancel(const Handle& run, const std::string& reason);
  void begin(const Handle& run);
  void refuse(const Handle& run, std::size_t step, const Error& error);
  void judge_lost(const Handle& run);
  enum class Verdict { wait, go, skip, cancel, fail };
  void proceed(const Handle& run);
  bool decide(const Handle& run, std::size_t step);
  Verdict verdict(const Run& run, std::size_t step, std::optional<Error>& error);
  void fail(Run& run, std::size_t step, const Error& cause);

  // step_attempt.cc
  void attempt(const Handle& run, std::size_t step);
  void carry_out(const Handle& run, std::size_t step, const std::optional<Error>& unwritten);
  StepAnswer perform(const Handle& run, std::size_t step, const StepInput& input);
  bool retry(const Handle& run, std::size_t step, const Error& error);
  void settle(const Handle& run, std::size_t step, StepAnswer answer, const std::optional<Error>& error);
  std::optional<store::OutputRow> keep(const Handle& run, std::size_t step, const Value& outputs);

  // take_up.cc
  enum class Again { resume, retry };
  Handle take_up(const RunRecord& record, Again again);
  void give_up(const std::string& run_id, const Error& error);
  [[nodiscard]] RunRecord known(const std::string& run_id) const;

  // run_end.cc
  void conclude(const Handle& run);
  void announce(const Handle& run, RunResult result);
  void retire(const Handle& run);
  void trim();

  Parts parts_;
  Recorder recorder_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, Handle> running_;
  bool draining_ = false;
  bool trim_planned_ = false;
  TaskPool pool_;  // last: its threads use all of the above
};

}  // namespace mortise::jobs
