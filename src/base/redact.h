// Redactor: the list of secrets that must never be seen in logs, answers or stored records.
//
// Values that came from the environment (${NAME} in a configuration) are added to it; everything on its way out is
// cleaned by it. A secret shorter than `shortest` bytes is not hidden: hiding every "1" or "prod" would make the text
// unreadable and tell more than it hides. A secret is hidden in its JSON-escaped form too, and one of several lines (a key
// file) also line by line, since plugins' output arrives in lines.
//
// Thread-safe; cleaning with an empty list costs one atomic load and a copy.
#pragma once

#include <atomic>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/error.hpp"
#include "mortise/value.hpp"

namespace mortise {

class Redactor {
 public:
  static constexpr std::size_t shortest = 6;
  static constexpr std::string_view mask = "[redacted]";

  void add(std::string_view secret);

  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_acquire) == 0; }
  [[nodiscard]] std::string clean(std::string_view text) const;
  // Strings and keys at every depth; bytes, tensors and tables stay as they are.
  [[nodiscard]] Value clean(const Value& value) const;
  // Message, hint, details and causes.
  [[nodiscard]] Error clean(const Error& error) const;

 private:
  void add_one(std::string_view secret);

  mutable std::shared_mutex mutex_;
  std::vector<std::string> secrets_;  // longest first, so that a secret within a longer one does not spoil it
  std::atomic<std::size_t> count_{0};
};

}  // namespace mortise
