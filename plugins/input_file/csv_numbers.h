// Numbers and dates of texts, quickly: the rules are those of lib/text_type.h and lib/civil.h, which a test holds these to.
#pragma once

#include <cstdint>
#include <string_view>

namespace mortise::plugins {

// No leading zeros, no '+', no "-0", within int64.
[[nodiscard]] bool parse_integer(std::string_view text, std::int64_t& out) noexcept;
// As above, and also "007" and "+7".
[[nodiscard]] bool parse_wanted_integer(std::string_view text, std::int64_t& out) noexcept;
[[nodiscard]] bool parse_wanted_real(std::string_view text, double& out) noexcept;

enum class RealText { no, number, wide_integer, infinite };  // wide_integer: one that float64 does not hold exactly
// `rounded`: the text has more digits than float64 keeps.
[[nodiscard]] RealText parse_real(std::string_view text, double& out, bool& rounded) noexcept;

[[nodiscard]] bool parse_iso_date(std::string_view text, std::int32_t& days) noexcept;
// "2012-01-31T10:00:00" and with a blank, whole seconds, no zone; false does not mean that it is no time.
[[nodiscard]] bool parse_iso_seconds(std::string_view text, std::int64_t& seconds) noexcept;

}  // namespace mortise::plugins
