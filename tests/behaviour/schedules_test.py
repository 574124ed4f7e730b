"""Pipelines that start by themselves; events and alerts of what became of them."""

import json

import outside
from outside import eventually, lines_of, step


def write_pipeline(folder, name="Tick", schedule=None, steps=None, **keys):
    path = folder / f"{name}.json"
    made = {"name": name, "steps": steps or [step("Test.append", file=str(folder / "effects"), line=name)], **keys}
    if schedule is not None:
        made["schedule"] = schedule
    path.write_text(json.dumps(made))
    return path


def runs_of(server, schedule):
    return [run for run in server.get("/api/v1/runs?limit=1000").json()["runs"] if run["schedule"] == schedule]


def events(server, **query):
    return server.get("/api/v1/events", params=query).json()["events"]


def test_a_schedule_starts_its_pipeline_at_each_of_its_times_once(server, tmp_path):
    path = write_pipeline(tmp_path)
    added = server.cli("schedule", "add", "tick", path, "--every", "1s")
    assert added.returncode == 0, added.stderr
    eventually(lambda: len(lines_of(tmp_path / "effects")) >= 3, what="three runs")
    assert server.cli("schedule", "remove", "tick").returncode == 0
    runs = runs_of(server, "tick")
    dues = [run["due"] for run in runs]
    assert len(set(dues)) == len(dues) >= 3
    assert server.get("/api/v1/schedules/tick").status_code == 404


def test_a_schedule_survives_a_killed_server_and_makes_up_for_what_was_missed(server, tmp_path):
    path = write_pipeline(tmp_path)
    body = {"name": "tick", "every": "1s", "missed": "all", "most": 1, "pipeline_file": str(path)}
    assert server.post("/api/v1/schedules", body).status_code == 201
    eventually(lambda: lines_of(tmp_path / "effects"), what="a first run")
    server.kill()
    before = server.folder / "until"
    outside.eventually(lambda: _seconds_since(before) > 4, within=20, what="four seconds without a server")
    server.start()
    missed = eventually(lambda: events(server, type="schedule.missed"), what="the word about what was missed")
    assert missed[-1]["data"]["count"] >= 2 and missed[-1]["source"] == "schedule:tick"
    dues = [run["due"] for run in runs_of(server, "tick")]
    assert len(set(dues)) == len(dues), "one time was kept twice"


def _seconds_since(path, clock={}):  # noqa: B006
    import time

    return time.monotonic() - clock.setdefault(path, time.monotonic())


def test_a_paused_schedule_waits_and_its_next_times_can_be_seen(server, tmp_path):
    path = write_pipeline(tmp_path)
    add = server.cli("schedule", "add", "nightly", path, "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--json")
    assert json.loads(add.stdout)["next"].endswith(":30:00Z")
    times = json.loads(server.cli("schedule", "next", "nightly", "--count", "3", "--json").stdout)["times"]
    assert len(times) == 3 and times == sorted(times)
    assert server.cli("schedule", "pause", "nightly").returncode == 0
    shown = server.get("/api/v1/schedules/nightly").json()
    assert (shown["state"], shown["next"], shown["zone"]) == ("paused", None, "Europe/Berlin")
    assert server.cli("schedule", "unpause", "nightly").returncode == 0
    assert "nightly" in server.cli("schedule", "list").stdout and "active" in server.cli("schedule", "show", "nightly").stdout
    preview = server.cli("schedule", "next", "--cron", "0 12 29 2 *", "--count", "1")
    assert "-02-29T12:00:00Z" in preview.stdout, preview.stderr


