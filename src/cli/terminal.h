// Text for people: plain when it goes to a file or a pipe, with colour and in place when it goes to a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/error.hpp"

namespace mortise::cli {

enum class Tone { plain, strong, faint, good, bad, warn };

// What standard output and standard error are. NO_COLOR and TERM=dumb are respected.
[[nodiscard]] bool is_terminal(int descriptor) noexcept;
[[nodiscard]] std::string toned(Tone tone, std::string_view text, int descriptor);

// Columns as wide as their widest cell; the last one is not padded. Control characters are shown as '?'.
[[nodiscard]] std::string table(const std::vector<std::vector<std::string>>& rows);

// Text from elsewhere made safe for a terminal: escape sequences and other control characters become '?'.
[[nodiscard]] std::string harmless(std::string_view text);

[[nodiscard]] std::string duration_text(double seconds);   // "12 ms", "3.41 s", "2 min 5 s"
[[nodiscard]] std::string count_text(std::int64_t count);  // "1,461"
[[nodiscard]] std::string rows_text(std::int64_t count);   // "1 row", "1,461 rows"

// "mortise: error: message", then hint, place and other details, one indented line each, then the causes.
[[nodiscard]] std::string error_text(const Error& error, int descriptor);

// To standard output; throws Error{internal} when it is closed or full.
void print(std::string_view text);
// To standard error; never fails.
void complain(std::string_view text) noexcept;

}  // namespace mortise::cli
