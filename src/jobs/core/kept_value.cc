#include "jobs/core/kept_value.h"

#include <simdjson.h>

#include <cstring>
#include <limits>
#include <vector>

#include "base/error.h"
#include "data/wire.h"

namespace mortise::jobs {
namespace {

constexpr std::string_view magic = "MTVAL001";
constexpr std::uint32_t bulk_arena = 1;

std::uint64_t aligned(std::uint64_t size) { return (size + 63) / 64 * 64; }

std::string_view text_of(data::Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Remembers the long pieces; the value that they belong to outlives the writing.
class Pieces final : public data::BulkWriter {
 public:
  bool find(data::Bytes, data::ArenaPlace&) override { return false; }
  data::ArenaPlace put(data::Bytes bytes) override {
    const data::ArenaPlace place{bulk_arena, size_, bytes.size()};
    size_ = aligned(size_ + bytes.size());
    pieces_.push_back(bytes);
    return place;
  }
  [[nodiscard]] const std::vector<data::Bytes>& all() const noexcept { return pieces_; }

 private:
  std::vector<data::Bytes> pieces_;
  std::uint64_t size_ = 0;
};

class Bulk final : public data::BulkReader {
 public:
  explicit Bulk(data::Buffer bulk) : bulk_(std::move(bulk)) {}
  data::Buffer resolve(const data::ArenaPlace& place) override {
    const bool inside = place.arena == bulk_arena && place.offset <= bulk_.bytes.size() &&
                        place.size <= bulk_.bytes.size() - place.offset;
    if (!inside) throw Error(Code::invalid, "a kept value names bytes that it does not have");
    return {bulk_.bytes.subspan(place.offset, place.size), bulk_.keeper};
  }
  bool immutable(const data::ArenaPlace&) override { return true; }

 private:
  data::Buffer bulk_;
};

void append_number(std::string& text, std::uint64_t number) {
  for (int i = 0; i < 8; ++i) text += static_cast<char>(number >> (8 * i));
}

class Reader {
 public:
  explicit Reader(data::Bytes bytes) : bytes_(bytes) {}
  data::Bytes take(std::uint64_t size) {
    if (size > bytes_.size() - at_) throw Error(Code::invalid, "a kept value is cut");
    at_ += size;
    return bytes_.subspan(at_ - size, size);
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    const data::Bytes bytes = take(8);
    for (std::size_t i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
    return value;
  }
  data::Bytes rest() {
    const std::uint64_t start = aligned(at_);
    return start >= bytes_.size() ? data::Bytes() : bytes_.subspan(start);
  }

 private:
  data::Bytes bytes_;
  std::uint64_t at_ = 0;
};

}  // namespace

void write_kept_value(const Value& value, const ByteSink& sink) {
  Pieces bulk;
  data::WireEncoder encoder;
  encoder.begin(&bulk);
  encoder.append(value);
  std::string head(magic);
  append_number(head, encoder.text().size());
  append_number(head, encoder.segments().size());
  for (const data::Bytes segment : encoder.segments()) append_number(head, segment.size());
  head += encoder.text();
  std::uint64_t written = head.size();
  sink(head);
  for (const data::Bytes segment : encoder.segments()) {
    sink(text_of(segment));
    written += segment.size();
  }
  const std::string padding(64, '\0');
  const auto pad = [&](std::uint64_t size) {
    if (aligned(size) > size) sink(std::string_view(padding).substr(0, aligned(size) - size));
  };
  if (bulk.all().empty()) return;
  pad(written);
  for (const data::Bytes piece : bulk.all()) {
    sink(text_of(piece));
    pad(piece.size());
  }
}

Value read_kept_value(data::Buffer block) {
  Reader reader(block.bytes);
  if (text_of(reader.take(magic.size())) != magic) throw Error(Code::invalid, "this is no kept value");
  const std::uint64_t text_size = reader.number();
  const std::uint64_t count = reader.number();
  if (count > block.bytes.size() / 8) throw Error(Code::invalid, "a kept value is cut");
  std::vector<std::uint64_t> sizes(count);
  for (std::uint64_t& size : sizes) size = reader.number();
  const simdjson::padded_string text(text_of(reader.take(text_size)));
  std::vector<data::Bytes> segments;
  segments.reserve(count);
  for (const std::uint64_t size : sizes) segments.push_back(reader.take(size));
  Bulk bulk({reader.rest(), block.keeper});

  simdjson::dom::parser parser;
  simdjson::dom::element top;
  if (parser.allocate(text.size() + 64, data::max_wire_json_depth) != simdjson::SUCCESS ||
      parser.parse(text).get(top) != simdjson::SUCCESS) {
    throw Error(Code::invalid, "a kept value is damaged");
  }
  data::WireDecoder decoder({.sender = data::Sender::cannot_write,
                             .values = data::max_wire_values,
                             .bulk_bytes = std::numeric_limits<std::uint64_t>::max()});
  decoder.begin(segments, &bulk);
  return decoder.decode(top);
}

}  // namespace mortise::jobs
