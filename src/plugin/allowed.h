// Allowed: what a plugin may do at this moment, worked out from what its manifest declares, what its operator decided, and
// the policy of the host. Pure functions; grants.h keeps the decisions.
//
//   policy    declared and not decided on       granted    revoked
//   grant     holds                             holds      does not
//   ask       the plugin is not started         holds      does not
//   deny      does not hold                     holds      does not
//
// Limits: the operator's, else the manifest's, else those of the plugin's dialect, else the host's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/host_pattern.h"
#include "mortise/value.hpp"
#include "plugin/descriptor.h"
#include "plugin/permission.h"

namespace mortise::plugin {

enum class PermissionPolicy { grant, ask, deny };
[[nodiscard]] std::string_view name_of(PermissionPolicy policy) noexcept;

enum class Verdict { granted, revoked };

// One decision of an operator about one plugin.
struct Decision {
  Permission permission;
  Verdict verdict = Verdict::granted;
  std::string by;  // who: "operator", "token ci"
  Time when{};
};

// Whether a plugin is trusted with the host's own process.
struct TrustDecision {
  Verdict verdict = Verdict::granted;
  std::string by;
  Time when{};
};

// What an operator set; absent: as the plugin says.
struct LimitChoice {
  std::optional<std::uint64_t> memory_bytes;
  std::optional<double> processors;
  std::optional<std::chrono::milliseconds> deadline;
  std::optional<std::uint32_t> processes, open_files;
};

// Everything that was decided about one plugin.
struct Decisions {
  std::vector<Decision> permissions;
  LimitChoice limits;
  std::optional<TrustDecision> trust;
};

struct Allowed {
  std::vector<Permission> permissions;  // each once
  std::vector<Permission> waiting;      // declared under the policy `ask` and not decided on
  Limits limits;                        // 0 in it: the host's
  std::optional<std::chrono::milliseconds> deadline;

  [[nodiscard]] bool has(Right right) const noexcept;       // in whatever extent
  [[nodiscard]] bool has_plain(Right right) const noexcept;  // without a detail
  [[nodiscard]] std::vector<HostPattern> hosts() const;      // of `network` with a detail
  [[nodiscard]] std::vector<PathAccess> paths() const;       // of `file_system` with a detail
  [[nodiscard]] std::vector<std::string> environment() const;
};

// What the manifest declares, `environment` included.
[[nodiscard]] std::vector<Permission> declared(const Descriptor& descriptor);
[[nodiscard]] Allowed allowed(const Descriptor& descriptor, const Decisions& decisions, PermissionPolicy policy);

// Error{denied} "plugin 'x' needs the permission network (to 10.0.0.5:80)", whose hint is the command that grants it.
[[nodiscard]] Error denial(const std::string& plugin, const Permission& needed, const std::string& what);
// Error{denied} for a plugin that has permissions waiting.
void require_decided(const Descriptor& descriptor, const Allowed& allowed);

}  // namespace mortise::plugin
