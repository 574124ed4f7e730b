#include "plugin/allowed.h"

#include <algorithm>

namespace mortise::plugin {
namespace {

// A guide's plugins have its guide's limits (docs/permissions.md).
Limits of_dialect(const std::string& dialect) {
  Limits limits;
  if (dialect != "omniscope") return limits;
  limits.memory_bytes = std::uint64_t{512} << 20U;
  limits.processors = 0.5;
  limits.processes = 100;
  return limits;
}

std::optional<std::chrono::milliseconds> deadline_of_dialect(const std::string& dialect) {
  if (dialect != "omniscope") return std::nullopt;
  return std::chrono::seconds(300);
}

void add(std::vector<Permission>& all, const Permission& one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

// The decision on this very permission; a plain one that was revoked takes all of its kind along.
std::optional<Verdict> verdict_on(const Permission& permission, const Decisions& decisions) {
  std::optional<Verdict> of_kind;
  for (const Decision& decision : decisions.permissions) {
    if (decision.permission == permission) return decision.verdict;
    const bool plain = decision.permission.right == permission.right && decision.permission.detail.empty();
    if (plain && decision.verdict == Verdict::revoked) of_kind = decision.verdict;
  }
  return of_kind;
}

template <typename T>
T first_set(const std::optional<T>& chosen, T declared, T otherwise) {
  if (chosen) return *chosen;
  return declared != T() ? declared : otherwise;
}

}  // namespace

std::string_view name_of(PermissionPolicy policy) noexcept {
  switch (policy) {
    case PermissionPolicy::grant: return "grant";
    case PermissionPolicy::ask: return "ask";
    case PermissionPolicy::deny: return "deny";
  }
  return "";
}

bool Allowed::has(Right right) const noexcept {
  return std::any_of(permissions.begin(), permissions.end(), [&](const Permission& one) { return one.right == right; });
}

bool Allowed::has_plain(Right right) const noexcept {
  return std::any_of(permissions.begin(), permissions.end(),
                     [&](const Permission& one) { return one.right == right && one.detail.empty(); });
}

std::vector<HostPattern> Allowed::hosts() const {
  std::vector<HostPattern> all;
  for (const Permission& one : permissions) {
    if (one.right == Right::network && !one.detail.empty()) all.push_back(HostPattern::parse(one.detail));
  }
  return all;
}

std::vector<PathAccess> Allowed::paths() const {
  std::vector<PathAccess> all;
  for (const Permission& one : permissions) {
    if (one.right == Right::file_system && !one.detail.empty()) all.push_back(path_of(one));
  }
  return all;
}

std::vector<std::string> Allowed::environment() const {
  std::vector<std::string> all;
  for (const Permission& one : permissions) {
    if (one.right == Right::environment) all.push_back(one.detail);
  }
  return all;
}

std::vector<Permission> declared(const Descriptor& descriptor) {
  std::vector<Permission> all;
  for (const std::string& text : descriptor.permissions) add(all, Permission::parse(text));
  for (const std::string& name : descriptor.environment) add(all, Permission{Right::environment, name});
  return all;
}

Allowed allowed(const Descriptor& descriptor, const Decisions& decisions, PermissionPolicy policy) {
  Allowed result;
  for (const Permission& permission : declared(descriptor)) {
    const auto verdict = verdict_on(permission, decisions);
    const bool holds = verdict ? *verdict == Verdict::granted : policy == PermissionPolicy::grant;
    if (holds) add(result.permissions, permission);
    if (!verdict && policy == PermissionPolicy::ask) add(result.waiting, permission);
  }
  for (const Decision& decision : decisions.permissions) {
    if (decision.verdict == Verdict::granted) add(result.permissions, decision.permission);
  }
  const Limits others = of_dialect(descriptor.dialect);
  const LimitChoice& chosen = decisions.limits;
  result.limits.memory_bytes = first_set(chosen.memory_bytes, descriptor.limits.memory_bytes, others.memory_bytes);
  result.limits.processors = first_set(chosen.processors, descriptor.limits.processors, others.processors);
  result.limits.processes = first_set(chosen.processes, descriptor.limits.processes, others.processes);
  result.limits.open_files = first_set(chosen.open_files, descriptor.limits.open_files, others.open_files);
  result.deadline = chosen.deadline        ? chosen.deadline
                    : descriptor.deadline ? descriptor.deadline
                                          : deadline_of_dialect(descriptor.dialect);
  return result;
}

Error denial(const std::string& plugin, const Permission& needed, const std::string& what) {
  return Error(Code::denied, "denied: " + what + "; plugin '" + plugin + "' has not the permission " + needed.text(),
               "if it should: mortise plugin grant " + plugin + " " + needed.text())
      .with("plugin", plugin)
      .with("permission", needed.text());
}

void require_decided(const Descriptor& descriptor, const Allowed& allowed) {
  if (allowed.waiting.empty()) return;
  std::string names;
  for (const Permission& one : allowed.waiting) names += " " + one.text();
  throw Error(Code::denied, "plugin '" + descriptor.id + "' asks for permissions that nobody decided on:" + names,
              "mortise plugin grant " + descriptor.id + names + "   (or the same with --revoke; permissions.policy is ask)")
      .with("plugin", descriptor.id)
      .with("permission", allowed.waiting.front().text());
}

}  // namespace mortise::plugin
