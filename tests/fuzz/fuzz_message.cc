// Frames whose prefix was sound: whatever their header says, a message comes out or an error, and a message that came out
// is written and read again as the same. The first byte chooses who speaks, and whether the header ends at the first zero byte
// or, since compact headers have zeros in them, is as long as the next two bytes say.
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "runtime/wire/message.h"

namespace {

namespace runtime = mortise::runtime;
using mortise::Error;

struct Arrived {
  Arrived(std::string_view header, std::string_view segments)
      : header_size(header.size()), segments_size(segments.size()) {
    bytes.reserve(header.size() + segments.size() + runtime::frame_slack);
    bytes.append(header).append(segments).append(runtime::frame_slack, '\0');
  }
  [[nodiscard]] runtime::Frame frame() const {
    const auto all = std::as_bytes(std::span(bytes.data(), bytes.size()));
    return {all.first(header_size), all.subspan(header_size, segments_size), 0};
  }
  std::string bytes;
  std::size_t header_size, segments_size;
};

// The whole frame behind its prefix.
std::string written(runtime::MessageWriter& writer, const runtime::Message& message, std::size_t& header_size) {
  const runtime::OutgoingFrame frame = writer.write(message);
  std::string text(reinterpret_cast<const char*>(frame.head.data()), frame.head.size());
  text.erase(0, runtime::frame_prefix_size);
  header_size = text.size();
  for (const auto& segment : frame.segments) text.append(reinterpret_cast<const char*>(segment.data()), segment.size());
  return text;
}

Arrived cut(bool counted, std::string_view input) {
  if (!counted) {
    const std::size_t end = std::min(input.find('\0'), input.size());
    return {input.substr(0, end), input.substr(std::min(end + 1, input.size()))};
  }
  std::uint16_t size = 0;
  if (input.size() < sizeof size) return {input, {}};
  std::memcpy(&size, input.data(), sizeof size);
  input.remove_prefix(sizeof size);
  return {input.substr(0, size), input.substr(std::min<std::size_t>(size, input.size()))};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Arrived arrived = cut(data[0] / 2 % 2 != 0, {reinterpret_cast<const char*>(data) + 1, size - 1});
  const auto from = data[0] % 2 == 0 ? runtime::From::host : runtime::From::worker;
  runtime::MessageReader reader(from);
  runtime::MessageWriter writer;
  try {
    const runtime::Message message = reader.read(arrived.frame());
    std::size_t header_size = 0;
    const std::string once = written(writer, message, header_size);
    const Arrived back(std::string_view(once).substr(0, header_size), std::string_view(once).substr(header_size));
    if (written(writer, reader.read(back.frame()), header_size) != once) std::abort();
  } catch (const Error& error) {
    if (error.code() != mortise::Code::invalid && error.code() != mortise::Code::unsupported) std::abort();
  }
  return 0;
}
