// TextBuilder: texts in, one Arrow column of a known type out.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "lib/text_type.h"

namespace mortise::plugins {

class TextBuilder {
 public:
  // `decimals`: of times, the most decimals of a second; it chooses the unit (s, ms, us or ns). `bytes`: of all texts
  // together; from 2 GiB on the column has offsets of 64 bits.
  explicit TextBuilder(ColumnType type, std::int32_t decimals = 0, std::int64_t bytes = 0);
  ~TextBuilder();
  TextBuilder(TextBuilder&&) noexcept;
  TextBuilder& operator=(TextBuilder&&) noexcept;

  // False, and nothing appended, when the text is not of this type or its range. Texts are taken as they are; of the other
  // types blanks around do not count. Leading zeros and '+' are accepted here: whoever names a type wants it.
  [[nodiscard]] bool append(std::string_view text);
  void append_null();

  [[nodiscard]] std::int64_t size() const;
  [[nodiscard]] std::shared_ptr<arrow::Array> finish();

 private:
  bool append_text(std::string_view text);
  bool append_time(std::string_view text);

  ColumnType type_;
  bool large_ = false;
  std::int64_t per_second_ = 1;
  std::unique_ptr<arrow::ArrayBuilder> builder_;
};

}  // namespace mortise::plugins
