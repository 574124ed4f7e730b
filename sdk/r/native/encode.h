// R objects as Values. sdk/r/README.md has the table of what becomes what.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "arrivals.h"
#include "data/table.h"
#include "mortise/value.hpp"

namespace mortise::r {

// Where in the result an object stands, for the words of an error: a chain on the stack, put together only when it is needed.
struct Place {
  const Place* outer = nullptr;
  std::string_view key{};
  std::int64_t index = -1;

  [[nodiscard]] std::string words() const;  // "outputs$result$items[[3]]", or "the result"
};

// What R objects the value points into, so that they live as long as it does.
class Held {
 public:
  Held();
  ~Held();
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  SEXP keep(SEXP object);

 private:
  SEXP objects_;
};

class Encoder {
 public:
  Encoder(const Arrivals& arrivals, Held& held) : arrivals_(arrivals), held_(held) {}

  // Throws Error{plugin} with the place of what cannot cross.
  Value encode(SEXP object, const Place& place, int depth = 0);

 private:
  Value encode_list(SEXP list, const Place& place, int depth);
  Value encode_atomic(SEXP vector, const Place& place);
  Value encode_scalars(SEXP vector, const Place& place);
  Value encode_tensor(SEXP array, const Place& place);
  Value encode_frame(SEXP frame, const Place& place);
  Value convert(const char* function, SEXP object, const Place& place, int depth);
  data::Column encode_column(SEXP vector, std::string_view name, std::int64_t rows, const Place& place, int depth);
  SEXP plain_column(SEXP vector);
  data::Column encode_vector_column(SEXP vector, const Place& place);
  data::Column encode_list_column(SEXP list, std::int64_t rows, const Place& place, int depth);
  data::Column encode_records(SEXP list, std::int64_t rows, const Place& place, int depth);
  data::Column encode_lists(SEXP list, std::int64_t rows, const Place& place, int depth);

  const Arrivals& arrivals_;
  Held& held_;
};

// The columns that plain vectors become, without a name. Buffers point into R where they can.
data::Column logical_column(SEXP vector);
data::Column integer_column(SEXP vector, std::string_view format);                // i, tdD
data::Column real_column(SEXP vector);                                            // g
data::Column int64_column(SEXP vector, std::string_view format);                  // l, tsn: the bits of integer64
data::Column scaled_column(SEXP vector, std::string_view format, double factor);  // doubles as int64: tsu, tDu
data::Column text_column(SEXP vector);
data::Column bytes_column(SEXP list);  // raw vectors and NULLs
data::Column factor_column(SEXP factor);
data::Column null_column(std::int64_t rows);
data::Buffer validity_of(std::int64_t rows, const std::vector<bool>& valid);

[[nodiscard]] std::int64_t int64_of_bits(double bits) noexcept;
[[nodiscard]] bool has_class(SEXP object, const char* name) noexcept;
// The text of a class or type, for errors.
[[nodiscard]] std::string name_of_type(SEXP object);
[[nodiscard]] SEXP attribute(SEXP object, const char* name) noexcept;

inline constexpr std::int64_t na_int64 = INT64_MIN;

}  // namespace mortise::r
