"""`make soak KILLS=1000 SEED=1`: the server and its workers are killed at random through 200 runs of a pipeline. No step is
lost, doubled or silently skipped. tests/behaviour/survival_test.py does a small share of it each time."""

import os

import killing
import outside
import pytest

KILLS = min(int(os.environ.get("KILLS", "100")), 1000)  # a kill of the server costs seconds
SEED = int(os.environ.get("SEED", "1"))
RUNS = int(os.environ.get("SOAK_RUNS", "200"))


@pytest.mark.timeout(KILLS * 3 + 600)
def test_no_kill_loses_doubles_or_skips_a_step(tmp_path):
    server = outside.Server(tmp_path)
    try:
        count = killing.Killing(server, tmp_path, RUNS, KILLS, SEED).go()
        print(f"\nseed {SEED}: {killing.summary(count)}")
        killing.require_exact(count)
        assert server.stop() == 0
    finally:
        server.close()
