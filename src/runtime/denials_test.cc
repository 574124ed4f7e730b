#include "runtime/denials.h"

#include <doctest/doctest.h>

using namespace mortise;
using namespace mortise::runtime;

TEST_CASE("an error about a file that the plugin may not see says what would show it") {
  const Access access;
  CHECK(grant_for("x", access, "[Errno 2] No such file or directory: '/etc/passwd'") == "mortise plugin grant x file_system=/etc/passwd");
  CHECK(grant_for("x", access, "cannot open file '/etc/passwd': No such file or directory") == "mortise plugin grant x file_system=/etc/passwd");
  CHECK(grant_for("x", access, "[Errno 2] No such file or directory: '/etc/not-there-at-all'") ==
        "mortise plugin grant x file_system=/etc:write");
  CHECK(grant_for("x", access, "no such file: /nowhere/at/all").empty());
}

TEST_CASE("a file that the plugin sees already is no matter of permissions, but for writing") {
  Access access;
  access.files = {{"/etc", false, 1, 1}};
  CHECK(grant_for("x", access, "[Errno 13] Permission denied: '/etc/shadow'").empty());
  CHECK(grant_for("x", access, "[Errno 30] Read-only file system: '/etc/new'") == "mortise plugin grant x file_system=/etc:write");
  access.files[0].write = true;
  CHECK(grant_for("x", access, "[Errno 30] Read-only file system: '/etc/new'").empty());
}

TEST_CASE("an error about a network that is not there says so where the plugin has none") {
  Access access;
  for (const char* text : {"[Errno 101] Network is unreachable", "Temporary failure in name resolution", "[Errno 13] Permission denied",
                           "Could not resolve host: example.org", "cannot open the connection to 'http://example.org/'"}) {
    CAPTURE(text);
    CHECK(grant_for("x", access, text) == "mortise plugin grant x network");
  }
  access.public_network = true;
  CHECK(grant_for("x", access, "Network is unreachable").empty());
  CHECK(grant_for("x", access, "division by zero").empty());
}

TEST_CASE("a result that tells of its failure itself gets a warning with the way out, and any other is left as it is") {
  const auto explained = [](Value errors, const std::vector<egress::Denied>& refused) {
    Outcome outcome;
    outcome.ended = Ended::ok;
    outcome.value = Value::map({{"errors", std::move(errors)}, {"warnings", Value::list({"its own"})}});
    explain_denials(outcome, "x", {}, refused);
    return outcome.value.at("warnings");
  };
  CHECK(explained(Value::list({"[Errno 13] Permission denied"}), {}) == Value::list({"its own", "it may lack a permission: mortise plugin grant x network"}));
  CHECK(explained(Value::list({"gone"}), {{"network to 10.0.0.5:80", "network=10.0.0.5:80"}}).size() == 2);
  CHECK(explained(Value::list(), {{"network to 10.0.0.5:80", "network=10.0.0.5:80"}}).size() == 1);
  CHECK(explained(Value::list({"division by zero"}), {}).size() == 1);
  CHECK(explained("Permission denied", {}).size() == 1);
}

TEST_CASE("what the host refused is told with the failure of the call, whatever the plugin made of it") {
  Outcome outcome;
  outcome.ended = Ended::error;
  outcome.error = Error(Code::plugin, "fetch failed", "try later").with("step", "2");
  explain_denials(outcome, "x", {}, {{"network to 10.0.0.5:80", "network=10.0.0.5:80"}});
  CHECK(outcome.error->what() == std::string("fetch failed"));
  CHECK(outcome.error->hint() ==
        "try later; denied: network to 10.0.0.5:80; if it should be allowed: mortise plugin grant x network=10.0.0.5:80");
  CHECK(outcome.error->detail("denied") == "denied: network to 10.0.0.5:80");
  CHECK(outcome.error->detail("step") == "2");
}
