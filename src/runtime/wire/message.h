// Messages: what frames say (section 4 of docs/worker-protocol.md), as plain structs, the same on both sides.
//
// MessageWriter turns one into a frame, MessageReader a frame into one. Both keep their buffers: a small call or result costs
// about a microsecond and allocates only what its value needs. A header that breaks the protocol is Error{invalid}: the
// connection is over. A value that breaks the rules of values is not: the message comes with `refused` set, so that its
// receiver can answer the right id.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "data/wire.h"
#include "mortise/value.hpp"
#include "runtime/wire/frame.h"

namespace mortise::runtime {

inline constexpr std::int64_t protocol_version = 1;
inline constexpr std::uint32_t max_cause_depth = 32;
inline constexpr std::size_t max_error_text =
    64U << 10;  // a message, a hint, a detail; longer ones are cut, in both directions
inline constexpr std::size_t max_error_details = 64;  // those after are left out

// The words of MORTISE_OP_* ("step"), of MORTISE_LOG_* ("info"); 0 or nothing when unknown.
[[nodiscard]] std::string_view operation_word(std::uint32_t operation) noexcept;
[[nodiscard]] std::uint32_t operation_of_word(std::string_view word) noexcept;
[[nodiscard]] std::string_view log_level_word(std::uint32_t level) noexcept;
[[nodiscard]] std::uint32_t log_level_of_word(std::string_view word) noexcept;

enum class Verb : std::uint8_t { load, initialize, start, stop, cleanup };
[[nodiscard]] std::string_view name_of(Verb verb) noexcept;

namespace message {

// ---- from the host ----

struct Hello {
  std::int64_t protocol = protocol_version;
  std::string host;  // version text
  std::string plugin_id, plugin_path, plugin_entry, plugin_name, plugin_version;
  std::string adapter, object;  // what loads the entry, and which plugin of it; empty for most
  Value limits = Value::map();
};

struct Lifecycle {
  std::uint64_t id = 0;
  Verb verb = Verb::load;
  Value config = Value::map();  // of load
  std::int64_t timeout_ms = 0;  // 0: none
  std::optional<Error> refused;
};

struct Call {
  std::uint64_t id = 0;
  std::uint32_t operation = 0;  // MORTISE_OP_*
  std::string method;           // of MORTISE_OP_CALL
  Value input;
  std::int64_t timeout_ms = 0;
  std::optional<Error> refused;
  bool compact = false;  // with a compact header, to a worker that reads them
};

struct Cancel {
  std::uint64_t id = 0;
};

struct Reply {
  std::uint64_t id = 0;
  Value value;
  std::optional<Error> error;  // set: the request failed
};

enum class Access : std::uint8_t { read, write };

struct Arena {
  std::uint32_t arena = 0;
  std::uint64_t size = 0;
  Access access = Access::read;  // its one descriptor travels beside the frame
};

struct Drop {
  std::uint32_t arena = 0;
};

// Memory for a ring, to a worker that said it can use one; its one descriptor travels beside the frame.
struct RingOffer {
  std::uint64_t capacity = 0;
};

struct Bye {};

// ---- from the worker ----

struct Ready {
  std::int64_t protocol = protocol_version;
  std::string sdk, language;
  std::int64_t pid = 0;
  bool ring = false;     // "ring" is among its "features"
  bool compact = false;  // "compact" is
};

struct RingAnswer {
  bool taken = false;
  bool futex = false;  // it wakes a host that sleeps on a futex
  std::string why;     // it was not taken
};

struct Result {
  std::uint64_t id = 0;
  Value value;
  std::optional<Error> error;  // set: it failed; the code is the status
  std::uint64_t copied = 0;
  std::optional<Error> refused;
  bool compact = false;  // with a compact header, in answer to a call that had one; errors never have
};

struct Log {
  std::uint64_t id = 0;  // 0 outside a call
  std::uint32_t level = MORTISE_LOG_INFO;
  std::string text;
  Value fields = Value::map();
};

struct Progress {
  std::uint64_t id = 0;
  double fraction = -1;  // negative: unknown
  std::string note;
};

struct Request {
  enum class What : std::uint8_t { context, service, arena };
  std::uint64_t id = 0;
  std::uint64_t call = 0;
  What what = What::context;
  std::string key;              // context
  std::string service, method;  // service
  Value input;                  // service
  std::uint64_t size = 0;       // arena
  std::optional<Error> refused;
};

}  // namespace message

using Message = std::variant<message::Hello, message::Lifecycle, message::Call, message::Cancel, message::Reply,
                             message::Arena, message::Drop, message::RingOffer, message::Bye, message::Ready,
                             message::RingAnswer, message::Result, message::Log, message::Progress, message::Request>;

// The word of "t".
[[nodiscard]] std::string_view name_of(const Message& message) noexcept;

// A frame ready to be sent by writev: prefix and header in one piece, then the segments from where they lie.
struct OutgoingFrame {
  std::span<const std::byte> head;
  std::span<const data::Bytes> segments;
  std::uint64_t size = 0;  // of all together
};

class MessageWriter {
 public:
  // Valid until the next write, and while the message's values live. Throws Error{invalid} when a value breaks a rule or the
  // frame would break a limit, and whatever `bulk` throws. Without `bulk` everything travels in the frame.
  [[nodiscard]] OutgoingFrame write(const Message& message, data::BulkWriter* bulk = nullptr);

 private:
  void write_json(const Message& message);
  data::WireEncoder encoder_;
};

enum class From : std::uint8_t { host, worker };

class MessageReader {
 public:
  // Accepts only messages that `from` may send.
  explicit MessageReader(From from, data::DecodeOptions options = {});
  MessageReader(MessageReader&&) noexcept;
  MessageReader& operator=(MessageReader&&) noexcept;
  ~MessageReader();

  // The frame may be forgotten afterwards: the message has copied what it needs. Without `bulk` a place in shared memory is
  // an error of the value.
  [[nodiscard]] Message read(const Frame& frame, data::BulkReader* bulk = nullptr);
  // Bytes that the last read copied out of shared memory.
  [[nodiscard]] std::uint64_t copied() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mortise::runtime
