#include "http/access.h"

#include <array>

namespace mortise::http {
namespace {

constexpr std::array<std::string_view, 5> accesses{"none", "read", "run", "operate", "admin"};

}  // namespace

std::string_view name_of(Access access) noexcept { return accesses[static_cast<std::size_t>(access)]; }

std::optional<Access> access_named(std::string_view name) noexcept {
  for (std::size_t i = 1; i < accesses.size(); ++i) {
    if (accesses[i] == name) return static_cast<Access>(i);
  }
  return std::nullopt;
}

std::string_view name_of(Principal principal) noexcept {
  switch (principal) {
    case Principal::nobody: return "nobody";
    case Principal::local: return "local";
    case Principal::token: return "token";
    case Principal::operator_: return "operator";
  }
  return "nobody";
}

}  // namespace mortise::http
