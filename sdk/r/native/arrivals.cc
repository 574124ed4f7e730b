#include "arrivals.h"

#include <algorithm>

#include "data/tensor.h"

namespace mortise::r {
namespace {

constexpr std::size_t smallest_shared = 64 << 10;

bool is_long(const data::Column& column) {
  return std::ranges::any_of(column.buffers,
                             [](const auto& buffer) { return buffer.bytes.size() > smallest_shared; }) ||
         std::ranges::any_of(column.children, is_long) || (column.dictionary != nullptr && is_long(*column.dictionary));
}

bool is_long(const Value& value) {
  return value.is(Kind::tensor) && data::tensor_bytes(value.as_tensor()).size() > smallest_shared;
}

}  // namespace

void Arrivals::keep(SEXP object, Arrival arrival) {
  const Shield shield(object);
  if (objects_ == nullptr) {
    objects_ = safely([] { return Rf_cons(R_NilValue, R_NilValue); });
    R_PreserveObject(objects_);
  }
  SEXP link = safely([&] { return Rf_cons(object, CDR(objects_)); });
  SETCDR(objects_, link);
  shared_ = shared_ || (arrival.column != nullptr ? is_long(*arrival.column) : is_long(arrival.value));
  by_object_.insert_or_assign(object, std::move(arrival));
}

const Arrivals::Arrival* Arrivals::find(SEXP object) const {
  const auto found = by_object_.find(object);
  return found == by_object_.end() ? nullptr : &found->second;
}

void Arrivals::forget() noexcept {
  by_object_.clear();
  if (objects_ != nullptr) SETCDR(objects_, R_NilValue);
  shared_ = false;
}

}  // namespace mortise::r
