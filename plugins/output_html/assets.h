// The fixed parts of every report, built into the plugin: Chart.js, our script, our style. Their hashes stand in the report's
// Content-Security-Policy, so that a browser runs these and nothing else.
#pragma once

#include <string>
#include <string_view>

namespace mortise::plugins {

struct Asset {
  std::string_view text;
  std::string_view sha256;  // in hexadecimal, taken when the plugin was built
};

[[nodiscard]] Asset chart_library();
[[nodiscard]] Asset report_script();
[[nodiscard]] Asset report_style();

// "'sha256-...'" as a policy has it.
[[nodiscard]] std::string policy_hash(const Asset& asset);

}  // namespace mortise::plugins
