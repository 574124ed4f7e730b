#include "runtime/child/session.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "mortise/error_value.hpp"

namespace mortise::runtime::child {
namespace {

std::int64_t nanoseconds(Clock::time_point time) noexcept { return time.time_since_epoch().count(); }
static_assert(std::is_same_v<Clock::duration, std::chrono::nanoseconds>);  // steady_clock is CLOCK_MONOTONIC here

[[noreturn]] void out_of_turn(const Message& message) {
  throw Error(Code::invalid, "broken protocol: '" + std::string(name_of(message)) + "' out of turn");
}

void release(mortise_output* output) noexcept {
  if (output != nullptr && output->release != nullptr) output->release(output);
}

// One piece of the whole frame, for sending after its values are gone.
std::vector<std::byte> flattened(const OutgoingFrame& frame) {
  std::vector<std::byte> bytes;
  bytes.reserve(frame.size);
  bytes.insert(bytes.end(), frame.head.begin(), frame.head.end());
  for (const data::Bytes& segment : frame.segments) bytes.insert(bytes.end(), segment.begin(), segment.end());
  return bytes;
}

}  // namespace

// Counts what a result copies into shared memory; the count is written behind the value.
class Session::CountingWriter final : public data::BulkWriter {
 public:
  CountingWriter(Arenas& arenas, std::uint64_t& copied) : arenas_(arenas), copied_(copied) {}
  bool find(data::Bytes bytes, data::ArenaPlace& place) override { return arenas_.find(bytes, place); }
  data::ArenaPlace put(data::Bytes bytes) override {
    copied_ += bytes.size();
    return arenas_.put(bytes);
  }

