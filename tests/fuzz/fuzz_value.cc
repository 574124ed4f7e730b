// Values from outsiders, in both forms. The first byte chooses: 0 plain JSON; else the wire form, whose text ends at the
// first zero byte, and what follows is its only segment and its arena.
#include <simdjson.h>

#include <cstdlib>
#include <string>

#include "data/table.h"
#include "data/value_json.h"
#include "data/wire.h"

namespace {

using mortise::Error;
using mortise::Value;
namespace data = mortise::data;

void require(bool condition) {
  if (!condition) std::abort();
}

// What is read is written and read again as the same. What is refused has a place.
void plain(std::string_view text) {
  Value value;
  try {
    value = data::parse_json(text);
  } catch (const Error& error) {
    require(!error.detail("line").empty() && !error.detail("column").empty());
    return;
  }
  require(data::parse_json(data::to_json(value)) == value);
  require(data::parse_json(data::to_json(value, {.indent = 2})) == value);
}

class Arena final : public data::BulkReader {
 public:
  explicit Arena(data::Bytes bytes) : copy_(data::copy_of(bytes)) {}
  data::Buffer resolve(const data::ArenaPlace& place) override {
    if (place.offset > copy_.bytes.size() || place.size > copy_.bytes.size() - place.offset) {
      throw Error(mortise::Code::invalid, "outside");
    }
    return {copy_.bytes.subspan(place.offset, place.size), copy_.keeper};
  }

 private:
  data::Buffer copy_;
};

Value decoded(std::string_view text, std::span<const data::Bytes> segments, data::BulkReader* bulk,
              data::Sender sender) {
  simdjson::dom::parser parser;
  require(parser.allocate(text.size() + 64, data::max_wire_json_depth) == simdjson::SUCCESS);
  simdjson::dom::element root;
  if (parser.parse(text.data(), text.size(), true).get(root) != simdjson::SUCCESS) {
    throw Error(mortise::Code::invalid, "not JSON");
  }
  data::WireDecoder decoder({.sender = sender, .values = 100'000, .bulk_bytes = 16u << 20});
  decoder.begin(segments, bulk);
  return decoder.decode(root);
}

// What the decoder lets pass can be walked to its last cell, and goes through encoder and decoder unchanged.
void wire(std::string_view text, std::string_view rest) {
  const data::Bytes segment = std::as_bytes(std::span(rest.data(), rest.size()));
  Arena arena(segment);
  for (const data::Sender sender : {data::Sender::can_write, data::Sender::cannot_write}) {
    Value value;
    try {
      value = decoded(text, std::span(&segment, 1), &arena, sender);
    } catch (const Error&) {
      return;
    }
    data::WireEncoder encoder;
    encoder.begin(nullptr);
    encoder.append(value);
    data::WireEncoder again;
    again.begin(nullptr);
    again.append(decoded(encoder.text(), encoder.segments(), nullptr, sender));
    require(encoder.text() == again.text());
    try {
      static_cast<void>(data::to_json(value, {.max_rows = 50}));
      static_cast<void>(data::to_json(value, {.tables = data::TableForm::grid, .max_rows = 50}));
    } catch (const Error&) {
      // An empty tensor with a million lists.
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  if (bytes[0] == 0 || bytes[0] == '0') {
    plain(input);
  } else {
    const std::size_t end = std::min(input.find('\0'), input.size());
    wire(input.substr(0, end), input.substr(std::min(end + 1, input.size())));
  }
  return 0;
}
