"""What one can see of runs: the run log, live events, logs, traces; and how one stops them, from any shell."""

import json
import sqlite3
import threading

import outside
import pytest
import yaml_text
from outside import PLUGIN_FOLDERS, alive, config_file, eventually, lines_of, python_plugin, step

rows = pytest.mark.rows


def events_of(server, path, seen):
    """Reads server-sent events into `seen` until the stream ends."""
    with server.http.get(server.url + path, stream=True, timeout=60, headers={"Accept": "text/event-stream"}) as answer:
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        event = {}
        for line in answer.iter_lines(decode_unicode=True):
            if line == "":
                if "event" in event:
                    seen.append((event["event"], json.loads(event.get("data", "null")), event.get("id")))
                event = {}
            elif not line.startswith(":"):
                key, _, value = line.partition(": ")
                event[key] = value


def waiting_step(folder, name="Wait", **keys):
    return step("Test.wait", name, "pid", started=str(folder / f"{name}.started"), until=str(folder / f"{name}.until"), **keys)


# ---- the run log ------------------------------------------------------------------------------------------------------------


def test_the_run_log_keeps_times_rows_outcome_and_logs_of_every_step(server):
    table = [{"n": n} for n in range(12)]
    data = server.execute([step("Test.give", "Rows", "rows", value=table), step("Test.talk", "Talk")])
    record = server.record(data["run_id"])
    assert record["state"] == "succeeded" and record["created"] <= record["started"] <= record["finished"]
    rows_step, talk = record["steps"]
    assert rows_step["rows"] == 12 and rows_step["state"] == "succeeded" and rows_step["attempt"] == 1
    assert rows_step["worker_pid"] > 0 and rows_step["worker_pid"] != server.pid
    assert 0 < talk["elapsed_ms"] < 10_000 and talk["started"] >= rows_step["finished"]

    told = [(line["step_name"], line["level"], line["message"], line["fields"]) for line in server.logs(data["run_id"])]
    for level, word in (("debug", "a debug"), ("info", "an info"), ("warning", "a warning"), ("error", "an error")):
        assert ("Talk", level, f"{word} word", {"data_size": 12}) in told

    server.stop()  # and it is in the database, for anybody who can read SQLite
    database = sqlite3.connect(f"file:{next(server.data_dir.glob('*.db'))}?mode=ro", uri=True)
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    text = "\n".join(database.iterdump())
    assert data["run_id"] in text and "a warning word" in text
    database.close()


def test_runs_are_listed_newest_first_and_can_be_filtered(server):
    good = server.execute([step("Test.give", value=1)], "Good")["run_id"]
    bad = server.execute([step("Test.fail", message="no")], "Bad")["run_id"]
    listed = server.get("/api/v1/runs").json()["runs"]
    assert [run["id"] for run in listed] == [bad, good]
    assert [run["id"] for run in server.get("/api/v1/runs?state=failed").json()["runs"]] == [bad]
    shown = server.cli("runs", "list")
    assert good in shown.stdout and bad in shown.stdout and "failed" in shown.stdout


# ---- live ---------------------------------------------------------------------------------------------------------------------


def test_progress_is_seen_while_the_run_is_still_running(server, tmp_path):
    run_id = server.start_run([step("Test.talk", "Talk"), waiting_step(tmp_path)])
    seen = []
    reader = threading.Thread(target=events_of, args=(server, f"/api/v1/runs/{run_id}/events", seen))
    reader.start()
    eventually(lambda: any(name == "step.started" and data["name"] == "Wait" for name, data, _ in seen), what="the second step")
    assert server.record(run_id)["state"] == "running", "it was over before it was seen"
    (tmp_path / "Wait.until").touch()
    reader.join(20)
    assert not reader.is_alive(), "the stream does not end with the run"

    names = [name for name, _, _ in seen]
    assert names.index("step.started") < names.index("step.progress") < names.index("step.finished")
    assert "step.log" in names and names[-1] in ("run.finished", "run.result")
    fractions = [data["fraction"] for name, data, _ in seen if name == "step.progress"]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    numbers = [int(number) for _, _, number in seen if number]
    assert numbers == sorted(set(numbers)), "events came twice or in disorder"


