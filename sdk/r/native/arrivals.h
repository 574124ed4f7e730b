// Arrivals: what came with the open call, by the R object that stands for it.
//
// R has no int64, no decimals and no tensor of FP16, so some values are turned into what R has. When a plugin hands such an
// object on untouched, the original goes out, bit for bit and without a copy. R copies an object that two know before it
// changes it, and here is the second: the same object is the same value.
#pragma once

#include <memory>
#include <unordered_map>

#include "api.h"
#include "data/table.h"
#include "mortise/value.hpp"

namespace mortise::r {

class Arrivals {
 public:
  struct Arrival {
    Value value;                                 // of anything but a column
    std::shared_ptr<const data::Column> column;  // of a table's column
  };

  void keep(SEXP object, Arrival arrival);
  [[nodiscard]] const Arrival* find(SEXP object) const;  // null: made here, or changed since
  // At the end of the call.
  void forget() noexcept;
  // Whether any of it lies in shared memory.
  [[nodiscard]] bool shared() const noexcept { return shared_; }

 private:
  std::unordered_map<SEXP, Arrival> by_object_;
  SEXP objects_ = nullptr;  // a list that R does not collect
  bool shared_ = false;
};

}  // namespace mortise::r
