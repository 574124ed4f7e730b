#include "market/carrier.h"

#include <filesystem>

#include "base/error.h"
#include "market/web_carrier.h"
#include "os/file.h"
#include "os/paths.h"

namespace mortise::market {
namespace {

class FolderCarrier final : public Carrier {
 public:
  explicit FolderCarrier(std::string folder) : folder_(std::move(folder)) {}

  std::optional<std::string> find(const std::string& file, std::uint64_t limit) override {
    const std::string path = os::join(folder_, file);
    std::error_code failure;
    if (!std::filesystem::exists(path, failure) && !failure) return std::nullopt;
    return os::read_file(path, limit);
  }
  const std::string& address() const noexcept override { return folder_; }

 private:
  std::string folder_;
};

}  // namespace

std::string Carrier::get(const std::string& file, std::uint64_t limit) {
  if (auto found = find(file, limit)) return *std::move(found);
  throw Error(Code::not_found, "there is no " + file + " at " + address(), "is it the folder or the address of a marketplace?")
      .with("file", file)
      .with("address", address());
}

std::unique_ptr<Carrier> carrier_for(const std::string& address, const std::string& token) {
  if (auto web = web_carrier_for(address, token)) return web;
  if (!address.starts_with('/')) {
    throw Error(Code::invalid, "'" + address + "' is neither a folder nor an address", "such as /media/stick/marketplace or https://plugins.example.org")
        .with("key", "address")
        .with("got", address);
  }
  return std::make_unique<FolderCarrier>(address);
}

}  // namespace mortise::market
