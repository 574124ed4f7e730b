// Handing a Value through a mortise_output, in either direction, without allocating anything.
#pragma once

#include <new>
#include <utility>

#include "mortise/plugin.h"
#include "mortise/value.hpp"

namespace mortise::detail {

// The output becomes the Value, bit for bit; its release is the Value's destructor. `out` is zeroed before.
inline void give(mortise_output* out, Value value) noexcept {
  ::new (static_cast<void*>(&out->value)) Value(std::move(value));
  if (out->value.reserved == 0) return;  // nothing to free
  out->release = [](mortise_output* self) {
    reinterpret_cast<Value*>(&self->value)->~Value();
    self->release = nullptr;
  };
}

// An output being received: zeroed at first, released at the end.
class Received {
 public:
  Received() noexcept : raw_{} {}
  ~Received() {
    if (raw_.release != nullptr) raw_.release(&raw_);
  }
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;

  [[nodiscard]] mortise_output* c() noexcept { return &raw_; }
  [[nodiscard]] const mortise_value& raw() const noexcept { return raw_.value; }
  [[nodiscard]] const Value& value() const noexcept { return Value::view(&raw_.value); }

 private:
  mortise_output raw_;
};

}  // namespace mortise::detail
