#include "plugin/failure_policy.h"

#include <doctest/doctest.h>

using namespace mortise::plugin;
using namespace std::chrono_literals;

TEST_CASE("backing off doubles from one second to five minutes") {
  CHECK(backoff_after(0) == 0s);
  CHECK(backoff_after(1) == 1s);
  CHECK(backoff_after(2) == 2s);
  CHECK(backoff_after(9) == 256s);
  CHECK(backoff_after(10) == 300s);
  CHECK(backoff_after(4'000'000'000) == 300s);
}

TEST_CASE("a plugin that backs off rests until its time, and any success makes it as good as new") {
  FailureRecord record(FailurePolicy::backoff);
  const FailureRecord::Clock::time_point now{1000s};
  CHECK_FALSE(record.quarantined_until(now));
  CHECK(record.failed(now) == Reaction::quarantine);
  CHECK(record.failed(now) == Reaction::quarantine);
  CHECK(record.failed(now) == Reaction::quarantine);
  CHECK(record.failures_in_a_row() == 3);
  CHECK(record.quarantined_until(now) == now + 4s);
  CHECK(record.quarantined_until(now + 3999ms) == now + 4s);
  CHECK_FALSE(record.quarantined_until(now + 4s));
  record.succeeded();
  CHECK(record.failures_in_a_row() == 0);
  CHECK_FALSE(record.quarantined_until(now));
  record.failed(now);
  CHECK(record.quarantined_until(now) == now + 1s);
}

TEST_CASE("each policy reacts in its own way, and only backoff quarantines") {
  const FailureRecord::Clock::time_point now{5s};
  FailureRecord stop(FailurePolicy::stop);
  FailureRecord report(FailurePolicy::report);
  FailureRecord fail(FailurePolicy::fail);
  CHECK(stop.failed(now) == Reaction::end_run);
  CHECK(report.failed(now) == Reaction::carry_on);
  CHECK(fail.failed(now) == Reaction::fail_plugin);
  CHECK_FALSE(stop.quarantined_until(now));
  CHECK_FALSE(report.quarantined_until(now));
  CHECK_FALSE(fail.quarantined_until(now));
}

TEST_CASE("under every policy a plugin that loses its worker again and again rests from the fifth time on") {
  const FailureRecord::Clock::time_point now{5s};
  for (const FailurePolicy policy : {FailurePolicy::stop, FailurePolicy::report}) {
    FailureRecord record(policy);
    for (int loss = 1; loss <= 4; ++loss) CHECK(record.failed(now, Failure::worker_lost) != Reaction::quarantine);
    CHECK(record.failed(now, Failure::worker_lost) == Reaction::quarantine);
    CHECK(record.quarantined_until(now) == now + 1s);
    CHECK(record.failed(now + 1s, Failure::worker_lost) == Reaction::quarantine);
    CHECK(record.quarantined_until(now + 1s) == now + 3s);
    CHECK(record.failed(now + 3s) != Reaction::quarantine);  // the worker lives: an error is only that
    record.succeeded();
    CHECK(record.failed(now, Failure::worker_lost) != Reaction::quarantine);
  }
}

TEST_CASE("a plugin that fails for good stays out of service until its record is new") {
  FailureRecord record(FailurePolicy::fail);
  CHECK_FALSE(record.out_of_service());
  record.failed({});
  CHECK(record.out_of_service());
  record.succeeded();
  CHECK_FALSE(record.out_of_service());
}

TEST_CASE("policies are read by the name under which they are shown") {
  for (const auto policy : {FailurePolicy::stop, FailurePolicy::report, FailurePolicy::backoff, FailurePolicy::fail}) {
    CHECK(failure_policy_named(name_of(policy)) == policy);
  }
  CHECK_FALSE(failure_policy_named("ignore"));
}
