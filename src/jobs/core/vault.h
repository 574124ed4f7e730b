// Vault: seals what a run leaves behind (its pipeline, its context, its outputs), which may hold secrets, so that neither the
// database nor a run's folder tells anything without the key. AES-256-GCM: what was changed, cut or put in another's place does
// not open. The key is a file of the data folder that only its owner can read; whoever copies a data folder to another place
// and wants to go on with its runs there copies the key as well. Losing it loses what was sealed, nothing else.
//
// Thread-safe.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mortise::jobs {

class Vault {
 public:
  // Reads the key, or makes one when there is no such file. Throws Error{invalid} for a file that is none.
  explicit Vault(const std::string& key_file);

  static constexpr std::size_t overhead = 28;  // bytes that sealing adds

  // `purpose` ("run_.../3") is not stored: the same must be given to open it.
  [[nodiscard]] std::string seal(std::string_view plain, std::string_view purpose) const;
  // Throws Error{invalid} for anything that this vault has not sealed for that purpose.
  [[nodiscard]] std::string open(std::string_view sealed, std::string_view purpose) const;

 private:
  std::array<unsigned char, 32> key_{};
};

}  // namespace mortise::jobs
