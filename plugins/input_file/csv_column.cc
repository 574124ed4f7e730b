#include "input_file/csv_column.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/buffer.h>
#include <arrow/compute/cast.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "input_file/csv_numbers.h"
#include "lib/arrow_status.h"
#include "lib/civil.h"

namespace mortise::plugins {
namespace {

constexpr auto doing = "filling a column";

// What counts as missing beside the empty field where the config does not say. In a column of texts they are texts.
constexpr std::array<std::string_view, 8> soft_nulls{"NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None"};

std::int64_t per_second(std::int32_t decimals) {
  if (decimals == 0) return 1;
  if (decimals <= 3) return 1'000;
  return decimals <= 6 ? 1'000'000 : 1'000'000'000;
}

std::shared_ptr<arrow::Buffer> allocate(std::int64_t bytes) { return must(arrow::AllocateBuffer(bytes), doing); }

// Which rows are there.
class Validity {
 public:
  explicit Validity(std::size_t rows) : bits_((rows + 7) / 8, 0xff) {}
  void clear(std::size_t row) {
    bits_[row / 8] = static_cast<std::uint8_t>(bits_[row / 8] & ~(1U << row % 8));
    ++nulls_;
  }
  [[nodiscard]] std::int64_t nulls() const { return nulls_; }
  [[nodiscard]] std::shared_ptr<arrow::Buffer> buffer() const {
    if (nulls_ == 0) return nullptr;
    auto made = allocate(static_cast<std::int64_t>(bits_.size()));
    std::memcpy(made->mutable_data(), bits_.data(), bits_.size());
    return made;
  }

 private:
  std::vector<std::uint8_t> bits_;
  std::int64_t nulls_ = 0;
};

class ColumnReader {
 public:
  ColumnReader(const CsvFields& fields, std::size_t column, const ColumnPlan& plan, const NullRule& nulls,
               ColumnTask task)
      : fields_(fields), column_(column), plan_(plan), nulls_(nulls), task_(task), valid_(fields.rows()) {
    known_.type = plan.type;
    known_.layout = plan.layout;
    known_.any = false;
    known_.finite = false;
  }

  ColumnPiece read() {
    if (task_ == ColumnTask::learn) return learned();
    if (plan_.empty && task_ == ColumnTask::guess) return read_nothing();
    bool fits = false;
    switch (plan_.type) {
      case ColumnType::text: fits = read_texts(); break;
      case ColumnType::integer:
        fits = read_fixed<std::int64_t>([this](std::string_view t, auto& v) { return integer(t, v); });
        break;
      case ColumnType::real:
        fits = read_fixed<double>([this](std::string_view t, auto& v) { return real(t, v); });
        break;
      case ColumnType::boolean: fits = read_booleans(); break;
      case ColumnType::date:
        fits = read_fixed<std::int32_t>([this](std::string_view t, auto& v) { return date(t, v); });
        break;
      case ColumnType::time:
      case ColumnType::zoned_time:
        fits = read_fixed<std::int64_t>([this](std::string_view t, auto& v) { return time(t, v); });
        break;
    }
    if (!fits) return learned();
    piece_.evidence = plan_.undecided && task_ == ColumnTask::guess ? learned().evidence : TextType::of(known_);
    return std::move(piece_);
  }

 private:
  // What the rule for missing values says of a text that is not of the type: null, or a misfit, or the end.
  enum class Verdict { null, misfit, stop };
  Verdict judge(std::string_view text, std::size_t row) {
    if (nulls_.hard(text, fields_.quoted(row, column_)) || nulls_.soft(text)) return Verdict::null;
    if (task_ == ColumnTask::guess) return Verdict::stop;
    piece_.misfits.push_back(row);
    return Verdict::misfit;
  }

  // `parse` gives false for what is not of the type. A text that the config calls missing must not be read as a value.
  template <typename T, typename Parse>
  bool read_fixed(Parse&& parse) {
    const std::size_t rows = fields_.rows();
    auto values = allocate(static_cast<std::int64_t>(rows * sizeof(T)));
    T* out = reinterpret_cast<T*>(values->mutable_data());
    const bool named_nulls = nulls_.texts.has_value() && !nulls_.texts->empty();
    for (std::size_t row = 0; row < rows; ++row) {
      const std::string_view text = fields_.text(row, column_, scratch_);
      const bool missing = named_nulls && nulls_.hard(text, fields_.quoted(row, column_));
      if (!missing && parse(text, out[row])) {
        known_.any = true;
        continue;
      }
      if (!missing && is_blank_edged(text) && parse(trimmed(text), out[row])) {
        known_.any = true;
        piece_.verbatim = false;
        continue;
      }
      out[row] = T{};
      valid_.clear(row);
      if (!missing && judge(text, row) == Verdict::stop) return false;
    }
    finish({valid_.buffer(), std::move(values)});
    return true;
  }

