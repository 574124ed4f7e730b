// Any bytes as a form: parts that lie within the body, or Error{invalid}. Nothing else.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "http/multipart.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::string_view body = text.substr(std::min(line + 1, text.size()));
  try {
    for (const auto& part : mortise::http::parse_multipart(text.substr(0, line), body)) {
      require(!part.name.empty());
      require(part.content.data() >= body.data() && part.content.data() + part.content.size() <= body.data() + body.size());
    }
  } catch (const mortise::Error& error) {
    require(error.code() == mortise::Code::invalid);
  }
  return 0;
}
