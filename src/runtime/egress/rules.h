// Rules: where one worker may connect to, and which names led to which addresses.
//
// Public addresses are open where the worker has plain `network`. Every other address must be matched by a pattern of its
// own: an address or a range matches an address; a name matches the addresses that we gave out as the answer to a question
// for it, as long as they are public. So a name that leads to a private address today, or another one tomorrow (DNS
// rebinding), opens nothing: the worker has no other source of names than us, and an answer is kept as it was given.
// `localhost` alone stands for this machine's own addresses. Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/host_pattern.h"

namespace mortise::runtime::egress {

class Rules {
 public:
  Rules(bool all_public, std::vector<HostPattern> patterns) : all_public_(all_public), patterns_(std::move(patterns)) {}

  // Whether the name may be asked for at all.
  [[nodiscard]] bool may_resolve(const std::string& name) const;
  // Those of the addresses that may be given out as the answer; they are remembered for allows().
  [[nodiscard]] std::vector<IpAddress> answer(const std::string& name, const std::vector<IpAddress>& found);
  [[nodiscard]] bool allows(const IpAddress& address, std::uint16_t port) const;

  // "api.example.org:443" for an address that was the answer for a name, else "192.0.2.1:443".
  [[nodiscard]] std::string describe(const IpAddress& address, std::uint16_t port) const;

 private:
  [[nodiscard]] bool named(const IpAddress& address, std::uint16_t port) const;  // with the lock

  static constexpr std::size_t most_answers = 4096;  // addresses that are remembered
  const bool all_public_;
  const std::vector<HostPattern> patterns_;
  mutable std::mutex mutex_;
  std::map<IpAddress, std::set<std::string>> answers_;
};

}  // namespace mortise::runtime::egress
