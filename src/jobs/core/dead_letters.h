// DeadLetters: what became of work that failed for good, kept until somebody has looked at it.
//
// Every run that ends as failed leaves one letter for each step that failed (one for the whole run when no step was to
// blame): which step of which run, what its plugin was given, how often it was tried, and the whole chain of errors. A letter is
//
//   open ──> driven ──> resolved     the run was taken up again (retry), and succeeded
//     ^────────┘                     or failed again
//     └────> discarded               somebody decided that it does not matter any more
//
// Letters are written together with the end of their run (RunLog::finish). Here they are found. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "mortise/value.hpp"
#include "store/dead_letters.h"

namespace mortise {
namespace store {
class Database;
}
}  // namespace mortise

namespace mortise::jobs {

struct DeadLetter {
  std::string id, run, pipeline;
  std::optional<std::uint32_t> position;  // of the step
  std::string step, plugin, state, code, reason;
  Value error;  // {code, message, hint, details, cause}
  Value input;  // {config, input: context key, data: what stood there, cut}
  std::uint32_t attempts = 0, drives = 0;
  Time created, changed;
};

struct NewLetter {
  std::string run, pipeline;
  std::optional<std::uint32_t> position = {};
  std::string step = {}, plugin = {};
  std::uint32_t attempts = 0;
  Value input = {};  // clean of secrets
};
// The row for RunLog::finish.
[[nodiscard]] store::DeadLetterRow letter_row(const NewLetter& letter, const Error& error);

class DeadLetters {
 public:
  explicit DeadLetters(store::Database& database) : database_(database) {}

  using Filter = store::DeadLetterQuery;
  [[nodiscard]] std::vector<DeadLetter> list(const Filter& filter) const;  // newest first; Error{invalid} for no state
  [[nodiscard]] DeadLetter get(const std::string& id) const;               // throws Error{not_found}
  // Throws Error{conflict} unless it is open.
  void discard(const std::string& id) const;

 private:
  store::Database& database_;
};

}  // namespace mortise::jobs
