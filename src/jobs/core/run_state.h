// The states of a run and of an attempt of a step, and the moves between those of a run.
//
//   queued ──> running ──> succeeded
//     │          ^ ├──────> failed       ──> running   taken up again by hand
//     │          │ ├──────> cancelled    ──> running   likewise
//     │          └─┴──────> interrupted  ──> running   its process died, or stopped before its end; the next server goes on
//     └──> cancelled, failed, interrupted   before it began
//
// An interrupted run may also be given up: cancelled, or failed when it cannot go on.
#pragma once

#include <optional>
#include <string_view>

namespace mortise::jobs {

enum class RunState { queued, running, succeeded, failed, cancelled, interrupted };

[[nodiscard]] std::string_view name_of(RunState state) noexcept;
[[nodiscard]] std::optional<RunState> run_state_named(std::string_view name) noexcept;
[[nodiscard]] bool is_final(RunState state) noexcept;
[[nodiscard]] bool may_move(RunState from, RunState to) noexcept;

// What a step can be in the run log: pending, running, succeeded, failed, skipped, cancelled, interrupted.
[[nodiscard]] bool is_step_state(std::string_view name) noexcept;
[[nodiscard]] bool is_step_end(std::string_view name) noexcept;  // all but pending and running

}  // namespace mortise::jobs
