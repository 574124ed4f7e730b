#include "base/host_pattern.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace mortise {
namespace {

constexpr int ipv4_prefix = 96;  // bits before the four bytes of an IPv4 address
constexpr std::size_t longest_name = 253;

struct Net {
  std::array<std::uint8_t, 16> bytes;
  int prefix;
};
constexpr Net net4(std::uint8_t a, std::uint8_t b, std::uint8_t c, int prefix) {
  return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, 0}, ipv4_prefix + prefix};
}
constexpr Net net6(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, int prefix) {
  return {{a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, prefix};
}

// What the registries of special addresses (RFC 6890 and its followers) keep from the public internet.
constexpr std::array closed{
    net4(0, 0, 0, 8),       net4(10, 0, 0, 8),      net4(100, 64, 0, 10),  net4(127, 0, 0, 8),
    net4(169, 254, 0, 16),  net4(172, 16, 0, 12),   net4(192, 0, 0, 24),   net4(192, 0, 2, 24),
    net4(192, 88, 99, 24),  net4(192, 168, 0, 16),  net4(198, 18, 0, 15),  net4(198, 51, 100, 24),
    net4(203, 0, 113, 24),  net4(224, 0, 0, 4),     net4(240, 0, 0, 4),    net6(0x01, 0x00, 0, 0, 64),
    net6(0x20, 0x01, 0, 0, 23),    net6(0x20, 0x01, 0x0d, 0xb8, 32), net6(0x20, 0x02, 0, 0, 16),
    net6(0x3f, 0xff, 0, 0, 20),    net6(0x5f, 0x00, 0, 0, 16),       net6(0xfc, 0, 0, 0, 7),
    net6(0xfe, 0x80, 0, 0, 10),    net6(0xfe, 0xc0, 0, 0, 10),       net6(0xff, 0, 0, 0, 8),
};

bool within(const std::array<std::uint8_t, 16>& address, const std::array<std::uint8_t, 16>& net, int prefix) noexcept {
  const auto whole = static_cast<std::size_t>(prefix / 8);
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole), net.begin())) return false;
  const int rest = prefix % 8;
  return rest == 0 || ((address.at(whole) ^ net.at(whole)) >> (8 - rest)) == 0;
}

Error wrong(std::string_view text, const std::string& why) {
  return Error(Code::invalid, "'" + std::string(text.substr(0, longest_name)) + "' is no host: " + why,
               "write a name (api.example.org), every name below one (*.example.org), an address or a range "
               "(10.0.0.0/8), and :PORT behind it where one port is meant")
      .with("got", std::string(text.substr(0, longest_name)));
}

template <typename Number>
std::optional<Number> number(std::string_view text, Number most) {
  Number read = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), read);
  if (failure != std::errc() || end != text.data() + text.size() || read > most) return std::nullopt;
  return read;
}

struct Parts {
  std::string_view host, port;
};

// "[v6]:port", "v6", "host:port", "host"
Parts split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) throw wrong(text, "its bracket is not closed");
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && !rest.starts_with(':')) throw wrong(text, "only :PORT may follow the bracket");
    return {text.substr(1, end - 1), rest.empty() ? rest : rest.substr(1)};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool is_host_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > longest_name || name.front() == '.' || name.front() == '-') return false;
  if (name.find("..") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.empty() || text.size() >= copy.size()) return std::nullopt;
  std::copy(text.begin(), text.end(), copy.begin());
  IpAddress address;
  if (::inet_pton(AF_INET6, copy.data(), address.bytes.data()) == 1) return address;
  in_addr four{};
  if (::inet_pton(AF_INET, copy.data(), &four) == 1) return of_ipv4(ntohl(four.s_addr));
  return std::nullopt;
}

IpAddress IpAddress::of_ipv4(std::uint32_t host_order) noexcept {
  IpAddress address;
  address.bytes[10] = address.bytes[11] = 0xff;
  for (std::size_t i = 0; i < 4; ++i) address.bytes.at(12 + i) = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return address;
}

bool IpAddress::is_ipv4() const noexcept { return within(bytes, net4(0, 0, 0, 0).bytes, ipv4_prefix); }

bool IpAddress::is_loopback() const noexcept {
  if (is_ipv4()) return bytes[12] == 127;
  IpAddress one;
  one.bytes[15] = 1;
  return *this == one;
}

bool IpAddress::is_public() const noexcept {
  if (!is_ipv4() && bytes[0] == 0) return false;  // ::, ::1, ::a.b.c.d, 64:ff9b::/96 and other translations
  return std::none_of(closed.begin(), closed.end(), [&](const Net& net) { return within(bytes, net.bytes, net.prefix); });
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  const bool four = is_ipv4();
  const void* start = four ? bytes.data() + 12 : bytes.data();
  return ::inet_ntop(four ? AF_INET : AF_INET6, start, buffer.data(), buffer.size());
}

HostPattern HostPattern::parse(std::string_view text) {
  if (text.empty()) throw wrong(text, "it is empty");
  const Parts parts = split(text);
  HostPattern pattern;
  if (!parts.port.empty()) {
    const auto port = number<std::uint16_t>(parts.port, 65535);
    if (!port || *port == 0) throw wrong(text, "a port is a number from 1 to 65535");
    pattern.port_ = *port;
  } else if (text.ends_with(':')) {
    throw wrong(text, "a port is a number from 1 to 65535");
  }
  const std::size_t slash = parts.host.find('/');
  if (const auto address = IpAddress::parse(parts.host.substr(0, slash))) {
    const int bits = address->is_ipv4() ? 32 : 128;
    const auto prefix = slash == std::string_view::npos ? bits : number(parts.host.substr(slash + 1), bits);
    if (!prefix || *prefix < 0) throw wrong(text, "the length of its range is a number from 0 to " + std::to_string(bits));
    pattern.range_ = Range{*address, *prefix + 128 - bits};
    return pattern;
  }
  pattern.name_ = canonical_host(parts.host);
  const std::string_view plain =
      pattern.name_.starts_with("*.") ? std::string_view(pattern.name_).substr(2) : std::string_view(pattern.name_);
  if (!is_host_name(plain)) throw wrong(text, "it is neither a name nor an address");
  return pattern;
}

bool HostPattern::matches(std::string_view name, std::uint16_t port) const noexcept {
  if (range_ || (port_ != 0 && port != 0 && port != port_)) return false;
  const std::string asked = canonical_host(name);
  if (!name_.starts_with("*.")) return asked == name_;
  const std::string_view ending = std::string_view(name_).substr(1);
  return asked.size() > ending.size() && asked.ends_with(ending);
}

bool HostPattern::matches(const IpAddress& address, std::uint16_t port) const noexcept {
  return range_ && (port_ == 0 || port == 0 || port == port_) && within(address.bytes, range_->address.bytes, range_->prefix);
}

std::string HostPattern::text() const {
  std::string text = name_;
  if (range_) {
    const bool four = range_->address.is_ipv4() && range_->prefix >= ipv4_prefix;
    text = range_->address.text();
    if (range_->prefix < 128) text += "/" + std::to_string(range_->prefix - (four ? ipv4_prefix : 0));
    if (!four && port_ != 0) text = "[" + text + "]";
  }
  return port_ == 0 ? text : text + ":" + std::to_string(port_);
}

std::string canonical_host(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

}  // namespace mortise
