// What a plugin in a worker can ask of its host: the functions of mortise_host, spoken over the socket.
#include <algorithm>

#include "mortise/error_value.hpp"
#include "mortise/output.hpp"
#include "runtime/child/session.h"

namespace mortise::runtime::child {
namespace {

constexpr std::int64_t look_every_ns = 1'000'000;

Session& session_of(void* context) noexcept { return *static_cast<Session*>(context); }

// Runs a request: its value or its error goes into `out`. Nothing leaves by exception.
template <typename Request>
mortise_status answered(mortise_output* out, const Request& request) noexcept {
  try {
    try {
      detail::give(out, request());
      return MORTISE_OK;
    } catch (const Error& error) {
      detail::give(out, error_value(error));
      return status_of(error.code());
    }
  } catch (...) {
    return MORTISE_INTERNAL;
  }
}

std::uint32_t known_level(std::uint32_t level) noexcept {
  if (level <= MORTISE_LOG_DEBUG) return MORTISE_LOG_DEBUG;
  if (level <= MORTISE_LOG_INFO) return MORTISE_LOG_INFO;
  return level <= MORTISE_LOG_WARNING ? MORTISE_LOG_WARNING : MORTISE_LOG_ERROR;
}

}  // namespace

const mortise_host Session::host_table = {
    sizeof(mortise_host), MORTISE_ABI_MAJOR, MORTISE_ABI_MINOR, log, progress, cancelled,
    context_get,          service,           allocate};

void Session::log(void* context, std::uint32_t level, mortise_string text, const mortise_value* fields) {
  Session& session = session_of(context);
  try {
    message::Log record{session.open_id_, known_level(level), std::string(detail::text_of(text)), Value::map()};
    if (fields != nullptr && fields->kind == MORTISE_KIND_MAP) record.fields = Value::borrow(*fields);
    Message message = std::move(record);
    try {
      session.send_aside(message);
    } catch (const Error& error) {  // the fields cannot be sent, or are too long
      auto& shorter = std::get<message::Log>(message);
      shorter.fields = Value::map({{"fields_refused", error.what()}});
      shorter.text.resize(std::min<std::size_t>(shorter.text.size(), 64u << 10));
      session.send_aside(message);
    }
  } catch (...) {
    // A record that cannot be sent is lost; the plugin must not fail for it.
  }
}

void Session::progress(void* context, double fraction, mortise_string note) {
  Session& session = session_of(context);
  try {
    if (session.open_id_ != 0) {
      session.send_aside(message::Progress{session.open_id_, fraction, std::string(detail::text_of(note))});
    }
  } catch (...) {
    // Likewise.
  }
}

std::int32_t Session::cancelled(void* context) {
  Session& session = session_of(context);
  if (session.cancelled_ || session.late()) return 1;
  const std::int64_t now = Clock::now().time_since_epoch().count();
  if (now < session.next_look_ns_) return 0;
  session.next_look_ns_ = now + look_every_ns;
  try {
    session.look_for_cancel();
  } catch (...) {
    session.host_is_gone();
  }
  return session.cancelled_ ? 1 : 0;
}

// Reads what has come, without waiting. When another thread is at it already, that one will notice.
void Session::look_for_cancel() {
  const std::unique_lock lock(receive_mutex_, std::try_to_lock);
  while (lock.owns_lock()) {
    Received received = connection_.receive_now(arenas_);
    if (received.is == Received::Is::nothing) return;
    if (received.is == Received::Is::closed || !take_aside(received)) return host_is_gone();
  }
}

mortise_status Session::context_get(void* context, mortise_string key, mortise_output* out) {
  Session& session = session_of(context);
  const mortise_status status = answered(out, [&] {
    const std::lock_guard lock(session.request_mutex_);
    message::Request request;
    request.what = message::Request::What::context;
    request.key = std::string(detail::text_of(key));
    return session.ask(std::move(request));
  });
  if (status == MORTISE_NOT_FOUND && out->release != nullptr) {  // absent is an answer, not a failure: nothing in `out`
    out->release(out);
    *out = {};
  }
  return status;
}

mortise_status Session::service(void* context, mortise_string service, mortise_string method,
                                const mortise_value* input, mortise_output* out) {
  Session& session = session_of(context);
  return answered(out, [&] {
    const std::lock_guard lock(session.request_mutex_);
    message::Request request;
    request.what = message::Request::What::service;
    request.service = std::string(detail::text_of(service));
    request.method = std::string(detail::text_of(method));
    if (input != nullptr) request.input = Value::borrow(*input);
    const std::uint64_t id = session.begin_request(request);
    const Message message = std::move(request);
    const OutgoingFrame frame =
        session.request_writer_.write(message, &session.arenas_);  // which may ask for regions first
    session.awaited_ = id;
    session.send(frame);
    return session.await();
  });
}

mortise_status Session::allocate(void* context, std::uint64_t bytes, mortise_buffer* out) {
  Session& session = session_of(context);
  *out = {};
  try {
    const std::lock_guard lock(session.request_mutex_);
    const std::span<std::byte> region = session.arenas_.region(bytes);
    *out = {region.data(), region.size()};
    return MORTISE_OK;
  } catch (const Error& error) {
    return status_of(error.code());
  } catch (...) {
    return MORTISE_INTERNAL;
  }
}

}  // namespace mortise::runtime::child
