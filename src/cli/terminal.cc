#include "cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/utf8.h"

namespace mortise::cli {
namespace {

constexpr std::array<std::string_view, 6> codes{"", "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[33m"};

// Cells of a terminal, near enough: one per code point.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void add_line(std::string& text, std::string_view name, std::string_view value) {
  text.append("  ").append(name).append(": ").append(harmless(value)).append("\n");
}

// "file.yaml:12:3", from the details that say so.
std::string place_of(const Error& error) {
  std::string place(error.detail("file"));
  if (place.empty()) return place;
  for (const char* part : {"line", "column"}) {
    if (error.detail(part).empty()) break;
    place.append(":").append(error.detail(part));
  }
  return place;
}

}  // namespace

bool is_terminal(int descriptor) noexcept {
  const char* kind = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

std::string toned(Tone tone, std::string_view text, int descriptor) {
  if (tone == Tone::plain || !is_terminal(descriptor) || std::getenv("NO_COLOR") != nullptr) return std::string(text);
  return std::string(codes[static_cast<std::size_t>(tone)]).append(text).append("\033[0m");
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += harmless(row[i]);
      if (i + 1 < row.size()) text.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string harmless(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    // C1 controls are C2 80 to C2 9F.
    const bool control =
        first < 0x20 || first == 0x7F || (first == 0xC2 && length == 2 && static_cast<unsigned char>(text[1]) < 0xA0);
    if (length == 0 || (control && first != '\n' && first != '\t')) {
      clean += '?';
    } else {
      clean += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

std::string duration_text(double seconds) {
  std::array<char, 48> text{};
  if (seconds < 0.9995) {
    std::snprintf(text.data(), text.size(), seconds < 0.01 ? "%.1f ms" : "%.0f ms", seconds * 1000);
  } else if (seconds < 120) {
    std::snprintf(text.data(), text.size(), "%.2f s", seconds);
  } else {
    const auto whole = static_cast<long>(seconds);
    std::snprintf(text.data(), text.size(), "%ld min %ld s", whole / 60, whole % 60);
  }
  return text.data();
}

std::string count_text(std::int64_t count) {
  std::string text = std::to_string(count);
  for (auto i = static_cast<std::ptrdiff_t>(text.size()) - 3; i > (count < 0 ? 1 : 0); i -= 3)
    text.insert(static_cast<std::size_t>(i), ",");
  return text;
}

std::string rows_text(std::int64_t count) { return count_text(count) + (count == 1 ? " row" : " rows"); }

std::string error_text(const Error& error, int descriptor) {
  std::string text = "mortise: " + toned(Tone::bad, "error:", descriptor) + " " + harmless(error.what()) + "\n";
  add_line(text, "hint", error.hint().empty() ? meaning(error.code()).advice : std::string_view(error.hint()));
  if (const std::string place = place_of(error); !place.empty()) add_line(text, "at", place);
  for (const auto& [name, value] : error.details()) {
    const bool in_place = name == "file" || (!error.detail("file").empty() && (name == "line" || name == "column"));
    if (!in_place) add_line(text, name, value);
  }
  for (const Error* cause = error.cause(); cause != nullptr; cause = cause->cause())
    add_line(text, "because", cause->what());
  return text;
}

void print(std::string_view text) {
  if (!write_all(STDOUT_FILENO, text))
    throw Error(Code::internal, "cannot write to standard output", "is the pipe or the disk behind it still there?");
}

void complain(std::string_view text) noexcept { (void)write_all(STDERR_FILENO, text); }

}  // namespace mortise::cli
