#include "runtime/egress/dns_message.h"

namespace mortise::runtime::egress {
namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_answer = 512;
constexpr std::uint16_t internet = 1;
constexpr std::uint32_t lifetime = 60;  // seconds an answer may be kept by the resolver

std::uint16_t number(std::span<const std::byte> packet, std::size_t at) {
  return static_cast<std::uint16_t>((std::to_integer<unsigned>(packet[at]) << 8U) | std::to_integer<unsigned>(packet[at + 1]));
}

void put(std::vector<std::byte>& out, std::uint16_t value) {
  out.push_back(static_cast<std::byte>(value >> 8U));
  out.push_back(static_cast<std::byte>(value & 0xffU));
}

}  // namespace

std::optional<DnsQuestion> read_question(std::span<const std::byte> packet) {
  if (packet.size() < header_size + 5) return std::nullopt;
  const std::uint16_t flags = number(packet, 2);
  const bool standard_query = (flags & 0xf800U) == 0;  // a question, opcode 0
  if (!standard_query || number(packet, 4) != 1) return std::nullopt;
  DnsQuestion question;
  question.id = number(packet, 0);
  std::size_t at = header_size;
  while (true) {
    if (at >= packet.size()) return std::nullopt;
    const auto length = std::to_integer<std::size_t>(packet[at++]);
    if (length == 0) break;
    if (length > 63 || at + length > packet.size() || question.name.size() + length + 1 > longest_name) return std::nullopt;
    if (!question.name.empty()) question.name += '.';
    for (std::size_t i = 0; i < length; ++i) {
      const auto letter = std::to_integer<unsigned char>(packet[at + i]);
      if (letter <= ' ' || letter >= 0x7f || letter == '.') return std::nullopt;
      question.name += static_cast<char>(letter);
    }
    at += length;
  }
  if (at + 4 > packet.size() || number(packet, at + 2) != internet) return std::nullopt;
  question.type = number(packet, at);
  question.wire.assign(packet.begin() + header_size, packet.begin() + static_cast<std::ptrdiff_t>(at) + 4);
  return question;
}

std::vector<std::byte> write_answer(const DnsQuestion& question, DnsResult result, const std::vector<IpAddress>& addresses) {
  std::vector<std::byte> out;
  put(out, question.id);
  put(out, static_cast<std::uint16_t>(0x8180U | static_cast<unsigned>(result)));  // an answer; recursion wanted and done
  for (const unsigned count : {1U, 0U, 0U, 0U}) put(out, static_cast<std::uint16_t>(count));
  out.insert(out.end(), question.wire.begin(), question.wire.end());
  std::uint16_t count = 0;
  for (const IpAddress& address : addresses) {
    const bool four = address.is_ipv4();
    if ((question.type != dns_a || !four) && (question.type != dns_aaaa || four)) continue;
    const std::size_t size = four ? 4 : 16;
    if (out.size() + 12 + size > longest_answer) break;
    put(out, 0xc000U | header_size);  // the name of the question
    put(out, question.type);
    put(out, internet);
    put(out, 0);
    put(out, lifetime);
    put(out, static_cast<std::uint16_t>(size));
    for (std::size_t i = 16 - size; i < 16; ++i) out.push_back(static_cast<std::byte>(address.bytes.at(i)));
    ++count;
  }
  out[6] = static_cast<std::byte>(count >> 8U);
  out[7] = static_cast<std::byte>(count & 0xffU);
  return out;
}

}  // namespace mortise::runtime::egress
