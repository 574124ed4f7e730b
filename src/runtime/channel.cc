#include "runtime/channel.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"

namespace mortise::runtime {
namespace {

constexpr std::size_t most_parts = 64;  // of one sendmsg; frames have few segments

// What is left of the parts after `sent` bytes.
std::vector<std::byte> rest_of(const OutgoingFrame& frame, std::size_t sent) {
  std::vector<std::byte> rest;
  rest.reserve(frame.size - sent);
  const auto add = [&](std::span<const std::byte> part) {
    const std::size_t skipped = std::min(sent, part.size());
    sent -= skipped;
    rest.insert(rest.end(), part.begin() + static_cast<std::ptrdiff_t>(skipped), part.end());
  };
  add(frame.head);
  for (const data::Bytes segment : frame.segments) add(segment);
  return rest;
}

iovec part_of(std::span<const std::byte> bytes) noexcept { return {const_cast<std::byte*>(bytes.data()), bytes.size()}; }

}  // namespace

Channel::Channel(os::Fd socket) : socket_(std::move(socket)), reader_(From::worker) {
  os::set_receive_timeout(socket_, moment);
}

void Channel::send(const Message& message, data::BulkWriter* bulk, std::span<const int> descriptors) {
  transmit(writer_.write(message, bulk), descriptors);
}

void Channel::send_ahead(const Message& message, std::span<const int> descriptors) {
  transmit(ahead_.write(message), descriptors);
}

void Channel::transmit(const OutgoingFrame& frame, std::span<const int> descriptors) {
  if (lost_) return;
  std::size_t sent = 0;
  if (backlog_.empty()) {
    std::array<iovec, most_parts> parts;
    std::size_t count = 0;
    parts[count++] = part_of(frame.head);
    for (const data::Bytes segment : frame.segments) {
      if (count == most_parts) break;
      parts[count++] = part_of(segment);
    }
    const os::Transfer step = os::send_some(socket_.get(), std::span(parts).first(count), descriptors);
    lost_ = step.io == os::Io::closed;
    sent = step.bytes;
    if (lost_ || sent == frame.size) return;
  }
  Piece piece;
  piece.bytes = rest_of(frame, sent);
  if (sent == 0) piece.descriptors.assign(descriptors.begin(), descriptors.end());
  backlog_.push_back(std::move(piece));
  if (sent > 0) flush();
}

void Channel::flush() {
  std::size_t gone = 0;
  while (gone < backlog_.size() && !lost_) {
    Piece& piece = backlog_[gone];
    const iovec part = part_of(std::span(piece.bytes).subspan(piece.sent));
    const os::Transfer step = os::send_some(socket_.get(), std::span(&part, 1), piece.descriptors);
    if (step.io == os::Io::would_block) break;
    lost_ = step.io == os::Io::closed;
    piece.sent += step.bytes;
    if (step.bytes > 0) piece.descriptors.clear();
    if (piece.sent == piece.bytes.size()) ++gone;
  }
  if (lost_) gone = backlog_.size();
  backlog_.erase(backlog_.begin(), backlog_.begin() + static_cast<std::ptrdiff_t>(gone));
}

os::Io Channel::receive(os::Wait wait) {
  std::vector<os::Fd> surplus;
  const os::Transfer got = os::receive_some(socket_.get(), decoder_.space(), surplus, 0, wait);
  if (got.io == os::Io::done) decoder_.received(got.bytes);
  return got.io;
}

std::optional<Message> Channel::next(data::BulkReader* bulk) {
  const std::optional<Frame> frame = decoder_.next();
  if (!frame) return std::nullopt;
  if (frame->descriptors != 0) {
    throw Error(Code::invalid, "it announced " + std::to_string(frame->descriptors) + " file descriptors; a worker sends none");
  }
  return reader_.read(*frame, bulk);
}

}  // namespace mortise::runtime
