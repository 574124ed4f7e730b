#include "input_file/csv_blocks.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "input_file/csv_fields.h"

namespace mortise::plugins {

CsvBlocks::CsvBlocks(ByteSource& source, std::int64_t skip, Limits limits) : source_(source), limits_(limits) {
  while (skip > 0) {
    fill(limits_.block);
    if (carry_.empty()) return;
    const std::size_t end = carry_.find('\n');
    carry_.erase(0, end == std::string::npos ? carry_.size() : end + 1);
    if (end == std::string::npos) continue;
    ++first_line_;
    --skip;
  }
}

void CsvBlocks::fill(std::size_t wanted) {
  while (!ended_ && carry_.size() < wanted) {
    const std::size_t had = carry_.size();
    carry_.resize(wanted);
    const std::size_t got = source_.read(carry_.data() + had, wanted - had);
    carry_.resize(had + got);
    ended_ = got == 0;
  }
}

std::string_view CsvBlocks::head() {
  fill(limits_.block);
  return carry_;
}

void CsvBlocks::begin(CsvDialect dialect, std::size_t header_bytes) {
  dialect_ = dialect;
  carry_.erase(0, header_bytes);
}

bool CsvBlocks::next(CsvBlock& block) {
  std::size_t room = std::max(carry_.size() + limits_.block / 2, limits_.block);
  block.bytes = std::unique_ptr<char[]>(new char[room + CsvFields::padding]);
  std::size_t filled = carry_.size();
  std::memcpy(block.bytes.get(), carry_.data(), filled);
  while (true) {
    while (!ended_ && filled < room) {
      const std::size_t got = source_.read(block.bytes.get() + filled, room - filled);
      ended_ = got == 0;
      filled += got;
    }
    if (filled == 0) return false;
    const std::string_view text(block.bytes.get(), filled);
    const std::size_t end = ended_ ? filled : cut(text);
    if (end > 0) {
      carry_.assign(text.substr(end));
      block.size = end;
      std::memset(block.bytes.get() + end, 0, CsvFields::padding);
      return true;
    }
    if (filled >= limits_.max_record) {
      throw Error(Code::invalid,
                  source_.path() + ": a record is longer than " + std::to_string(limits_.max_record) + " bytes",
                  "a quote may never be closed: double it, or set `quote: \"\"`; or raise max_record_bytes")
          .with("file", source_.path())
          .with("key", "max_record_bytes");
    }
    room = std::min(room * 2, limits_.max_record + limits_.block);
    auto larger = std::unique_ptr<char[]>(new char[room + CsvFields::padding]);
    std::memcpy(larger.get(), block.bytes.get(), filled);
    block.bytes = std::move(larger);
  }
}

// Goes from quote to quote as CsvFields does; what lies between them is searched for its last line end only.
std::size_t CsvBlocks::cut(std::string_view text) const {
  const std::size_t size = text.size();
  const auto last_line_end = [&](std::size_t begin, std::size_t end) {
    std::size_t at = text.substr(begin, end - begin).find_last_of("\r\n");
    if (at == std::string_view::npos) return std::size_t{0};
    at += begin + 1;
    // A CR at the very end may be half of CRLF.
    return text[at - 1] == '\r' && at == size ? std::size_t{0} : at;
  };
  std::size_t best = 0;
  std::size_t at = 0;
  bool record_start = true;  // the byte at `at` begins a field
  while (dialect_.quote != '\0') {
    const std::size_t quote = text.find(dialect_.quote, at);
    if (quote == std::string_view::npos) break;
    const char before = quote == 0 ? '\n' : text[quote - 1];
    const bool opens = (quote == at && record_start) ||
                       (quote > at && (before == dialect_.delimiter || before == '\n' || before == '\r'));
    if (const std::size_t end = last_line_end(at, quote); end > 0) best = end;
    if (!opens) {
      at = quote + 1;
      record_start = false;
      continue;
    }
    std::size_t close = quote + 1;
    while (true) {
      close = text.find(dialect_.quote, close);
      if (close == std::string_view::npos) return best;
      if (close + 1 == size) return best;  // it may be doubled
      if (text[close + 1] != dialect_.quote) break;
      close += 2;
    }
    at = close + 1;
    const char after = text[at];
    if (after != dialect_.delimiter && after != '\n' && after != '\r') {  // broken: it ends with the line
      const std::size_t end = text.find_first_of("\r\n", at);
      if (end == std::string_view::npos) return best;
      at = end;
    }
    record_start = false;
  }
  if (const std::size_t end = last_line_end(at, size); end > 0) return end;
  return best;
}

}  // namespace mortise::plugins
