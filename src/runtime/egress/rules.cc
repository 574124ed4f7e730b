#include "runtime/egress/rules.h"

#include <algorithm>

namespace mortise::runtime::egress {
namespace {

constexpr std::string_view this_machine = "localhost";

std::string with_port(const std::string& host, std::uint16_t port, bool brackets) {
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

bool Rules::may_resolve(const std::string& name) const {
  if (all_public_ || canonical_host(name) == this_machine) return true;
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const HostPattern& one) { return one.matches(name, 0); });
}

std::vector<IpAddress> Rules::answer(const std::string& name, const std::vector<IpAddress>& found) {
  const std::string canonical = canonical_host(name);
  std::vector<IpAddress> given;
  const std::lock_guard lock(mutex_);
  for (const IpAddress& address : found) {
    // Whether a port of it is open is asked when the worker connects.
    const auto matched = [&](const HostPattern& one) { return one.matches(address, 0); };
    const bool own = canonical == this_machine && address.is_loopback();
    if (!address.is_public() && !own && std::none_of(patterns_.begin(), patterns_.end(), matched)) continue;
    given.push_back(address);
    if (answers_.size() < most_answers || answers_.contains(address)) answers_[address].insert(canonical);
  }
  return given;
}

bool Rules::named(const IpAddress& address, std::uint16_t port) const {
  const auto found = answers_.find(address);
  if (found == answers_.end()) return false;
  for (const std::string& name : found->second) {
    if (!address.is_public() && name != this_machine) continue;
    for (const HostPattern& pattern : patterns_) {
      if (pattern.matches(name, port)) return true;
    }
  }
  return false;
}

bool Rules::allows(const IpAddress& address, std::uint16_t port) const {
  if (all_public_ && address.is_public()) return true;
  for (const HostPattern& pattern : patterns_) {
    if (pattern.matches(address, port)) return true;
    if (address.is_loopback() && pattern.matches(this_machine, port)) return true;
  }
  const std::lock_guard lock(mutex_);
  return named(address, port);
}

std::string Rules::describe(const IpAddress& address, std::uint16_t port) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(address);
  const bool rebinding = !address.is_public();  // then the address is what matters
  if (found != answers_.end() && !found->second.empty() && !rebinding) return with_port(*found->second.begin(), port, false);
  return with_port(address.text(), port, !address.is_ipv4());
}

}  // namespace mortise::runtime::egress
