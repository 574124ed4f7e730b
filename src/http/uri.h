// The parts of a request target, decoded with no tolerance: what is malformed here is an attack or a defect, and both
// deserve an error that says where.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise::http {

// "%41" -> "A". Throws Error{invalid} on a broken escape, on a control character and on anything but UTF-8.
[[nodiscard]] std::string percent_decode(std::string_view text);
// For one segment of a path or one value of a query: all but the unreserved characters is escaped.
[[nodiscard]] std::string percent_encode(std::string_view text);

struct Target {
  std::string authority;                                   // of the absolute form "http://host/path", else empty
  std::string path;                                        // as sent
  std::vector<std::string> segments;                       // decoded; one trailing "/" is ignored
  std::vector<std::pair<std::string, std::string>> query;  // decoded, "+" is a space
};
// Accepts the origin form, the absolute form and "*" (no segments). Throws Error{invalid}.
[[nodiscard]] Target parse_target(std::string_view text);

struct Authority {
  std::string host;  // lower case, IPv6 without brackets
  std::optional<std::uint16_t> port;
};
// "localhost:8080", "[::1]". Empty when malformed.
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

}  // namespace mortise::http
