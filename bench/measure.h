// Measuring against a floor: the thing and the least it could cost, taken in turns within one run.
//
// A number without its floor says more about the machine than about the program. So every measurement here has a floor (a
// raw function pointer, a bare socket, a memcpy) that is timed in the same rounds: floor, thing, floor, thing ... A machine
// that is busy or throttled slows both, and the comparison stays honest. What is told of each: the median of all samples,
// their 95th and 99th percentile, and how far the medians of single rounds lay apart, which tells whether to believe it.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "mortise/value.hpp"

namespace mortise::bench {

struct Effort {
  std::size_t rounds = 7;     // of floor and thing in turn
  std::size_t samples = 1000; // of each in a round
  std::size_t batch = 1;      // calls in one sample, for what is shorter than a look at the clock (25 ns)
};

// Nanoseconds per call.
struct Distribution {
  double median = 0, p95 = 0, p99 = 0;
  double lowest_round = 0, highest_round = 0;  // medians of rounds

  [[nodiscard]] static Distribution of(const std::vector<std::vector<double>>& rounds);
};

// Times `call` once for each sample; `call` runs `batch` times within one.
template <typename Call>
std::vector<double> sample(std::size_t samples, std::size_t batch, Call&& call) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> taken;
  taken.reserve(samples);
  for (std::size_t i = 0; i < samples; ++i) {
    const Clock::time_point begin = Clock::now();
    for (std::size_t j = 0; j < batch; ++j) call();
    const std::chrono::duration<double, std::nano> elapsed = Clock::now() - begin;
    taken.push_back(elapsed.count() / static_cast<double>(batch));
  }
  return taken;
}

struct Pair {
  Distribution floor, thing;
};

// One round before the first warms caches, pools and branch predictors and does not count.
template <typename Floor, typename Thing>
Pair in_turns(const Effort& effort, Floor&& floor, Thing&& thing) {
  std::vector<std::vector<double>> floors, things;
  for (std::size_t round = 0; round <= effort.rounds; ++round) {
    std::vector<double> one = sample(effort.samples, effort.batch, floor);
    std::vector<double> other = sample(effort.samples, effort.batch, thing);
    if (round == 0) continue;
    floors.push_back(std::move(one));
    things.push_back(std::move(other));
  }
  return {Distribution::of(floors), Distribution::of(things)};
}

struct Aim {
  enum class Kind { added_ns, ratio, absolute_ns, times_faster };
  Kind kind;
  double limit;

  [[nodiscard]] bool met(const Pair& pair) const noexcept;
  [[nodiscard]] std::string text() const;
};
inline Aim adds_at_most_ns(double limit) { return {Aim::Kind::added_ns, limit}; }
inline Aim takes_at_most_times(double limit) { return {Aim::Kind::ratio, limit}; }
inline Aim takes_at_most_ns(double limit) { return {Aim::Kind::absolute_ns, limit}; }
inline Aim is_faster_by(double limit) { return {Aim::Kind::times_faster, limit}; }

// Collects rows, prints them as a table, and writes them as JSON to the file of --benchmark_out=.
class Report {
 public:
  void add(std::string what, std::string floor_name, const Pair& pair, std::optional<Aim> aim = {});
  // Without a floor of its own.
  void add(std::string what, const Distribution& thing, std::optional<Aim> aim = {});
  // A rate, where more is better: `thing` and `floor` per second.
  void add_rate(std::string what, std::string floor_name, const std::string& unit, double thing, double floor);
  // A sentence below the table: what was counted beside the times.
  void note(std::string text) { notes_.push_back(std::move(text)); }

  // The exit status of main.
  int finish(int argc, char** argv) const;

 private:
  std::vector<Value> rows_;
  std::vector<std::string> notes_;
};

// Keeps the compiler from seeing through a value.
template <typename T>
inline void keep(T&& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

}  // namespace mortise::bench
