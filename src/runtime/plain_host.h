// PlainHost: the surroundings of a call that belongs to no run. What it logs goes to the host's log, services answer, the context is
// empty, and progress interests nobody.
#pragma once

#include "base/log.h"
#include "plugin/services.h"
#include "runtime/call.h"

namespace mortise::runtime {

class PlainHost final : public CallHost {
 public:
  // `services` outlives it.
  PlainHost(const plugin::Services& services, Log log) : services_(services), log_(std::move(log)) {}

  void log(LogLevel level, std::string_view message, const Value& fields) override {
    log_.write(static_cast<Log::Level>(level), message, fields);
  }
  void progress(double, std::string_view) override {}
  std::optional<Value> context(std::string_view) override { return std::nullopt; }
  Value service(std::string_view service, std::string_view method, const Value& input, const Chain& chain) override {
    return services_.call(service, method, input, chain);
  }

 private:
  const plugin::Services& services_;
  const Log log_;
};

}  // namespace mortise::runtime
