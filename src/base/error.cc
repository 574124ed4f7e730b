#include "base/error.h"

#include <array>

namespace mortise {
namespace {

// Exit statuses follow sysexits.h where it has a fitting one; 1 stays free for "some tests failed" and the like.
constexpr std::array<CodeMeaning, 10> meanings{{
    {Code::invalid, "invalid", 400, 64, "correct the input and try again"},
    {Code::not_found, "not_found", 404, 66, "check the name; the list command shows what is there"},
    {Code::conflict, "conflict", 409, 65, "look at the present state, then try again"},
    {Code::denied, "denied", 403, 77, "ask the operator for a grant"},
    {Code::unsupported, "unsupported", 501, 69, "this build, plugin or machine does not do that"},
    {Code::busy, "busy", 503, 75, "try again later"},
    {Code::timeout, "timeout", 504, 124, "allow more time or send less work"},
    {Code::cancelled, "cancelled", 499, 130, "it was cancelled on request"},
    {Code::plugin, "plugin", 502, 70, "read the plugin's own message; its log has more"},
    {Code::internal, "internal", 500, 71, "this is a defect of mortise; please report it with the log"},
}};

}  // namespace

const CodeMeaning& meaning(Code code) noexcept {
  for (const CodeMeaning& row : meanings) {
    if (row.code == code) return row;
  }
  return meanings.back();
}

std::string_view name_of(Code code) noexcept { return meaning(code).name; }

std::optional<Code> code_named(std::string_view name) noexcept {
  for (const CodeMeaning& row : meanings) {
    if (row.name == name) return row.code;
  }
  return std::nullopt;
}

std::string location_of(const Error& error) {
  std::string location(error.detail("file"));
  for (const char* part : {"line", "column"}) {
    if (location.empty() || error.detail(part).empty()) break;
    location.append(":").append(error.detail(part));
  }
  return location;
}

}  // namespace mortise