  bool read_booleans() {
    const std::size_t rows = fields_.rows();
    auto values = allocate(static_cast<std::int64_t>((rows + 7) / 8));
    std::memset(values->mutable_data(), 0, static_cast<std::size_t>(values->size()));
    const bool named_nulls = nulls_.texts.has_value();
    for (std::size_t row = 0; row < rows; ++row) {
      const std::string_view text = fields_.text(row, column_, scratch_);
      const bool missing = named_nulls && nulls_.hard(text, fields_.quoted(row, column_));
      if (const auto flag = missing ? std::nullopt : read_boolean(trimmed(text))) {
        known_.any = true;
        if (*flag) values->mutable_data()[row / 8] |= static_cast<std::uint8_t>(1U << row % 8);
        continue;
      }
      valid_.clear(row);
      if (!missing && judge(text, row) == Verdict::stop) return false;
    }
    finish({valid_.buffer(), std::move(values)});
    return true;
  }

  bool read_texts() {
    const std::size_t rows = fields_.rows();
    auto offsets = allocate(static_cast<std::int64_t>((rows + 1) * sizeof(std::int32_t)));
    auto* at = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
    std::int64_t total = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::string_view text = fields_.text(row, column_, scratch_);
      if (!nulls_.hard(text, fields_.quoted(row, column_))) total += static_cast<std::int64_t>(text.size());
    }
    auto bytes = allocate(total);  // a block is at most 1 GiB, so 32 bits do
    auto* out = reinterpret_cast<char*>(bytes->mutable_data());
    std::int32_t end = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      at[row] = end;
      const std::string_view text = fields_.text(row, column_, scratch_);
      if (nulls_.hard(text, fields_.quoted(row, column_))) {
        valid_.clear(row);
        continue;
      }
      known_.any = true;
      std::memcpy(out + end, text.data(), text.size());
      end += static_cast<std::int32_t>(text.size());
    }
    at[rows] = end;
    piece_.text_bytes = end;
    finish({valid_.buffer(), std::move(offsets), std::move(bytes)});
    return true;
  }

  // Nothing but missing values so far: the same here, or the evidence of the block.
  ColumnPiece read_nothing() {
    for (std::size_t row = 0; row < fields_.rows(); ++row) {
      const std::string_view text = fields_.text(row, column_, scratch_);
      if (!nulls_.hard(text, fields_.quoted(row, column_))) return learned();
    }
    ColumnPlan text;
    return ColumnReader(fields_, column_, text, nulls_, task_).read();
  }

  ColumnPiece learned() {
    ColumnPiece piece;
    for (std::size_t row = 0; row < fields_.rows(); ++row) {
      const std::string_view text = fields_.text(row, column_, scratch_);
      if (nulls_.hard(text, fields_.quoted(row, column_)) || nulls_.soft(text)) continue;
      piece.evidence.add(text);
    }
    return piece;
  }

  void finish(std::vector<std::shared_ptr<arrow::Buffer>> buffers) {
    piece_.data = arrow::ArrayData::Make(arrow_type(plan_), static_cast<std::int64_t>(fields_.rows()),
                                         std::move(buffers), valid_.nulls());
  }

  static bool is_blank_edged(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    return !text.empty() && (blank(text.front()) || blank(text.back()));
  }

  bool integer(std::string_view text, std::int64_t& out) {
    if (!parse_integer(text, out) && !(task_ == ColumnTask::insist && parse_wanted_integer(text, out))) return false;
    constexpr std::int64_t exact = std::int64_t{1} << 53;
    known_.wide = known_.wide || out > exact || out < -exact;
    known_.finite = true;
    return true;
  }
  bool real(std::string_view text, double& out) {
    bool rounded = false;
    const RealText read = parse_real(text, out, rounded);
    if (read == RealText::no || (read == RealText::wide_integer && task_ != ColumnTask::insist)) {
      return task_ == ColumnTask::insist && parse_wanted_real(text, out);
    }
    known_.rounded += rounded ? 1 : 0;
    known_.finite = known_.finite || read != RealText::infinite;
    return true;
  }
  bool date(std::string_view text, std::int32_t& out) {
    if (const DateLayout* layout = plan_.date_layout()) {
      const auto instant = layout->read(text);
      if (!instant) return false;
      out = static_cast<std::int32_t>(instant->seconds / 86'400 - (instant->seconds % 86'400 < 0 ? 1 : 0));
      return true;
    }
    if (!parse_iso_date(text, out)) return false;
    constexpr std::int32_t farthest_day = 106'750;
    known_.far = known_.far || out > farthest_day || out < -farthest_day;
    return true;
  }
  bool time(std::string_view text, std::int64_t& out) {
    Instant instant;
    if (const DateLayout* layout = plan_.date_layout()) {
      const auto read = layout->read(text);
      if (!read) return false;
      instant = *read;
    } else if (!parse_iso_seconds(text, instant.seconds) || plan_.type == ColumnType::zoned_time) {
      const auto read = parse_time(text);
      std::int32_t day = 0;
      if (read && read->zoned == (plan_.type == ColumnType::zoned_time)) {
        instant = *read;
      } else if (!read && (plan_.type == ColumnType::time || task_ == ColumnTask::insist) &&
                 parse_iso_date(text, day)) {
        instant.seconds = std::int64_t{day} * 86'400;
      } else {
        return false;
      }
    }
    // A guess must hold all decimals; where the type is named, nanoseconds do.
    if (instant.decimals > plan_.decimals) return false;
    known_.decimals = std::max(known_.decimals, instant.decimals);
    constexpr std::int64_t farthest = 9'223'372'035;
    known_.far = known_.far || instant.seconds > farthest || instant.seconds < -farthest;
    const std::int64_t unit = per_second(plan_.decimals);
    return !__builtin_mul_overflow(instant.seconds, unit, &out) &&
           !__builtin_add_overflow(out, instant.nanoseconds / (1'000'000'000 / unit), &out);
  }

  const CsvFields& fields_;
  std::size_t column_;
  const ColumnPlan& plan_;
  const NullRule& nulls_;
  ColumnTask task_;
  Validity valid_;
  TextType::Known known_;
  ColumnPiece piece_;
  std::string scratch_;
};

}  // namespace

