// KeptValue: a Value as bytes that read back to the same Value, tables and tensors included: the wire form of
// docs/worker-protocol.md in one piece.
//
//   "MTVAL001"  text size (u64)  number of segments (u64)  their sizes (u64 each)  text  segments ...
//   bulk: the pieces that are too long for a segment, each at a multiple of 64 from the beginning of the bulk
//
// All numbers are little-endian. The bulk begins at a multiple of 64, so that what was read into aligned memory can be used in
// place. Written piece by piece: nothing larger than one piece is ever copied.
#pragma once

#include <functional>
#include <string_view>

#include "data/buffer.h"
#include "mortise/value.hpp"

namespace mortise::jobs {

// Gives the pieces one after the other; each is valid during its call only.
using ByteSink = std::function<void(std::string_view bytes)>;
void write_kept_value(const Value& value, const ByteSink& sink);
// Throws Error{invalid} for bytes that are none. Tables and tensors stay within the block, which they keep alive.
[[nodiscard]] Value read_kept_value(data::Buffer block);

}  // namespace mortise::jobs
