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
        ({"cron": "@daily", "every": "1h"}, 400, "one of cron, every and event"),
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


# ---- after events


def raise_alert(server, subject, severity="high"):
    answer = server.post("/api/v1/alerts", {"subject": subject, "severity": severity, "title": f"{subject} is full"})
    assert answer.status_code in (200, 201), answer.text


def test_an_event_starts_a_pipeline_that_finds_it_in_its_context(server, tmp_path):
    told = tmp_path / "event.json"
    path = write_pipeline(tmp_path, steps=[step("Output.json", input="event", path=str(told))])
    raise_alert(server, "before")
    added = server.cli("schedule", "add", "alarm", path, "--event", "alert.raised", "--data", "severity=high")
    assert added.returncode == 0 and "waits for alert.raised" in added.stdout, added.stderr
    raise_alert(server, "attic", "low")
    raise_alert(server, "cellar")
    eventually(lambda: runs_of(server, "alarm") and told.exists(), within=30, what="the run after the event")
    event = json.loads(told.read_text())
    assert (event["type"], event["data"]["title"]) == ("alert.raised", "cellar is full") and event["id"].startswith("ev_")
    shown = server.get("/api/v1/schedules/alarm").json()
    assert shown["next"] is None and shown["timing"] == 'event {"event":"alert.raised","data":{"severity":"high"}}'
    assert "no times" in server.cli("schedule", "next", "alarm").stdout
    assert len(runs_of(server, "alarm")) == 1


def test_no_event_is_lost_or_taken_twice_when_the_server_is_killed(server, tmp_path):
    path = write_pipeline(tmp_path)
    body = {"name": "alarm", "event": "alert.raised", "missed": "all", "overlap": "queue", "pipeline_file": str(path)}
    assert server.post("/api/v1/schedules", body).status_code == 201
    for number in range(5):
        raise_alert(server, f"disk {number}")
    assert len(events(server, type="alert.raised")) == 5
    server.kill()
    server.start()
    eventually(lambda: len(runs_of(server, "alarm")) >= 5, within=60, what="a run for each event")
    eventually(lambda: all(run["state"] == "succeeded" for run in runs_of(server, "alarm")), within=60, what="the end of the runs")
    assert len({run["due"] for run in runs_of(server, "alarm")}) == 5 == len(runs_of(server, "alarm"))


def test_a_pipeline_file_declares_what_event_it_waits_for(make_server, tmp_path):
    folder = tmp_path / "pipelines"
    folder.mkdir()
    write_pipeline(folder, "Alarm", schedule={"event": "alert.", "data": {"subject": "cellar"}, "overlap": "queue"})
    server = make_server(config=outside.config_file(tmp_path, pipelines={"directories": [str(folder)]}))
    eventually(lambda: server.get("/api/v1/schedules").json()["schedules"], within=40, what="the declared schedule")
    raise_alert(server, "attic")
    raise_alert(server, "cellar")
    eventually(lambda: runs_of(server, "Alarm"), within=30, what="the run after the event")


def test_a_schedule_by_event_that_cannot_be_is_refused_by_key(server, tmp_path):
    path = str(write_pipeline(tmp_path))
    for body, word in [({"event": "run.failed", "cron": "@daily"}, "one of cron, every and event"), ({"event": "no type"}, "event"),
                       ({"event": "run.failed", "zone": "UTC"}, "zone"), ({"every": "1s", "source": "x"}, "source"),
                       ({"event": "run.failed", "data": [1]}, "data")]:  # fmt: skip
        answer = server.post("/api/v1/schedules", {"name": "s", "pipeline_file": path, **body})
        assert answer.status_code == 400 and word in answer.text, answer.text