bool NullRule::hard(std::string_view text, bool quoted) const {
  if (text.empty() && !quoted) return true;
  return texts && std::find(texts->begin(), texts->end(), text) != texts->end();
}

bool NullRule::soft(std::string_view text) const {
  if (trimmed(text).empty()) return true;
  return !texts && std::find(soft_nulls.begin(), soft_nulls.end(), text) != soft_nulls.end();
}

std::shared_ptr<arrow::DataType> arrow_type(const ColumnPlan& plan) {
  const auto unit = plan.decimals == 0   ? arrow::TimeUnit::SECOND
                    : plan.decimals <= 3 ? arrow::TimeUnit::MILLI
                    : plan.decimals <= 6 ? arrow::TimeUnit::MICRO
                                         : arrow::TimeUnit::NANO;
  switch (plan.type) {
    case ColumnType::text: return arrow::utf8();
    case ColumnType::integer: return arrow::int64();
    case ColumnType::real: return arrow::float64();
    case ColumnType::boolean: return arrow::boolean();
    case ColumnType::date: return arrow::date32();
    case ColumnType::time: return arrow::timestamp(unit);
    case ColumnType::zoned_time: return arrow::timestamp(unit, "UTC");
  }
  return arrow::utf8();
}

ColumnPiece read_column(const CsvFields& fields, std::size_t column, const ColumnPlan& plan, const NullRule& nulls,
                        ColumnTask task) {
  return ColumnReader(fields, column, plan, nulls, task).read();
}

std::shared_ptr<arrow::ArrayData> texts_of(const arrow::ArrayData& integers) {
  constexpr std::int64_t longest = 20;  // "-9223372036854775808"
  const std::int64_t rows = integers.length;
  auto offsets = allocate((rows + 1) * static_cast<std::int64_t>(sizeof(std::int32_t)));
  auto* at = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
  auto bytes = must(arrow::AllocateResizableBuffer(rows * longest), doing);
  char* const begin = reinterpret_cast<char*>(bytes->mutable_data());
  char* end = begin;
  const auto* values = integers.GetValues<std::int64_t>(1);
  for (std::int64_t row = 0; row < rows; ++row) {
    at[row] = static_cast<std::int32_t>(end - begin);
    end = std::to_chars(end, end + longest, values[row]).ptr;
  }
  at[rows] = static_cast<std::int32_t>(end - begin);
  check(bytes->Resize(end - begin), doing);
  return arrow::ArrayData::Make(arrow::utf8(), rows, {nullptr, std::move(offsets), std::move(bytes)}, 0);
}

std::shared_ptr<arrow::Array> join_pieces(std::vector<std::shared_ptr<arrow::ArrayData>>& pieces,
                                          const ColumnPlan& plan) {
  if (pieces.empty()) return must(arrow::MakeArrayOfNull(arrow_type(plan), 0), doing);
  std::int64_t bytes = 0;
  if (plan.type == ColumnType::text) {
    for (const auto& piece : pieces) bytes += piece->buffers[2]->size();
  }
  arrow::ArrayVector arrays;
  for (auto& piece : pieces) {
    auto array = arrow::MakeArray(std::move(piece));
    if (bytes > std::numeric_limits<std::int32_t>::max()) {
      prepare_compute();
      array = must(arrow::compute::Cast(*array, arrow::large_utf8()), doing);
    }
    arrays.push_back(std::move(array));
  }
  pieces.clear();
  return arrays.size() == 1 ? arrays.front() : must(arrow::Concatenate(arrays), doing);
}

}  // namespace mortise::plugins
