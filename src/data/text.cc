#include "data/text.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cstring>

#include "mortise/error.hpp"

namespace mortise::data {
namespace {

// What a byte needs inside a JSON string: 0 nothing, 'u' a \u00xx escape, another letter the escape \letter.
constexpr std::array<char, 256> escapes = [] {
  std::array<char, 256> table{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) table[byte] = 'u';
  table['\b'] = 'b';
  table['\f'] = 'f';
  table['\n'] = 'n';
  table['\r'] = 'r';
  table['\t'] = 't';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}();

constexpr std::uint64_t each_byte(std::uint8_t byte) noexcept { return 0x0101010101010101u * byte; }

// High bit of a byte set: that byte of the word may be zero (exact as long as no lower byte is).
constexpr std::uint64_t zero_bytes(std::uint64_t word) noexcept {
  return (word - each_byte(1)) & ~word & each_byte(0x80);
}

// True when no byte of the word needs care: all are ASCII, none below 0x20, no quote, no backslash.
constexpr bool plain(std::uint64_t word) noexcept {
  const std::uint64_t high = word & each_byte(0x80);
  const std::uint64_t low = (word - each_byte(0x20)) & ~word & each_byte(0x80);
  return (high | low | zero_bytes(word ^ each_byte('"')) | zero_bytes(word ^ each_byte('\\'))) == 0;
}

// Sixty-four bytes without a branch among them: the compiler makes a few wide instructions of it.
bool plain(const char* block) noexcept {
  std::uint8_t care = 0;
  for (std::size_t at = 0; at < 64; ++at) {
    const auto byte = static_cast<std::uint8_t>(block[at]);
    care |= static_cast<std::uint8_t>((byte < 0x20) | (byte >= 0x80) | (byte == '"') | (byte == '\\'));
  }
  return care == 0;
}

bool plain(std::string_view text) noexcept {
  std::size_t at = 0;
  for (; at + 64 <= text.size(); at += 64) {
    if (!plain(text.data() + at)) return false;
  }
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if (!plain(word)) return false;
  }
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x80 || escapes[byte] != 0) return false;
  }
  return true;
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const char escape = escapes[byte];
    if (escape == 0) continue;
    out.append(text, done, at - done);
    done = at + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') out.append("00").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
  }
  out.append(text, done);
}

[[noreturn]] void not_utf8(std::string_view text) {
  throw Error(Code::invalid, "a text of " + std::to_string(text.size()) + " bytes is not UTF-8",
              "send it as bytes, or decode it first");
}

}  // namespace

bool is_utf8(std::string_view text) noexcept { return simdjson::validate_utf8(text.data(), text.size()); }

void put_string(std::string& out, std::string_view text) {
  out += '"';
  if (plain(text)) {
    out += text;
  } else if (is_utf8(text)) {
    append_escaped(out, text);
  } else {
    not_utf8(text);
  }
  out += '"';
}

void put_text(std::string& out, std::string_view text) {
  if (!is_utf8(text)) not_utf8(text);
  out += text;
}

void put_number(std::string& out, std::int64_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void put_number(std::string& out, double number) {
  std::array<char, 40> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

}  // namespace mortise::data
