// The words of the protocol for numbers and enums.
#include <array>

#include "runtime/wire/message.h"

namespace mortise::runtime {
namespace {

constexpr std::array<std::string_view, 9> operations{"",          "validate", "step", "execute", "poll",
                                                     "aggregate", "infer",    "call", "health"};
constexpr std::array<std::string_view, 5> verbs{"load", "initialize", "start", "stop", "cleanup"};
// In the order of the variant.
constexpr std::array<std::string_view, 15> types{"hello", "lifecycle", "call", "cancel", "reply",  "arena", "drop",    "ring",
                                                 "bye",   "ready",     "ring", "result", "log",    "progress", "request"};
static_assert(std::variant_size_v<Message> == types.size());
static_assert(operations[MORTISE_OP_HEALTH] == "health" && operations[MORTISE_OP_CALL] == "call");

struct Level {
  std::uint32_t number;
  std::string_view word;
};
constexpr std::array<Level, 4> levels{{
    {MORTISE_LOG_DEBUG, "debug"},
    {MORTISE_LOG_INFO, "info"},
    {MORTISE_LOG_WARNING, "warning"},
    {MORTISE_LOG_ERROR, "error"},
}};

}  // namespace

std::string_view operation_word(std::uint32_t operation) noexcept {
  return operation < operations.size() ? operations[operation] : std::string_view();
}

std::uint32_t operation_of_word(std::string_view word) noexcept {
  for (std::uint32_t i = 1; i < operations.size(); ++i) {
    if (operations[i] == word) return i;
  }
  return 0;
}

std::string_view log_level_word(std::uint32_t level) noexcept {
  for (const Level& row : levels) {
    if (row.number == level) return row.word;
  }
  return {};
}

std::uint32_t log_level_of_word(std::string_view word) noexcept {
  for (const Level& row : levels) {
    if (row.word == word) return row.number;
  }
  return 0;
}

std::string_view name_of(Verb verb) noexcept { return verbs[static_cast<std::size_t>(verb)]; }

std::string_view name_of(const Message& message) noexcept { return types[message.index()]; }

}  // namespace mortise::runtime
