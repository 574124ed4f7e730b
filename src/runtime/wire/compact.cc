#include "runtime/wire/compact.h"

#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "base/error.h"
#include "data/text.h"
#include "runtime/wire/header.h"

namespace mortise::runtime {
namespace {

static_assert(std::endian::native == std::endian::little, "the head is copied as it lies in memory");

constexpr std::uint8_t call_kind = 1;
constexpr std::uint8_t result_kind = 2;

struct Head {
  std::uint8_t kind;
  std::uint8_t operation;
  std::uint8_t form;
  std::uint8_t zero;
  std::uint16_t method_size;
  std::uint16_t segments;
  std::uint64_t id;
  std::uint64_t number;
};
static_assert(sizeof(Head) == 24);

constexpr std::size_t size_width = sizeof(std::uint32_t);  // of one segment's size

// ---- reading -----------------------------------------------------------------------------------------------------------

void check(const Head& head, std::size_t header_size, From from) {
  if (head.kind != (from == From::host ? call_kind : result_kind)) {
    broken("a compact header of kind " + std::to_string(head.kind) + " from the wrong side");
  }
  if (head.form > static_cast<std::uint8_t>(CompactForm::text)) {
    broken("a compact value in the form " + std::to_string(head.form) + ", expected 0 or 1");
  }
  if (head.zero != 0) broken("the reserved byte of a compact header is " + std::to_string(head.zero) + ", expected 0");
  if (from == From::worker && (head.operation != 0 || head.method_size != 0)) {
    broken("a compact result with an operation or a method");
  }
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  if (head.id == 0 || head.id > most || head.number > most) {
    broken("a number of a compact header is not within 0 to 9223372036854775807, or its id is 0");
  }
  const std::size_t rest = sizeof head + head.method_size + head.segments * size_width;
  if (rest > header_size) {
    broken("a compact header of " + std::to_string(header_size) + " bytes, of which " + std::to_string(rest) + " are not its value");
  }
}

void cut_segments(std::span<const std::byte> sizes, std::span<const std::byte> all, std::vector<data::Bytes>& segments) {
  segments.clear();
  for (; !sizes.empty(); sizes = sizes.subspan(size_width)) {
    std::uint32_t size = 0;
    std::memcpy(&size, sizes.data(), size_width);
    if (size > all.size()) broken("the sizes of the segments do not add up");
    segments.push_back(all.first(size));
    all = all.subspan(size);
  }
  if (!all.empty()) broken("the sizes of the segments do not add up");
}

std::string_view text_in(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string_view utf8_in(std::span<const std::byte> bytes) {
  const std::string_view text = text_in(bytes);
  if (!data::is_utf8(text)) broken("a text of a compact header is not UTF-8");
  return text;
}

// ---- writing -----------------------------------------------------------------------------------------------------------

// The head, whose place is in front of what was written since, and the sizes behind it.
bool finish(data::WireEncoder& encoder, std::size_t begin, Head head) {
  const auto segments = encoder.segments();
  if (segments.size() > std::numeric_limits<std::uint16_t>::max()) {
    encoder.text().resize(begin);
    return false;
  }
  std::string& text = encoder.text();
  for (const data::Bytes& segment : segments) {
    const auto size = static_cast<std::uint32_t>(segment.size());
    text.append(reinterpret_cast<const char*>(&size), size_width);
  }
  head.segments = static_cast<std::uint16_t>(segments.size());
  std::memcpy(text.data() + begin, &head, sizeof head);
  return true;
}

std::uint8_t put_value(data::WireEncoder& encoder, const Value& value) {
  if (value.is(Kind::string)) {
    data::put_text(encoder.text(), value.as_string());
    return static_cast<std::uint8_t>(CompactForm::text);
  }
  encoder.append(value);
  return static_cast<std::uint8_t>(CompactForm::json);
}

bool write(data::WireEncoder& encoder, const message::Call& call) {
  if (!call.compact || call.method.size() > std::numeric_limits<std::uint16_t>::max()) return false;
  std::string& text = encoder.text();
  const std::size_t begin = text.size();
  text.append(sizeof(Head), '\0');
  const std::string_view method = call.operation == MORTISE_OP_CALL ? call.method : std::string_view();
  data::put_text(text, method);
  const std::uint8_t form = put_value(encoder, call.input);
  return finish(encoder, begin,
                {call_kind, static_cast<std::uint8_t>(call.operation), form, 0, static_cast<std::uint16_t>(method.size()), 0,
                 call.id, static_cast<std::uint64_t>(call.timeout_ms)});
}

bool write(data::WireEncoder& encoder, const message::Result& result) {
  if (!result.compact || result.error) return false;
  const std::size_t begin = encoder.text().size();
  encoder.text().append(sizeof(Head), '\0');
  const std::uint8_t form = put_value(encoder, result.value);
  return finish(encoder, begin, {result_kind, 0, form, 0, 0, 0, result.id, result.copied});
}

}  // namespace

bool is_compact(std::span<const std::byte> header) noexcept {
  return !header.empty() && (header[0] == std::byte{call_kind} || header[0] == std::byte{result_kind});
}

CompactHeader read_compact(const Frame& frame, From from, std::vector<data::Bytes>& segments) {
  const std::span<const std::byte> header = frame.header;
  if (header.size() < sizeof(Head)) broken("a compact header of " + std::to_string(header.size()) + " bytes; it has 24 and more");
  Head head{};
  std::memcpy(&head, header.data(), sizeof head);
  check(head, header.size(), from);
  const std::size_t sizes = head.segments * size_width;
  cut_segments(header.last(sizes), frame.segments, segments);
  CompactHeader made;
  made.operation = head.operation;
  made.form = static_cast<CompactForm>(head.form);
  made.id = head.id;
  made.number = head.number;
  made.method = utf8_in(header.subspan(sizeof head, head.method_size));
  const std::span<const std::byte> value =
      header.subspan(sizeof head + head.method_size, header.size() - sizeof head - head.method_size - sizes);
  made.value = made.form == CompactForm::text ? utf8_in(value) : text_in(value);
  return made;
}

bool write_compact(data::WireEncoder& encoder, const Message& message) {
  if (const auto* call = std::get_if<message::Call>(&message)) return write(encoder, *call);
  if (const auto* result = std::get_if<message::Result>(&message)) return write(encoder, *result);
  return false;
}

}  // namespace mortise::runtime
