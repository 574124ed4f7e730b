// Compact headers: calls and their results without JSON around the value (section 2 of docs/worker-protocol.md).
//
//   kind u8 (1 call, 2 result) | operation u8 | form u8 | 0 u8 | method bytes u16 | segments u16 | id u64 |
//   timeout_ms or copied u64 | method | value | size u32 of each segment
//
// The value is JSON text as anywhere else, or, when it is nothing but a string, its bytes as they are: no escapes to write and
// to look for. Pure code; everything that is read is checked. What does not fit (an error, a method of more than 65535 bytes,
// as many segments) has a JSON header. JSON never begins with the bytes 1 and 2.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "data/wire.h"
#include "runtime/wire/frame.h"
#include "runtime/wire/message.h"

namespace mortise::runtime {

enum class CompactForm : std::uint8_t { json, text };

struct CompactHeader {
  std::uint32_t operation = 0;  // of a call: not checked
  CompactForm form = CompactForm::json;
  std::uint64_t id = 0;
  std::uint64_t number = 0;  // timeout_ms of a call, copied of a result
  std::string_view method;   // UTF-8, as is the value when it is a text
  std::string_view value;
};

[[nodiscard]] bool is_compact(std::span<const std::byte> header) noexcept;

// Borrows from the frame; `segments` are cut from it, too. Throws Error{invalid} for what breaks the protocol.
[[nodiscard]] CompactHeader read_compact(const Frame& frame, From from, std::vector<data::Bytes>& segments);

// Appends the header of a call or a result that asks for a compact one. False: nothing was written, it needs a JSON header.
[[nodiscard]] bool write_compact(data::WireEncoder& encoder, const Message& message);

}  // namespace mortise::runtime
