// SHA-256 of what comes in pieces, as 64 hexadecimal digits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace mortise::store {

class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void add(std::string_view piece);
  // The digest; only once.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256_of(std::string_view text);
[[nodiscard]] std::string sha256_of_file(const std::string& path);  // throws Error{not_found}

}  // namespace mortise::store
