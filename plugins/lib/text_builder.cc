#include "lib/text_builder.h"

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/type.h>

#include <charconv>
#include <limits>
#include <optional>

#include "lib/arrow_status.h"
#include "lib/civil.h"

namespace mortise::plugins {
namespace {

constexpr auto doing = "filling a column";

template <typename Builder, typename T>
bool append_to(arrow::ArrayBuilder& builder, const std::optional<T>& value) {
  if (!value) return false;
  check(static_cast<Builder&>(builder).Append(*value), doing);
  return true;
}

// As read_integer, but "007" and "+7" are seven.
std::optional<std::int64_t> read_wanted_integer(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> read_wanted_real(std::string_view text) {
  if (const auto real = read_real(text)) return real->value;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

arrow::TimeUnit::type unit_for(std::int32_t decimals) {
  if (decimals == 0) return arrow::TimeUnit::SECOND;
  if (decimals <= 3) return arrow::TimeUnit::MILLI;
  return decimals <= 6 ? arrow::TimeUnit::MICRO : arrow::TimeUnit::NANO;
}

std::int64_t units_per_second(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return 1;
    case arrow::TimeUnit::MILLI: return 1'000;
    case arrow::TimeUnit::MICRO: return 1'000'000;
    default: return 1'000'000'000;
  }
}

}  // namespace

TextBuilder::TextBuilder(ColumnType type, std::int32_t decimals, std::int64_t bytes)
    : type_(type), large_(bytes > std::numeric_limits<std::int32_t>::max()) {
  auto* pool = arrow::default_memory_pool();
  const auto unit = unit_for(decimals);
  switch (type) {
    case ColumnType::text:
      if (large_) {
        builder_ = std::make_unique<arrow::LargeStringBuilder>(pool);
      } else {
        builder_ = std::make_unique<arrow::StringBuilder>(pool);
      }
      return;
    case ColumnType::integer: builder_ = std::make_unique<arrow::Int64Builder>(pool); return;
    case ColumnType::real: builder_ = std::make_unique<arrow::DoubleBuilder>(pool); return;
    case ColumnType::boolean: builder_ = std::make_unique<arrow::BooleanBuilder>(pool); return;
    case ColumnType::date: builder_ = std::make_unique<arrow::Date32Builder>(pool); return;
    case ColumnType::time:
    case ColumnType::zoned_time:
      per_second_ = units_per_second(unit);
      builder_ = std::make_unique<arrow::TimestampBuilder>(
          arrow::timestamp(unit, type == ColumnType::zoned_time ? "UTC" : ""), pool);
      return;
  }
}

TextBuilder::~TextBuilder() = default;
TextBuilder::TextBuilder(TextBuilder&&) noexcept = default;
TextBuilder& TextBuilder::operator=(TextBuilder&&) noexcept = default;

bool TextBuilder::append(std::string_view text) {
  if (type_ == ColumnType::text) return append_text(text);
  text = trimmed(text);
  switch (type_) {
    case ColumnType::integer: return append_to<arrow::Int64Builder>(*builder_, read_wanted_integer(text));
    case ColumnType::real: return append_to<arrow::DoubleBuilder>(*builder_, read_wanted_real(text));
    case ColumnType::boolean: return append_to<arrow::BooleanBuilder>(*builder_, read_boolean(text));
    case ColumnType::date: return append_to<arrow::Date32Builder>(*builder_, parse_date(text));
    default: return append_time(text);
  }
}

bool TextBuilder::append_text(std::string_view text) {
  if (large_) {
    check(static_cast<arrow::LargeStringBuilder&>(*builder_).Append(text), doing);
  } else {
    check(static_cast<arrow::StringBuilder&>(*builder_).Append(text), doing);
  }
  return true;
}

bool TextBuilder::append_time(std::string_view text) {
  Instant instant;
  if (const auto date = parse_date(text)) {
    instant.seconds = std::int64_t{*date} * 86'400;
  } else if (const auto time = parse_time(text)) {
    if (time->zoned != (type_ == ColumnType::zoned_time)) return false;
    instant = *time;
  } else {
    return false;
  }
  std::int64_t units = 0;
  if (__builtin_mul_overflow(instant.seconds, per_second_, &units)) return false;
  const std::int64_t fraction = instant.nanoseconds / (1'000'000'000 / per_second_);
  if (__builtin_add_overflow(units, fraction, &units)) return false;
  check(static_cast<arrow::TimestampBuilder&>(*builder_).Append(units), doing);
  return true;
}

void TextBuilder::append_null() { check(builder_->AppendNull(), doing); }

std::int64_t TextBuilder::size() const { return builder_->length(); }

std::shared_ptr<arrow::Array> TextBuilder::finish() { return must(builder_->Finish(), doing); }

}  // namespace mortise::plugins
