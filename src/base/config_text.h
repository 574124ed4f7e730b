// A configuration text before it is parsed: checked, and looked up by line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config_store.h"

namespace mortise::config {

class Text {
 public:
  // Drops a byte order mark; throws Error{invalid} for more than 16 MiB, bytes that are not UTF-8, and control characters.
  Text(std::string_view text, const std::string& file);

  [[nodiscard]] std::string_view all() const noexcept { return text_; }
  // Without its line break; empty beyond the end. The first use makes an index of the lines.
  [[nodiscard]] std::string_view line(std::uint32_t number) const;
  // All from that place on.
  [[nodiscard]] std::string_view from(Place place) const;
  // The place of the byte at `offset`.
  [[nodiscard]] Place place_of(std::size_t offset) const noexcept;

 private:
  [[nodiscard]] std::size_t start_of(std::uint32_t line) const;

  std::string_view text_;
  mutable std::vector<std::uint32_t> starts_;  // of the lines; empty until needed
};

// "'x'", or its code where it cannot be printed; "the end of the file" for no text.
[[nodiscard]] std::string shown_character(std::string_view text);

}  // namespace mortise::config
