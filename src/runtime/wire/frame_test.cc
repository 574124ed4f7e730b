#include "runtime/wire/frame.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"

namespace mortise::runtime {
namespace {

using Bytes = std::vector<std::byte>;

Bytes frame(std::string_view header, std::string_view segments = {}, std::uint16_t descriptors = 0) {
  Bytes bytes(frame_prefix_size + header.size() + segments.size());
  write_prefix({static_cast<std::uint32_t>(header.size()), static_cast<std::uint32_t>(segments.size()), descriptors},
               std::span(bytes).first<frame_prefix_size>());
  std::memcpy(bytes.data() + frame_prefix_size, header.data(), header.size());
  if (!segments.empty()) {
    std::memcpy(bytes.data() + frame_prefix_size + header.size(), segments.data(), segments.size());
  }
  return bytes;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void feed(FrameDecoder& decoder, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::span<std::byte> space = decoder.space();
    const std::size_t count = std::min(space.size(), bytes.size());
    std::copy_n(bytes.begin(), count, space.begin());
    decoder.received(count);
    bytes = bytes.subspan(count);
    if (!bytes.empty()) REQUIRE(!decoder.next());  // the tests below look when all of it is there
  }
}

FramePrefix prefix_of(const std::array<std::uint8_t, 16>& raw) {
  return read_prefix(std::as_bytes(std::span(raw)).first<frame_prefix_size>());
}

constexpr std::array<std::uint8_t, 16> good{'M', 'T', 'S', 'E', 2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0};

std::array<std::uint8_t, 16> with(std::size_t at, std::uint8_t byte) {
  auto raw = good;
  raw[at] = byte;
  return raw;
}

TEST_CASE("a prefix is read as the protocol's table lays it out") {
  const FramePrefix prefix = prefix_of(good);
  CHECK(prefix.header_size == 2);
  CHECK(prefix.segments_size == 1);
  CHECK(prefix.descriptors == 3);
  CHECK(prefix.frame_size() == 19);
}

TEST_CASE("every number of a prefix is checked") {
  for (std::size_t at = 0; at < 4; ++at) CHECK_THROWS_AS(static_cast<void>(prefix_of(with(at, 'x'))), Error);
  CHECK_THROWS_AS(static_cast<void>(prefix_of(with(4, 1))), Error);
  CHECK_THROWS_AS(static_cast<void>(prefix_of(with(7, 1))), Error);   // 16 MiB and 2 bytes
  CHECK_THROWS_AS(static_cast<void>(prefix_of(with(11, 4))), Error);  // 64 MiB and 1 byte
  CHECK_THROWS_AS(static_cast<void>(prefix_of(with(12, 9))), Error);
  CHECK_THROWS_AS(static_cast<void>(prefix_of(with(14, 1))), Error);
  CHECK_THROWS_AS(static_cast<void>(prefix_of(with(15, 1))), Error);
  CHECK(prefix_of(with(12, 8)).descriptors == 8);
  std::array<std::byte, frame_prefix_size> out{};
  CHECK_THROWS_AS(write_prefix({max_header_size + 1, 0, 0}, out), Error);
  CHECK_THROWS_AS(write_prefix({2, max_segments_size + 1, 0}, out), Error);
  CHECK_THROWS_AS(write_prefix({2, 0, 9}, out), Error);
}

TEST_CASE("a frame that comes byte by byte is there with its last byte") {
  const Bytes bytes = frame("{\"t\":\"bye\"}", "segment", 2);
  FrameDecoder decoder;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    REQUIRE(!decoder.next());
    CHECK(decoder.amid_frame() == (i > 0));
    decoder.space()[0] = bytes[i];
    decoder.received(1);
  }
  const auto got = decoder.next();
  REQUIRE(got);
  CHECK(text_of(got->header) == "{\"t\":\"bye\"}");
  CHECK(text_of(got->segments) == "segment");
  CHECK(got->descriptors == 2);
  CHECK(!decoder.amid_frame());
  CHECK(!decoder.next());
}

TEST_CASE("frames that come together are handed out one by one, in order") {
  Bytes bytes;
  for (int i = 0; i < 100; ++i) {
    const Bytes one = frame("{" + std::to_string(i) + "}", std::string(static_cast<std::size_t>(i), 's'));
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, bytes.size()}) {
    FrameDecoder decoder;
    int seen = 0;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::span<std::byte> space = decoder.space();
      const std::size_t count = std::min({piece, bytes.size() - at, space.size()});
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, space.begin());
      decoder.received(count);
      at += count;
      while (const auto got = decoder.next()) {
        CHECK(text_of(got->header) == "{" + std::to_string(seen) + "}");
        CHECK(got->segments.size() == static_cast<std::size_t>(seen));
        ++seen;
      }
    }
    CHECK(seen == 100);
    CHECK(!decoder.amid_frame());
  }
}

TEST_CASE("frames larger than the buffer pass, and readable bytes follow each") {
  FrameDecoder decoder;
  for (const std::size_t size :
       {std::size_t{100}, std::size_t{3} << 20, std::size_t{64} << 10, std::size_t{1} << 20, std::size_t{5}}) {
    const std::string header(size, 'h');
    feed(decoder, frame(header, "tail"));
    const auto got = decoder.next();
    REQUIRE(got);
    CHECK(text_of(got->header) == header);
    CHECK(text_of(got->segments) == "tail");
    int sum = 0;
    for (std::size_t i = 0; i < frame_slack; ++i) {
      sum += std::to_integer<int>((got->segments.data() + got->segments.size())[i]);
    }
    CHECK(sum >= 0);  // reading them is the test, under the address sanitizer
  }
}

TEST_CASE("a broken prefix is an error before any of the frame is asked for") {
  FrameDecoder decoder;
  auto raw = with(0, 'X');
  feed(decoder, std::as_bytes(std::span(raw)));
  CHECK_THROWS_AS(static_cast<void>(decoder.next()), Error);
}

}  // namespace
}  // namespace mortise::runtime
