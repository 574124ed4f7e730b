#include "input_file/file_text.h"

#include <fcntl.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace mortise::plugins {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

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

void read_all(int descriptor, std::string& bytes, const std::string& path) {
  std::size_t filled = 0;
  while (true) {
    if (filled == bytes.size()) bytes.resize(bytes.size() + bytes.size() / 2 + 4096);
    const ssize_t got = ::read(descriptor, bytes.data() + filled, bytes.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw cannot_read(path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
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

std::size_t first_bad_byte(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text, at);
    if (size == 0) return at;
    at += size;
  }
  return text.size();
}

std::int64_t line_of(std::string_view text, std::size_t at) {
  return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
}

Error not_utf8(const std::string& path, std::string_view text) {
  const std::size_t at = first_bad_byte(text);
  constexpr char hex[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(text[at]);
  const std::string got = std::string("byte 0x") + hex[byte >> 4] + hex[byte & 15];
  return error_at(path, line_of(text, at), "the file is not UTF-8: " + got + " begins no character", "UTF-8", got,
                  "convert it first, for example: iconv -f WINDOWS-1252 -t UTF-8 IN > OUT");
}

}  // namespace

Error error_at(const std::string& path, std::int64_t line, const std::string& what, const std::string& expected,
               const std::string& got, std::string hint) {
  return Error(Code::invalid, path + " line " + std::to_string(line) + ": " + what, std::move(hint))
      .with("file", path)
      .with("line", std::to_string(line))
      .with("expected", expected)
      .with("got", got);
}

FileText read_file_text(const std::string& path) {
  const std::string full = absolute(path);
  // Without O_NONBLOCK the open of a pipe that nobody writes to would wait for ever.
  const Descriptor file(::open(full.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) throw cannot_read(full, errno);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) throw cannot_read(full, errno);
  if (!S_ISREG(about.st_mode)) {
    const std::string what = S_ISDIR(about.st_mode) ? "a folder" : "no regular file";
    throw Error(Code::invalid, full + " is " + what, "give the path of a file").with("file", full);
  }
  std::string bytes(static_cast<std::size_t>(about.st_size) + 1, '\0');  // one more, to see the end without growing
  read_all(file.get(), bytes, full);
  return check_file_text(full, std::move(bytes));
}

FileText check_file_text(std::string path, std::string bytes) {
  FileText file{std::move(path), std::move(bytes), 0};
  const std::string_view all = file.bytes;
  if (all.starts_with("\xff\xfe") || all.starts_with("\xfe\xff")) {
    throw error_at(file.path, 1, "the file is UTF-16", "UTF-8", "UTF-16",
                   "convert it first, for example: iconv -f UTF-16 -t UTF-8 IN > OUT");
  }
  if (all.starts_with("\xef\xbb\xbf")) file.begin = 3;
  if (!simdjson::validate_utf8(all.data(), all.size())) throw not_utf8(file.path, all);
  if (const std::size_t zero = all.find('\0'); zero != std::string_view::npos) {
    throw error_at(file.path, line_of(all, zero), "the file holds zero bytes, so it is no text", "text", "a zero byte",
                   "is it a binary file, or UTF-16 without a mark?");
  }
  return file;
}

}  // namespace mortise::plugins
