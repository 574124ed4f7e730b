#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "os/paths.h"
#include "runtime/sandbox/confine.h"

namespace mortise::runtime::sandbox {
namespace {

constexpr std::size_t max_rules = 4096;

void refuse_missing(const Policy& policy, const Machine& machine, Layers given) {
  const Layers missing = policy.required.without(given);
  if (missing.empty()) return;
  for (std::size_t i = 0; i < layer_count; ++i) {
    const auto layer = static_cast<Layer>(i);
    if (!missing.has(layer)) continue;
    const std::string& why = machine.missing[i];
    throw Error(Code::unsupported, "the policy requires the layer '" + std::string(name_of(layer)) + "', which cannot be given: " +
                                       (why.empty() ? std::string("the paths of the policy do not allow it") : why),
                "`mortise doctor` shows every layer; runtime.sandbox: auto uses those that are there");
  }
}

// A path through a link of the system's skeleton (/bin/...) is there already.
bool is_shown_by_system(const Path& path, const SystemPaths& system) {
  if (Path::writes(path.access) || path.access == Path::Access::hidden) return false;
  std::error_code failure;
  const std::string real = std::filesystem::weakly_canonical(path.path, failure).string();
  if (failure) return false;
  return std::any_of(system.paths.begin(), system.paths.end(), [&](const Path& one) { return os::is_within(real, one.path); });
}

// The innermost folder that was shown around it.
const Shown* shown_around(const std::string& path, const std::vector<Shown>& before) {
  const Shown* around = nullptr;
  for (const Shown& one : before) {
    if (one.folder && os::is_within(path, one.path) && (around == nullptr || one.path.size() >= around->path.size())) around = &one;
  }
  return around;
}

// A path inside that may be used less than what is around it.
const Path* lesser_within(const Path& around, const std::vector<Path>& paths) {
  const auto found = std::find_if(paths.begin(), paths.end(), [&](const Path& one) {
    const bool lesser = one.access == Path::Access::hidden || (Path::writes(around.access) && !Path::writes(one.access)) ||
                        (around.access == Path::Access::write_and_execute && one.access == Path::Access::write);
    return lesser && os::is_within(one.path, around.path);
  });
  return found == paths.end() ? nullptr : &*found;
}

// Landlock can only give. A folder with a lesser one inside is given entry by entry, without the one that leads there.
void give_around(const Path& path, const std::vector<Path>& all, std::vector<Path>& rules) {
  const Path* lesser = lesser_within(path, all);
  if (lesser == nullptr) return rules.push_back(path);
  if (lesser->path == path.path) return;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(path.path, failure)) {
    if (rules.size() >= max_rules) return;
    if (!entry.is_symlink(failure)) give_around({entry.path().string(), path.access, Path::Presence::may_be_missing}, all, rules);
  }
}

std::vector<std::pair<std::string, std::string>> accounts(const User& user) {
  const std::string uid = std::to_string(user.uid), gid = std::to_string(user.gid);
  return {{"/etc/passwd", "worker:x:" + uid + ":" + gid + "::/tmp:/usr/sbin/nologin\n"},
          {"/etc/group", "worker:x:" + gid + ":\n"},
          {"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"},
          {"/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"}};
}

}  // namespace

Planner::Planner(Machine machine) : machine_(std::move(machine)), system_(SystemPaths::find()) {}

Layers Planner::layers_for(const Policy& policy) const {
  Layers layers = machine_.layers.without(policy.DANGEROUSLY_off);
  // Both need it.
  if (layers.has(Layer::system_calls) || layers.has(Layer::landlock_files) || layers.has(Layer::landlock_network) ||
      layers.has(Layer::landlock_scopes)) {
    layers.add(Layer::no_new_privileges);
  }
  if (policy.network != Network::none) layers.remove(Layer::landlock_network);
  if (policy.network == Network::DANGEROUSLY_the_hosts) layers.remove(Layer::own_network);
  return layers;
}