def test_a_schedule_that_cannot_be_is_refused_by_key_and_value(server, tmp_path):
    path = str(write_pipeline(tmp_path))
    cases = [
        ({"cron": "61 * * * *"}, 400, "minute"),
        ({"cron": "0 0 30 2 *"}, 400, "never"),
        ({"cron": "@daily", "zone": "Mars/Olympus"}, 400, "Mars/Olympus"),
        ({"every": "10ms"}, 400, "10ms"),
        ({"cron": "@daily", "overlap": "perhaps"}, 400, "skip, queue or cancel"),
        ({"cron": "@daily", "every": "1h"}, 400, "either cron or every"),
        ({"cron": "@daily", "pipeline_file": path + "x.json"}, 403, "x.json"),
    ]
    for body, status, text in cases:
        answer = server.post("/api/v1/schedules", {"name": "s", "pipeline_file": path, **body})
        assert answer.status_code == status and text in answer.text, (body, answer.text)
    assert server.get("/api/v1/schedules").json() == {"schedules": []}
    body = {"name": "s", "cron": "@daily", "pipeline_file": path}
    assert server.post("/api/v1/schedules", body).status_code == 201
    assert server.post("/api/v1/schedules", body).status_code == 409


def test_a_pipeline_file_declares_its_schedule(make_server, tmp_path):
    folder = tmp_path / "pipelines"
    folder.mkdir()
    write_pipeline(folder, "Declared", schedule={"every": "1s", "overlap": "queue"})
    write_pipeline(folder, "Asleep", schedule="@hourly", enabled=False)
    server = make_server(config=outside.config_file(tmp_path, pipelines={"directories": [str(folder)]}))
    eventually(lambda: lines_of(folder / "effects"), what="the first run")
    (schedule,) = server.get("/api/v1/schedules").json()["schedules"]
    assert schedule["origin"] == str(folder / "Declared.json") and schedule["overlap"] == "queue"
    refused = server.cli("schedule", "remove", "Declared")
    assert refused.returncode == 65 and "Declared.json" in refused.stderr


def test_a_schedule_whose_run_fails_raises_an_alert_until_it_succeeds(server, tmp_path):
    wanted = tmp_path / "wanted.csv"
    path = write_pipeline(tmp_path, steps=[step("Input.file", "Read", "rows", path=str(wanted))])
    assert server.cli("schedule", "add", "tick", path, "--every", "1s").returncode == 0
    alert = eventually(lambda: server.get("/api/v1/alerts?state=open").json()["alerts"], what="an alert")[0]
    assert alert["subject"] == "schedule:tick" and alert["severity"] == "high" and "wanted.csv" in alert["title"]
    eventually(lambda: server.get(f"/api/v1/alerts/{alert['id']}").json()["occurrences"] > 1, what="a second occurrence")
    assert len(server.get("/api/v1/alerts").json()["alerts"]) == 1
    assert server.cli("alert", "acknowledge", alert["id"], "--note", "on it").returncode == 0
    assert "acknowledged" in server.cli("alert", "list").stdout
    wanted.write_text("a\n1\n")
    eventually(lambda: server.get(f"/api/v1/alerts/{alert['id']}").json()["state"] == "resolved", what="its end")
    wanted_types = {"alert.raised", "alert.acknowledged", "alert.resolved"}
    eventually(lambda: {event["type"] for event in events(server, type="alert.")} == wanted_types, what="the events of the alert")
    failures = events(server, type="run.failed", source="pipeline:Tick")
    assert failures and failures[0]["data"]["schedule"] == "tick" and failures[0]["run_id"].startswith("run_")
    assert "run.failed" in server.cli("events", "--type", "run.failed").stdout


def test_an_alert_is_raised_acknowledged_and_resolved_over_the_api(server):
    made = server.post("/api/v1/alerts", {"subject": "disk", "title": "filling", "severity": "low", "data": {"percent": 91}})
    assert made.status_code == 201
    alert = made.json()
    assert (alert["state"], alert["data"], alert["occurrences"]) == ("open", {"percent": 91}, 1)
    assert server.post("/api/v1/alerts", {"subject": "disk", "title": "full"}).json()["occurrences"] == 2
    assert server.post(f"/api/v1/alerts/{alert['id']}/acknowledge", {}).json()["state"] == "acknowledged"
    assert server.post(f"/api/v1/alerts/{alert['id']}/resolve", {"note": "wiped"}).json()["note"] == "wiped"
    assert server.post(f"/api/v1/alerts/{alert['id']}/resolve", {}).status_code == 409
    assert server.post("/api/v1/alerts", {"subject": "disk", "title": "x", "severity": "grave"}).status_code == 400
    assert server.get("/api/v1/alerts?state=shut").status_code == 400
