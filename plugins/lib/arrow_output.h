// ArrowOutput: an AtomicFile as Arrow's writers see it, so that what they write appears whole or not at all.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <memory>
#include <string>

#include "lib/atomic_file.h"

namespace mortise::plugins {

class ArrowOutput : public arrow::io::OutputStream {
 public:
  explicit ArrowOutput(const std::string& path) : file_(path) {}

  // Makes the file appear. Close() alone leaves nothing behind.
  void commit() { file_.commit(); }
  [[nodiscard]] const AtomicFile& file() const noexcept { return file_; }

  arrow::Status Close() override;
  [[nodiscard]] bool closed() const override { return closed_; }
  [[nodiscard]] arrow::Result<std::int64_t> Tell() const override { return written_; }
  arrow::Status Write(const void* data, std::int64_t bytes) override;
  using arrow::io::OutputStream::Write;

  // What AtomicFile said when a write failed, in place of Arrow's paraphrase. Call in a handler of a failed write.
  void rethrow() const;

 private:
  AtomicFile file_;
  std::int64_t written_ = 0;
  bool closed_ = false;
  std::exception_ptr failure_;
};

enum class Packing { none, gzip, zstd };
// By the name: .gz, .zst.
[[nodiscard]] Packing packing_of(const std::string& path);
// `out` itself, or a stream that compresses into it; close it before `out` is committed.
[[nodiscard]] std::shared_ptr<arrow::io::OutputStream> packed(std::shared_ptr<arrow::io::OutputStream> out,
                                                              Packing packing);

}  // namespace mortise::plugins
