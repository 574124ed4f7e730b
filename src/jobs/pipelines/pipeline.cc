#include "jobs/pipelines/pipeline.h"

#include <algorithm>
#include <cmath>

namespace mortise::jobs {

std::chrono::milliseconds Retry::before(std::uint32_t next) const {
  const double wanted = static_cast<double>(delay.count()) * std::pow(factor, static_cast<double>(next) - 2.0);
  const double most = static_cast<double>(max_delay.count());
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(wanted, most)));
}

std::vector<bool> ancestors_of(const Pipeline& pipeline, std::size_t step) {
  std::vector<bool> found(pipeline.steps.size(), false);
  std::vector<std::size_t> open = pipeline.steps[step].needs;
  while (!open.empty()) {
    const std::size_t next = open.back();
    open.pop_back();
    if (found[next]) continue;
    found[next] = true;
    const auto& needs = pipeline.steps[next].needs;
    open.insert(open.end(), needs.begin(), needs.end());
  }
  return found;
}

}  // namespace mortise::jobs
