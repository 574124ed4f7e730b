// HostPattern: where a connection may go, as an operator writes it, and IpAddress, which it is compared with.
//
//   api.example.org          this name, any port          api.example.org:443   this port alone
//   *.example.org            every name below it          192.0.2.7             this address
//   10.0.0.0/8               every address of a range     [2001:db8::1]:443     in brackets where a port follows
//
// A pattern of a name never matches an address, nor the other way round: names are resolved by whoever asks, once. Set aside:
// ranges of ports, which nobody asked for yet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise {

// IPv4 is kept as ::ffff:a.b.c.d, so that one form of it cannot be told from the other.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text) noexcept;
  [[nodiscard]] static IpAddress of_ipv4(std::uint32_t host_order) noexcept;
  [[nodiscard]] bool is_ipv4() const noexcept;
  [[nodiscard]] bool is_loopback() const noexcept;
  // Whether it is somewhere in the public internet: not of this machine, this link or a private network, not reserved, not a
  // multicast group, and not a form of IPv6 that carries such an address inside (mapped, 6to4, NAT64, Teredo).
  [[nodiscard]] bool is_public() const noexcept;
  [[nodiscard]] std::string text() const;

  friend bool operator==(const IpAddress&, const IpAddress&) noexcept = default;
  friend auto operator<=>(const IpAddress&, const IpAddress&) noexcept = default;
};

class HostPattern {
 public:
  // Throws Error{invalid} that says what is wrong with it.
  [[nodiscard]] static HostPattern parse(std::string_view text);

  // `name` as it is asked for: any case, with or without the last dot. `port` 0 asks whether any port would do.
  [[nodiscard]] bool matches(std::string_view name, std::uint16_t port) const noexcept;
  [[nodiscard]] bool matches(const IpAddress& address, std::uint16_t port) const noexcept;
  [[nodiscard]] bool is_name() const noexcept { return !range_; }
  [[nodiscard]] std::string text() const;  // as parse() reads it, in one form

  friend bool operator==(const HostPattern&, const HostPattern&) noexcept = default;

 private:
  struct Range {
    IpAddress address;
    int prefix = 128;  // of the 128 bits
    friend bool operator==(const Range&, const Range&) noexcept = default;
  };
  std::string name_;  // in small letters, "*." in front for all names below
  std::optional<Range> range_;
  std::uint16_t port_ = 0;  // 0: any
};

// In small letters, without a last dot.
[[nodiscard]] std::string canonical_host(std::string_view name);

}  // namespace mortise
