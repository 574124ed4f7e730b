// Values as workers exchange them: section 3 of docs/worker-protocol.md, which loses nothing.
//
// A value becomes JSON text plus binary pieces. A piece up to 64 KiB becomes a segment of the same frame, sent from where
// it lies; a longer one goes into shared memory, which is somebody else's business: BulkWriter and BulkReader. The decoder
// trusts nobody: whatever it returns obeys every rule of Values, Tables and Tensors.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/buffer.h"
#include "mortise/value.hpp"

namespace simdjson::dom {
class element;
}

namespace mortise::data {

inline constexpr std::uint64_t max_segment_bytes = 64u << 10;   // longer pieces go to shared memory when there is some
inline constexpr std::uint64_t max_segments_bytes = 64u << 20;  // of one frame together
inline constexpr std::uint64_t max_wire_values = 4'000'000;     // of one message
inline constexpr std::uint32_t max_wire_json_depth = 512;

struct ArenaPlace {
  std::uint32_t arena = 0;   // positive
  std::uint64_t offset = 0;  // a multiple of 64
  std::uint64_t size = 0;
  friend bool operator==(const ArenaPlace&, const ArenaPlace&) = default;
};

// Shared memory on the way out.
class BulkWriter {
 public:
  virtual ~BulkWriter() = default;
  // True when the bytes already lie in shared memory that the receiver has or gets: nothing is copied then.
  virtual bool find(Bytes bytes, ArenaPlace& place) = 0;
  // Copies the bytes into shared memory and counts them. Throws Error{busy} when there is no room.
  virtual ArenaPlace put(Bytes bytes) = 0;
};

// Shared memory on the way in.
class BulkReader {
 public:
  virtual ~BulkReader() = default;
  // The bytes of the place, whole, and what keeps them mapped. Throws Error{invalid} when the arena is unknown or the place
  // does not lie within it.
  virtual Buffer resolve(const ArenaPlace& place) = 0;
  // True when the sender cannot write there, whatever DecodeOptions say: its receiver's own memory, handed back.
  virtual bool immutable(const ArenaPlace&) { return false; }
  // Where the decoder puts what it copies (see DecodeOptions); by default on the heap.
  virtual Block allocate(std::size_t size) { return allocate_block(size); }
};

// Writes JSON and collects segments. Reused from message to message, so that a small one allocates nothing.
class WireEncoder {
 public:
  // Forgets the last message. Without a writer everything becomes segments, up to 64 MiB together.
  void begin(BulkWriter* bulk);
  // The text so far; messages write their own keys into it.
  [[nodiscard]] std::string& text() noexcept { return text_; }
  // Appends one value. The value must live unchanged until its segments are sent. Throws Error{invalid} for a value that
  // breaks a rule (depth, UTF-8, a table or tensor with wrong sizes), and whatever the writer throws.
  void append(const Value& value);
  [[nodiscard]] std::span<const Bytes> segments() const noexcept { return segments_; }
  [[nodiscard]] std::uint64_t segments_size() const noexcept { return segments_size_; }

 private:
  friend class WireWriter;
  std::string text_;
  std::vector<Bytes> segments_;
  std::uint64_t segments_size_ = 0;
  std::vector<Buffer> kept_;  // pieces that had to be made for this message: shifted bitmaps
  BulkWriter* bulk_ = nullptr;
  std::uint64_t values_ = 0;
};

// What the sender of shared memory can still do to it.
enum class Sender {
  cannot_write,  // it may be read in place: the host's own read arenas, sealed against this side's enemies
  can_write,     // copy_everything: each place is copied first, then checked, and the copy is what the value holds
};

struct DecodeOptions {
  Sender sender = Sender::can_write;
  std::uint64_t values = max_wire_values;
  std::uint64_t bulk_bytes = std::uint64_t{8} << 30;  // of all places of one message together
};

// Reads the values of one frame, out of JSON that simdjson has parsed. What it refuses is Error{invalid}.
class WireDecoder {
 public:
  explicit WireDecoder(DecodeOptions options = {}) : options_(options) {}

  // A new message: its segments (in order, borrowed until the next begin) and its shared memory, if any.
  void begin(std::span<const Bytes> segments, BulkReader* bulk) noexcept;
  [[nodiscard]] Value decode(const simdjson::dom::element& json);
  // Bytes copied out of shared memory since begin.
  [[nodiscard]] std::uint64_t copied() const noexcept { return copied_; }

 private:
  friend class WireValueReader;
  DecodeOptions options_;
  std::span<const Bytes> segments_;
  BulkReader* bulk_ = nullptr;
  std::uint64_t values_ = 0;
  std::uint64_t bulk_bytes_ = 0;
  std::uint64_t copied_ = 0;
};

}  // namespace mortise::data
