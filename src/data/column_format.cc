#include "data/column_format.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <string>

namespace mortise::data {
namespace {

constexpr ColumnFormat fixed(std::uint32_t width) { return {Layout::fixed, width, 0, false, false}; }
constexpr ColumnFormat integer(std::uint32_t width) { return {Layout::fixed, width, 0, false, true}; }

[[noreturn]] void refuse(std::string_view format) {
  throw Error(Code::unsupported, "the Arrow format '" + std::string(format) + "' is not one that Mortise carries",
              "cast the column to a format of docs/worker-protocol.md, section 3");
}

ColumnFormat one_letter(char letter, std::string_view format) {
  switch (letter) {
    case 'n': return {Layout::none, 0, 0, false, false};
    case 'b': return {Layout::bits, 0, 0, false, false};
    case 'c':
    case 'C': return integer(1);
    case 's':
    case 'S': return integer(2);
    case 'i':
    case 'I': return integer(4);
    case 'l':
    case 'L': return integer(8);
    case 'e': return fixed(2);
    case 'f': return fixed(4);
    case 'g': return fixed(8);
    case 'u': return {Layout::variable, 0, 4, true, false};
    case 'U': return {Layout::variable, 0, 8, true, false};
    case 'z': return {Layout::variable, 0, 4, false, false};
    case 'Z': return {Layout::variable, 0, 8, false, false};
    default: refuse(format);
  }
}

// A number between `least` and `most` at the front of `text`, which moves on.
bool take_number(std::string_view& text, int least, int most, int& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || number < least || number > most) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

ColumnFormat fixed_binary(std::string_view format) {
  constexpr int widest = 1 << 24;
  std::string_view rest = format.substr(2);
  int width = 0;
  if (!take_number(rest, 0, widest, width) || !rest.empty()) refuse(format);
  return fixed(static_cast<std::uint32_t>(width));
}

ColumnFormat decimal(std::string_view format) {
  std::string_view rest = format.substr(2);
  int precision = 0;
  int scale = 0;
  if (!take_number(rest, 1, 38, precision) || !rest.starts_with(',')) refuse(format);
  rest.remove_prefix(1);
  if (!take_number(rest, -128, 128, scale) || !rest.empty()) refuse(format);
  return fixed(16);
}

ColumnFormat temporal(std::string_view format) {
  const std::string_view kind = format.substr(0, 3);
  if (format == "tdD" || format == "tts" || format == "ttm") return fixed(4);
  if (format == "tdm" || format == "ttu" || format == "ttn") return fixed(8);
  if (format == "tDs" || format == "tDm" || format == "tDu" || format == "tDn") return fixed(8);
  if (format.size() >= 4 && format[3] == ':' && (kind == "tss" || kind == "tsm" || kind == "tsu" || kind == "tsn")) {
    return fixed(8);
  }
  refuse(format);
}

}  // namespace

ColumnFormat column_format(std::string_view format) {
  if (format.size() == 1) return one_letter(format[0], format);
  if (format.starts_with('t')) return temporal(format);
  if (format.starts_with("w:")) return fixed_binary(format);
  if (format.starts_with("d:")) return decimal(format);
  if (format == "+s") return {Layout::record, 0, 0, false, false};
  if (format == "+l") return {Layout::list, 0, 4, false, false};
  if (format == "+L") return {Layout::list, 0, 8, false, false};
  refuse(format);
}

std::size_t buffers_of(Layout layout) noexcept {
  switch (layout) {
    case Layout::none: return 0;
    case Layout::record: return 1;
    case Layout::bits:
    case Layout::fixed:
    case Layout::list: return 2;
    case Layout::variable: return 3;
  }
  return 0;
}

std::int64_t count_zero_bits(const std::byte* bitmap, std::int64_t length) noexcept {
  std::int64_t ones = 0;
  std::int64_t at = 0;
  for (; at + 64 <= length; at += 64) {
    std::uint64_t word = 0;
    std::memcpy(&word, bitmap + at / 8, 8);
    ones += std::popcount(word);
  }
  for (; at < length; ++at) ones += bit_at(bitmap, at) ? 1 : 0;
  return length - ones;
}

}  // namespace mortise::data
