#include "input_file/csv_fields.h"

#include <emmintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace mortise::plugins {
namespace {

std::string counted(std::size_t fields) { return std::to_string(fields) + (fields == 1 ? " field" : " fields"); }

std::string shown(char delimiter) { return delimiter == '\t' ? "\\t" : std::string(1, delimiter); }

}  // namespace

std::int64_t count_lines(std::string_view text) {
  std::int64_t lines = 0;
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) ++lines;
  for (std::size_t at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1)) {
    if (at + 1 == text.size() || text[at + 1] != '\n') ++lines;
  }
  return lines;
}

CsvFields::CsvFields(std::string_view text, CsvDialect dialect, std::size_t width)
    : text_(text), dialect_(dialect), width_(width) {
  const std::size_t guess = text.size() / 6 + width;  // most fields are longer
  begin_.reserve(guess);
  end_.reserve(guess);
  split();
  lines_ = count_lines(text_);
}

// One bit for each of the 64 bytes from `at` on that is a delimiter, a quote or a line end.
std::uint64_t CsvFields::specials(std::size_t at) const {
  const __m128i delimiter = _mm_set1_epi8(dialect_.delimiter);
  const __m128i quote = _mm_set1_epi8(dialect_.quote != '\0' ? dialect_.quote : '\n');
  const __m128i feed = _mm_set1_epi8('\n');
  const __m128i carriage = _mm_set1_epi8('\r');
  std::uint64_t mask = 0;
  for (int part = 0; part < 4; ++part) {
    const auto* from = reinterpret_cast<const __m128i*>(text_.data() + at + static_cast<std::size_t>(part) * 16);
    const __m128i bytes = _mm_loadu_si128(from);
    const __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, delimiter), _mm_cmpeq_epi8(bytes, quote)),
                                       _mm_or_si128(_mm_cmpeq_epi8(bytes, feed), _mm_cmpeq_epi8(bytes, carriage)));
    mask |= static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm_movemask_epi8(found))) << (part * 16);
  }
  const std::size_t left = text_.size() - at;
  return left >= 64 ? mask : mask & ((std::uint64_t{1} << left) - 1);
}

void CsvFields::split() {
  const char* data = text_.data();
  const std::size_t size = text_.size();
  std::size_t field = 0;
  std::size_t base = 0;
  std::uint64_t mask = size > 0 ? specials(0) : 0;
  const auto go_on = [&](std::size_t at) {
    field = base = at;
    mask = at < size ? specials(at) : 0;
  };
  while (true) {
    while (mask == 0) {
      base += 64;
      if (base >= size) {
        if (field < size || begin_.size() > record_field_) {  // the last line has no end
          push(field, size, 0);
          end_record(size);
        }
        return;
      }
      mask = specials(base);
    }
    const std::size_t at = base + static_cast<std::size_t>(std::countr_zero(mask));
    mask &= mask - 1;
    const char c = data[at];
    if (c == dialect_.delimiter) {
      push(field, at, 0);
      field = at + 1;
    } else if (c == '\n' || c == '\r') {
      push(field, at, 0);
      end_record(at);
      std::size_t next = at + 1;
      if (c == '\r' && next < size && data[next] == '\n') {
        ++next;
        if (next - 1 - base < 64) {
          mask &= mask - 1;
        } else {
          go_on(next);
        }
      }
      record_ = field = next;
    } else if (at == field) {
      const Quoted quoted = skip_quoted(at);
      if (!quoted.closed) {
        go_on(broken(
            at, {0, 0, "the quote that opens here is never closed", "a closing quote", "the end of the text",
                 "double a quote that belongs to the text, or set `quote: \"\"` when the file does not use quotes"}));
        continue;
      }
      const std::size_t after = quoted.after;
      if (after < size && data[after] != dialect_.delimiter && data[after] != '\n' && data[after] != '\r') {
        go_on(broken(after, {0, 0, "text after a closing quote", "the delimiter or the end of the line",
                             "'" + std::string(1, data[after]) + "'", "double a quote that belongs to the text"}));
        continue;
      }
      push(at + 1, after - 1, quoted.flags);
      if (after >= size) {
        end_record(size);
        return;
      }
      if (data[after] == dialect_.delimiter) {
        go_on(after + 1);
        if (after + 1 == size) {  // the last line ends with a delimiter
          push(size, size, 0);
          end_record(size);
          return;
        }
      } else {
        end_record(after);
        std::size_t next = after + 1;
        if (data[after] == '\r' && next < size && data[next] == '\n') ++next;
        record_ = next;
        go_on(next);
      }
    }
  }
}

