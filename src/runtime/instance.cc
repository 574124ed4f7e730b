#include "runtime/instance.h"

#include <atomic>

namespace mortise::runtime {

std::uint64_t next_serial() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace mortise::runtime
