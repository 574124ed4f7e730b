#include "inference.h"

#include <algorithm>
#include <cstring>

#include "mortise/error.hpp"
#include "mortise/leaf.hpp"
#include "status.h"

namespace mortise::smi {
namespace {

Error does_not_fit(const std::string& function, std::size_t most) {
  return Error(
             Code::busy,
             function + " still returns SMI_ERROR_OUT_OF_MEMORY (-2) with room for " + std::to_string(most) + " bytes",
             "that is the limit for one answer: ask for less at once, or split the input")
      .with("smi_status", std::to_string(SMI_ERROR_OUT_OF_MEMORY))
      .with("function", function);
}

Error wrote_beyond(const std::string& function, std::size_t size, std::size_t capacity) {
  return Error(Code::plugin,
               function + " says it wrote " + std::to_string(size) + " bytes into " + std::to_string(capacity),
               "set *output_size to what was written, at most what it was before")
      .with("function", function);
}

void append_float32(const Value& value, std::string& bytes) {
  if (value.is(Kind::list)) {
    for (const Value& item : value.items()) append_float32(item, bytes);
    return;
  }
  if (!value.is(Kind::int64) && !value.is(Kind::float64)) {
    throw Error(Code::invalid, std::string("a list for a model holds numbers, not ") + mortise::name_of(value.kind()),
                "send numbers, a text, or the bytes themselves");
  }
  const auto number = static_cast<float>(value.as_float64());
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string_view tensor_bytes(const mortise_tensor& tensor) {
  std::size_t count = 1;
  for (std::uint32_t i = 0; i < tensor.rank; ++i) count *= static_cast<std::size_t>(tensor.shape[i]);
  return {static_cast<const char*>(tensor.data), count * dtype_size(tensor.dtype)};
}

}  // namespace

Filled fill_growing(const std::string& function, Room room,
                    const std::function<smi_status_t(char*, std::size_t*)>& fill) {
  Filled filled;
  filled.capacity = std::min(std::max<std::size_t>(room.first, 1), room.most);
  while (true) {
    filled.bytes.resize(filled.capacity);
    std::size_t size = filled.capacity;
    const smi_status_t status = fill(filled.bytes.data(), &size);
    if (status == SMI_SUCCESS) {
      if (size > filled.capacity) throw wrote_beyond(function, size, filled.capacity);
      filled.bytes.resize(size);
      return filled;
    }
    if (status != SMI_ERROR_OUT_OF_MEMORY) throw status_error(function, status);
    if (filled.capacity == room.most) throw does_not_fit(function, room.most);
    const std::size_t wanted = size > filled.capacity ? size : filled.capacity * 4;
    filled.capacity = std::min(wanted, room.most);
  }
}

std::string_view input_view(const Value& inputs, std::string& kept) {
  switch (inputs.kind()) {
    case Kind::bytes: return inputs.as_bytes();
    case Kind::string: return inputs.as_string();
    case Kind::tensor: return tensor_bytes(inputs.as_tensor());
    case Kind::map:
      if (inputs.members().size() == 1) return input_view(inputs.members().front().value(), kept);
      throw Error(Code::invalid, "this model takes one input, here are " + std::to_string(inputs.members().size()),
                  "its plugin takes bytes: send one value");
    default: append_float32(inputs, kept); return kept;
  }
}

}  // namespace mortise::smi
