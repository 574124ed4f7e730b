#include "runtime/wire/frame.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "base/error.h"

namespace mortise::runtime {
namespace {

static_assert(std::endian::native == std::endian::little, "the prefix is copied as it lies in memory");

constexpr std::array<char, 4> letters{'M', 'T', 'S', 'E'};
constexpr std::size_t usual_capacity = 64u << 10;
constexpr std::size_t kept_capacity = 1u << 20;  // a buffer that one large frame blew up is given back

struct RawPrefix {
  std::array<char, 4> letters;
  std::uint32_t header_size;
  std::uint32_t segments_size;
  std::uint16_t descriptors;
  std::uint16_t zero;
};
static_assert(sizeof(RawPrefix) == frame_prefix_size);

[[noreturn]] void broken(std::string_view what, std::string_view expected, std::uint64_t got) {
  throw Error(Code::invalid, "broken frame: " + std::string(what) + " is " + std::to_string(got) + ", expected " +
                                 std::string(expected));
}

void check(const RawPrefix& raw) {
  if (raw.letters != letters) throw Error(Code::invalid, "broken frame: it does not begin with MTSE");
  if (raw.header_size < 2 || raw.header_size > max_header_size) broken("header size", "2 to 16777216", raw.header_size);
  if (raw.segments_size > max_segments_size) broken("segment size", "at most 67108864", raw.segments_size);
  if (raw.descriptors > max_frame_descriptors) broken("number of descriptors", "at most 8", raw.descriptors);
  if (raw.zero != 0) broken("the reserved field", "0", raw.zero);
}

using Mark = std::array<std::byte, frame_prefix_size>;

constexpr Mark make_mark(char last) {
  Mark mark{};
  for (std::size_t i = 0; i < 3; ++i) mark[i] = static_cast<std::byte>(letters[i]);
  mark[3] = static_cast<std::byte>(last);
  return mark;
}

// In the order of FrameMark.
constexpr std::array<Mark, 4> marks{Mark{}, make_mark('S'), make_mark('R'), make_mark('B')};

}  // namespace

std::span<const std::byte, frame_prefix_size> frame_mark(FrameMark mark) noexcept {
  return marks[static_cast<std::size_t>(mark)];
}

FrameMark read_mark(std::span<const std::byte, frame_prefix_size> in) noexcept {
  for (const FrameMark mark : {FrameMark::socket, FrameMark::ring, FrameMark::bell}) {
    if (std::ranges::equal(in, frame_mark(mark))) return mark;
  }
  return FrameMark::none;
}

void write_prefix(const FramePrefix& prefix, std::span<std::byte, frame_prefix_size> out) {
  const RawPrefix raw{letters, prefix.header_size, prefix.segments_size, prefix.descriptors, 0};
  check(raw);
  std::memcpy(out.data(), &raw, sizeof raw);
}

FramePrefix read_prefix(std::span<const std::byte, frame_prefix_size> in) {
  RawPrefix raw{};
  std::memcpy(&raw, in.data(), sizeof raw);
  check(raw);
  return {raw.header_size, raw.segments_size, raw.descriptors};
}

FrameDecoder::FrameDecoder() { make_room(usual_capacity); }

std::span<std::byte> FrameDecoder::space() {
  const std::size_t held = end_ - begin_;
  std::size_t wanted = frame_prefix_size;
  if (held >= frame_prefix_size && read_mark(front()) == FrameMark::none) wanted = read_prefix(front()).frame_size();
  wanted = std::max(wanted, held + 1);
  if (held == 0) {
    begin_ = end_ = 0;
    if (capacity_ > kept_capacity) make_room(usual_capacity);
  } else if (begin_ + wanted > capacity_) {
    make_room(std::max(wanted, usual_capacity));
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

void FrameDecoder::received(std::size_t count) noexcept { end_ = std::min(end_ + count, capacity_); }

bool FrameDecoder::take_mark(FrameMark mark) noexcept {
  if (!holds_prefix() || read_mark(front()) != mark) return false;
  begin_ += frame_prefix_size;
  return true;
}

std::optional<Frame> FrameDecoder::next() {
  const std::size_t held = end_ - begin_;
  if (held < frame_prefix_size) return std::nullopt;
  const std::byte* start = buffer_.get() + begin_;
  const FramePrefix prefix = read_prefix(front());
  if (held < prefix.frame_size()) return std::nullopt;
  begin_ += prefix.frame_size();
  const std::byte* header = start + frame_prefix_size;
  return Frame{{header, prefix.header_size}, {header + prefix.header_size, prefix.segments_size}, prefix.descriptors};
}

// Moves what is held to the front of a buffer of `wanted` bytes. The memory is not touched beyond what arrives, so a frame
// that claims 80 MiB and never comes costs address space only.
void FrameDecoder::make_room(std::size_t wanted) {
  const std::size_t held = end_ - begin_;
  if (wanted <= capacity_ && held != 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, held);
  } else {
    std::unique_ptr<std::byte[]> fresh(new std::byte[wanted + frame_slack]);
    std::memset(fresh.get() + wanted, 0, frame_slack);
    if (held != 0) std::memcpy(fresh.get(), buffer_.get() + begin_, held);
    buffer_ = std::move(fresh);
    capacity_ = wanted;
  }
  begin_ = 0;
  end_ = held;
}

}  // namespace mortise::runtime
