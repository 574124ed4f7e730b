#include "base/config_text.h"

#include <algorithm>
#include <cstdio>

#include "base/utf8.h"

namespace mortise::config {
namespace {

Error refuse(const std::string& file, Place place, const std::string& message, std::string hint) {
  Error error(Code::invalid, message, std::move(hint));
  error.with("file", file);
  if (place.line != 0) error.with("line", std::to_string(place.line)).with("column", std::to_string(place.column));
  return error;
}

// The offset of the first control character other than tab, line feed, and carriage return before a line feed.
std::size_t find_control(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte != 0x7F) continue;
    if (byte == '\t' || byte == '\n') continue;
    if (byte == '\r' && at + 1 < text.size() && text[at + 1] == '\n') continue;
    return at;
  }
  return std::string_view::npos;
}

}  // namespace

Text::Text(std::string_view text, const std::string& file) : text_(text) {
  if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
  if (text_.size() > config_limits::bytes) {
    throw refuse(file, {},
                 "the file has " + std::to_string(text_.size()) + " bytes; a configuration has at most " +
                     std::to_string(config_limits::bytes),
                 "data belongs into a data file that a plugin reads");
  }
  if (const std::size_t at = find_invalid_utf8(text_); at != std::string_view::npos) {
    throw refuse(file, place_of(at), "the text is not UTF-8", "save the file as UTF-8");
  }
  if (const std::size_t at = find_control(text_); at != std::string_view::npos) {
    throw refuse(file, place_of(at), "the text has the control character " + shown_character(text_.substr(at)),
                 "remove it, or write it as an escape within quotes");
  }
}

std::size_t Text::start_of(std::uint32_t line) const {
  if (starts_.empty()) {
    starts_.push_back(0);
    for (std::size_t at = text_.find('\n'); at != std::string_view::npos; at = text_.find('\n', at + 1)) {
      starts_.push_back(static_cast<std::uint32_t>(at + 1));
    }
  }
  return line >= 1 && line <= starts_.size() ? starts_[line - 1] : text_.size();
}

std::string_view Text::line(std::uint32_t number) const {
  std::string_view found = text_.substr(start_of(number));
  found = found.substr(0, found.find('\n'));
  if (!found.empty() && found.back() == '\r') found.remove_suffix(1);
  return found;
}

std::string_view Text::from(Place place) const {
  std::string_view rest = text_.substr(start_of(place.line));
  for (std::uint32_t column = 1; column < place.column && !rest.empty(); ++column) {
    rest.remove_prefix(std::max<std::size_t>(1, utf8_length(rest)));
  }
  return rest;
}

Place Text::place_of(std::size_t offset) const noexcept {
  Place place{1, 1};
  for (std::size_t at = 0; at < offset; ++at) {
    if (text_[at] == '\n') {
      ++place.line;
      place.column = 1;
    } else if (static_cast<unsigned char>(text_[at]) >> 6U != 2) {
      ++place.column;
    }
  }
  return place;
}

std::string shown_character(std::string_view text) {
  if (text.empty()) return "the end of the file";
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte == '\n' || byte == '\r') return "the end of the line";
  if (byte < 0x20 || byte == 0x7F) {
    char code[16];
    std::snprintf(code, sizeof code, "U+%04X", byte);
    return code;
  }
  return "'" + std::string(text.substr(0, std::max<std::size_t>(1, utf8_length(text)))) + "'";
}

}  // namespace mortise::config
