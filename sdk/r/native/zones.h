// Names of time zones: Arrow has IANA names and offsets ("+01:00"), R has IANA names alone.
#pragma once

#include <string>
#include <string_view>

namespace mortise::r {

// "" becomes UTC, "+01:00" becomes "Etc/GMT-1" (whose sign is turned), an offset that is no whole hour becomes UTC: the instant
// stays, only the clock on the wall is told differently.
[[nodiscard]] std::string zone_in_r(std::string_view arrow);

}  // namespace mortise::r
