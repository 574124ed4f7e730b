// multipart/form-data (RFC 7578): what `curl -F file=@x` and browsers' forms send.
//
// The body is there as a whole; parts are views into it. Everything is bounded: 64 parts, 8 KiB of headers each. Nested multipart bodies
// and transfer encodings are refused, as RFC 7578 forbids them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace mortise::http {

struct FormPart {
  std::string name, file_name, content_type;
  std::string_view content;
};

[[nodiscard]] bool is_multipart(std::string_view content_type) noexcept;
// Throws Error{invalid} that says what is wrong with it.
[[nodiscard]] std::vector<FormPart> parse_multipart(std::string_view content_type, std::string_view body);

// The part of that name. Error{invalid} with the detail `lacking` when there is none.
[[nodiscard]] FormPart form_file(const Request& request, std::string_view name);
// The text of a part, or nothing.
[[nodiscard]] std::string form_text(const Request& request, std::string_view name);

}  // namespace mortise::http
