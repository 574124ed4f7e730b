"""Runs that survive: what was begun comes to its end, whoever dies, and nothing is done twice or left out behind anybody's back."""

import json
import os
import signal

import killing
import pytest
from outside import eventually, lines_of, step


@pytest.fixture
def effects(tmp_path):
    return tmp_path / "effects"


@pytest.fixture
def gate(tmp_path):
    """A step that says when it has begun, and goes on when it is told to."""

    class Gate:
        started, until = tmp_path / "gate.started", tmp_path / "gate.until"

        def step(self, **keys):
            return step("Test.wait", "Gate", started=str(self.started), until=str(self.until), **keys)

        def pid(self):
            eventually(self.started.exists, what="the beginning of the step")
            pid = int(self.started.read_text())
            self.started.unlink()
            return pid

    return Gate()


def effect(name, effects, add=(), **keys):
    return step("Test.effect", name, name, file=str(effects), add=list(add), **keys)


def attempts_of(record, name):
    return [(each["attempt"], each["state"]) for each in record["steps"] if each["name"] == name]


def lines(effects):
    """Step and attempt of every effect, without the run's id."""
    return [tuple(line.split("/", 1)[1].rsplit(" ", 2)) for line in lines_of(effects)]


def kill_and_restart(server):
    server.kill()
    server.start()


# ---- going on


@pytest.mark.timeout(240)
def test_kills_at_any_moment_lose_double_and_skip_no_step(server, tmp_path):
    count = killing.Killing(server, tmp_path, runs=12, kills=30, seed=os.getpid()).go()
    print(killing.summary(count))
    killing.require_exact(count)


@pytest.mark.rows("M-46")
def test_a_killed_server_goes_on_with_its_runs_and_runs_no_finished_step_again(server, effects, gate):
    large = effect("Large", effects, weight=300_000)  # its output is a file
    run_id = server.start_run([large, gate.step(needs=["Large"]), effect("Sum", effects, ["Large"], needs=["Gate"])])
    gate.pid()
    assert list((server.data_dir / "runs" / run_id).iterdir())
    for _ in range(3):
        kill_and_restart(server)
        gate.pid()
    gate.until.touch()
    record = server.finished(run_id)
    assert record["state"] == "succeeded" and record["round"] == 1
    assert attempts_of(record, "Gate") == [(1, "interrupted"), (2, "interrupted"), (3, "interrupted"), (4, "succeeded")]
    assert lines(effects) == [("Large", "1", "1"), ("Sum", "1", "2")]


def test_a_run_goes_on_with_its_pipeline_as_it_was_when_it_began(server, effects, gate, tmp_path):
    path = tmp_path / "changing.json"
    path.write_text(json.dumps({"name": "P", "steps": [gate.step(), effect("Then", effects)]}))
    answer = server.post("/api/v1/runs", {"pipeline_file": str(path), "folder": str(tmp_path), "context": {"kept": [1, None]}})
    run_id = answer.json()["run_id"]
    gate.pid()
    server.kill()
    path.write_text("nothing of the kind")
    server.start()
    gate.pid()
    gate.until.touch()
    assert server.finished(run_id)["state"] == "succeeded"
    assert lines(effects) == [("Then", "1", "1")]


def test_a_step_that_must_not_run_twice_fails_when_it_was_interrupted_and_says_so(server, effects, gate):
    run_id = server.start_run([gate.step(on_interrupt="fail"), effect("Then", effects)])
    gate.pid()
    kill_and_restart(server)
    record = server.finished(run_id)
    assert record["state"] == "failed"
    assert attempts_of(record, "Gate") == [(1, "failed")]
    assert "whether its effects took place is not known" in record["error"]["message"]
    assert lines(effects) == [] and not gate.started.exists()


def test_a_cancel_outlives_the_server_that_was_told(server, gate, effects):
    ignoring = step("Rogue.ignores_signals", "Deaf", timeout="60s")
    run_id = server.start_run([gate.step(), ignoring, effect("Then", effects)])
    gate.pid()
    assert server.cancel(run_id).status_code == 202
    kill_and_restart(server)
    assert server.finished(run_id)["state"] == "cancelled"
    assert lines(effects) == []


def test_a_run_that_cannot_go_on_is_told_as_failed_with_a_dead_letter(make_server, gate, effects):
    server = make_server(env={"MORTISE_TEST_NAME": "something"})
    run_id = server.start_run([gate.step(), effect("Then", effects), step("Test.give", value="${MORTISE_TEST_NAME}")])
    gate.pid()
    server.kill()
    server._env.pop("MORTISE_TEST_NAME")
    server.start()
    record = server.finished(run_id)
    assert record["state"] == "failed" and "MORTISE_TEST_NAME" in record["error"]["message"], record["error"]
    (letter,) = server.get("/api/v1/dead-letters?state=open").json()["dead_letters"]
    assert letter["run_id"] == run_id and letter["step"] is None
    server.kill()
    server._env["MORTISE_TEST_NAME"] = "something"
    server.start()
    gate.until.touch()
    assert server.cli("deadletter", "drive", letter["id"], "--wait").returncode == 0
    assert server.record(run_id)["state"] == "succeeded"


