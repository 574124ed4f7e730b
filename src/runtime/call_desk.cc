#include "runtime/call_desk.h"

#include "base/error.h"

namespace mortise::runtime {

CallDesk::CallDesk(std::shared_ptr<CallHost> host, const Log& log, DeskLimits limits)
    : host_(std::move(host)), log_(log), limits_(limits) {}

void CallDesk::deliver(LogLevel level, std::string_view message, const Value& fields) noexcept {
  try {
    if (host_ != nullptr) {
      host_->log(level, message, fields);
    } else {
      log_.write(static_cast<Log::Level>(level), message, fields);
    }
  } catch (const std::exception& error) {
    log_.error("a log record of a plugin could not be kept", {{"error", error.what()}});
  }
}

void CallDesk::log(LogLevel level, std::string_view message, const Value& fields) {
  if (records_ >= limits_.records || bytes_ + message.size() > limits_.bytes) {
    ++dropped_;
    return;
  }
  ++records_;
  bytes_ += message.size();
  deliver(level, message, fields);
}

// Has limits of its own (see Output).
void CallDesk::printed(std::vector<Output::Line> lines) {
  for (const Output::Line& line : lines) {
    deliver(LogLevel::info, line.text, Value::map({{"stream", name_of(line.stream)}}));
  }
}

void CallDesk::progress(double fraction, std::string_view note) {
  if (host_ == nullptr) return;
  pending_progress_.emplace(fraction, note);
  const auto now = Clock::now();
  if (now - last_progress_ >= limits_.between_progress) deliver_progress(now);
}

void CallDesk::deliver_progress(Clock::time_point now) noexcept {
  try {
    host_->progress(pending_progress_->first, pending_progress_->second);
  } catch (const std::exception& error) {
    log_.error("the progress of a plugin could not be kept", {{"error", error.what()}});
  }
  last_progress_ = now;
  pending_progress_.reset();
}

std::optional<Value> CallDesk::context(std::string_view key) {
  if (host_ == nullptr) return std::nullopt;
  return host_->context(key);
}

Value CallDesk::service(std::string_view service, std::string_view method, const Value& input, const Chain& chain) {
  if (host_ == nullptr) throw Error(Code::not_found, "no service '" + std::string(service) + "'", "this call has no host to ask");
  return host_->service(service, method, input, chain);
}

void CallDesk::finish(std::uint64_t unprinted) {
  if (pending_progress_) deliver_progress(Clock::now());
  if (dropped_ > 0) {
    deliver(LogLevel::warning, std::to_string(dropped_) + " log records were dropped; a call may write " +
                                   std::to_string(limits_.records) + " records of " + std::to_string(limits_.bytes) + " bytes together",
            Value::map({{"dropped", dropped_}}));
  }
  if (unprinted > 0) {
    deliver(LogLevel::warning, std::to_string(unprinted) + " bytes of printed output were dropped; the first MiB of a call is kept",
            Value::map({{"dropped_bytes", unprinted}}));
  }
}

}  // namespace mortise::runtime
