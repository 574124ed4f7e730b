// HealthWatch: asks plugins whether they are well, and remembers what they said.
//
// On request it asks any plugin, and starts it for that if need be. By itself it asks, every so often, those that were used since
// it last asked: a plugin that nobody uses is left to go idle. A plugin that does not answer the operation is well as long as it
// starts; one that says no, fails, or does not answer in time is unhealthy, with the text. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "mortise/value.hpp"

namespace mortise {
class Log;
namespace plugin {
class Registry;
}
}  // namespace mortise

namespace mortise::runtime {

class Runtime;

struct Health {
  bool healthy = true;
  std::string message;
  Time checked{};
  std::chrono::nanoseconds elapsed{};
};

class HealthWatch {
 public:
  // All must outlive the watch. An interval of 0: only on request.
  HealthWatch(const plugin::Registry& registry, Runtime& runtime, const Log& log, std::chrono::milliseconds interval);
  HealthWatch(const HealthWatch&) = delete;
  HealthWatch& operator=(const HealthWatch&) = delete;
  ~HealthWatch();

  // Blocks until it answered, at most ten seconds and what its start takes. Throws Error{not_found} for an unknown plugin.
  Health check(std::string_view plugin);
  [[nodiscard]] std::optional<Health> last(std::string_view id) const;  // nothing: never asked
  [[nodiscard]] std::map<std::string, Health, std::less<>> all() const;
  void set_interval(std::chrono::milliseconds interval);
  void stop();  // asks no more; idempotent

 private:
  void loop();
  void check_used();

  const plugin::Registry& registry_;
  Runtime& runtime_;
  const Log& log_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::chrono::milliseconds interval_;
  bool stopping_ = false;
  std::map<std::string, Health, std::less<>> known_;
  std::map<std::string, std::uint64_t, std::less<>> calls_;  // of each plugin when it was last asked, that one included
  std::thread thread_;
};

}  // namespace mortise::runtime
