#include "os/socket.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "os/memory_file.h"

using namespace mortise;
using namespace std::chrono_literals;

namespace {
std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

int open_descriptors() {
  int count = 0;
  for (int i = 0; i < 256; ++i) count += ::fcntl(i, F_GETFD) >= 0 ? 1 : 0;
  return count;
}
}  // namespace

TEST_CASE("bytes and descriptors travel together, and the received descriptor is closed on exec") {
  auto [a, b] = os::socket_pair(os::SocketKind::stream);
  const os::Fd memory = os::make_memory_file("test", 4096);
  const int descriptor = memory.get();
  CHECK(os::send_all(a.get(), bytes_of("hello"), std::span(&descriptor, 1), 1s));
  std::array<std::byte, 16> buffer{};
  std::vector<os::Fd> came;
  const os::Transfer got = os::receive_some(b.get(), buffer, came);
  CHECK(got.io == os::Io::done);
  CHECK(std::memcmp(buffer.data(), "hello", 5) == 0);
  REQUIRE(came.size() == 1);
  CHECK((::fcntl(came[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(os::map(came[0], 4096, os::Access::write).size() == 4096);
}

TEST_CASE("more descriptors than allowed are an error, and none of them stays open") {
  auto [a, b] = os::socket_pair(os::SocketKind::packet);
  const std::array three{a.get(), a.get(), a.get()};
  const int before = open_descriptors();
  CHECK(os::send_all(a.get(), bytes_of("x"), three, 1s));
  std::array<std::byte, 16> buffer{};
  std::vector<os::Fd> came;
  CHECK_THROWS_AS((void)os::receive_some(b.get(), buffer, came, 2), Error);
  CHECK(came.empty());
  CHECK(open_descriptors() == before);
}

TEST_CASE("a peer that is gone is an answer, not a signal") {
  auto [a, b] = os::socket_pair(os::SocketKind::stream);
  std::array<std::byte, 16> buffer{};
  std::vector<os::Fd> came;
  CHECK(os::receive_some(a.get(), buffer, came).io == os::Io::would_block);
  b.close();
  CHECK(os::receive_some(a.get(), buffer, came).io == os::Io::closed);
  CHECK_FALSE(os::send_all(a.get(), bytes_of("x"), {}, 1s));
}

TEST_CASE("what does not fit waits for the reader, up to a time") {
  auto [a, b] = os::socket_pair(os::SocketKind::stream);
  const std::string much(8U << 20, 'x');
  CHECK_THROWS_AS((void)os::send_all(a.get(), bytes_of(much), {}, 50ms), Error);
  auto [c, d] = os::socket_pair(os::SocketKind::stream);
  std::thread reader([&] {
    std::vector<std::byte> buffer(1 << 16);
    std::vector<os::Fd> came;
    std::size_t total = 0;
    while (total < much.size() && os::wait_readable(d.get(), 5s)) total += os::receive_some(d.get(), buffer, came).bytes;
    CHECK(total == much.size());
  });
  CHECK(os::send_all(c.get(), bytes_of(much), {}, 10s));
  reader.join();
}

TEST_CASE("a receive may wait, for the time that was set") {
  auto [a, b] = os::socket_pair(os::SocketKind::stream);
  os::set_receive_timeout(a, 30ms);
  std::array<std::byte, 16> buffer{};
  std::vector<os::Fd> came;
  const auto began = std::chrono::steady_clock::now();
  CHECK(os::receive_some(a.get(), buffer, came, 0, os::Wait::yes).io == os::Io::would_block);
  CHECK(std::chrono::steady_clock::now() - began >= 25ms);
}

TEST_CASE("a memory file keeps the promises of its seals") {
  const os::Fd file = os::make_memory_file("test", 8192);
  const os::Mapping mine = os::map(file, 8192, os::Access::write);
  os::seal(file, os::Seals::size);
  CHECK(::ftruncate(file.get(), 4096) != 0);
  CHECK(::ftruncate(file.get(), 16384) != 0);
  CHECK_NOTHROW((void)os::map(file, 8192, os::Access::write));
  CHECK_THROWS_AS(os::seal(file, os::Seals::size_and_future_write), Error);  // the seals are sealed

  const os::Fd other = os::make_memory_file("test", 8192);
  const os::Mapping writable = os::map(other, 8192, os::Access::write);
  os::seal(other, os::Seals::size_and_future_write);
  CHECK_THROWS_AS((void)os::map(other, 8192, os::Access::write), Error);
  writable.data()[0] = std::byte{7};
  CHECK(os::map(other, 8192, os::Access::read).data()[0] == std::byte{7});
  CHECK(writable.contains(writable.data() + 8191, 1));
  CHECK_FALSE(writable.contains(writable.data() + 8191, 2));
  CHECK_FALSE(writable.contains(nullptr, 1));
}

TEST_CASE("a hole reads as zero and leaves the rest alone") {
  const os::Fd file = os::make_memory_file("test", 3 * 4096);
  const os::Mapping mapping = os::map(file, 3 * 4096, os::Access::write);
  std::memset(mapping.data(), 1, 3 * 4096);
  os::punch_hole(file, 4096, 4096);
  CHECK(mapping.data()[4095] == std::byte{1});
  CHECK(mapping.data()[4096] == std::byte{0});
  CHECK(mapping.data()[8192] == std::byte{1});
}
