// The one exception of Mortise, in the host and in C++ plugins alike.
//
// An error is named by what its catcher should do next (Code), says in one sentence what happened with the value and the
// limit in it (message), what to do about it (hint), and carries the machine-readable parts beside the text (details:
// file, line, key, expected, got, step, plugin ...). A cause makes a chain; `describe` prints it as "outer: inner".
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise {

// The numbers are those of `mortise_status` in plugin.h.
enum class Code : std::int32_t {
  invalid = 1,
  not_found = 2,
  conflict = 3,
  denied = 4,
  unsupported = 5,
  busy = 6,
  timeout = 7,
  cancelled = 8,
  plugin = 9,
  internal = 10,
};

class Error : public std::runtime_error {
 public:
  using Details = std::vector<std::pair<std::string, std::string>>;

  Error(Code code, const std::string& message, std::string hint = {})
      : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

  [[nodiscard]] Code code() const noexcept { return code_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  [[nodiscard]] const Details& details() const noexcept { return details_; }
  [[nodiscard]] const Error* cause() const noexcept { return cause_.get(); }

  // The value of a detail, or empty.
  [[nodiscard]] std::string_view detail(std::string_view name) const noexcept {
    for (const auto& [key, value] : details_) {
      if (key == name) return value;
    }
    return {};
  }

  // Chainable, for use in a throw expression: throw Error(...).with("file", path).because(inner).
  Error& with(std::string name, std::string value) & {
    details_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Error&& with(std::string name, std::string value) && { return std::move(with(std::move(name), std::move(value))); }
  Error& because(Error cause) & {
    cause_ = std::make_shared<const Error>(std::move(cause));
    return *this;
  }
  Error&& because(Error cause) && { return std::move(because(std::move(cause))); }

  // "message: cause: its cause", each text once even where a plugin wrapped it already.
  [[nodiscard]] std::string describe() const {
    std::string text = what();
    for (const Error* inner = cause(); inner != nullptr; inner = inner->cause()) {
      if (text.find(inner->what()) == std::string::npos) text.append(": ").append(inner->what());
    }
    return text;
  }

 private:
  Code code_;
  std::string hint_;
  Details details_;
  std::shared_ptr<const Error> cause_;
};

}  // namespace mortise