CsvFields::Quoted CsvFields::skip_quoted(std::size_t open) const {
  Quoted quoted;
  std::size_t at = open + 1;
  while (at < text_.size()) {
    const void* found = std::memchr(text_.data() + at, dialect_.quote, text_.size() - at);
    if (found == nullptr) return quoted;
    at = static_cast<std::size_t>(static_cast<const char*>(found) - text_.data()) + 1;
    if (at == text_.size() || text_[at] != dialect_.quote) {
      quoted.after = at;
      quoted.closed = true;
      return quoted;
    }
    quoted.flags |= doubled;
    ++at;
  }
  return quoted;
}

void CsvFields::end_record(std::size_t end) {
  const std::size_t fields = begin_.size() - record_field_;
  const bool blank = fields == 1 && end == record_;
  if (fields == width_) {
    record_field_ = begin_.size();
    return;
  }
  begin_.resize(record_field_);
  end_.resize(record_field_);
  if (blank) return;
  faults_.push_back(
      {record_, end, "expected " + counted(width_) + ", got " + std::to_string(fields), counted(width_),
       counted(fields),
       "put a field that holds the delimiter in quotes; fields here end at '" + shown(dialect_.delimiter) + "'"});
}

std::size_t CsvFields::broken(std::size_t at, CsvFault fault) {
  begin_.resize(record_field_);
  end_.resize(record_field_);
  std::size_t end = std::min(text_.find_first_of("\r\n", at), text_.size());
  fault.begin = record_;
  fault.end = end;
  faults_.push_back(std::move(fault));
  if (end + 1 < text_.size() && text_[end] == '\r' && text_[end + 1] == '\n') ++end;
  record_ = std::min(end + 1, text_.size());
  return record_;
}

std::string_view CsvFields::unescaped(std::string_view raw, std::string& scratch) const {
  scratch.clear();
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t quote = std::min(raw.find(dialect_.quote, at), raw.size());
    scratch.append(raw.substr(at, quote - at));
    if (quote < raw.size()) scratch += dialect_.quote;
    at = quote + 2;
  }
  return scratch;
}

std::size_t CsvFields::offset(std::size_t row) const noexcept {
  const std::size_t at = row * width_;
  return begin_[at] - ((end_[at] & was_quoted) != 0 ? 1 : 0);
}

std::string_view CsvFields::record(std::size_t row) const noexcept {
  const std::size_t last = row * width_ + width_ - 1;
  const std::size_t end = (end_[last] & offset_mask) + ((end_[last] & was_quoted) != 0 ? 1 : 0);
  return text_.substr(offset(row), end - offset(row));
}

void CsvFields::drop_rows(const std::vector<std::size_t>& rows) {
  if (rows.empty()) return;
  std::size_t kept = rows.front() * width_;
  auto next = rows.begin();
  for (std::size_t row = rows.front(); row < begin_.size() / width_; ++row) {
    if (next != rows.end() && *next == row) {
      ++next;
      continue;
    }
    for (std::size_t i = 0; i < width_; ++i, ++kept) {
      begin_[kept] = begin_[row * width_ + i];
      end_[kept] = end_[row * width_ + i];
    }
  }
  begin_.resize(kept);
  end_.resize(kept);
}

}  // namespace mortise::plugins
