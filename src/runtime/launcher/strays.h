// What workers leave behind where there are no cells to end with them.
//
// The launcher is the reaper of its descendants: who lost its parent becomes its child. It is known by its session or by a
// variable in its environment, whatever group it moved to.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace mortise::runtime::launcher {

[[nodiscard]] std::string mark_variable(const std::string& mark);  // for the environment of a worker

[[nodiscard]] std::vector<pid_t> own_children();

// Whether the process carries one of the marks.
[[nodiscard]] bool carries(pid_t pid, const std::vector<std::string>& marks);

}  // namespace mortise::runtime::launcher
