// TextType: what a column of texts really holds, decided after the last of them.
//
// The rule is that no value changes silently. A column gets a type only if every one of its texts is written the way
// that type is written, so that "007", "+49", "-0" and "1_000" stay text, a number of twenty digits stays text because int64
// cannot hold it, and a column of 999 numbers and one word is text. An integer widens to float64 only where float64
// holds exactly that integer, and a date widens to a time at midnight. The one loss allowed is the one that everybody
// expects of float64, decimals beyond its precision, and it is counted (`rounded`). Blanks around a number, a date or a
// boolean do not matter; in a column of texts they stay. Dates are ISO 8601 or all of one known layout (date_layout.h); where day
// first and month first both fit every row, the column stays text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/date_layout.h"

namespace mortise::plugins {

enum class ColumnType { text, integer, real, boolean, date, time, zoned_time };

[[nodiscard]] std::string_view name_of(ColumnType type) noexcept;  // "text", "int64", "float64", ...
[[nodiscard]] std::optional<ColumnType> column_type_named(std::string_view name) noexcept;

// Each reads the whole text or nothing.
[[nodiscard]] std::optional<std::int64_t> read_integer(std::string_view text) noexcept;  // no leading zeros, '+', "-0"
struct Real {
  double value = 0;
  bool exact = true;     // as many digits as float64 keeps
  bool integer = false;  // written without '.', 'e'
};
[[nodiscard]] std::optional<Real> read_real(std::string_view text) noexcept;
[[nodiscard]] std::optional<bool> read_boolean(std::string_view text) noexcept;  // true, True, TRUE, false, ...

[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;  // without blanks and tabs around it

class TextType {
 public:
  void add(std::string_view text);

  // The narrowest type that all texts fit; text when there were none.
  [[nodiscard]] ColumnType type() const noexcept;
  [[nodiscard]] std::int64_t rounded() const noexcept { return type() == ColumnType::real ? rounded_ : 0; }
  [[nodiscard]] std::int32_t decimals_of_second() const noexcept { return decimals_; }  // the most of any time
  [[nodiscard]] bool any() const noexcept { return any_; }
  // Of dates and times that are not ISO 8601: the place in known_layouts().
  [[nodiscard]] std::optional<std::size_t> layout() const noexcept;
  // The column is text only because its dates fit day first and month first.
  [[nodiscard]] bool ambiguous_dates() const noexcept {
    return type() == ColumnType::text && layouts_.verdict().ambiguous;
  }

  // Text so far, but more texts may show another type: such dates, or nothing but "inf".
  [[nodiscard]] bool undecided() const noexcept {
    return any_ && type() == ColumnType::text && (ambiguous_dates() || real_);
  }

  // As if the texts of the other had been added here.
  void merge(const TextType& other) noexcept;

  // What texts say that were all read as this type already, without looking at each again. `wide`: an integer among them that
  // float64 does not hold; `far`: a time that nanoseconds in int64 do not hold.
  struct Known {
    ColumnType type = ColumnType::text;
    std::optional<std::size_t> layout;
    bool any = true;
    bool wide = false;
    bool finite = true;  // a number that is not "inf"
    bool far = false;
    std::int64_t rounded = 0;
    std::int32_t decimals = 0;
  };
  [[nodiscard]] static TextType of(const Known& known) noexcept;

 private:
  void add_number(std::string_view text);
  void add_time(std::string_view text);

  bool any_ = false;
  bool integer_ = true, real_ = true, boolean_ = true, date_ = true, time_ = true, zoned_ = true;
  bool plain_number_ = false;  // at least one number that is not "inf"
  std::int64_t rounded_ = 0;
  std::int32_t decimals_ = 0;
  bool far_ = false;  // a time that nanoseconds in int64 cannot hold
  DateEvidence layouts_;
};

}  // namespace mortise::plugins
