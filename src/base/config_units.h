// Durations and sizes as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::config {

// "250ms", "1.5s", "1h30m": numbers with one of ns us ms s m h d, the sum of all. Nothing when it is not that, negative, or
// longer than 292 years.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::chrono::nanoseconds> duration_of_seconds(double seconds) noexcept;

// "512 MiB", "1.5 GB", "100": bytes. B, KB MB GB TB count in thousands, KiB MiB GiB TiB (or Ki Mi Gi Ti) in 1024.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;
// "512 MiB", "2.1 GiB": at most one decimal.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

}  // namespace mortise::config
