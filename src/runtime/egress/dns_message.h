// The little of DNS that a worker's resolver asks for and understands: one question by name, answered with addresses.
// Reading is bounded by the packet and never follows a pointer, which questions do not have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/host_pattern.h"

namespace mortise::runtime::egress {

struct DnsQuestion {
  std::uint16_t id = 0;
  std::uint16_t type = 0;  // 1: A, 28: AAAA
  std::string name;        // "api.example.org", as it was asked for
  std::vector<std::byte> wire;  // the question as it stands in the packet, for the answer
};
inline constexpr std::uint16_t dns_a = 1;
inline constexpr std::uint16_t dns_aaaa = 28;

// Nothing when it is no question that can be answered.
[[nodiscard]] std::optional<DnsQuestion> read_question(std::span<const std::byte> packet);

enum class DnsResult : std::uint8_t { ok = 0, failed = 2, no_such_name = 3, refused = 5 };
// At most 512 bytes: of many addresses those that fit. Addresses of the other family are left out.
[[nodiscard]] std::vector<std::byte> write_answer(const DnsQuestion& question, DnsResult result,
                                                  const std::vector<IpAddress>& addresses);

}  // namespace mortise::runtime::egress
