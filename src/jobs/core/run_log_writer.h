// The inside of RunLog: what it knows of the runs that are open in this process, and how rows are made of it.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/log.h"
#include "jobs/core/owner.h"
#include "jobs/core/run_log.h"
#include "jobs/core/run_state.h"
#include "store/database.h"
#include "store/runs.h"

namespace mortise::jobs {

class RunLog::Writer {
 public:
  Writer(store::Database& database, const Log& log, Limits limits);
  ~Writer() { database_.flush(); }

  void adopt_orphans();

  std::string begin(const NewRun& run);
  void started(const std::string& run);
  void step_started(const std::string& run, std::uint32_t step, std::uint32_t attempt, Done done, Intent intent);
  void step_log(const std::string& run, std::uint32_t step, std::string_view level, std::string_view message,
                const Value& fields);
  void step_ended(const std::string& run, const StepEnd& end);
  void finish(const std::string& run, const RunEnd& end, Done done);
  void resumed(const std::string& run);
  void retried(const std::string& run, const std::vector<std::uint32_t>& steps);
  void asked_to_stop(const std::string& run, std::string_view reason);

  store::Database& database() noexcept { return database_; }

 private:
  struct StepLines {
    std::uint64_t kept = 0;
    std::uint64_t bytes = 0;
    std::uint64_t dropped = 0;  // since the last record that told it
  };
  struct Open {
    RunState state = RunState::queued;
    std::uint64_t last_number = 0;
    std::map<std::uint32_t, StepLines> lines;
  };

  // Queues a write whose failure is told in the host's log, once until a write succeeds again.
  void post(store::Durability durability, const std::string& run, store::Database::Work work, Done done = {});
  // Moves a run that has ended to this process, does the rest in the same commit, and opens it.
  using Rest = std::function<void(store::Connection&)>;
  void take_up(const std::string& run, std::uint32_t rounds, const Rest& rest);
  void settled(const std::string& run, const Error* error);
  // Call with mutex_ held. Throws Error{not_found} or Error{conflict}.
  Open& open_run(const std::string& run, std::string_view wanted);
  // The record that tells how many lines were dropped, if any were.
  void tell_dropped(const std::string& run, Open& open, std::uint32_t step);
  void post_line(const std::string& run, store::StepLogRow line);

  store::Database& database_;
  const Log log_;
  const Limits limits_;
  const Owner owner_;
  std::mutex mutex_;
  std::unordered_map<std::string, Open> open_;
  std::atomic<bool> failing_ = false;
};

}  // namespace mortise::jobs
