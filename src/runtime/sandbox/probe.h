// The live proof of each layer: a process held by that layer alone tries what the layer is there to stop, at something planted
// for it; an unconfined one tries the same, to show that there was something to stop.
#pragma once

#include <string>
#include <vector>

#include "runtime/sandbox/machine.h"

namespace mortise::runtime::sandbox {

struct Proof {
  enum class Result : std::uint8_t {
    blocked,   // it could without the layer, and cannot with it
    missing,   // the machine has no such layer
    unproven,  // it could not without the layer either (another restriction of this machine stops it already)
    OPEN,      // it could with the layer: a defect
  };
  Layer layer = Layer::private_root;
  Result result = Result::missing;
  std::string tried;  // "read a file of the host that no policy names"
  std::string why;    // of missing and OPEN
};
[[nodiscard]] std::string_view name_of(Proof::Result result) noexcept;

// About 10 ms. In a single-threaded process.
[[nodiscard]] std::vector<Proof> prove_layers(const Machine& machine);

}  // namespace mortise::runtime::sandbox
