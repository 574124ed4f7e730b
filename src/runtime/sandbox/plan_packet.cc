#include "runtime/sandbox/plan_packet.h"

#include <linux/bpf_common.h>

#include <algorithm>

namespace mortise::runtime::sandbox {
namespace {

constexpr std::size_t most_entries = 8192;  // of each list: what the planner's own bounds allow

using Texts = std::vector<std::pair<std::string, std::string>>;

void write(Writer& out, bool value) { out.number(static_cast<std::uint8_t>(value)); }
bool read_flag(Reader& in) { return in.choice<std::uint8_t>(1) != 0; }

void write(Writer& out, const User& user) {
  out.number(user.uid);
  out.number(user.gid);
}
User read_user(Reader& in) {
  User user;
  user.uid = in.number<std::uint32_t>();
  user.gid = in.number<std::uint32_t>();
  return user;
}

void write(Writer& out, const Texts& texts) {
  out.number(static_cast<std::uint32_t>(texts.size()));
  for (const auto& [first, second] : texts) {
    out.text(first);
    out.text(second);
  }
}
Texts read_texts(Reader& in) {
  Texts texts(in.count(most_entries));
  for (auto& [first, second] : texts) {
    first = in.text();
    second = in.text();
  }
  return texts;
}

std::int32_t place_of(int descriptor, std::vector<int>& descriptors) {
  if (descriptor < 0) return -1;
  auto found = std::find(descriptors.begin(), descriptors.end(), descriptor);
  if (found == descriptors.end()) found = descriptors.insert(descriptors.end(), descriptor);
  return static_cast<std::int32_t>(found - descriptors.begin());
}
int at_place(std::int32_t place, const std::vector<int>& descriptors) {
  if (place < 0) return -1;
  if (static_cast<std::size_t>(place) < descriptors.size()) return descriptors[static_cast<std::size_t>(place)];
  throw Error(Code::invalid, "a plan names its descriptor " + std::to_string(place) + " of " + std::to_string(descriptors.size()));
}

void write(Writer& out, const RootPlan& root, std::vector<int>& descriptors) {
  out.number(static_cast<std::uint32_t>(root.shown.size()));
  for (const Shown& shown : root.shown) {
    write(out, Path{shown.path, shown.access, shown.presence});
    write(out, shown.folder);
    write(out, shown.covered);
    out.number(place_of(shown.owner_map, descriptors));
  }
  write(out, root.links);
  write(out, root.files);
  out.number(root.temporary);
  write(out, root.user);
  write(out, root.own_proc);
}
RootPlan read_root(Reader& in, const std::vector<int>& descriptors) {
  RootPlan root;
  root.shown.resize(in.count(max_shown));
  for (Shown& shown : root.shown) {
    Path path = read_path(in);
    shown.path = std::move(path.path);
    shown.access = path.access;
    shown.presence = path.presence;
    shown.folder = read_flag(in);
    shown.covered = read_flag(in);
    shown.owner_map = at_place(in.number<std::int32_t>(), descriptors);
  }
  root.links = read_texts(in);
  root.files = read_texts(in);
  root.temporary = in.number<std::uint64_t>();
  root.user = read_user(in);
  root.own_proc = read_flag(in);
  return root;
}

}  // namespace

void write(Writer& out, const Plan& plan, std::vector<int>& descriptors) {
  out.number(plan.layers.bits());
  out.number(plan.network);
  write(out, plan.limits);
  write(out, plan.user.has_value());
  write(out, plan.user.value_or(User{}));
  write(out, plan.own_count);
  write(out, plan.root, descriptors);
  out.number(static_cast<std::int32_t>(plan.landlock));
  out.number(static_cast<std::uint32_t>(plan.rules.size()));
  for (const Path& path : plan.rules) write(out, path);
  out.number(static_cast<std::uint32_t>(plan.filter == nullptr ? 0 : plan.filter->size()));
  if (plan.filter == nullptr) return;
  for (const sock_filter& one : *plan.filter) {
    out.number(one.code);
    out.number(one.jt);
    out.number(one.jf);
    out.number(one.k);
  }
}

ReceivedPlan read_plan(Reader& in, const std::vector<int>& descriptors) {
  ReceivedPlan received;
  Plan& plan = received.plan;
  plan.layers = Layers::of_bits(in.number<std::uint32_t>());
  plan.network = in.choice(Network::DANGEROUSLY_the_hosts);
  plan.limits = read_limits(in);
  const bool has_user = read_flag(in);
  const User user = read_user(in);
  if (has_user) plan.user = user;
  plan.own_count = read_flag(in);
  plan.root = read_root(in, descriptors);
  plan.landlock = in.number<std::int32_t>();
  plan.rules.resize(in.count(most_entries));
  for (Path& path : plan.rules) path = read_path(in);
  FilterProgram filter(in.count(BPF_MAXINSNS));
  for (sock_filter& one : filter) {
    one.code = in.number<std::uint16_t>();
    one.jt = in.number<std::uint8_t>();
    one.jf = in.number<std::uint8_t>();
    one.k = in.number<std::uint32_t>();
  }
  if (plan.layers.has(Layer::system_calls) == filter.empty()) throw Error(Code::invalid, "a plan and its filter of system calls do not belong together");
  if (!filter.empty()) received.filter = std::make_unique<const FilterProgram>(std::move(filter));
  plan.filter = received.filter.get();
  return received;
}

}  // namespace mortise::runtime::sandbox