Plan Planner::plan(const Policy& policy, const std::optional<User>& user, const std::string& temporary) {
  Plan plan;
  plan.layers = layers_for(policy);
  plan.network = policy.network;
  plan.limits = policy.limits;
  plan.landlock = machine_.landlock;
  plan.user = policy.user ? policy.user : user;
  if (!plan.layers.has(Layer::own_user) || !plan.user || !owners_can_be_mapped(policy, *plan.user)) {
    plan.layers.remove(Layer::own_user);
    plan.user.reset();
  }
  refuse_missing(policy, machine_, plan.layers);
  plan.own_count = plan.user.has_value() ||
                   (machine_.level == Level::user && (namespaces_of(plan.layers) != 0 || plan.layers.has(Layer::private_root)));
  if (plan.layers.has(Layer::private_root)) plan_root(policy, plan);
  if (plan.layers.has(Layer::landlock_files)) plan_rules(policy, temporary, plan);
  if (plan.layers.has(Layer::system_calls)) plan.filter = filter_for(plan);
  return plan;
}

// A worker with a user of its own must still be able to change what its policy says. Where the owner of a folder cannot be
// mapped, it keeps the host's user, without its rights. Without a private root nothing can be mapped, and only where Landlock
// does not hold the files either, another user is worth that.
bool Planner::owners_can_be_mapped(const Policy& policy, const User& user) {
  if (policy.required.has(Layer::own_user)) return true;
  const Layers layers = layers_for(policy);
  if (!layers.has(Layer::private_root)) return !layers.has(Layer::landlock_files);
  return std::all_of(policy.paths.begin(), policy.paths.end(), [&](const Path& path) {
    return !Path::writes(path.access) || ::access(path.path.c_str(), F_OK) != 0 || owners_.map_for(path.path, user) >= 0;
  });
}

void Planner::plan_root(const Policy& policy, Plan& plan) {
  std::vector<Path> paths = policy.paths;
  std::erase_if(paths, [&](const Path& path) { return policy.system && is_shown_by_system(path, system_); });
  std::stable_sort(paths.begin(), paths.end(), [](const Path& a, const Path& b) { return a.path.size() < b.path.size(); });
  RootPlan& root = plan.root;
  root.temporary = plan.limits.temporary;
  root.user = plan.user.value_or(User{::geteuid(), ::getegid()});
  root.own_proc = plan.layers.has(Layer::own_processes) && machine_.own_proc;
  const auto show = [&](const Path& path, int owner_map) {
    struct stat status {};
    const bool found = ::stat(path.path.c_str(), &status) == 0;
    if (path.access == Path::Access::hidden && !found) return;
    const Shown* around = shown_around(path.path, root.shown);
    // Its place is there already where the host's own folder is.
    const bool covered = around != nullptr && around->access != Path::Access::hidden;
    if (covered && around->access == path.access && around->owner_map == owner_map && found) return;
    Shown shown{path.path, path.access, path.presence, !found || S_ISDIR(status.st_mode), covered, owner_map};
    root.shown.push_back(std::move(shown));
  };
  if (policy.system) {
    for (const Path& path : system_.paths) show(path, -1);
    root.links = system_.links;
  }
  for (const Path& path : paths) show(path, plan.user && path.access != Path::Access::hidden ? owners_.map_for(path.path, *plan.user) : -1);
  root.files = accounts(root.user);
}

void Planner::plan_rules(const Policy& policy, const std::string& temporary, Plan& plan) const {
  using Access = Path::Access;
  using Presence = Path::Presence;
  if (policy.system) plan.rules = system_.paths;
  const bool private_root = plan.layers.has(Layer::private_root);
  for (const Path& path : policy.paths) {
    if (path.access == Path::Access::hidden) continue;
    private_root ? plan.rules.push_back(path) : give_around(path, policy.paths, plan.rules);
  }
  if (private_root) {
    plan.rules.push_back({"/tmp", Access::write, Presence::must_exist});
    plan.rules.push_back({"/etc", Access::read, Presence::must_exist});
    plan.rules.push_back({"/dev", Access::write, Presence::must_exist});
    plan.rules.push_back({"/proc", Access::read, Presence::must_exist});
    return;
  }
  if (!temporary.empty()) plan.rules.push_back({temporary, Access::write, Presence::must_exist});
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    plan.rules.push_back({device, Access::write, Presence::may_be_missing});
  }
  plan.rules.push_back({"/proc/self", Access::read, Presence::may_be_missing});
}

const FilterProgram* Planner::filter_for(const Plan& plan) {
  FilterKind kind;
  kind.internet_sockets = plan.network != Network::none;
  kind.shared_ipc = !plan.layers.has(Layer::own_ipc);
  const auto found = filters_.find(kind);
  return found != filters_.end() ? &found->second : &filters_.emplace(kind, make_filter(kind)).first->second;
}

}  // namespace mortise::runtime::sandbox
