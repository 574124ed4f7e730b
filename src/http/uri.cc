#include "http/uri.h"

#include <charconv>

#include "base/error.h"
#include "base/utf8.h"

namespace mortise::http {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error malformed(std::string_view what, std::string_view text) {
  return Error(Code::invalid,
               "malformed address: " + std::string(what) + " in '" + percent_encode(text.substr(0, 200)) + "'",
               "percent-encode each part of the path and of the query as UTF-8");
}

std::string decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) throw malformed("a broken % escape", text);
      decoded.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      decoded.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  for (const char c : decoded) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) throw malformed("a control character", text);
  }
  if (find_invalid_utf8(decoded) != std::string_view::npos) throw malformed("bytes that are not UTF-8", text);
  return decoded;
}

void parse_query(std::string_view text, Target& target) {
  constexpr std::size_t most = 256;
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view item = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (item.empty()) continue;
    if (target.query.size() == most) throw Error(Code::invalid, "the query has more than 256 parameters");
    const std::size_t equals = item.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1);
    target.query.emplace_back(decode(item.substr(0, equals), true), decode(value, true));
  }
}

void parse_path(std::string_view path, Target& target) {
  path.remove_prefix(1);
  if (!path.empty() && path.back() == '/') path.remove_suffix(1);
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    target.segments.push_back(decode(path.substr(0, end), false));
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
    if (path.empty()) target.segments.emplace_back();
  }
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool host_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

}  // namespace

std::string percent_decode(std::string_view text) { return decode(text, false); }

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
  return encoded;
}

Target parse_target(std::string_view text) {
  Target target;
  if (text == "*") return target;
  if (constexpr std::string_view scheme = "http://"; text.starts_with(scheme)) {
    text.remove_prefix(scheme.size());
    const std::size_t end = text.find_first_of("/?");
    target.authority = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view("/") : text.substr(end);
  }
  if (text.empty() || text.front() != '/') throw malformed("no leading '/'", text);
  if (text.find('#') != std::string_view::npos) throw malformed("a fragment", text);
  const std::size_t question = text.find('?');
  target.path = text.substr(0, question);
  parse_path(target.path, target);
  if (question != std::string_view::npos) parse_query(text.substr(question + 1), target);
  return target;
}

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    for (const char c : text.substr(1, end - 1)) {
      if (hex_digit(c) < 0 && c != ':' && c != '.') return std::nullopt;
      authority.host.push_back(lower(c));
    }
    text.remove_prefix(end + 1);
  } else {
    const std::size_t end = text.find(':');
    for (const char c : text.substr(0, end)) {
      if (!host_character(lower(c))) return std::nullopt;
      authority.host.push_back(lower(c));
    }
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  }
  if (authority.host.empty()) return std::nullopt;
  if (text.empty()) return authority;
  if (text.front() != ':') return std::nullopt;
  text.remove_prefix(1);
  std::uint16_t port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  authority.port = port;
  return authority;
}

}  // namespace mortise::http
