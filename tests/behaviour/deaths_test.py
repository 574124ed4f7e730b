"""Processes that die in the middle of their work: a worker, the launcher, the server itself."""

import os
import signal
import sqlite3
import subprocess

import outside
import pytest
from outside import PROGRAM, alive, descendants, eventually, lines_of, step


@pytest.fixture
def waiting(tmp_path):
    """A step that says when it has begun, and goes on when it is told to."""

    class Waiting:
        started, until = tmp_path / "started", tmp_path / "until"
        step = step("Test.wait", started=str(started), until=str(until), output="pid")

        def pid(self):
            eventually(self.started.exists, what="the beginning of the step")
            return outside.host_pid(int(eventually(self.started.read_text, what="its number")))

        def release(self):
            self.until.touch()

    return Waiting()


def test_a_worker_killed_in_mid_call_fails_its_run_with_the_signal_and_nothing_else(server, waiting):
    host = server.pid
    run_id = server.start_run([waiting.step])
    worker = waiting.pid()
    assert worker in server.worker_pids()
    os.kill(worker, signal.SIGKILL)

    record = server.finished(run_id, within=5)
    assert record["state"] == "failed"
    error = record["steps"][-1]["error"]
    assert error["code"] == "plugin"
    assert "signal 9" in error["message"] and "Test.wait" in error["message"], error

    waiting.release()
    again = server.execute([waiting.step])
    assert again["success"] and again["context"]["pid"] not in (worker, host)
    assert server.pid == host and server.healthy()


def test_a_worker_that_died_between_calls_is_replaced_without_a_word(server):
    first = outside.host_pid(server.execute([step("Test.pid", output="pid")])["context"]["pid"])
    os.kill(first, signal.SIGKILL)
    eventually(lambda: not alive(first), what="the end of the worker")
    second = server.execute([step("Test.pid", output="pid")])
    assert second["success"] and outside.host_pid(second["context"]["pid"]) != first


def test_a_step_with_retry_survives_the_death_of_its_worker(server, waiting):
    run_id = server.start_run([{**waiting.step, "retry": {"attempts": 2, "delay": "10ms"}}])
    first = waiting.pid()
    waiting.started.unlink()
    os.kill(first, signal.SIGKILL)
    second = waiting.pid()
    waiting.release()
    record = server.finished(run_id)
    assert record["state"] == "succeeded" and second != first
    assert [attempt["state"] for attempt in record["steps"]] == ["failed", "succeeded"]


def test_the_death_of_the_launcher_fails_open_calls_and_the_next_run_works(server, waiting):
    run_id = server.start_run([waiting.step])
    worker = waiting.pid()
    (launcher,) = server.launcher_pids()
    os.kill(launcher, signal.SIGKILL)

    assert server.finished(run_id, within=10)["state"] == "failed"
    eventually(lambda: not alive(worker), within=5, what="the end of the orphaned worker")
    again = server.execute([step("Test.pid", output="pid")])
    assert again["success"], again
    assert server.healthy() and server.launcher_pids() and launcher not in server.launcher_pids()


def test_a_server_killed_in_mid_run_leaves_no_process_and_the_next_one_goes_on_with_the_run(server, waiting, tmp_path):
    done = server.start_run([step("Test.append", file=str(tmp_path / "effects"), line="once")])
    server.finished(done)
    run_id = server.start_run([step("Test.give", value=1, output="one"), waiting.step])
    waiting.pid()
    below = descendants(server.pid)
    assert len(below) >= 2
    server.kill()
    eventually(lambda: not any(map(alive, below)), within=2, what="the end of launcher and workers")

    database = sqlite3.connect(f"file:{next(server.data_dir.glob('*.db'))}?mode=ro", uri=True)
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    database.close()

    shown = server.cli("runs", "show", run_id)  # a verb of its own looks, and goes on with nothing
    assert shown.returncode == 0 and "interrupted" in shown.stdout, shown.stderr
    waiting.started.unlink()
    server.start()  # takes over lock and socket, which the dead one left lying about
    waiting.pid()
    waiting.release()
    record = server.finished(run_id)
    assert record["state"] == "succeeded"
    assert [(each["name"], each["attempt"], each["state"]) for each in record["steps"]] == [
        ("give", 1, "succeeded"),
        ("wait", 1, "interrupted"),
        ("wait", 2, "succeeded"),
    ]
    assert server.record(done)["state"] == "succeeded"
    assert lines_of(tmp_path / "effects") == ["once"], "a finished run was repeated"


def test_a_command_killed_in_mid_run_leaves_no_process_and_no_lock(mortise, config, waiting, tmp_path):
    (tmp_path / "p.yaml").write_text(f"name: P\nsteps: [{waiting.step}]".replace("'", '"'))
    command = [str(PROGRAM), "run", "p.yaml", "--config", str(config)]
    process = subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    waiting.pid()
    below = descendants(process.pid)
    process.kill()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    eventually(lambda: not any(map(alive, below)), within=2, what="the end of launcher and workers")
    waiting.release()
    again = mortise("run", "p.yaml", "--config", config)
    assert again.returncode == 0, again.stderr


def test_sigterm_lets_running_work_finish(server, waiting):
    run_id = server.start_run([waiting.step])
    waiting.pid()
    below = descendants(server.pid)
    os.kill(server.pid, signal.SIGTERM)
    refused = eventually(lambda: "stopping" in server.log.read_text(), what="the word that the server stops")
    assert refused
    assert server.process.poll() is None, "it left its work lying"
    waiting.release()
    assert server.process.wait(15) == 0
    eventually(lambda: not any(map(alive, below)), within=2, what="the end of launcher and workers")
    server.start()
    assert server.record(run_id)["state"] == "succeeded"


def test_a_second_server_on_the_same_folder_is_told_who_has_it(server, mortise):
    second = mortise("serve", "--port", "0", "--data-dir", server.data_dir, timeout=20)
    assert second.returncode == 75, second.stderr
    assert str(server.pid) in second.stderr
    assert server.healthy()


def test_a_worker_may_have_died_a_hundred_times_and_nothing_is_left_of_them(server):
    def kill_one():
        pid = outside.host_pid(server.execute([step("Test.pid", output="pid")])["context"]["pid"])
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not alive(pid), what="the end of the worker")

    for _ in range(5):
        kill_one()
    descriptors, memory = outside.open_descriptors(server.pid), outside.resident_bytes(server.pid)
    for _ in range(95):
        kill_one()
    eventually(lambda: not server.worker_pids(), what="the end of all workers")
    assert outside.open_descriptors(server.pid) <= descriptors + 2
    assert outside.resident_bytes(server.pid) < memory + (16 << 20)
    zombies = [pid for pid in os.listdir("/proc") if pid.isdigit() and _is_zombie_below(pid, server.pid)]
    assert not zombies


def _is_zombie_below(pid, ancestor):
    try:
        fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return fields[0] == "Z" and int(fields[1]) in descendants(ancestor) | {ancestor}
