#include "runtime/sandbox/packet.h"

namespace mortise::runtime::sandbox {

void Writer::text(const std::string& value) {
  number(static_cast<std::uint32_t>(value.size()));
  const auto* bytes = reinterpret_cast<const std::byte*>(value.data());
  bytes_.insert(bytes_.end(), bytes, bytes + value.size());
}

void Writer::texts(const std::vector<std::string>& values) {
  number(static_cast<std::uint32_t>(values.size()));
  for (const std::string& value : values) text(value);
}

std::vector<std::byte> Writer::take() {
  if (bytes_.size() > max_packet) {
    throw Error(Code::invalid, "arguments, environment and paths of a worker take " + std::to_string(bytes_.size()) + " of " +
                                   std::to_string(max_packet) + " bytes",
                "let it see fewer environment variables");
  }
  return std::move(bytes_);
}

std::string Reader::text() {
  const auto size = number<std::uint32_t>();
  need(size);
  std::string value(reinterpret_cast<const char*>(bytes_.data()), size);
  bytes_ = bytes_.subspan(size);
  if (value.find('\0') != std::string::npos) throw Error(Code::invalid, "a text of a packet has a zero byte");
  return value;
}

std::size_t Reader::count(std::size_t most) {
  const auto count = number<std::uint32_t>();
  if (count > most) {
    throw Error(Code::invalid, "a list of a packet has " + std::to_string(count) + " entries, " + std::to_string(most) + " are the most");
  }
  return count;
}

std::vector<std::string> Reader::texts() {
  const std::size_t size = count(max_strings);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < size; ++i) values.push_back(text());
  return values;
}

void Reader::end() const {
  if (!bytes_.empty()) throw Error(Code::invalid, std::to_string(bytes_.size()) + " bytes too many in a packet");
}

void Reader::need(std::size_t size) const {
  if (size > bytes_.size()) {
    throw Error(Code::invalid, "a packet ends early: " + std::to_string(size) + " bytes wanted, " + std::to_string(bytes_.size()) + " there");
  }
}

}  // namespace mortise::runtime::sandbox
