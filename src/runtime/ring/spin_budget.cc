#include "runtime/ring/spin_budget.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "os/process.h"
#include "runtime/ring/futex.h"

namespace mortise::runtime {
namespace {

using Clock = std::chrono::steady_clock;

// Both sides look only when each sees the other come, who may have to be woken first and then has work to do.
constexpr int wakings = 4;

// Two threads wake each other in turns: half of the median of their round trips. On a busy machine it gives up soon.
std::chrono::nanoseconds cost_of_waking() {
  constexpr std::uint32_t rounds = 15;
  constexpr std::uint32_t no_more = ~std::uint32_t{0};
  constexpr std::chrono::milliseconds patience{3};
  alignas(64) std::uint32_t ping = 0;
  alignas(64) std::uint32_t pong = 0;
  const auto wait_for = [](std::uint32_t& word, std::uint32_t wanted) {
    const std::atomic_ref<std::uint32_t> now(word);
    while (now.load() < wanted) futex_wait(word, wanted - 1, std::chrono::milliseconds(2));
    return now.load();
  };
  const auto say = [](std::uint32_t& word, std::uint32_t what) {
    std::atomic_ref<std::uint32_t>(word).store(what);
    futex_wake(word);
  };
  std::thread other([&] {
    for (std::uint32_t round = 1; round <= rounds && wait_for(ping, round) != no_more; ++round) say(pong, round);
  });
  std::vector<Clock::duration> took;
  const auto start = Clock::now();
  for (std::uint32_t round = 1; round <= rounds && Clock::now() - start < patience; ++round) {
    const auto begin = Clock::now();
    say(ping, round);
    wait_for(pong, round);
    took.push_back(Clock::now() - begin);
  }
  if (took.size() < rounds) say(ping, no_more);
  other.join();
  const auto middle = took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2);
  std::ranges::nth_element(took, middle);
  return *middle / 2;
}

std::chrono::microseconds measure() {
  try {
    const auto budget = std::chrono::duration_cast<std::chrono::microseconds>(wakings * cost_of_waking());
    return std::clamp(budget, SpinBudget::least, SpinBudget::most);
  } catch (const std::exception&) {  // no thread to be had
    return SpinBudget::least;
  }
}

}  // namespace

unsigned running_in(const char* text) noexcept {
  unsigned running = 0;
  return std::sscanf(text, "%*s %*s %*s %u/", &running) == 1 ? running : 0;
}

SpinBudget::SpinBudget()
    : processors_(static_cast<unsigned>(os::usable_processors())),
      load_(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC)) {}

void SpinBudget::measure_once() noexcept {
  if (processors_ > 1) std::call_once(once_, [this] { measured_us_ = measure().count(); });
}

// A caller and its worker are two that run; one more is a passer-by.
bool SpinBudget::crowded() const noexcept {
  std::array<char, 64> text{};
  if (!load_ || ::pread(load_.get(), text.data(), text.size() - 1, 0) <= 0) return true;
  const unsigned running = running_in(text.data());
  return running == 0 || running > processors_ + 1;
}

std::chrono::microseconds SpinBudget::now(Clock::time_point now) noexcept {
  const std::int64_t ns = now.time_since_epoch().count();
  std::int64_t last = looked_at_.load(std::memory_order_relaxed);
  if (ns - last >= std::chrono::nanoseconds(fresh).count() && looked_at_.compare_exchange_strong(last, ns)) {
    crowded_.store(crowded(), std::memory_order_relaxed);
  }
  return std::chrono::microseconds(
      crowded_.load(std::memory_order_relaxed) ? 0 : measured_us_.load(std::memory_order_relaxed));
}

}  // namespace mortise::runtime
