// Policy: what this host takes in: how large a package may be, which findings refuse it, and whose signature it needs.
#pragma once

#include <string>
#include <vector>

#include "package/contents.h"
#include "package/minisign.h"

namespace mortise::package {

struct Policy {
  enum class Signatures {
    off,       // nobody looks at them
    warn,      // told with every answer; one that does not fit what it signs is refused
    required,  // nothing is installed or loaded that no trusted key signed
  };
  Signatures signatures = Signatures::warn;
  std::vector<std::string> key_files;                      // public keys of those whom the operator trusts
  std::vector<std::string> refuse = {"high", "critical"};  // severities of the scanner; the others are warnings
  Limits limits;

  // Reads the key files anew. Throws Error that names the file.
  [[nodiscard]] std::vector<PublicKey> keys() const;
  [[nodiscard]] bool refuses(std::string_view severity) const;
};

[[nodiscard]] std::string_view name_of(Policy::Signatures signatures) noexcept;

}  // namespace mortise::package