def test_who_comes_late_or_again_gets_the_events_from_where_it_was(server):
    run_id = server.execute([step("Test.talk", "Talk")])["run_id"]
    seen, rest = [], []
    events_of(server, f"/api/v1/runs/{run_id}/events", seen)
    assert len(seen) > 4
    middle = seen[2][2]
    server.http.headers["Last-Event-ID"] = middle
    events_of(server, f"/api/v1/runs/{run_id}/events", rest)
    assert [number for _, _, number in rest] == [number for _, _, number in seen[3:]]


# ---- stopping -------------------------------------------------------------------------------------------------------------------


def test_a_run_is_cancelled_from_another_shell(mortise, config, tmp_path):
    yaml_text.write(tmp_path / "p.yaml", [waiting_step(tmp_path), step("Test.append", "After", file=str(tmp_path / "e"), line="x")])
    outcome = {}

    def run():
        outcome["run"] = mortise("run", "p.yaml", "--json", "--config", config)

    shell = threading.Thread(target=run)
    shell.start()
    eventually((tmp_path / "Wait.started").exists, what="the beginning of the step")
    listed = json.loads(mortise("runs", "list", "--json").stdout)["runs"]
    assert [run["state"] for run in listed] == ["running"]
    cancelled = mortise("runs", "cancel", listed[0]["id"], "--reason", "the numbers were wrong")
    assert cancelled.returncode == 0, cancelled.stderr
    shell.join(20)
    assert outcome["run"].returncode == 130, outcome["run"].stderr
    assert "the numbers were wrong" in outcome["run"].stdout + outcome["run"].stderr
    assert not (tmp_path / "e").exists()
    shown = mortise("runs", "show", listed[0]["id"])
    assert "cancelled" in shown.stdout, shown.stderr


LISTENS = """
import os
import time
from mortise import Plugin


class Listens(Plugin):
    def step(self, step):
        with open(step.config["file"], "a") as file:
            print(os.getpid(), file=file, flush=True)
            while not step.cancelled:
                time.sleep(0.005)
            print("heard", file=file, flush=True)
        step.stop_if_cancelled()
"""


@rows("M-66")
def test_a_plugin_that_listens_hears_that_its_run_is_cancelled_and_lives_on(make_server, tmp_path):
    python_plugin(tmp_path / "plugins", "listens", LISTENS)
    server = make_server(config=config_file(tmp_path, [*PLUGIN_FOLDERS, tmp_path / "plugins"]))
    diary = tmp_path / "diary"
    after = step("Test.append", file=str(diary), line="no")
    run_id = server.start_run([step("listens", "Work", file=str(diary)), after])
    (worker,) = map(int, eventually(lambda: lines_of(diary), what="the beginning of the step"))
    assert server.cancel(run_id, "enough of it").status_code in (200, 202)
    record = server.finished(run_id, within=5)
    assert record["state"] == "cancelled" and "enough of it" in json.dumps(record)
    assert [each["state"] for each in record["steps"]] == ["cancelled", "cancelled"], record
    assert lines_of(diary) == [str(worker), "heard"]
    assert alive(worker), "it listened, and was killed all the same"


def test_a_plugin_that_does_not_listen_is_killed_after_its_grace_when_it_is_cancelled(server, tmp_path):
    run_id = server.start_run([step("Rogue.sleeps_deaf", "Sleep", seconds=60)])
    eventually(lambda: server.record(run_id)["steps"][0]["state"] == "running", what="the beginning of the step")
    assert server.cancel(run_id).status_code in (200, 202)
    record = server.finished(run_id, within=5)
    assert record["state"] == "cancelled"
    assert server.execute([step("Test.give", value=1)])["success"]


def test_cancelling_a_run_that_has_ended_is_a_conflict_or_says_that_it_is_not_there(server):
    run_id = server.execute([step("Test.give", value=1)])["run_id"]
    assert server.cancel(run_id).status_code in (404, 409)
    assert server.cancel("run_00000000000000000000000000").status_code == 404
    assert server.record(run_id)["state"] == "succeeded"


# ---- logs -----------------------------------------------------------------------------------------------------------------------


def json_records(server):
    records = []
    for line in server.log.read_text().splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    return records


