#include "runtime/sandbox/policy.h"

#include <array>

#include "base/error.h"
#include "runtime/sandbox/packet.h"

namespace mortise::runtime::sandbox {
namespace {

constexpr std::array<std::string_view, layer_count> names{
    "private-root",     "own-processes",      "own-network",      "own-ipc",           "own-names",
    "own-user",        "landlock-files",   "landlock-network", "landlock-scopes", "system-calls",
    "no-capabilities", "no-new-privileges", "resource-limits", "closed-descriptors", "control-groups",
};

Error wrong(const std::string& what) { return Error(Code::invalid, "a policy " + what); }

void check(const Policy& policy) {
  for (const Path& path : policy.paths) {
    if (path.path.empty() || path.path.front() != '/') throw wrong("names '" + path.path + "', which is no absolute path");
    if (path.path == "/" && Path::writes(path.access)) throw wrong("makes the whole machine writable");
  }
  if (policy.limits.open_files < 8) throw wrong("allows " + std::to_string(policy.limits.open_files) + " open files; 8 are the least");
  if (policy.limits.cpu_weight < 1 || policy.limits.cpu_weight > 10'000) {
    throw wrong("has a weight of " + std::to_string(policy.limits.cpu_weight) + "; it is 1 to 10000");
  }
  const Layers both = policy.required.without(policy.required.without(policy.DANGEROUSLY_off));
  if (!both.empty()) throw wrong("requires what it switches off: " + names_of(both));
}

}  // namespace

std::string_view name_of(Layer layer) noexcept { return names[static_cast<std::size_t>(layer)]; }

std::optional<Layer> layer_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < layer_count; ++i) {
    if (names[i] == name) return static_cast<Layer>(i);
  }
  return std::nullopt;
}

std::string names_of(Layers layers) {
  std::string text;
  for (std::size_t i = 0; i < layer_count; ++i) {
    if (layers.has(static_cast<Layer>(i))) text.append(text.empty() ? "" : ", ").append(names[i]);
  }
  return text;
}

void write(Writer& out, const Path& path) {
  out.text(path.path);
  out.number(path.access);
  out.number(path.presence);
}

void write(Writer& out, const Limits& limits) {
  out.number(limits.memory);
  out.number(limits.cpu_weight);
  out.number(limits.cpu_quota);
  out.number(limits.processes);
  out.number(limits.open_files);
  out.number(limits.file_size);
  out.number(limits.temporary);
}

void write(Writer& out, const Policy& policy) {
  out.number(static_cast<std::uint32_t>(policy.paths.size()));
  for (const Path& path : policy.paths) write(out, path);
  out.number(static_cast<std::uint8_t>(policy.system));
  out.number(policy.network);
  write(out, policy.limits);
  out.number(policy.required.bits());
  out.number(static_cast<std::uint8_t>(policy.user.has_value()));
  out.number(policy.user.value_or(User{}).uid);
  out.number(policy.user.value_or(User{}).gid);
  out.number(policy.DANGEROUSLY_off.bits());
}

Path read_path(Reader& in) {
  Path path;
  path.path = in.text();
  path.access = in.choice(Path::Access::hidden);
  path.presence = in.choice(Path::Presence::may_be_missing);
  return path;
}

Limits read_limits(Reader& in) {
  Limits limits;
  limits.memory = in.number<std::uint64_t>();
  limits.cpu_weight = in.number<std::uint32_t>();
  limits.cpu_quota = in.number<std::uint32_t>();
  limits.processes = in.number<std::uint32_t>();
  limits.open_files = in.number<std::uint32_t>();
  limits.file_size = in.number<std::uint64_t>();
  limits.temporary = in.number<std::uint64_t>();
  return limits;
}

Policy read_policy(Reader& in) {
  Policy policy;
  const std::size_t paths = in.count(max_paths);
  for (std::size_t i = 0; i < paths; ++i) policy.paths.push_back(read_path(in));
  policy.system = in.choice<std::uint8_t>(1) != 0;
  policy.network = in.choice(Network::DANGEROUSLY_the_hosts);
  policy.limits = read_limits(in);
  policy.required = Layers::of_bits(in.number<std::uint32_t>());
  const bool has_user = in.choice<std::uint8_t>(1) != 0;
  User user;
  user.uid = in.number<std::uint32_t>();
  user.gid = in.number<std::uint32_t>();
  if (has_user) policy.user = user;
  policy.DANGEROUSLY_off = Layers::of_bits(in.number<std::uint32_t>());
  check(policy);
  return policy;
}

}  // namespace mortise::runtime::sandbox
