"""`make kill-test`: install, update, rollback and uninstall are cut off at every durable write. tests/behaviour/package_cuts_test.py does
a small share of it each time. CHANGE=update does one of them, EVERY=5 each fifth write."""

import os
from concurrent.futures import ThreadPoolExecutor

import cutting
import outside
import pytest
import switching

EVERY = int(os.environ.get("EVERY") or 1)
LEAST = 300


@pytest.mark.timeout(3 * 3600)
def test_whatever_write_a_change_is_cut_off_at_the_old_state_stands_or_the_new(tmp_path):
    total = cutting.Count()
    work = cutting.Cutting(tmp_path)
    for change in [os.environ.get("CHANGE")] if os.environ.get("CHANGE") else cutting.CHANGES:
        prepared = work.prepare(change)
        done, writes, _ = work.attempt(change, prepared, 0)
        assert done, f"{change} does not even work uncut"
        count = cutting.Count()
        with ThreadPoolExecutor(int(os.environ.get("JOBS") or os.cpu_count() or 1)) as several:
            list(several.map(lambda at, change=change, prepared=prepared, count=count: work.cut(change, prepared, at, count), range(1, writes + 1, EVERY)))
        print(f"\n{change}: {count.points} points, {count.cut} cut, {count.old} old state, {count.new} new state, {len(count.failures)} failures", flush=True)
        for failure in count.failures:
            print("  " + failure, flush=True)
        total.points += count.points
        total.failures += count.failures
    print(f"kill-test: {total.points} points, {len(total.failures)} failures", flush=True)
    assert not total.failures
    assert total.points >= LEAST or EVERY > 1 or os.environ.get("CHANGE")


@pytest.mark.timeout(600)
def test_sixty_four_clients_lose_no_call_to_ten_seconds_of_updates_and_rollbacks(tmp_path):
    server = outside.Server(tmp_path, config=outside.config_file(tmp_path, []))
    try:
        server.plugin = lambda *words: outside.run_program("plugin", *words, "--data-dir", server.data_dir, cwd=tmp_path, timeout=120).check_returncode()
        answers, failures, switches = switching.under_load(server, tmp_path, clients=64, seconds=10)
        print(f"\nupdate under 64 clients: {len(answers)} calls answered, {switches} switches, {len(failures)} dropped", flush=True)
        assert failures == [] and switches >= 2 and {"1.0.0", "1.1.0"} <= set(answers)
    finally:
        server.close()