@pytest.fixture
def talking_server(make_server, tmp_path):
    """Logs JSON, at info."""
    return make_server(config=outside.config_file(tmp_path, logging={"format": "json", "level": "info"}))


@rows("M-05", "M-74")
def test_a_log_record_names_plugin_and_step_and_numbers_stay_numbers(make_server, tmp_path):
    server = make_server(config=outside.config_file(tmp_path, logging={"format": "json", "level": "debug"}))
    run_id = server.execute([step("Test.talk", "Talk")])["run_id"]
    records = [record for record in json_records(server) if record.get("message") == "an info word"]
    assert len(records) == 1, server.log.read_text()[-3000:]
    record = records[0]
    assert record["plugin"] == "Test.talk" and record["step"] == "Talk" and record["run"] == run_id
    assert record["level"] == "info"
    assert record["data_size"] == 12 and isinstance(record["data_size"], int)


@rows("M-73")
def test_the_level_of_the_log_changes_while_the_server_runs(talking_server):
    def debug_records():
        return [record for record in json_records(talking_server) if record.get("level") == "debug"]

    talking_server.execute([step("Test.talk", "Talk")])
    assert debug_records() == []
    changed = talking_server.cli("log-level", "debug")
    assert changed.returncode == 0, changed.stderr
    talking_server.execute([step("Test.talk", "Talk")])
    eventually(lambda: any(record["message"] == "a debug word" for record in debug_records()), what="a debug record")
    assert talking_server.cli("log-level", "info").returncode == 0
    before = len(debug_records())
    talking_server.execute([step("Test.talk", "Talk")])
    assert len(debug_records()) == before


@rows("M-52")
def test_the_level_of_a_record_fits_what_happened(talking_server):
    talking_server.execute([step("Test.careful", "Careless")])
    talking_server.execute([step("Rogue.aborts", "Crash")])

    def level_of_records_about(word):
        return {record["level"] for record in json_records(talking_server) if word in json.dumps(record)}

    assert "warning" in level_of_records_about("api_key is required")
    assert "error" not in level_of_records_about("api_key is required")
    assert "error" in level_of_records_about("SIGABRT")
    run_id = talking_server.execute([step("Test.talk", "Talk")])["run_id"]
    kept = {record["message"]: record["level"] for record in talking_server.logs(run_id)}
    for level in ("info", "warning", "error"):  # what a plugin says keeps the level that it says it at
        word = next(message for message in kept if message.endswith(f"{level} word"))
        assert level_of_records_about(word) == {level} and kept[word] == level


# ---- the context, watched -------------------------------------------------------------------------------------------------------


@rows("M-72")
def test_a_trace_lists_the_context_s_keys_and_kinds_after_each_step(mortise, config, tmp_path):
    yaml_text.write(
        tmp_path / "p.yaml",
        [step("Test.give", "A", "first", value=1.5), step("Test.give", "B", "second", value=["x"]), step("Test.pid", "C", "pid")],
    )
    traced = mortise("run", "--trace", "p.yaml", "--config", config)
    assert traced.returncode == 0, traced.stderr
    dumps = [line for line in traced.stderr.splitlines() if "context" in line]
    assert len(dumps) == 3, traced.stderr
    assert "first" in dumps[0] and "float64" in dumps[0] and "second" not in dumps[0]
    assert "first" in dumps[1] and "second" in dumps[1] and "list" in dumps[1]
    assert "pid" in dumps[2] and "int64" in dumps[2]
    quiet = mortise("run", "p.yaml", "--config", config)
    assert "float64" not in quiet.stderr + quiet.stdout


@rows("M-72")
def test_the_memory_of_a_context_comes_back_when_its_run_is_over(server):
    big = ["x" * 1000] * 1000  # a megabyte

    def many(count):
        for _ in range(count):
            steps = [step("Test.give", f"Give {i}", f"value{i}", value=big) for i in range(8)]
            assert server.execute(steps)["success"]

    many(3)
    before = outside.resident_bytes(server.pid)
    many(12)  # would be 100 MB
    eventually(lambda: outside.resident_bytes(server.pid) < before + (40 << 20), what="memory as before")
