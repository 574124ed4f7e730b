#include "jobs/core/run_state.h"

#include <algorithm>
#include <array>

namespace mortise::jobs {
namespace {

constexpr std::array<std::string_view, 6> run_states{"queued", "running",   "succeeded",
                                                     "failed", "cancelled", "interrupted"};
constexpr std::array<std::string_view, 7> step_states{"pending", "running",   "succeeded",  "failed",
                                                      "skipped", "cancelled", "interrupted"};

}  // namespace

std::string_view name_of(RunState state) noexcept { return run_states[static_cast<std::size_t>(state)]; }

std::optional<RunState> run_state_named(std::string_view name) noexcept {
  const auto found = std::find(run_states.begin(), run_states.end(), name);
  if (found == run_states.end()) return std::nullopt;
  return static_cast<RunState>(found - run_states.begin());
}

bool is_final(RunState state) noexcept { return state != RunState::queued && state != RunState::running; }

bool may_move(RunState from, RunState to) noexcept {
  switch (from) {
    case RunState::queued: return to != RunState::queued && to != RunState::succeeded;
    case RunState::running: return is_final(to);
    case RunState::interrupted: return to == RunState::running || to == RunState::failed || to == RunState::cancelled;
    case RunState::failed:
    case RunState::cancelled: return to == RunState::running;
    case RunState::succeeded: return false;
  }
  return false;
}

bool is_step_state(std::string_view name) noexcept {
  return std::find(step_states.begin(), step_states.end(), name) != step_states.end();
}

bool is_step_end(std::string_view name) noexcept {
  return is_step_state(name) && name != "pending" && name != "running";
}

}  // namespace mortise::jobs
