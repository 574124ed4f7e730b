#include "runtime/native_host.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "mortise/error_value.hpp"
#include "runtime/arena.h"
#include "runtime/native_value.h"

namespace mortise::runtime {
namespace {

constexpr std::size_t alignment = 64;

NativeCall& call_of(void* context) noexcept { return *static_cast<NativeCall*>(context); }

LogLevel level_of_number(std::uint32_t level) noexcept {
  if (level <= MORTISE_LOG_DEBUG) return LogLevel::debug;
  if (level <= MORTISE_LOG_INFO) return LogLevel::info;
  return level <= MORTISE_LOG_WARNING ? LogLevel::warning : LogLevel::error;
}

// Runs what the plugin asked for. Its failure becomes a status and an error value.
template <typename Answer>
mortise_status answered(mortise_output* out, const Answer& answer) noexcept {
  try {
    try {
      answer();
      return MORTISE_OK;
    } catch (const std::exception& exception) {
      const Error error = error_from(exception);
      if (out != nullptr) detail::give(out, error_value(error));
      return status_of(error.code());
    }
  } catch (...) {
    return MORTISE_INTERNAL;
  }
}

// Heap memory for a result, on the alignment that Arrow likes.
std::shared_ptr<void> heap_block(std::uint64_t bytes) {
  const std::uint64_t rounded = (std::max<std::uint64_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  void* memory = rounded < bytes ? nullptr : std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw Error(Code::busy, "no memory for " + std::to_string(bytes) + " bytes of a result");
  return {memory, &std::free};
}

}  // namespace

const mortise_host NativeCall::host_table = {
    sizeof(mortise_host), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, log, progress, cancelled,
    context_get,          service,           allocate};

bool NativeCall::late() const noexcept { return call_.deadline.has_value() && Clock::now() >= *call_.deadline; }

// ---- what the plugin asks --------------------------------------------------------------------------------------------

void NativeCall::refuse_if_abandoned() const {
  if (abandoned_.load(std::memory_order_acquire)) {
    throw Error(Code::cancelled, "nobody waits for this call any more", "return soon");
  }
}

CallDesk& NativeCall::desk() {
  refuse_if_abandoned();
  if (!desk_) desk_.emplace(call_.host, plugin_.log);
  return *desk_;
}

void NativeCall::close_desk() noexcept {
  try {
    const std::lock_guard lock(asking_);
    if (!abandoned_.load(std::memory_order_acquire)) desk_->finish(0);
  } catch (...) {  // what could not be told is lost; the call ends as it ended
  }
}

void NativeCall::log(void* context, std::uint32_t level, mortise_string message, const mortise_value* fields) noexcept {
  NativeCall& self = call_of(context);
  try {
    Value checked = Value::map();
    try {
      if (fields != nullptr && fields->kind == MORTISE_KIND_MAP) checked = adopt(*fields);
    } catch (const Error& error) {
      checked = Value::map({{"fields_refused", error.what()}});
    }
    const std::string text = readable(detail::text_of(message));
    const std::lock_guard lock(self.asking_);
    self.desk().log(level_of_number(level), text, checked);
  } catch (...) {  // a record that cannot be written is lost; the plugin must not fail for it
  }
}

void NativeCall::progress(void* context, double fraction, mortise_string note) noexcept {
  NativeCall& self = call_of(context);
  try {
    const double known = std::isfinite(fraction) && fraction >= 0 ? std::min(fraction, 1.0) : -1.0;
    const std::lock_guard lock(self.asking_);
    self.desk().progress(known, readable(detail::text_of(note)));
  } catch (...) {  // likewise
  }
}

std::int32_t NativeCall::cancelled(void* context) noexcept {
  const NativeCall& self = call_of(context);
  return self.abandoned_.load(std::memory_order_acquire) || self.call_.cancel.cancelled() || self.late() ? 1 : 0;
}

mortise_status NativeCall::context_get(void* context, mortise_string key, mortise_output* out) noexcept {
  NativeCall& self = call_of(context);
  bool absent = false;
  const mortise_status status = answered(out, [&] {
    const std::lock_guard lock(self.asking_);
    std::optional<Value> value = self.desk().context(detail::text_of(key));
    absent = !value.has_value();
    if (value) detail::give(out, *std::move(value));
  });
  return status == MORTISE_OK && absent ? static_cast<mortise_status>(MORTISE_NOT_FOUND) : status;
}

mortise_status NativeCall::service(void* context, mortise_string service, mortise_string method,
                                   const mortise_value* input, mortise_output* out) noexcept {
  NativeCall& self = call_of(context);
  return answered(out, [&] {
    const std::lock_guard lock(self.asking_);
    CallDesk& desk = self.desk();
    const Value given = input != nullptr ? adopt(*input) : Value();
    const Chain chain = self.call_.chain.entered(self.plugin_.instance, self.plugin_.id);
    detail::give(out, desk.service(detail::text_of(service), detail::text_of(method), given, chain));
  });
}

mortise_status NativeCall::allocate(void* context, std::uint64_t bytes, mortise_buffer* out) noexcept {
  return answered(nullptr, [&] { *out = call_of(context).take_memory(bytes); });
}

mortise_buffer NativeCall::take_memory(std::uint64_t bytes) {
  const std::lock_guard lock(asking_);
  refuse_if_abandoned();
  if (memory_ == nullptr) memory_ = std::make_shared<Memory>();
  if (call_.memory == nullptr) {
    auto block = heap_block(bytes);
    memory_->push_back(block);
    return {block.get(), bytes};
  }
  std::shared_ptr<RunMemory::Block> block = call_.memory->allocate(bytes);
  memory_->push_back(block);
  return {block->data(), block->size()};
}

// ---- what the plugin returned ----------------------------------------------------------------------------------------

Error NativeCall::error(mortise_status status, const detail::Received& out) const {
  const std::string unsaid =
      "plugin '" + plugin_.id + "' failed with status " + std::to_string(status) + " and did not say why";
  try {
    return error_from(code_of(status), adopt(out.raw()), unsaid).with("plugin", plugin_.id);
  } catch (const Error& broken) {
    return Error(code_of(status), unsaid).because(broken).with("plugin", plugin_.id);
  }
}

Outcome NativeCall::failed(mortise_status status, const detail::Received& out) const {
  Outcome outcome;
  outcome.ended = Ended::error;
  if (status == MORTISE_CANCELLED && call_.cancel.cancelled()) outcome.ended = Ended::cancelled;
  if (status == MORTISE_TIMEOUT && late()) outcome.ended = Ended::timeout;
  outcome.error = error(status, out);
  return outcome;
}

Outcome NativeCall::outcome(mortise_status status, const detail::Received& out) noexcept {
  try {
    if (status != MORTISE_OK) return failed(status, out);
    Outcome outcome;
    outcome.value = adopt(out.raw(), memory_);
    return outcome;
  } catch (const std::exception& exception) {
    Outcome outcome;
    outcome.ended = Ended::error;
    outcome.error = error_from(exception).with("plugin", plugin_.id);
    return outcome;
  }
}

}  // namespace mortise::runtime
