#include "input_file/byte_source.h"

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/util/compression.h>
#include <arrow/util/utf8.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "input_file/decode.h"
#include "lib/arrow_status.h"

namespace mortise::plugins {
namespace {

Error cannot_read(const std::string& path, int number) {
  const std::string reason = std::generic_category().message(number);
  if (number == ENOENT || number == ENOTDIR) {
    return Error(Code::not_found, "no such file: " + path,
                 "check `path`; a relative path starts at the folder in which the pipeline runs")
        .with("file", path);
  }
  const Code code = number == EACCES || number == EPERM ? Code::denied : Code::plugin;
  return Error(code, "cannot read " + path + ": " + reason, code == Code::denied ? "check who may read the file" : "")
      .with("file", path);
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

// Read by `read` rather than mapped: whoever shortens a mapped file kills the process that reads it.
class FileBytes : public ByteSource {
 public:
  explicit FileBytes(const std::string& path) : path_(absolute(path)) {
    // Without O_NONBLOCK the open of a pipe that nobody writes to would wait for ever.
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor_ < 0) throw cannot_read(path_, errno);
    struct stat about {};
    if (::fstat(descriptor_, &about) != 0) fail(errno);
    if (!S_ISREG(about.st_mode)) {
      ::close(descriptor_);
      const std::string what = S_ISDIR(about.st_mode) ? "a folder" : "no regular file";
      throw Error(Code::invalid, path_ + " is " + what, "give the path of a file").with("file", path_);
    }
    size_ = static_cast<double>(about.st_size);
    (void)::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~FileBytes() override { ::close(descriptor_); }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  std::size_t read(char* out, std::size_t size) override {
    while (true) {
      const ssize_t got = ::read(descriptor_, out, size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw cannot_read(path_, errno);
      done_ += static_cast<double>(got);
      return static_cast<std::size_t>(got);
    }
  }
  [[nodiscard]] const std::string& path() const noexcept override { return path_; }
  [[nodiscard]] double progress() const noexcept override { return size_ > 0 ? std::min(1.0, done_ / size_) : 1; }

 private:
  [[noreturn]] void fail(int number) {
    ::close(descriptor_);
    throw cannot_read(path_, number);
  }
  std::string path_;
  int descriptor_ = -1;
  double size_ = 0, done_ = 0;
};

class MemoryBytes : public ByteSource {
 public:
  MemoryBytes(std::string path, std::string bytes) : path_(std::move(path)), bytes_(std::move(bytes)) {}
  std::size_t read(char* out, std::size_t size) override {
    const std::size_t count = std::min(size, bytes_.size() - at_);
    std::memcpy(out, bytes_.data() + at_, count);
    at_ += count;
    return count;
  }
  [[nodiscard]] const std::string& path() const noexcept override { return path_; }

 private:
  std::string path_, bytes_;
  std::size_t at_ = 0;
};

// What was looked at before it was known how to go on.
class Peeked : public ByteSource {
 public:
  Peeked(std::unique_ptr<ByteSource> inner, std::string first) : inner_(std::move(inner)), first_(std::move(first)) {}
  std::size_t read(char* out, std::size_t size) override {
    if (at_ == first_.size()) return inner_->read(out, size);
    const std::size_t count = std::min(size, first_.size() - at_);
    std::memcpy(out, first_.data() + at_, count);
    at_ += count;
    return count;
  }
  [[nodiscard]] const std::string& path() const noexcept override { return inner_->path(); }
  [[nodiscard]] double progress() const noexcept override { return inner_->progress(); }

 private:
  std::unique_ptr<ByteSource> inner_;
  std::string first_;
  std::size_t at_ = 0;
};

std::string peek(ByteSource& source, std::size_t wanted) {
  std::string first(wanted, '\0');
  std::size_t filled = 0;
  while (filled < wanted) {
    const std::size_t got = source.read(first.data() + filled, wanted - filled);
    if (got == 0) break;
    filled += got;
  }
  first.resize(filled);
  return first;
}

// gzip and zstd, also several of them one behind the other, as `cat` makes them.
class Unpacked : public ByteSource {
 public:
  Unpacked(std::unique_ptr<ByteSource> inner, arrow::Compression::type type) : inner_(std::move(inner)) {
    codec_ = must(arrow::util::Codec::Create(type), "reading " + path());
    decompressor_ = must(codec_->MakeDecompressor(), "reading " + path());
    input_.resize(std::size_t{256} << 10);
  }

  std::size_t read(char* out, std::size_t size) override {
    while (true) {
      if (at_ == filled_ && !ended_) {
        filled_ = inner_->read(input_.data(), input_.size());
        at_ = 0;
        ended_ = filled_ == 0;
      }
      if (decompressor_->IsFinished()) {
        if (ended_) return 0;
        check(decompressor_->Reset(), "reading " + path());
        between_ = false;
      }
      if (ended_ && between_) throw broken("it ends too early");
      auto step = decompressor_->Decompress(static_cast<std::int64_t>(filled_ - at_),
                                            reinterpret_cast<const std::uint8_t*>(input_.data() + at_),
                                            static_cast<std::int64_t>(size), reinterpret_cast<std::uint8_t*>(out));
      if (!step.ok()) throw broken(step.status().message());
      at_ += static_cast<std::size_t>(step->bytes_read);
      between_ = !decompressor_->IsFinished();
      if (step->bytes_written > 0) return static_cast<std::size_t>(step->bytes_written);
      if (ended_ && between_) throw broken("it ends too early");
    }
  }
  [[nodiscard]] const std::string& path() const noexcept override { return inner_->path(); }
  [[nodiscard]] double progress() const noexcept override { return inner_->progress(); }

 private:
  [[nodiscard]] Error broken(const std::string& why) const {
    return Error(Code::invalid, path() + " cannot be unpacked: " + why,
                 "is the file whole? `gzip -t` or `zstd -t` tell")
        .with("file", path())
        .with("key", "compression");
  }
  std::unique_ptr<ByteSource> inner_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::util::Decompressor> decompressor_;
  std::vector<char> input_;
  std::size_t at_ = 0, filled_ = 0;
  bool ended_ = false;
  bool between_ = true;  // inside of a packed stream
};

class Limited : public ByteSource {
 public:
  Limited(std::unique_ptr<ByteSource> inner, std::uint64_t limit) : inner_(std::move(inner)), limit_(limit) {}
  std::size_t read(char* out, std::size_t size) override {
    const std::size_t got = inner_->read(out, size);
    done_ += got;
    if (done_ > limit_) {
      throw Error(Code::invalid, path() + " holds more than " + std::to_string(limit_) + " bytes",
                  "raise max_bytes if that is right, or set a limit of rows")
          .with("file", path())
          .with("key", "max_bytes");
    }
    return got;
  }
  [[nodiscard]] const std::string& path() const noexcept override { return inner_->path(); }
  [[nodiscard]] double progress() const noexcept override { return inner_->progress(); }

 private:
  std::unique_ptr<ByteSource> inner_;
  std::uint64_t limit_, done_ = 0;
};

std::unique_ptr<ByteSource> unpacked(std::unique_ptr<ByteSource> source, Unpack unpack) {
  if (unpack == Unpack::none) return source;
  std::string first = peek(*source, 4);
  if (unpack == Unpack::detect) {
    if (first.starts_with("\x1f\x8b")) unpack = Unpack::gzip;
    if (first == "\x28\xb5\x2f\xfd") unpack = Unpack::zstd;
  }
  auto whole = std::make_unique<Peeked>(std::move(source), std::move(first));
  if (unpack == Unpack::detect) return whole;
  return std::make_unique<Unpacked>(std::move(whole),
                                    unpack == Unpack::gzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD);
}

std::unique_ptr<ByteSource> as_text(std::unique_ptr<ByteSource> bytes, const SourceOptions& options) {
  auto source = unpacked(std::move(bytes), options.unpack);
  std::string first = peek(*source, 3);
  Encoding encoding = options.encoding;
  std::size_t mark = 0;
  const bool little = first.starts_with("\xff\xfe");
  const bool big = first.starts_with("\xfe\xff");
  if (encoding == Encoding::detect) encoding = little || big ? Encoding::utf16 : Encoding::utf8;
  if (encoding == Encoding::utf16) {
    if (little || big) mark = 2;
    encoding = big ? Encoding::utf16_be : Encoding::utf16_le;
  } else if ((encoding == Encoding::utf16_le && little) || (encoding == Encoding::utf16_be && big)) {
    mark = 2;
  } else if (encoding == Encoding::utf8 && first.starts_with("\xef\xbb\xbf")) {
    mark = 3;
  }
  std::unique_ptr<ByteSource> text = std::make_unique<Peeked>(std::move(source), first.substr(mark));
  if (encoding != Encoding::utf8) text = decoded(std::move(text), encoding);
  return std::make_unique<Limited>(std::move(text), options.max_bytes);
}

// Length of the character of UTF-8 at `at`, 0 when it is none.
std::size_t character_size(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!follows(1) || !follows(2)) return 0;
    if (first == 0xe0 && byte(1) < 0xa0) return 0;  // too long a form
    if (first == 0xed && byte(1) > 0x9f) return 0;  // half of a pair of UTF-16
    return 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

std::optional<Encoding> encoding_named(std::string_view name) noexcept {
  constexpr std::array<std::pair<std::string_view, Encoding>, 10> known{{
      {"auto", Encoding::detect},
      {"utf-8", Encoding::utf8},
      {"utf8", Encoding::utf8},
      {"utf-16", Encoding::utf16},
      {"utf-16le", Encoding::utf16_le},
      {"utf-16be", Encoding::utf16_be},
      {"latin1", Encoding::latin1},
      {"iso-8859-1", Encoding::latin1},
      {"windows-1252", Encoding::windows_1252},
      {"cp1252", Encoding::windows_1252},
  }};
  for (const auto& [word, encoding] : known) {
    if (word == name) return encoding;
  }
  return std::nullopt;
}

std::unique_ptr<ByteSource> open_text(const std::string& path, const SourceOptions& options) {
  return as_text(std::make_unique<FileBytes>(path), options);
}

std::unique_ptr<ByteSource> open_bytes(const std::string& path, const SourceOptions& options) {
  return std::make_unique<Limited>(unpacked(std::make_unique<FileBytes>(path), options.unpack), options.max_bytes);
}

std::unique_ptr<ByteSource> text_of_bytes(std::string path, std::string bytes, const SourceOptions& options) {
  return as_text(std::make_unique<MemoryBytes>(std::move(path), std::move(bytes)), options);
}

std::string read_whole(ByteSource& source) {
  std::string text;
  std::size_t filled = 0;
  while (true) {
    if (text.size() - filled < 65'536) text.resize(text.size() + text.size() / 2 + 131'072);
    const std::size_t got = source.read(text.data() + filled, text.size() - filled);
    if (got == 0) break;
    filled += got;
  }
  text.resize(filled);
  return text;
}

std::optional<BadByte> find_bad_byte(std::string_view text) {
  const std::size_t zero = text.find('\0');
  arrow::util::InitializeUTF8();
  if (!arrow::util::ValidateUTF8(text)) {
    for (std::size_t at = 0; at < text.size() && at < zero;) {
      const std::size_t size = character_size(text, at);
      if (size == 0) {
        constexpr char hex[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(text[at]);
        const std::string got = std::string("byte 0x") + hex[byte >> 4] + hex[byte & 15];
        return BadByte{at, "the file is not UTF-8: " + got + " begins no character", "UTF-8", got,
                       "say `encoding: windows-1252` (or latin1, utf-16) if it is that"};
      }
      at += size;
    }
  }
  if (zero == std::string_view::npos) return std::nullopt;
  return BadByte{zero, "the file holds zero bytes, so it is no text", "text", "a zero byte",
                 "is it a binary file, or UTF-16 without a mark? Then say `encoding: utf-16le`"};
}

}  // namespace mortise::plugins
