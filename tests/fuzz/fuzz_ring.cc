// Whatever lies in a ring and comes over its socket: frames come out that were in it, or an error, and it ends.
//
// Input: rounds of one byte that says what happens (into the ring, over the socket, a word), one byte for how much, and that much.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "runtime/ring/receiver.h"

namespace {

namespace runtime = mortise::runtime;

void feed(runtime::FrameDecoder& decoder, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::span<std::byte> space = decoder.space();
    const std::size_t count = std::min(space.size(), bytes.size());
    std::memcpy(space.data(), bytes.data(), count);
    decoder.received(count);
    bytes = bytes.subspan(count);
  }
}

void play(std::span<const std::uint8_t> input) {
  static runtime::RingMemory memory = runtime::RingMemory::make(runtime::min_ring_capacity);
  const runtime::Lane lane = memory.to_host();
  for (const runtime::Lane::Word word : {lane.tail(), lane.head(), lane.asleep()}) word.store(0);
  runtime::RingReceiver receiver(lane);
  runtime::FrameDecoder decoder;
  std::uint32_t written = 0;
  while (input.size() >= 2) {
    const std::uint8_t what = input[0];
    const std::span<const std::uint8_t> bytes = input.subspan(2, std::min<std::size_t>(input[1], input.size() - 2));
    input = input.subspan(2 + bytes.size());
    if (what % 8 == 7) {
      std::uint32_t claim = 0;
      std::memcpy(&claim, bytes.data(), std::min(bytes.size(), sizeof claim));
      lane.tail().store(claim);
    } else if (what % 2 == 0) {
      for (const std::uint8_t byte : bytes) lane.data[written++ & (lane.capacity - 1)] = static_cast<std::byte>(byte);
      lane.tail().store(written);
    } else {
      feed(decoder, bytes);
    }
    (void)receiver.fetch();
    while (const auto taken = receiver.next(decoder)) {
      if (taken->frame.header.size() < 2 || (taken->from_ring && taken->frame.descriptors != 0)) std::abort();
      volatile std::byte last = taken->frame.header.back();
      (void)last;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    play({data, size});
  } catch (const mortise::Error& error) {
    if (error.code() != mortise::Code::invalid) std::abort();
  }
  return 0;
}
