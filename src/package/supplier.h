// Supplier: a place where packages can be had that are not kept here: a folder of archives, a marketplace.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "package/parcel.h"
#include "package/resolver.h"

namespace mortise::package {

// What Parcel::source begins with when a marketplace had it.
inline constexpr std::string_view marketplace_source = "marketplace ";

class Supplier {
 public:
  Supplier() = default;
  Supplier(const Supplier&) = delete;
  Supplier& operator=(const Supplier&) = delete;
  virtual ~Supplier() = default;

  // What is to be had of the plugin, with what each version needs of others. In any order. May be slow.
  [[nodiscard]] virtual std::vector<Candidate> candidates(const std::string& plugin) = 0;
  // Slow. Throws Error.
  [[nodiscard]] virtual Parcel fetch(const std::string& plugin, const Version& version) = 0;
};

// What a plugin needs of other plugins.
[[nodiscard]] std::vector<Need> needs_of(const plugin::Descriptor& plugin);

// A folder of the operator: archives, and folders with a manifest, directly in it. It is read once, at the first question; what cannot be
// opened is passed over and told in problems().
class FolderSupplier final : public Supplier {
 public:
  FolderSupplier(Readers& readers, std::filesystem::path folder, Limits limits)
      : readers_(readers), folder_(std::move(folder)), limits_(limits) {}

  [[nodiscard]] std::vector<Candidate> candidates(const std::string& plugin) override;
  [[nodiscard]] Parcel fetch(const std::string& plugin, const Version& version) override;
  [[nodiscard]] const std::vector<std::string>& problems() const noexcept { return problems_; }  // "x.zip: why"

 private:
  struct Offer {
    std::string path;
    Candidate candidate;
  };
  void read();
  void read(const std::filesystem::path& path);

  Readers& readers_;
  const std::filesystem::path folder_;
  const Limits limits_;
  bool read_ = false;
  std::multimap<std::string, Offer, std::less<>> offers_;  // by plugin
  std::vector<std::string> problems_;
};

}  // namespace mortise::package
