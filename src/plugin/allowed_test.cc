#include "plugin/allowed.h"

#include <doctest/doctest.h>

using namespace mortise;
using namespace mortise::plugin;

namespace {

Descriptor asking(std::vector<std::string> permissions) {
  Descriptor descriptor;
  descriptor.id = "resize";
  descriptor.permissions = std::move(permissions);
  return descriptor;
}

Decision decided(const char* permission, Verdict verdict) { return {Permission::parse(permission), verdict, "operator", {}}; }

Decisions with(std::vector<Decision> permissions) {
  Decisions decisions;
  decisions.permissions = std::move(permissions);
  return decisions;
}

bool holds(const Allowed& allowed, const char* permission) {
  for (const Permission& one : allowed.permissions) {
    if (one == Permission::parse(permission)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a permission is written as it is read, in one form") {
  for (const char* text : {"read_data", "write_data", "network", "file_system", "network=*.example.org:443",
                           "file_system=/data", "file_system=/data:write", "environment=API_KEY"}) {
    CHECK(Permission::parse(text).text() == text);
  }
  CHECK(Permission::parse("network=API.Example.org").text() == "network=api.example.org");
  CHECK(Permission::parse("file_system=/data/../srv//x/:read").text() == "file_system=/srv/x");
  CHECK(path_of(Permission::parse("file_system=/out:write")) == PathAccess{"/out", true});
}

TEST_CASE("what is no permission is refused with the nearest one, or with what is wrong with its detail") {
  for (const char* text : {"", "netwrok", "read_data=x", "network=", "network=http://x", "file_system=relative",
                           "file_system=", "environment", "environment=LD_PRELOAD", "environment=MORTISE_TOKEN",
                           "environment=A B"}) {
    CAPTURE(text);
    CHECK_THROWS_AS((void)Permission::parse(text), Error);
  }
  try {
    (void)Permission::parse("netwrok");
  } catch (const Error& error) {
    CHECK(error.what() == std::string("Unknown permission: netwrok"));
    CHECK(error.hint() == "did you mean 'network'?");
  }
}

TEST_CASE("what a manifest declares holds under the policy grant, waits under ask, and does not hold under deny") {
  const Descriptor plugin = asking({"read_data", "network=api.example.org"});
  const Allowed granted = allowed(plugin, {}, PermissionPolicy::grant);
  CHECK(holds(granted, "read_data"));
  CHECK(holds(granted, "network=api.example.org"));
  CHECK(granted.waiting.empty());
  const Allowed waiting = allowed(plugin, {}, PermissionPolicy::ask);
  CHECK(waiting.permissions.empty());
  CHECK(waiting.waiting.size() == 2);
  CHECK_THROWS_WITH_AS(require_decided(plugin, waiting),
                       "plugin 'resize' asks for permissions that nobody decided on: read_data network=api.example.org", Error);
  const Allowed denied = allowed(plugin, {}, PermissionPolicy::deny);
  CHECK(denied.permissions.empty());
  CHECK_NOTHROW(require_decided(plugin, denied));
}

TEST_CASE("an operator's decision stands above the manifest and above every policy") {
  const Descriptor plugin = asking({"read_data", "network"});
  const Decisions decisions = with({decided("network", Verdict::revoked), decided("write_data", Verdict::granted)});
  for (const auto policy : {PermissionPolicy::grant, PermissionPolicy::ask, PermissionPolicy::deny}) {
    const Allowed now = allowed(plugin, decisions, policy);
    CHECK_FALSE(now.has(Right::network));
    CHECK(now.has(Right::write_data));
    CHECK(now.has(Right::read_data) == (policy == PermissionPolicy::grant));
  }
  CHECK_NOTHROW(require_decided(plugin, allowed(plugin, with({decided("read_data", Verdict::revoked), decided("network", Verdict::revoked)}),
                                                PermissionPolicy::ask)));
}

TEST_CASE("a revoked plain permission takes the declared ones of its kind along, and a named one alone does not") {
  const Descriptor plugin = asking({"network=a.example.org", "network=b.example.org"});
  CHECK_FALSE(allowed(plugin, with({decided("network", Verdict::revoked)}), PermissionPolicy::grant).has(Right::network));
  const Allowed one = allowed(plugin, with({decided("network=a.example.org", Verdict::revoked)}), PermissionPolicy::grant);
  CHECK_FALSE(holds(one, "network=a.example.org"));
  CHECK(holds(one, "network=b.example.org"));
}

TEST_CASE("a plugin without a manifest's permissions has none") {
  CHECK(allowed(asking({}), {}, PermissionPolicy::grant).permissions.empty());
}

TEST_CASE("the variables of a manifest are permissions like others") {
  Descriptor plugin = asking({});
  plugin.environment = {"API_KEY", "CITY"};
  CHECK(allowed(plugin, with({decided("environment=CITY", Verdict::revoked)}), PermissionPolicy::grant).environment() ==
        std::vector<std::string>{"API_KEY"});
}

TEST_CASE("limits are the operator's, else the manifest's, else those of the plugin's dialect") {
  Descriptor plugin = asking({});
  CHECK(allowed(plugin, {}, PermissionPolicy::grant).limits.memory_bytes == 0);
  plugin.dialect = "omniscope";
  Allowed now = allowed(plugin, {}, PermissionPolicy::grant);
  CHECK(now.limits.memory_bytes == std::uint64_t{512} << 20U);
  CHECK(now.limits.processors == 0.5);
  CHECK(now.limits.processes == 100);
  CHECK(now.deadline == std::chrono::seconds(300));
  plugin.limits.memory_bytes = 1 << 20;
  plugin.deadline = std::chrono::seconds(9);
  Decisions decisions;
  decisions.limits.processors = 2;
  now = allowed(plugin, decisions, PermissionPolicy::grant);
  CHECK(now.limits.memory_bytes == 1 << 20);
  CHECK(now.limits.processors == 2);
  CHECK(now.deadline == std::chrono::seconds(9));
  decisions.limits.deadline = std::chrono::minutes(2);
  decisions.limits.memory_bytes = std::uint64_t{1} << 30U;
  now = allowed(plugin, decisions, PermissionPolicy::grant);
  CHECK(now.limits.memory_bytes == std::uint64_t{1} << 30U);
  CHECK(now.deadline == std::chrono::minutes(2));
}

TEST_CASE("a denial says who, what, and the command that would allow it") {
  const Error error = denial("resize", Permission::parse("network=10.0.0.5:80"), "network to 10.0.0.5:80");
  CHECK(error.code() == Code::denied);
  CHECK(error.what() == std::string("denied: network to 10.0.0.5:80; plugin 'resize' has not the permission network=10.0.0.5:80"));
  CHECK(error.hint() == "if it should: mortise plugin grant resize network=10.0.0.5:80");
}
