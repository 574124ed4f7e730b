// CallDesk: where what a worker tells during one call arrives, within limits.
//
// Log records beyond a number and a size are dropped and said once at the end; progress is thinned to what people can see.
// Whatever the CallHost throws for a record is the host's trouble, not the worker's: it is logged and forgotten.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "runtime/call.h"
#include "runtime/output.h"

namespace mortise::runtime {

struct DeskLimits {
  std::uint64_t records = 10'000;
  std::uint64_t bytes = 4U << 20;
  std::chrono::milliseconds between_progress{50};
};

class CallDesk {
 public:
  // Without a host, records go to the log, the context is empty and no service is known.
  CallDesk(std::shared_ptr<CallHost> host, const Log& log, DeskLimits limits = {});

  void log(LogLevel level, std::string_view message, const Value& fields);
  void printed(std::vector<Output::Line> lines);
  void progress(double fraction, std::string_view note);
  // Both throw Error.
  [[nodiscard]] std::optional<Value> context(std::string_view key);
  [[nodiscard]] Value service(std::string_view service, std::string_view method, const Value& input, const Chain& chain);

  // The call is over; `unprinted` bytes of output were dropped.
  void finish(std::uint64_t unprinted);

 private:
  void deliver(LogLevel level, std::string_view message, const Value& fields) noexcept;
  void deliver_progress(Clock::time_point now) noexcept;

  const std::shared_ptr<CallHost> host_;
  const Log& log_;
  const DeskLimits limits_;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
  Clock::time_point last_progress_{};
  std::optional<std::pair<double, std::string>> pending_progress_;
};

}  // namespace mortise::runtime