 private:
  Arenas& arenas_;
  std::uint64_t& copied_;
};

Session::Session(os::Fd socket, std::string sdk, std::string language)
    : connection_(std::move(socket)),
      watch_(connection_.descriptor()),
      arenas_([this](std::uint64_t size) { return ask_region(size); }) {
  Received first = receive(std::nullopt);
  if (first.is != Received::Is::message) throw Error(Code::cancelled, "the host went away before it said hello");
  auto* hello = std::get_if<message::Hello>(&first.message);
  if (hello == nullptr) out_of_turn(first.message);
  hello_ = std::move(*hello);
  send_aside(message::Ready{protocol_version, std::move(sdk), std::move(language), ::getpid(), true, true});
  if (hello_.protocol != protocol_version) {
    throw Error(Code::unsupported, "the host speaks version " + std::to_string(hello_.protocol) +
                                       " of the worker protocol, this worker version 1");
  }
}

void Session::host_is_gone() noexcept {
  gone_ = true;
  cancelled_ = true;
}

// ---- receiving -------------------------------------------------------------------------------------------------------

Received Session::receive(std::optional<Clock::time_point> until) {
  Received received = connection_.receive(arenas_, until);
  if (received.is == Received::Is::closed) host_is_gone();
  if (received.is == Received::Is::message) decoded_copies_ += connection_.copied();
  return received;
}

bool Session::take_aside(Received& received) {
  if (const auto* cancel = std::get_if<message::Cancel>(&received.message)) {
    if (cancel->id == open_id_) cancelled_ = true;
  } else if (const auto* arena = std::get_if<message::Arena>(&received.message)) {
    arenas_.add(*arena, std::move(received.descriptor));
  } else if (const auto* drop = std::get_if<message::Drop>(&received.message)) {
    arenas_.drop(drop->arena);
  } else if (auto* reply = std::get_if<message::Reply>(&received.message)) {
    if (reply->id > last_request_) return false;
    if (reply->id == awaited_) reply_ = std::move(*reply);  // else it is late: its request gave up at a deadline
  } else {
    return false;
  }
  return true;
}

Task Session::next() {
  while (!gone_) {
    decoded_copies_ = 0;
    std::unique_lock lock(receive_mutex_);
    Received received = receive(std::nullopt);
    if (received.is == Received::Is::closed || std::holds_alternative<message::Bye>(received.message)) break;
    if (take_aside(received)) continue;
    lock.unlock();
    std::optional<Task> task;
    if (auto* call = std::get_if<message::Call>(&received.message)) {
      task = open(*call);
    } else if (auto* lifecycle = std::get_if<message::Lifecycle>(&received.message)) {
      task = open(*lifecycle);
    } else if (const auto* offer = std::get_if<message::RingOffer>(&received.message)) {
      answer_offer(*offer, std::move(received.descriptor));
    } else {
      out_of_turn(received.message);
    }
    if (task) return *task;
  }
  return {};
}

// The answer is the last frame that goes over the socket unannounced.
void Session::answer_offer(const message::RingOffer& offer, os::Fd file) {
  if (!std::exchange(may_get_ring_, false)) throw Error(Code::invalid, "broken protocol: 'ring' out of turn");
  std::optional<RingMemory> memory;
  std::string why;
  try {
    memory.emplace(RingMemory::of(std::move(file), offer.capacity));
    memory->forget_descriptor();
  } catch (const Error& error) {
    why = error.what();
  }
  if (!send_aside(message::RingAnswer{memory.has_value(), true, why}) || !memory) return;
  connection_.use_ring(std::move(*memory));
}

std::optional<Task> Session::open(message::Call& call) {
  compact_ = call.compact;
  if (!call.refused) {
    return open(Task::Kind::invoke, call.id, call.operation, std::move(call.method), std::move(call.input),
                call.timeout_ms);
  }
  answer({call.id, {}, std::move(call.refused), 0, {}}, nullptr);
  return std::nullopt;
}

std::optional<Task> Session::open(message::Lifecycle& lifecycle) {
  compact_ = false;
  if (lifecycle.refused) {
    answer({lifecycle.id, {}, std::move(lifecycle.refused), 0, {}}, nullptr);
    return std::nullopt;
  }
  Task::Kind kind = Task::Kind::load;
  switch (lifecycle.verb) {
    case Verb::load: break;
    case Verb::initialize: kind = Task::Kind::initialize; break;
    case Verb::start: kind = Task::Kind::start; break;
    case Verb::stop: kind = Task::Kind::stop; break;
    case Verb::cleanup: kind = Task::Kind::cleanup; break;
  }
  return open(kind, lifecycle.id, 0, {}, kind == Task::Kind::load ? std::move(lifecycle.config) : Value(),
              lifecycle.timeout_ms);
}

Task Session::open(Task::Kind kind, std::uint64_t id, std::uint32_t operation, std::string method, Value input,
                   std::int64_t timeout_ms) {
  const auto now = Clock::now();
  may_get_ring_ = false;
  method_ = std::move(method);
  input_ = std::move(input);
  extra_copied_ = 0;
  call_ = {sizeof(mortise_call),
           operation,
           0,
           {method_.data(), method_.size()},
           input_.c(),
           timeout_ms == 0 ? 0 : nanoseconds(now + std::chrono::milliseconds(timeout_ms)),
           &host_table,
           this};
  cancelled_ = false;
  next_look_ns_ = 0;
  open_id_ = id;
  return {kind, &call_};
}

// ---- requests --------------------------------------------------------------------------------------------------------

std::optional<Clock::time_point> Session::deadline() const noexcept {
  if (call_.deadline_ns == 0) return std::nullopt;
  return Clock::time_point(std::chrono::nanoseconds(call_.deadline_ns));
}

bool Session::late() const noexcept { return call_.deadline_ns != 0 && nanoseconds(Clock::now()) >= call_.deadline_ns; }

std::uint64_t Session::begin_request(message::Request& request) {
  if (gone_) throw Error(Code::cancelled, "the host is gone");
  if (open_id_ == 0) throw Error(Code::conflict, "no call is open that could ask the host for anything");
  if (late()) throw Error(Code::timeout, "the deadline of the call has passed");
  request.call = open_id_;
  return request.id = ++last_request_;
}

Value Session::ask(message::Request request) {
  const std::uint64_t id = begin_request(request);
  awaited_ = id;
  send_aside(std::move(request));
  return await();
}

// Nothing: the deadline passed, or the host is gone. The reply may have come already, to a thread that looked for a cancel.
std::optional<message::Reply> Session::wait_for_reply() {
  const std::lock_guard lock(receive_mutex_);
  try {
    while (!reply_ && !gone_) {
      Received received = receive(deadline());
      if (received.is != Received::Is::message) break;
      if (!take_aside(received)) out_of_turn(received.message);
    }
  } catch (const Error&) {
    host_is_gone();  // it broke the protocol; next() ends
    throw;
  }
  awaited_ = 0;
  return std::exchange(reply_, std::nullopt);
}

Value Session::await() {
  std::optional<message::Reply> reply = wait_for_reply();
  if (reply && reply->error) throw *std::move(reply->error);
  if (reply) return std::move(reply->value);
  if (gone_) throw Error(Code::cancelled, "the host is gone");
  throw Error(Code::timeout, "the host did not answer within the deadline of the call");
}

data::ArenaPlace Session::ask_region(std::uint64_t size) {
  message::Request request;
  request.what = message::Request::What::arena;
  request.size = size;
  const Value value = ask(std::move(request));
  const std::int64_t arena = value.at("arena").as_int64();
  const std::int64_t offset = value.at("offset").as_int64();
  const std::int64_t got = value.at("size").as_int64();
  if (arena <= 0 || arena > UINT32_MAX || offset < 0 || got < 0) {
    throw Error(Code::invalid, "the host lent a region that cannot be");
  }
  return {static_cast<std::uint32_t>(arena), static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(got)};
}

// ---- answering -------------------------------------------------------------------------------------------------------

bool Session::send(const OutgoingFrame& frame) {
  const std::lock_guard lock(send_mutex_);
  if (!gone_ && !connection_.send(frame)) host_is_gone();
  return !gone_;
}

bool Session::send_aside(const Message& message) {
  const std::lock_guard lock(send_mutex_);
  if (!gone_ && !connection_.send(side_writer_.write(message))) host_is_gone();
  return !gone_;
}

bool Session::reply(mortise_status status, mortise_output* output) {
  message::Result result;
  if (status != MORTISE_OK) {
    const Code code = code_of(status);
    const Value said = output != nullptr ? Value::borrow(output->value) : Value();
    result.error =
        error_from(code, said, "it failed with '" + std::string(mortise::name_of(code)) + "' and did not say why");
  } else if (output != nullptr) {
    result.value = Value::borrow(output->value);
  }
  return answer(std::move(result), output);
}

bool Session::reply(const Error& error) {
  message::Result result;
  result.error = error;
  return answer(std::move(result), nullptr);
}

bool Session::answer(message::Result result, mortise_output* output) {
  const std::lock_guard lock(request_mutex_);
  if (result.id == 0) result.id = open_id_;
  result.copied = decoded_copies_ + extra_copied_;
  result.compact = compact_;
  Message message = std::move(result);
  auto& written = std::get<message::Result>(message);
  CountingWriter bulk(arenas_, written.copied);
  OutgoingFrame frame;
  try {
    frame = result_writer_.write(message, &bulk);
  } catch (const Error& error) {
    written.value = Value();
    written.error =
        Error(error.code() == Code::busy ? Code::busy : Code::plugin, "its result cannot be sent", error.hint())
            .because(error);
    frame = result_writer_.write(message);
  }
  input_ = Value();
  bool sent = false;
  if (arenas_.input_is_held()) {
    // By the output, or by the plugin for good. What is still held when the output is gone must not change any more.
    const std::vector<std::byte> flat = flattened(frame);
    release(output);
    if (arenas_.input_is_held()) arenas_.make_private();
    open_id_ = 0;
    sent = send({flat, {}, flat.size()});
  } else {
    open_id_ = 0;
    sent = send(frame);
    release(output);
  }
  arenas_.end_call();
  return sent;
}

}  // namespace mortise::runtime::child
