// One inference: bytes in, bytes out, with more room offered as long as the plugin asks for it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "mlos/smi_spec.h"
#include "mortise/value.hpp"

namespace mortise::smi {

struct Room {
  std::size_t first = std::size_t{1} << 20U;  // what is offered at first
  std::size_t most = std::size_t{256} << 20U;
};

// Calls `fill(buffer, size)` with a growing buffer until it does not answer SMI_ERROR_OUT_OF_MEMORY. Throws Error: its status, or
// plugin when it claims to have written more than there was room for.
struct Filled {
  std::string bytes;
  std::size_t capacity = 0;
};
[[nodiscard]] Filled fill_growing(const std::string& function, Room room,
                                  const std::function<smi_status_t(char* buffer, std::size_t* size)>& fill);

// What a model is fed, as bytes: text as UTF-8, a tensor's own, a list of numbers (of lists, too) as float32, row by row; the one
// value of a map of one. Throws Error{invalid} for what has no such form.
// `kept` holds what had to be made; the rest is where it was.
[[nodiscard]] std::string_view input_view(const Value& inputs, std::string& kept);

}  // namespace mortise::smi
