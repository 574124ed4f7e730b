// All dialects. The one list of them; a new one is a line in all.cc.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "dialects/core/dialect.h"
#include "dialects/core/surroundings.h"
#include "plugin/registry.h"

namespace mortise::dialects {

// In the order in which they look at a folder.
[[nodiscard]] std::vector<Guide> all();
// The words of all of them together.
[[nodiscard]] cli::Guests words_of(std::span<const Guide> guides);

// The dialects of one host.
class Dialects {
 public:
  Dialects(std::span<const Guide> guides, const Surroundings& surroundings);

  [[nodiscard]] std::span<plugin::Detector* const> detectors() const noexcept { return detectors_; }
  // Adds what lies in places that only the guides know.
  void look_elsewhere(plugin::Registry& registry, plugin::Registry::ScanReport& report);
  void add_routes(http::Router& router);
  void begin();
  void end() noexcept;

 private:
  std::vector<std::unique_ptr<Dialect>> dialects_;
  std::vector<plugin::Detector*> detectors_;
};

}  // namespace mortise::dialects
