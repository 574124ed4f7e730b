#include "runtime/sandbox/confine.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "runtime/sandbox/landlock.h"
#include "runtime/sandbox/rights.h"

namespace mortise::runtime::sandbox {
namespace {

bool bring_up_loopback() noexcept {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  const bool done = socket >= 0 && ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
  ::close(socket);
  return done;
}

void hold_to_paths(const Plan& plan, const Steps& step) noexcept {
  LandlockRules rules;
  rules.version = plan.landlock;
  rules.files = plan.layers.has(Layer::landlock_files);
  rules.network = plan.layers.has(Layer::landlock_network);
  rules.scopes = plan.layers.has(Layer::landlock_scopes);
  rules.paths = &plan.rules;
  if (!rules.files && !rules.network && !rules.scopes) return;
  const char* failed = nullptr;
  if (restrict_by_landlock(rules, &failed)) return;
  step("hold it to '%s' by Landlock", failed == nullptr ? "its paths" : failed, false);
}

}  // namespace

void confine(const Plan& plan, const std::string& folder, int last_kept, const Steps& step) noexcept {
  const Layers layers = plan.layers;
  if (plan.network == Network::egress && layers.has(Layer::own_network)) step("bring up its loopback", bring_up_loopback());
  if (layers.has(Layer::private_root)) enter_private_root(plan.root, step);
  if (layers.has(Layer::resource_limits)) step("limit its resources", limit_resources(plan.limits, plan.own_count));
  if (layers.has(Layer::no_capabilities)) step("bound its capabilities", bound_capabilities());
  if (plan.user) step("become its user", become_user(*plan.user));
  if (layers.has(Layer::no_capabilities)) step("drop its capabilities", drop_all_capabilities());
  if (layers.has(Layer::no_new_privileges)) step("give up new privileges", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  if (layers.has(Layer::closed_descriptors)) {
    step("close every other descriptor", ::syscall(SYS_close_range, static_cast<unsigned>(last_kept) + 1, ~0U, 0U) == 0);
  }
  step("enter '%s'", folder.c_str(), folder.empty() || ::chdir(folder.c_str()) == 0);
  hold_to_paths(plan, step);
  if (layers.has(Layer::system_calls)) step("filter its system calls", install_filter(*plan.filter));
}

}  // namespace mortise::runtime::sandbox
