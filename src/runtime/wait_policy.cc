#include "runtime/wait_policy.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "os/fd.h"

namespace mortise::runtime {
namespace {
constexpr int rounds = 25;
}

WaitPolicy WaitPolicy::measured() {
  WaitPolicy policy;
  const os::Fd there(::eventfd(0, EFD_CLOEXEC));
  const os::Fd back(::eventfd(0, EFD_CLOEXEC));
  if (!there || !back) return policy;
  const auto ring = [](const os::Fd& bell) {
    const std::uint64_t one = 1;
    (void)!::write(bell.get(), &one, sizeof one);
  };
  const auto wait = [](const os::Fd& bell) {
    std::uint64_t rings = 0;
    (void)!::read(bell.get(), &rings, sizeof rings);
  };
  std::thread other([&] {
    for (int i = 0; i < rounds; ++i) {
      wait(there);
      ring(back);
    }
  });
  std::vector<std::chrono::nanoseconds> trips;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = Clock::now();
    ring(there);
    wait(back);
    trips.push_back(Clock::now() - begin);
  }
  other.join();
  std::nth_element(trips.begin(), trips.begin() + rounds / 2, trips.end());
  const auto wake_up = std::chrono::duration_cast<std::chrono::microseconds>(trips[rounds / 2]);
  policy.spin = std::clamp(wake_up, std::chrono::microseconds(20), std::chrono::microseconds(100));
  return policy;
}

}  // namespace mortise::runtime