def test_a_run_of_a_command_that_was_killed_is_gone_on_with_by_hand(server, mortise, gate, effects, tmp_path):
    import subprocess

    from outside import PROGRAM, config_file

    server.stop()
    config = config_file(tmp_path)
    (tmp_path / "p.json").write_text(json.dumps({"name": "P", "steps": [effect("First", effects), gate.step()]}))
    process = subprocess.Popen([PROGRAM, "run", "p.json", "--config", config], cwd=tmp_path, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    gate.pid()
    process.send_signal(signal.SIGKILL)
    process.wait()
    server.start()
    (run,) = server.get("/api/v1/runs").json()["runs"]
    assert run["state"] == "interrupted" and run["resume"] == "by_hand"
    gate.until.touch()
    resumed = server.cli("runs", "resume", run["id"], "--wait")
    assert resumed.returncode == 0, resumed.stderr
    assert lines(effects) == [("First", "1", "1")]
    again = server.cli("runs", "resume", run["id"])
    assert again.returncode == 65 and "succeeded" in again.stderr


# ---- once more


@pytest.fixture
def failed(server, effects, tmp_path):
    """A run that failed at its third step of four, for as long as a file is missing."""
    wanted = tmp_path / "wanted.csv"
    steps = [
        effect("First", effects),
        effect("Second", effects, ["First"]),
        step("Input.file", "Third", "rows", path=str(wanted)),
        effect("Fourth", effects, ["Second"]),
    ]
    run_id = server.execute(steps, name="Third time lucky")["run_id"]
    assert server.record(run_id)["state"] == "failed"

    class Failed:
        id = run_id

        def mend(self):
            wanted.write_text("a,b\n1,2\n")

    return Failed()


def test_a_retry_runs_only_what_has_not_succeeded_with_the_same_keys(server, effects, failed):
    still = server.cli("runs", "retry", failed.id, "--wait")
    assert still.returncode != 0 and "Third" in still.stderr
    failed.mend()
    assert server.cli("runs", "retry", failed.id, "--wait").returncode == 0
    record = server.record(failed.id)
    assert record["state"] == "succeeded" and record["round"] == 3 and record["error"] is None
    assert lines(effects) == [("First", "1", "1"), ("Second", "1", "2"), ("Fourth", "1", "3")]
    assert len({line.split("/")[0] for line in lines_of(effects)}) == 1
    refused = server.post(f"/api/v1/runs/{failed.id}/retry")
    assert refused.status_code == 409 and "rerun" in refused.json()["hint"]


def test_a_rerun_is_a_new_run_that_begins_with_the_named_step(server, effects, failed):
    failed.mend()
    answer = server.post(f"/api/v1/runs/{failed.id}/rerun?wait=true", {"from": "Second"}).json()["data"]
    assert answer["success"] and answer["run_id"] != failed.id
    record = server.record(answer["run_id"])
    assert record["origin"] == failed.id
    assert [each["reused"] for each in record["steps"]] == [True, False, False, False]
    assert lines(effects) == [("First", "1", "1"), ("Second", "1", "2"), ("Second", "1", "2"), ("Fourth", "1", "3")]
    assert answer["context"]["First"]["n"] == 1
    assert server.record(failed.id)["state"] == "failed"
    whole = server.cli("runs", "rerun", answer["run_id"], "--wait")
    assert whole.returncode == 0 and len(lines(effects)) == 7
    unknown = server.post(f"/api/v1/runs/{failed.id}/rerun", {"from": "Fifth"})
    assert unknown.status_code == 404 and "First, Second, Third, Fourth" in unknown.json()["hint"]


def test_a_dead_letter_tells_what_failed_and_why_and_is_driven_again(server, failed):
    (listed,) = server.get("/api/v1/dead-letters").json()["dead_letters"]
    assert (listed["state"], listed["step_name"], listed["plugin"]) == ("open", "Third", "Input.file")
    letter = server.get(f"/api/v1/dead-letters/{listed['id']}").json()
    assert letter["input"]["config"]["path"].endswith("wanted.csv")
    assert letter["input"]["input"] == "Second" and letter["input"]["data"]["n"] == 2
    assert letter["input"]["key"] == f"{failed.id}/Third" and letter["attempts"] == 1
    assert letter["error"]["details"]["step"] == "Third" and letter["error"]["cause"]
    shown = server.cli("deadletter", "show", listed["id"])
    assert shown.returncode == 0 and "wanted.csv" in shown.stdout and "Third" in shown.stdout
    assert listed["id"] in server.cli("deadletter", "list", "--state", "open").stdout

    assert server.cli("deadletter", "drive", listed["id"], "--wait").returncode != 0
    again = server.get(f"/api/v1/dead-letters/{listed['id']}").json()
    assert (again["state"], again["attempts"], again["drives"]) == ("open", 2, 1)
    failed.mend()
    assert server.cli("deadletter", "drive", listed["id"], "--wait").returncode == 0
    assert server.get(f"/api/v1/dead-letters/{listed['id']}").json()["state"] == "resolved"
    assert server.post(f"/api/v1/dead-letters/{listed['id']}/drive").status_code == 409


def test_a_dead_letter_can_be_discarded(server, failed):
    (letter,) = server.get("/api/v1/dead-letters").json()["dead_letters"]
    assert server.cli("deadletter", "discard", letter["id"]).returncode == 0
    assert server.get("/api/v1/dead-letters?state=open").json()["dead_letters"] == []
    assert server.http.delete(f"{server.url}/api/v1/dead-letters/{letter['id']}").status_code == 409
    assert server.get("/api/v1/dead-letters/dead_0").status_code == 404


def test_what_a_dead_run_leaves_on_the_disk_tells_no_secret(make_server, gate, tmp_path):
    secret = "correct-horse-battery"
    server = make_server(env={"MORTISE_TEST_TOKEN": secret})
    told = step("Test.tell", "Tell", "told", text="${MORTISE_TEST_TOKEN}")
    run_id = server.start_run([told, gate.step()], context={"also": secret})
    gate.pid()
    server.kill()
    kept = [path for path in server.data_dir.rglob("*") if path.is_file()]
    assert len(kept) > 2 and not [str(path) for path in kept if secret.encode() in path.read_bytes()]
    server.start()
    gate.until.touch()
    assert server.finished(run_id)["state"] == "succeeded"
