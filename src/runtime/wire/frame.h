// Frames: how bytes on a socket become messages (section 2 of docs/worker-protocol.md).
//
//   "MTSE" | header bytes u32 | segment bytes u32 | descriptors u16 | 0 u16 | header (JSON) | segments
//
// Pure code: no socket, no descriptor, no clock. FrameDecoder owns one buffer; whoever has a socket reads into space() and
// asks for next(). Every number is checked before a byte is allocated for it; a broken frame is Error{invalid} and the
// stream cannot be used any further.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace mortise::runtime {

inline constexpr std::size_t frame_prefix_size = 16;
inline constexpr std::uint32_t max_header_size = 16u << 20;
inline constexpr std::uint32_t max_segments_size = 64u << 20;
inline constexpr std::uint16_t max_frame_descriptors = 8;

struct FramePrefix {
  std::uint32_t header_size = 2;
  std::uint32_t segments_size = 0;
  std::uint16_t descriptors = 0;

  [[nodiscard]] std::size_t frame_size() const noexcept {
    return frame_prefix_size + std::size_t{header_size} + segments_size;
  }
};

// Both throw Error{invalid} when a number is out of its range; reading also when letters or zeros are wrong.
void write_prefix(const FramePrefix& prefix, std::span<std::byte, frame_prefix_size> out);
[[nodiscard]] FramePrefix read_prefix(std::span<const std::byte, frame_prefix_size> in);

// What stands in the place of a prefix once a ring is in use (section 6 of docs/worker-protocol.md): sixteen bytes, letters
// and zeros.
enum class FrameMark : std::uint8_t {
  none,
  socket,  // "MTSS", in the ring: the stream goes on at the socket
  ring,    // "MTSR", on the socket: the stream goes on in the ring
  bell,    // "MTSB", on the socket: look into the ring
};
[[nodiscard]] std::span<const std::byte, frame_prefix_size> frame_mark(FrameMark mark) noexcept;
[[nodiscard]] FrameMark read_mark(std::span<const std::byte, frame_prefix_size> in) noexcept;

// A received frame. It borrows from its decoder: valid until the decoder's next space(). At least `frame_slack` readable
// bytes follow the segments, as simdjson wants.
inline constexpr std::size_t frame_slack = 64;
struct Frame {
  std::span<const std::byte> header;
  std::span<const std::byte> segments;
  std::uint16_t descriptors = 0;
};

class FrameDecoder {
 public:
  FrameDecoder();

  // Where the next bytes of the stream go: never empty, and large enough to take the rest of a frame whose prefix is known.
  [[nodiscard]] std::span<std::byte> space();
  // `count` bytes were put there.
  void received(std::size_t count) noexcept;
  // The next whole frame, if one is there. Ask until there is none before asking for space().
  [[nodiscard]] std::optional<Frame> next();
  // Takes this mark off the front, if it is there.
  [[nodiscard]] bool take_mark(FrameMark mark) noexcept;
  // The whole prefix of a frame, or a mark, is held.
  [[nodiscard]] bool holds_prefix() const noexcept { return end_ - begin_ >= frame_prefix_size; }
  // Bytes of an unfinished frame are held: the end of the stream here cuts a frame.
  [[nodiscard]] bool amid_frame() const noexcept { return begin_ != end_; }

 private:
  void make_room(std::size_t wanted);
  [[nodiscard]] std::span<const std::byte, frame_prefix_size> front() const noexcept {
    return std::span<const std::byte, frame_prefix_size>(buffer_.get() + begin_, frame_prefix_size);
  }

  std::unique_ptr<std::byte[]> buffer_;
  std::size_t capacity_ = 0;  // without the slack
  std::size_t begin_ = 0;     // of what is received but not handed out
  std::size_t end_ = 0;
};

}  // namespace mortise::runtime
