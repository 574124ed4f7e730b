#include "views.h"

#include <R_ext/Altrep.h>

#include <cstring>
#include <limits>
#include <memory>
#include <set>
#include <vector>

#include "data/column_format.h"
#include "data/tensor.h"
#include "worker.h"

namespace mortise::r {
namespace {

constexpr std::int64_t na_int64 = std::numeric_limits<std::int64_t>::min();
constexpr std::size_t smallest_shared = 64 << 10;  // what is shorter came with the message

template <typename T>
T load(const View& view, std::int64_t row) noexcept {
  T value;
  std::memcpy(&value, view.values.bytes.data() + static_cast<std::size_t>(row) * sizeof(T), sizeof(T));
  return value;
}

double real_at(const View& view, std::int64_t row) noexcept {
  const bool null = view.is_null(row);
  if (view.source == Source::bits) {
    const std::int64_t bits = null ? na_int64 : load<std::int64_t>(view, row);
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  if (null) return NA_REAL;
  switch (view.source) {
    case Source::i8: return load<std::int8_t>(view, row) / view.divisor;
    case Source::u8: return load<std::uint8_t>(view, row) / view.divisor;
    case Source::i16: return load<std::int16_t>(view, row) / view.divisor;
    case Source::u16: return load<std::uint16_t>(view, row) / view.divisor;
    case Source::i32: return load<std::int32_t>(view, row) / view.divisor;
    case Source::u32: return load<std::uint32_t>(view, row) / view.divisor;
    case Source::i64: return static_cast<double>(load<std::int64_t>(view, row)) / view.divisor;
    case Source::u64: return static_cast<double>(load<std::uint64_t>(view, row)) / view.divisor;
    case Source::f16: return data::half_to_double(load<std::uint16_t>(view, row));
    case Source::f32: return static_cast<double>(load<float>(view, row));
    default: return load<double>(view, row);
  }
}

int integer_at(const View& view, std::int64_t row) noexcept {
  if (view.is_null(row)) return NA_INTEGER;
  switch (view.source) {
    case Source::i8: return load<std::int8_t>(view, row);
    case Source::u8: return load<std::uint8_t>(view, row);
    case Source::i16: return load<std::int16_t>(view, row);
    case Source::u16: return load<std::uint16_t>(view, row);
    default: return load<std::int32_t>(view, row);
  }
}

// The two classes differ in the element alone.
struct Reals {
  using Element = double;
  static constexpr SEXPTYPE type = REALSXP;
  static double at(const View& view, std::int64_t row) noexcept { return real_at(view, row); }
  static double* plain(SEXP vector) { return REAL(vector); }
  static bool is_memory(const View& view) noexcept {
    return view.source == Source::bits || (view.source == Source::f64 && view.divisor == 1);
  }
};

struct Integers {
  using Element = int;
  static constexpr SEXPTYPE type = INTSXP;
  static int at(const View& view, std::int64_t row) noexcept { return integer_at(view, row); }
  static int* plain(SEXP vector) { return INTEGER(vector); }
  static bool is_memory(const View& view) noexcept { return view.source == Source::i32; }
};

View& view_of(SEXP vector) { return *static_cast<View*>(R_ExternalPtrAddr(R_altrep_data1(vector))); }

template <typename Kind>
struct Class {
  using Element = typename Kind::Element;
  static inline R_altrep_class_t handle{};

  // The plain vector that has taken the memory's place, or null.
  static const Element* own(SEXP vector) {
    SEXP plain = R_altrep_data2(vector);
    return plain == R_NilValue ? nullptr : Kind::plain(plain);
  }
  static const Element* memory(const View& view) {
    const bool direct = Kind::is_memory(view) && view.validity.bytes.empty();
    return direct ? reinterpret_cast<const Element*>(view.values.bytes.data()) : nullptr;
  }

  static R_xlen_t length(SEXP vector) { return view_of(vector).length; }
  static Element elt(SEXP vector, R_xlen_t row) {
    if (const Element* plain = own(vector)) return plain[row];
    return Kind::at(view_of(vector), row);
  }
  static void fill(const View& view, Element* out, std::int64_t from, std::int64_t count) {
    if (const Element* all = memory(view)) {
      if (count > 0) std::memcpy(out, all + from, static_cast<std::size_t>(count) * sizeof(Element));
      return;
    }
    for (std::int64_t row = 0; row < count; ++row) out[row] = Kind::at(view, from + row);
  }
  static R_xlen_t get_region(SEXP vector, R_xlen_t from, R_xlen_t count, Element* out) {
    const View& view = view_of(vector);
    const R_xlen_t some = std::min<R_xlen_t>(count, view.length - from);
    if (const Element* plain = own(vector)) {
      if (some > 0) std::memcpy(out, plain + from, static_cast<std::size_t>(some) * sizeof(Element));
    } else {
      fill(view, out, from, some);
    }
    return some;
  }
  static const void* dataptr_or_null(SEXP vector) {
    if (const Element* plain = own(vector)) return plain;
    return memory(view_of(vector));
  }
  // R calls this within its own frames; an allocation that fails jumps over nothing of ours.
  static SEXP copied(SEXP vector) {
    const View& view = view_of(vector);
    SEXP plain = PROTECT(Rf_allocVector(Kind::type, view.length));
    fill(view, Kind::plain(plain), 0, view.length);
    if (view.values.bytes.size() > smallest_shared) count_copied(view.values.bytes.size());
    UNPROTECT(1);
    return plain;
  }
  static void* dataptr(SEXP vector, Rboolean writable) {
    if (writable == FALSE) {
      if (const void* there = dataptr_or_null(vector)) return const_cast<void*>(there);
    }
    if (R_altrep_data2(vector) == R_NilValue) R_set_altrep_data2(vector, copied(vector));
    return Kind::plain(R_altrep_data2(vector));
  }
  static SEXP duplicate(SEXP vector, Rboolean) {
    if (R_altrep_data2(vector) != R_NilValue) return Rf_duplicate(R_altrep_data2(vector));
    return copied(vector);
  }
  static int no_na(SEXP vector) {
    const View& view = view_of(vector);
    const bool real = view.source == Source::f64 || view.source == Source::f32 || view.source == Source::f16;
    return R_altrep_data2(vector) == R_NilValue && view.validity.bytes.empty() && !real && view.source != Source::bits;
  }
  static Rboolean inspect(SEXP vector, int, int, int, void (*)(SEXP, int, int, int)) {
    Rprintf(" mortise view of %lld rows%s\n", static_cast<long long>(view_of(vector).length),
            R_altrep_data2(vector) == R_NilValue ? "" : ", copied");
    return TRUE;
  }

  static void common() {
    R_set_altrep_Length_method(handle, length);
    R_set_altrep_Inspect_method(handle, inspect);
    R_set_altrep_Duplicate_method(handle, duplicate);
    R_set_altvec_Dataptr_method(handle, dataptr);
    R_set_altvec_Dataptr_or_null_method(handle, dataptr_or_null);
  }
};

// ---- texts

struct TextView {
  std::shared_ptr<const data::Column> column;  // null once R has its own
  SEXP (*fill)(const data::Column&);
  R_xlen_t length = column->length;
};

R_altrep_class_t text_class{};

TextView& text_view_of(SEXP vector) { return *static_cast<TextView*>(R_ExternalPtrAddr(R_altrep_data1(vector))); }

SEXP texts_of(SEXP vector) {
  if (R_altrep_data2(vector) == R_NilValue) {
    R_set_altrep_data2(vector, entry([&] { return text_view_of(vector).fill(*text_view_of(vector).column); }));
    text_view_of(vector).column = nullptr;
  }
  return R_altrep_data2(vector);
}

R_xlen_t text_length(SEXP vector) { return text_view_of(vector).length; }
SEXP text_elt(SEXP vector, R_xlen_t row) { return STRING_ELT(texts_of(vector), row); }
void set_text_elt(SEXP vector, R_xlen_t row, SEXP element) { SET_STRING_ELT(texts_of(vector), row, element); }
void* text_dataptr(SEXP vector, Rboolean) { return STRING_PTR(texts_of(vector)); }
const void* text_pointer(SEXP vector) {
  return R_altrep_data2(vector) == R_NilValue ? nullptr : STRING_PTR_RO(R_altrep_data2(vector));
}
SEXP duplicate_texts(SEXP vector, Rboolean) { return Rf_duplicate(texts_of(vector)); }

// ---- memory of the host's

struct Region {
  double* data;
  std::int64_t length;
  std::vector<double> own;
};

std::set<Region*>& live_regions() {
  static std::set<Region*> live;
  return live;
}

R_altrep_class_t region_class{};

Region& region_of(SEXP vector) { return *static_cast<Region*>(R_ExternalPtrAddr(R_altrep_data1(vector))); }
R_xlen_t region_length(SEXP vector) { return region_of(vector).length; }
double region_elt(SEXP vector, R_xlen_t row) { return region_of(vector).data[row]; }
void* region_dataptr(SEXP vector, Rboolean) { return region_of(vector).data; }
const void* region_pointer(SEXP vector) { return region_of(vector).data; }

// ---- lifetime

template <typename T>
SEXP pointer_to(std::unique_ptr<T> object, void (*finalizer)(SEXP)) {
  const Shield pointer(safely([] { return R_MakeExternalPtr(nullptr, R_NilValue, R_NilValue); }));
  safely([&] {
    R_RegisterCFinalizerEx(pointer, finalizer, FALSE);
    return R_NilValue;
  });
  R_SetExternalPtrAddr(pointer, object.release());
  return pointer;
}

void forget_view(SEXP pointer) {
  delete static_cast<View*>(R_ExternalPtrAddr(pointer));
  R_ClearExternalPtr(pointer);
}

void forget_text(SEXP pointer) {
  delete static_cast<TextView*>(R_ExternalPtrAddr(pointer));
  R_ClearExternalPtr(pointer);
}

void forget_region(SEXP pointer) {
  auto* region = static_cast<Region*>(R_ExternalPtrAddr(pointer));
  live_regions().erase(region);
  delete region;
  R_ClearExternalPtr(pointer);
}

SEXP make_view(R_altrep_class_t kind, View view) {
  const Shield pointer(pointer_to(std::make_unique<View>(std::move(view)), forget_view));
  return safely([&] { return R_new_altrep(kind, pointer, R_NilValue); });
}

}  // namespace

bool View::is_null(std::int64_t row) const noexcept {
  return !validity.bytes.empty() && !data::bit_at(validity.bytes.data(), row);
}

void register_views(DllInfo* library) {
  using RealClass = Class<Reals>;
  RealClass::handle = R_make_altreal_class("mortise_reals", "mortise", library);
  RealClass::common();
  R_set_altreal_Elt_method(RealClass::handle, RealClass::elt);
  R_set_altreal_Get_region_method(RealClass::handle, RealClass::get_region);
  R_set_altreal_No_NA_method(RealClass::handle, RealClass::no_na);
  using IntegerClass = Class<Integers>;
  IntegerClass::handle = R_make_altinteger_class("mortise_integers", "mortise", library);
  IntegerClass::common();
  R_set_altinteger_Elt_method(IntegerClass::handle, IntegerClass::elt);
  R_set_altinteger_Get_region_method(IntegerClass::handle, IntegerClass::get_region);
  R_set_altinteger_No_NA_method(IntegerClass::handle, IntegerClass::no_na);
  text_class = R_make_altstring_class("mortise_texts", "mortise", library);
  R_set_altrep_Length_method(text_class, text_length);
  R_set_altrep_Duplicate_method(text_class, duplicate_texts);
  R_set_altvec_Dataptr_method(text_class, text_dataptr);
  R_set_altvec_Dataptr_or_null_method(text_class, text_pointer);
  R_set_altstring_Elt_method(text_class, text_elt);
  R_set_altstring_Set_elt_method(text_class, set_text_elt);
  region_class = R_make_altreal_class("mortise_region", "mortise", library);
  R_set_altrep_Length_method(region_class, region_length);
  R_set_altvec_Dataptr_method(region_class, region_dataptr);
  R_set_altvec_Dataptr_or_null_method(region_class, region_pointer);
  R_set_altreal_Elt_method(region_class, region_elt);
}

SEXP make_real_view(View view) { return make_view(Class<Reals>::handle, std::move(view)); }
SEXP make_integer_view(View view) { return make_view(Class<Integers>::handle, std::move(view)); }

SEXP make_text_view(std::shared_ptr<const data::Column> column, SEXP (*fill)(const data::Column&)) {
  auto view = std::make_unique<TextView>(TextView{std::move(column), fill});
  const Shield pointer(pointer_to(std::move(view), forget_text));
  return safely([&] { return R_new_altrep(text_class, pointer, R_NilValue); });
}

SEXP make_region(double* data, std::int64_t length) {
  auto region = std::make_unique<Region>(Region{data, length, {}});
  Region* raw = region.get();
  const Shield pointer(pointer_to(std::move(region), forget_region));
  live_regions().insert(raw);
  return safely([&] { return R_new_altrep(region_class, pointer, R_NilValue); });
}

void release_regions() noexcept {
  for (Region* region : live_regions()) {
    if (!region->own.empty() || region->length == 0) continue;
    region->own.assign(region->data, region->data + region->length);
    region->data = region->own.data();
  }
}

}  // namespace mortise::r
