// A stream of frames through a ring and a socket, and what a hostile writer can do to it.
#include <doctest/doctest.h>
#include <fcntl.h>

#include <cstring>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "runtime/ring/receiver.h"
#include "runtime/ring/sender.h"

namespace mortise::runtime {
namespace {

using Bytes = std::vector<std::byte>;

// A frame whose header is a JSON text of about this size.
Bytes frame_bytes(std::size_t size, char letter = 'x', std::uint16_t descriptors = 0) {
  Bytes bytes(frame_prefix_size + size, static_cast<std::byte>(letter));
  write_prefix({static_cast<std::uint32_t>(size), 0, descriptors}, std::span(bytes).first<frame_prefix_size>());
  return bytes;
}

// Both ends of one direction, with a pretended socket beside them.
struct Stream {
  RingMemory memory = RingMemory::make(min_ring_capacity);
  RingSender sender{memory.to_worker()};
  RingReceiver receiver{memory.to_worker()};
  Bytes socket;  // on its way
  FrameDecoder decoder;
  int bells = 0;

  void send(const Bytes& bytes, bool has_descriptors = false) {
    const RingSender::Sent sent = sender.send({bytes, {}, bytes.size()}, has_descriptors);
    bells += sent.mark == FrameMark::bell ? 1 : 0;
    if (sent.mark != FrameMark::none) push(frame_mark(sent.mark));
    if (!sent.in_ring) push(bytes);
  }
  void push(std::span<const std::byte> bytes) { socket.insert(socket.end(), bytes.begin(), bytes.end()); }
  bool receive_from_socket() {
    if (socket.empty()) return false;
    const std::size_t count = std::min(socket.size(), decoder.space().size());
    std::memcpy(decoder.space().data(), socket.data(), count);
    decoder.received(count);
    socket.erase(socket.begin(), socket.begin() + static_cast<std::ptrdiff_t>(count));
    return true;
  }
  // The size and the letter of the next header; 0 when nothing is there.
  std::pair<std::size_t, char> next() {
    while (true) {
      if (const auto taken = receiver.next(decoder)) {
        return {taken->frame.header.size(), static_cast<char>(taken->frame.header.front())};
      }
      if (!receiver.fetch() && !receive_from_socket()) return {0, ' '};
    }
  }
};

void scribble(std::uint32_t* word, std::uint32_t value) { Lane::Word(*word).store(value); }

TEST_CASE("frames come out of a ring as they went in, around its end many times") {
  Stream stream;
  for (int round = 0; round < 1000; ++round) {
    const auto size = static_cast<std::size_t>(2 + round * 7 % 1500);
    const char letter = static_cast<char>('a' + round % 26);
    stream.send(frame_bytes(size, letter));
    REQUIRE(stream.next() == std::pair(size, letter));
  }
  CHECK(stream.socket.empty());
  CHECK(stream.next().first == 0);
}

TEST_CASE("what is large, brings descriptors or finds no room goes over the socket, and the order stays") {
  Stream stream;
  std::deque<std::pair<std::size_t, char>> expected;
  for (int round = 0; round < 400; ++round) {
    const bool large = round % 7 == 0;
    const bool with_descriptor = round % 11 == 0;
    const std::size_t size = large ? 10'000 : static_cast<std::size_t>(200 + round);
    const char letter = static_cast<char>('a' + round % 26);
    stream.send(frame_bytes(size, letter), with_descriptor);
    expected.emplace_back(size, letter);
    for (int read = 0; round % 5 == 0 && read < 4 && !expected.empty(); ++read) {  // slower than the writer
      REQUIRE(stream.next() == expected.front());
      expected.pop_front();
    }
  }
  for (; !expected.empty(); expected.pop_front()) REQUIRE(stream.next() == expected.front());
  stream.send(frame_bytes(10, 'z'));
  CHECK(stream.next() == std::pair<std::size_t, char>(10, 'z'));
  stream.send(frame_bytes(10, 'y'));
  CHECK(stream.socket.empty());  // back in the ring
}

TEST_CASE("a reader that sleeps at the socket is rung for, one that is awake is not") {
  Stream stream;
  stream.send(frame_bytes(10));
  CHECK(stream.bells == 0);
  CHECK_FALSE(stream.receiver.doze(Asleep::at_socket));  // something is there
  CHECK(stream.next().first == 10);
  CHECK(stream.receiver.doze(Asleep::at_socket));
  stream.send(frame_bytes(11));
  CHECK(stream.bells == 1);
  stream.receiver.awake();
  stream.send(frame_bytes(12));
  CHECK(stream.bells == 1);
  CHECK(stream.next().first == 11);
  CHECK(stream.next().first == 12);
  CHECK(stream.next().first == 0);
}

TEST_CASE("a reader that sleeps on the futex is woken by the writer, and by whoever interrupts it") {
  Stream stream;
  for (const bool interrupted : {false, true}) {
    std::atomic<bool> asleep = false;
    std::thread waker([&] {
      while (!asleep) std::this_thread::yield();
      if (interrupted) {
        for (int i = 0; i < 1000 && asleep; ++i) {
          stream.receiver.interrupt();
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      } else {
        stream.send(frame_bytes(10));
      }
    });
    REQUIRE(stream.receiver.doze(Asleep::at_futex));
    asleep = true;
    stream.receiver.sleep(std::chrono::minutes(5));
    asleep = false;
    stream.receiver.awake();
    waker.join();
    CHECK(stream.next().first == (interrupted ? 0 : 10));
  }
}

TEST_CASE("a tail that claims more than the ring holds breaks the protocol") {
  Stream stream;
  for (const std::uint32_t claim : {min_ring_capacity + 1, 0x7fffffffU, 0xffffffffU}) {
    scribble(stream.memory.to_worker().tail_word, claim);
    CHECK_THROWS_WITH_AS((void)stream.receiver.fetch(), doctest::Contains("broken ring: it holds 4096 bytes"), Error);
  }
}

TEST_CASE("a frame in the ring that announces descriptors, which only the socket can bring, breaks the protocol") {
  Stream stream;
  stream.send(frame_bytes(10, 'x', 1));
  CHECK_THROWS_WITH_AS((void)stream.next(), doctest::Contains("broken ring: a frame in it announces descriptors"), Error);
}

TEST_CASE("a tail that goes back after it was seen breaks the protocol") {
  Stream stream;
  stream.send(frame_bytes(100));
  CHECK_FALSE(stream.receiver.doze(Asleep::at_socket));
  scribble(stream.memory.to_worker().tail_word, 0);
  CHECK_THROWS_WITH_AS((void)stream.receiver.fetch(), doctest::Contains("takes back what it wrote"), Error);
}

TEST_CASE("a frame that is cut in the ring breaks the protocol, wherever it is cut") {
  const Bytes whole = frame_bytes(100);
  for (std::uint32_t cut = 1; cut < whole.size(); ++cut) {
    Stream stream;
    std::memcpy(stream.memory.to_worker().data, whole.data(), whole.size());
    scribble(stream.memory.to_worker().tail_word, cut);
    CHECK(stream.receiver.fetch());
    CHECK_THROWS_WITH_AS((void)stream.receiver.next(stream.decoder),
                         doctest::Contains("broken ring: a frame in it is cut"), Error);
  }
}

TEST_CASE("absurd lengths and descriptors in a ring break the protocol") {
  for (const std::size_t at : {4U, 8U, 12U}) {
    Stream stream;
    Bytes bytes = frame_bytes(100);
    bytes[at] = bytes[at + 1] = std::byte{0xff};
    std::memcpy(stream.memory.to_worker().data, bytes.data(), bytes.size());
    scribble(stream.memory.to_worker().tail_word, static_cast<std::uint32_t>(bytes.size()));
    CHECK(stream.receiver.fetch());
    CHECK_THROWS_AS((void)stream.receiver.next(stream.decoder), Error);
  }
}

TEST_CASE("a frame that changes after it was taken over stays as it was") {
  Stream stream;
  stream.send(frame_bytes(100, 'a'));
  REQUIRE(stream.receiver.fetch());
  std::memset(stream.memory.to_worker().data, 0xff, min_ring_capacity);
  const auto taken = stream.receiver.next(stream.decoder);
  REQUIRE(taken);
  CHECK(taken->frame.header.size() == 100);
  CHECK(static_cast<char>(taken->frame.header.back()) == 'a');
}

TEST_CASE("a frame on the socket that the ring did not announce breaks the protocol; bells do not") {
  Stream stream;
  for (int i = 0; i < 3; ++i) stream.push(frame_mark(FrameMark::bell));
  CHECK(stream.next().first == 0);
  stream.push(frame_bytes(10));
  CHECK_THROWS_WITH_AS((void)stream.next(), doctest::Contains("over the socket while the ring was in use"), Error);
}

TEST_CASE("marks where they have no meaning break the protocol") {
  for (const FrameMark mark : {FrameMark::ring, FrameMark::socket}) {
    Stream stream;
    stream.push(frame_mark(mark));
    CHECK_THROWS_AS((void)stream.next(), Error);
  }
  for (const FrameMark mark : {FrameMark::ring, FrameMark::bell}) {
    Stream stream;
    std::memcpy(stream.memory.to_worker().data, frame_mark(mark).data(), frame_prefix_size);
    scribble(stream.memory.to_worker().tail_word, frame_prefix_size);
    CHECK_THROWS_AS((void)stream.next(), Error);
  }
}

TEST_CASE("a reader that claims to have read what was never written is found out when room is needed") {
  Stream stream;
  stream.send(frame_bytes(1000));
  scribble(stream.memory.to_worker().head_word, 5000);
  CHECK_THROWS_WITH_AS(
      [&] {
        for (int i = 0; i < 5; ++i) stream.send(frame_bytes(1000));
      }(),
      doctest::Contains("broken ring: its reader says that it read 5000 of"), Error);
}

TEST_CASE("a writer is not misled by what its own words say") {
  Stream stream;
  stream.send(frame_bytes(1000, 'a'));
  scribble(stream.memory.to_worker().tail_word, 77);
  stream.send(frame_bytes(1000, 'b'));
  CHECK(stream.next() == std::pair<std::size_t, char>(1000, 'a'));
  CHECK(stream.next() == std::pair<std::size_t, char>(1000, 'b'));
}

TEST_CASE("a writer knows whether what it wrote was read") {
  Stream stream;
  CHECK(stream.sender.was_read(stream.sender.written()));
  stream.send(frame_bytes(100));
  CHECK_FALSE(stream.sender.was_read(stream.sender.written()));
  CHECK(stream.next().first == 100);
  CHECK(stream.sender.was_read(stream.sender.written()));
}

TEST_CASE("a worker takes over only memory that is what it was said to be") {
  const RingMemory made = RingMemory::make(min_ring_capacity);
  const auto again = [&] { return os::Fd(::fcntl(made.descriptor(), F_DUPFD_CLOEXEC, 0)); };
  CHECK(RingMemory::of(again(), min_ring_capacity).capacity() == min_ring_capacity);
  for (const std::uint64_t capacity : {0ULL, 1ULL, 4097ULL, 6000ULL, 8192ULL, 1ULL << 25, 1ULL << 33, ~0ULL}) {
    CHECK_THROWS_AS((void)RingMemory::of(again(), capacity), Error);
  }
  const int seals = ::fcntl(made.descriptor(), F_GET_SEALS);
  constexpr int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  CHECK((seals & wanted) == wanted);
}

TEST_CASE("two threads send many small frames through a small ring in order") {
  RingMemory memory = RingMemory::make(min_ring_capacity);
  constexpr std::uint32_t count = 200'000;
  RingSender sender(memory.to_host());
  RingReceiver receiver(memory.to_host());
  FrameDecoder decoder;
  std::thread writer([&] {
    for (std::uint32_t i = 0; i < count;) {
      Bytes bytes = frame_bytes(4 + i % 50);
      std::memcpy(bytes.data() + frame_prefix_size, &i, sizeof i);
      // The socket is left out: wait for room instead, as no real sender does.
      const Lane lane = memory.to_host();
      if (lane.tail().load() - lane.head().load() > 3000) {
        std::this_thread::yield();
        continue;
      }
      if (sender.send({bytes, {}, bytes.size()}, false).in_ring) ++i;
    }
  });
  std::uint32_t expected = 0;
  bool in_order = true;
  while (expected < count) {
    if (const auto taken = receiver.next(decoder)) {
      std::uint32_t got = 0;
      std::memcpy(&got, taken->frame.header.data(), sizeof got);
      in_order = in_order && got == expected && taken->frame.header.size() == 4 + expected % 50;
      ++expected;
    } else if (!receiver.fetch()) {
      std::this_thread::yield();
    }
  }
  writer.join();
  CHECK(in_order);
}

}  // namespace
}  // namespace mortise::runtime
