// The bytes of a socket: however they are cut, the same frames come out, or the same error.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "runtime/wire/frame.h"

namespace {

using mortise::runtime::Frame;
using mortise::runtime::FrameDecoder;

// All that a stream says, as text: its frames, and how it ends.
std::string heard(std::span<const std::byte> stream, std::size_t piece) {
  std::string said;
  const auto add = [&](std::span<const std::byte> bytes) {
    said.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()).append(1, '|');
  };
  FrameDecoder decoder;
  try {
    while (!stream.empty()) {
      const std::span<std::byte> space = decoder.space();
      const std::size_t count = std::min({piece, stream.size(), space.size()});
      std::copy_n(stream.begin(), count, space.begin());
      decoder.received(count);
      stream = stream.subspan(count);
      while (const auto frame = decoder.next()) {
        add(frame->header);
        add(frame->segments);
        said += std::to_string(frame->descriptors);
      }
    }
  } catch (const mortise::Error&) {
    return said + "!";
  }
  return said + (decoder.amid_frame() ? "..." : ".");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto stream = std::as_bytes(std::span(data + 1, size - 1));
  if (heard(stream, std::size_t{data[0]} + 1) != heard(stream, stream.size() + 1)) std::abort();
  return 0;
}
