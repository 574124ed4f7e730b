// LogFile: the file that records go to, with its older ones beside it: mortise.log, mortise.log.1 (the youngest), ...
//
// A file that is full, or too old, is renamed and a new one begun; at most `keep` old ones stay. Another program may move
// the file away as well and ask for reopen(). Every line is one append of the kernel, so two processes may share a file.
// Not thread-safe: the log's sink has its own lock. Writing never throws: a full disk loses lines, and nothing else.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mortise {

class LogFile {
 public:
  struct Limits {
    std::uint64_t bytes = 16U << 20U;  // 0: none
    std::chrono::seconds age{0};       // of the first line of a file; 0: none
    std::size_t keep = 4;
  };

  // Throws Error{invalid} when it cannot be opened.
  LogFile(std::string path, Limits limits);
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile();

  void write(std::string_view line) noexcept;
  // Begins to write into the file that has the name now, or makes one. The present one is kept when that fails.
  void reopen() noexcept;
  void limit(Limits limits) noexcept { limits_ = limits; }

 private:
  [[nodiscard]] bool open() noexcept;
  [[nodiscard]] bool is_full(std::size_t more) const noexcept;
  void rotate() noexcept;

  const std::string path_;
  Limits limits_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  std::int64_t begun_ = 0;  // seconds since 1970
};

}  // namespace mortise
