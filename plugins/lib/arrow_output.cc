#include "lib/arrow_output.h"

#include <arrow/io/compressed.h>
#include <arrow/util/compression.h>

#include <string_view>
#include <utility>

#include "lib/arrow_status.h"

namespace mortise::plugins {

arrow::Status ArrowOutput::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

arrow::Status ArrowOutput::Write(const void* data, std::int64_t bytes) {
  try {
    file_.write({static_cast<const char*>(data), static_cast<std::size_t>(bytes)});
    written_ += bytes;
    return arrow::Status::OK();
  } catch (const std::exception& error) {
    failure_ = std::current_exception();
    return arrow::Status::IOError(error.what());
  }
}

void ArrowOutput::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

Packing packing_of(const std::string& path) {
  const std::string_view name = path;
  if (name.ends_with(".gz")) return Packing::gzip;
  if (name.ends_with(".zst") || name.ends_with(".zstd")) return Packing::zstd;
  return Packing::none;
}

std::shared_ptr<arrow::io::OutputStream> packed(std::shared_ptr<arrow::io::OutputStream> out, Packing packing) {
  if (packing == Packing::none) return out;
  const auto type = packing == Packing::gzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD;
  const auto codec = must(arrow::util::Codec::Create(type), "compressing");
  return must(arrow::io::CompressedOutputStream::Make(codec.get(), std::move(out)), "compressing");
}

}  // namespace mortise::plugins
