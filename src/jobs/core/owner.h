// Owner: which process a run belongs to, so that a later one can tell whether it still lives.
#pragma once

#include <cstdint>
#include <string>

namespace mortise::jobs {

struct Owner {
  std::int64_t pid = 0;
  // The machine's boot and the process' start in it: a pid alone is given again to others.
  std::string mark;

  [[nodiscard]] static Owner this_process();
  [[nodiscard]] bool is_alive() const;
};

}  // namespace mortise::jobs
