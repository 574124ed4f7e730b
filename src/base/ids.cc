#include "base/ids.h"

#include <sys/random.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "base/clock.h"
#include "base/error.h"

namespace mortise {
namespace {

template <typename T>
T random_bits() {
  T bits;
  // Below 256 bytes the kernel answers whole once it is seeded.
  if (::getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits)) {
    throw Error(Code::internal, std::string("the kernel gives no random numbers: ") + std::strerror(errno));
  }
  return bits;
}

// 65 bits in 13 characters of 5: the top one of the 65 is always 0.
void append_base32(std::string& text, std::uint64_t bits) {
  constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  for (int shift = 60; shift >= 0; shift -= 5) text += alphabet[(bits >> shift) & 31U];
}

}  // namespace

std::string make_id(std::string_view prefix) {
  constexpr std::uint64_t millisecond_ns = 1'000'000;
  const auto ns = static_cast<std::uint64_t>(now().nanoseconds);
  const std::uint64_t sixteenth_bits = (ns % millisecond_ns) * 65'536 / millisecond_ns;
  std::string id(prefix);
  id.reserve(prefix.size() + 27);
  id += '_';
  append_base32(id, (ns / millisecond_ns) << 16U | sixteenth_bits);
  append_base32(id, random_bits<std::uint64_t>());
  return id;
}

std::string make_uuid() {
  auto bytes = random_bits<std::array<unsigned char, 16>>();
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[bytes[i] >> 4U];
    text += digits[bytes[i] & 15U];
  }
  return text;
}

}  // namespace mortise
