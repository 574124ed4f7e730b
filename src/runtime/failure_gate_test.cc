#include "runtime/failure_gate.h"

#include <doctest/doctest.h>

using namespace mortise;
using namespace mortise::runtime;
using plugin::FailurePolicy;

namespace {

Outcome ended(Ended how, std::int64_t pid = 7) {
  Outcome outcome;
  outcome.ended = how;
  outcome.pid = pid;
  if (how != Ended::ok) outcome.error = Error(Code::plugin, "it went wrong");
  return outcome;
}

}  // namespace

TEST_CASE("a plugin that backs off is refused with the time, the count, the last error and the way out") {
  FailureGate gate(FailurePolicy::backoff);
  CHECK_FALSE(gate.refusal("x"));
  CHECK(gate.ended(Operation::step, ended(Ended::error)));
  CHECK(gate.ended(Operation::step, ended(Ended::timeout)));
  const auto refusal = gate.refusal("x");
  REQUIRE(refusal);
  CHECK(refusal->code() == Code::busy);
  const std::string text = refusal->what();
  CHECK(text.starts_with("plugin 'x' is quarantined until "));
  CHECK(text.ends_with("after 2 failures in a row; the last: it went wrong"));
  CHECK(refusal->hint().find("mortise plugin release x") != std::string::npos);
  CHECK(gate.release());
  CHECK_FALSE(gate.refusal("x"));
  CHECK_FALSE(gate.release());
}

TEST_CASE("a success ends the count; refusals, cancels and questions about a plugin do not count") {
  FailureGate gate(FailurePolicy::backoff);
  gate.ended(Operation::step, ended(Ended::error));
  gate.ended(Operation::step, ended(Ended::ok));
  CHECK(gate.failures_in_a_row() == 0);
  for (const Ended how : {Ended::cancelled, Ended::denied}) CHECK_FALSE(gate.ended(Operation::step, ended(how)));
  CHECK_FALSE(gate.ended(Operation::health, ended(Ended::error)));
  CHECK_FALSE(gate.ended(Operation::validate, ended(Ended::error)));
  CHECK_FALSE(gate.ended(Operation::poll, ended(Ended::error)));  // its monitor counts
  CHECK_FALSE(gate.refusal("x"));
}

TEST_CASE("under stop, errors are only errors, but a worker that dies again and again makes its plugin rest") {
  FailureGate gate(FailurePolicy::stop);
  for (int i = 0; i < 20; ++i) CHECK_FALSE(gate.ended(Operation::step, ended(Ended::error)));
  for (int i = 0; i < 4; ++i) CHECK_FALSE(gate.ended(Operation::step, ended(Ended::crashed)));
  CHECK(gate.ended(Operation::step, ended(Ended::error, 0)));  // it did not start
  CHECK(gate.refusal("x"));
}

TEST_CASE("under fail, a plugin stays out of service until it is released or made anew") {
  FailureGate gate(FailurePolicy::fail);
  CHECK(gate.ended(Operation::step, ended(Ended::error)));
  REQUIRE(gate.refusal("x"));
  CHECK(std::string(gate.refusal("x")->what()).find("out of service") != std::string::npos);
  CHECK_FALSE(gate.quarantine()->until);
  gate.begin(FailurePolicy::stop);
  CHECK_FALSE(gate.refusal("x"));
}
