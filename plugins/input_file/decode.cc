#include "input_file/decode.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace mortise::plugins {
namespace {

// 0x80 to 0x9F of Windows-1252; 0 where it defines nothing.
constexpr std::array<char16_t, 32> windows{0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                           0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                           0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                           0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

void append(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

class Decoded : public ByteSource {
 public:
  Decoded(std::unique_ptr<ByteSource> bytes, Encoding encoding)
      : bytes_(std::move(bytes)), encoding_(encoding), input_(std::size_t{64} << 10) {}

  std::size_t read(char* out, std::size_t size) override {
    while (at_ == ready_.size()) {
      ready_.clear();
      at_ = 0;
      const std::size_t got = bytes_->read(input_.data() + kept_, input_.size() - kept_);
      if (got == 0) {
        if (kept_ > 0 || high_ != 0) throw broken("it ends within a character");
        return 0;
      }
      take(kept_ + got);
    }
    const std::size_t count = std::min(size, ready_.size() - at_);
    std::memcpy(out, ready_.data() + at_, count);
    at_ += count;
    return count;
  }
  [[nodiscard]] const std::string& path() const noexcept override { return bytes_->path(); }
  [[nodiscard]] double progress() const noexcept override { return bytes_->progress(); }

 private:
  void take(std::size_t filled) {
    if (encoding_ == Encoding::latin1 || encoding_ == Encoding::windows_1252) {
      for (std::size_t i = 0; i < filled; ++i) single(static_cast<unsigned char>(input_[i]));
      return;
    }
    std::size_t i = 0;
    for (; i + 1 < filled; i += 2) {
      const auto first = static_cast<unsigned char>(input_[i]);
      const auto second = static_cast<unsigned char>(input_[i + 1]);
      unit(static_cast<char16_t>(encoding_ == Encoding::utf16_le ? first | second << 8 : first << 8 | second));
    }
    kept_ = filled - i;
    if (kept_ > 0) input_[0] = input_[i];
  }
  void single(unsigned char byte) {
    char32_t c = byte;
    if (encoding_ == Encoding::windows_1252 && byte >= 0x80 && byte <= 0x9F) {
      c = windows[byte - 0x80U];
      if (c == 0) throw broken("Windows-1252 has no character for one of its bytes");
    }
    put(c);
  }
  void unit(char16_t unit) {
    const bool high = unit >= 0xD800 && unit <= 0xDBFF;
    const bool low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (low != (high_ != 0)) throw broken("half of a surrogate pair stands alone");
    if (high) {
      high_ = unit;
    } else if (low) {
      put(0x10000 + ((static_cast<char32_t>(high_) - 0xD800) << 10) + (static_cast<char32_t>(unit) - 0xDC00));
      high_ = 0;
    } else {
      put(unit);
    }
  }
  void put(char32_t c) {
    if (c == '\n') ++line_;
    append(ready_, c);
  }
  [[nodiscard]] Error broken(const std::string& why) const {
    return Error(Code::invalid, path() + " line " + std::to_string(line_) + ": the text cannot be decoded: " + why,
                 "is it another encoding? Say which: `encoding: utf-8`, utf-16, latin1 or windows-1252")
        .with("file", path())
        .with("line", std::to_string(line_))
        .with("key", "encoding");
  }

  std::unique_ptr<ByteSource> bytes_;
  Encoding encoding_;
  std::vector<char> input_;
  std::size_t kept_ = 0;  // bytes of half a unit, at the beginning of input_
  char16_t high_ = 0;
  std::string ready_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
};

}  // namespace

std::unique_ptr<ByteSource> decoded(std::unique_ptr<ByteSource> bytes, Encoding encoding) {
  return std::make_unique<Decoded>(std::move(bytes), encoding);
}

}  // namespace mortise::plugins
