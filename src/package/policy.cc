#include "package/policy.h"

#include <algorithm>

#include "os/file.h"

namespace mortise::package {

std::vector<PublicKey> Policy::keys() const {
  constexpr std::uint64_t largest = 16'384;
  std::vector<PublicKey> all;
  for (const std::string& file : key_files) all.push_back(PublicKey::parse(os::read_file(file, largest), file));
  return all;
}

bool Policy::refuses(std::string_view severity) const { return std::find(refuse.begin(), refuse.end(), severity) != refuse.end(); }

std::string_view name_of(Policy::Signatures signatures) noexcept {
  switch (signatures) {
    case Policy::Signatures::off: return "off";
    case Policy::Signatures::warn: return "warn";
    case Policy::Signatures::required: return "required";
  }
  return "warn";
}

}  // namespace mortise::package
