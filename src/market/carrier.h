// Carrier: whoever has the files of a marketplace: a folder, or a web server. It is trusted with nothing (trust.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace mortise::market {

class Carrier {
 public:
  Carrier() = default;
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;
  virtual ~Carrier() = default;

  // Nothing when it has no such file. Throws Error when it has more than `limit` bytes of it or cannot be reached. Slow.
  [[nodiscard]] virtual std::optional<std::string> find(const std::string& file, std::uint64_t limit) = 0;
  // The same; Error{not_found} when it is absent.
  [[nodiscard]] std::string get(const std::string& file, std::uint64_t limit);
  [[nodiscard]] virtual const std::string& address() const noexcept = 0;
};

// A folder, or an address that begins with http:// or https:// (without a path: /marketplace, where a Mortise serves its own). `token` is
// sent to the latter. Throws Error{invalid} for what is neither.
[[nodiscard]] std::unique_ptr<Carrier> carrier_for(const std::string& address, const std::string& token = {});

}  // namespace mortise::market
