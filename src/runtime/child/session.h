// Session: a worker's conversation with its host, from the greeting to the end, task by task.
//
// One thread opens, takes and replies. While a task is open, the plugin may use the host table in it from any of its
// threads; the session serialises what they send and lets one request at a time wait for its reply.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "mortise/plugin.h"
#include "runtime/child/arenas.h"
#include "runtime/child/connection.h"
#include "runtime/child/hangup_watch.h"

namespace mortise::runtime::child {

struct Task {
  enum class Kind : std::uint8_t { end, load, initialize, start, invoke, stop, cleanup };
  Kind kind = Kind::end;
  const mortise_call* call = nullptr;  // valid until the reply
};

class Session {
 public:
  // Waits for the host's greeting and answers it. Throws Error{invalid} when the host breaks the protocol,
  // Error{cancelled} when it goes before it spoke, Error{unsupported} when it speaks another version.
  Session(os::Fd socket, std::string sdk, std::string language);

  [[nodiscard]] const message::Hello& hello() const noexcept { return hello_; }

  // Waits for the next task; the end is one, too. What cannot be read is answered here. Throws Error{invalid} when the host
  // breaks the protocol.
  [[nodiscard]] Task next();

  // Answers the open task with a result, or with what is in `output` as an error; takes `output` over and releases it.
  // False: the host is gone.
  bool reply(mortise_status status, mortise_output* output);
  bool reply(const Error& error);

  void count_copied(std::uint64_t bytes) noexcept { extra_copied_ += bytes; }

 private:
  class CountingWriter;

  // The host table's functions; `context` is the session.
  static void log(void* context, std::uint32_t level, mortise_string text, const mortise_value* fields);
  static void progress(void* context, double fraction, mortise_string note);
  static std::int32_t cancelled(void* context);
  static mortise_status context_get(void* context, mortise_string key, mortise_output* out);
  static mortise_status service(void* context, mortise_string service, mortise_string method,
                                const mortise_value* input, mortise_output* out);
  static mortise_status allocate(void* context, std::uint64_t bytes, mortise_buffer* out);
  static const mortise_host host_table;

  std::optional<Task> open(message::Lifecycle& lifecycle);
  std::optional<Task> open(message::Call& call);
  Task open(Task::Kind kind, std::uint64_t id, std::uint32_t operation, std::string method, Value input,
            std::int64_t timeout_ms);

  void answer_offer(const message::RingOffer& offer, os::Fd file);
  Received receive(std::optional<Clock::time_point> until);
  // Does what may come at any time (cancel, arena, drop, a reply that nobody waits for any more). False: it was another.
  bool take_aside(Received& received);
  void look_for_cancel();
  [[nodiscard]] std::optional<Clock::time_point> deadline() const noexcept;
  [[nodiscard]] bool late() const noexcept;

  // Requests; the caller holds request_mutex_. They throw what the host answered, Error{timeout} at the call's deadline, and
  // Error{cancelled} when the host is gone.
  std::uint64_t begin_request(message::Request& request);
  Value ask(message::Request request);
  Value await();  // the reply to the request `awaited_`, which was sent just now
  std::optional<message::Reply> wait_for_reply();
  data::ArenaPlace ask_region(std::uint64_t size);

  bool answer(message::Result result, mortise_output* output);
  bool send_aside(const Message& message);
  bool send(const OutgoingFrame& frame);
  void host_is_gone() noexcept;

  Connection connection_;
  bool may_get_ring_ = true;  // until it was offered, or the first task
  HangupWatch watch_;
  Arenas arenas_;
  message::Hello hello_;

  std::mutex send_mutex_;  // the sending half of the connection, and the next line
  MessageWriter side_writer_;
  std::mutex receive_mutex_;  // the receiving half, and the next line
  std::optional<message::Reply> reply_;
  std::mutex request_mutex_;  // one request at a time, and the next lines
  std::atomic<std::uint64_t> last_request_ = 0;
  std::atomic<std::uint64_t> awaited_ = 0;
  MessageWriter request_writer_;
  MessageWriter result_writer_;  // of the one thread

  // The open task.
  bool compact_ = false;  // its message had a compact header, so its answer may
  std::atomic<std::uint64_t> open_id_ = 0;  // 0: none
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> gone_ = false;
  std::atomic<std::int64_t> next_look_ns_ = 0;  // when cancelled() looks at the socket again
  std::atomic<std::uint64_t> decoded_copies_ = 0;
  std::uint64_t extra_copied_ = 0;
  std::string method_;
  Value input_;
  mortise_call call_{};
};

}  // namespace mortise::runtime::child
