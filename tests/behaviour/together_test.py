"""All five ways of writing plugins in one host: in one pipeline, as each other's services, and beside one that misbehaves."""

import base64
import json
import os
import re
import shutil
import struct
import threading
from pathlib import Path

import five
import golang
import pytest
from outside import PATIENCE, REPOSITORY, alive, eventually, step


@pytest.fixture(autouse=True)
def warm_cache():
    golang.go_program(REPOSITORY / "sdk" / "conformance" / "go")


@pytest.fixture
def house(make_server, tmp_path):
    five.furnish(tmp_path)
    return five.open_house(make_server, tmp_path)


def needs_r():
    if shutil.which("R") is None:
        pytest.skip("there is no R here")


def steps_of_all(folder):
    return [
        step("Input.tides", "Go", "tides", begin="2026-01-31T00:00:00Z", hours=24),
        step("gauge", "C++", "heights", input="tides"),
        step("seasons", "R", "seasons", input="heights", length=2),
        step("typos", "Python", "typed", method="augment", training=True, input=["the quick brown fox jumps over the lazy dog"] * 3),
        step("scale", "Model", "halved", model="half", input="heights"),
        step("Output.json", "Save", "saved", input="halved", path=str(folder / "halved.json")),
    ]


# ---- one pipeline


def test_one_pipeline_goes_through_plugins_of_every_guide_each_in_a_process_of_its_own(house, tmp_path):
    needs_r()
    run = house.execute(steps_of_all(tmp_path))
    assert run["success"], run
    context = run["context"]
    heights = context["heights"]
    assert context["tides"]["row_count"] == 24 and heights[0] == 2.6
    even, odd = (sum(heights[first::2]) / 12 for first in (0, 1))
    assert context["seasons"]["means"] == pytest.approx([even, odd])
    typed = "".join(context["typed"])
    assert typed != "the quick brown fox jumps over the lazy dog" * 3 and sorted(typed) == sorted("the quick brown fox jumps over the lazy dog" * 3)
    halved = struct.unpack("<24f", base64.b64decode(context["halved"]["outputs"]))  # a library takes and gives bytes
    assert halved == pytest.approx([height / 2 for height in heights])
    assert json.loads((tmp_path / "halved.json").read_text()) == context["halved"]
    record = house.record(run["run_id"])
    workers = [each["worker_pid"] for each in record["steps"]]
    assert len(set(workers)) == 6 and 0 not in workers and house.pid not in workers, workers


def test_the_list_has_all_of_them_with_where_they_come_from_and_what_they_may(house):
    listed = {each["id"]: each for each in json.loads(house.cli("plugin", "list", "--json").stdout)}
    found = {id: (listed[id]["dialect"], listed[id]["version"], listed[id]["trust"], listed[id]["permissions"])
             for id in ("tides", "seasons", "loadwatch", "scale", "typos", "gauge")}  # fmt: skip
    assert found == {
        "tides": ("mimir", "1.2.0", "worker", []), "seasons": ("omniscope", "1.0.0", "worker", ["read_data"]),
        "loadwatch": ("mimolo", "0.0.0", "worker", []), "scale": ("smi", "1.2.0", "worker", found["scale"][3]),
        "typos": ("kbert", "1.0.0", "worker", []), "gauge": ("native", "1.0.0", "worker", []),
    }  # fmt: skip
    assert house.cli("plugin", "health", "typos").returncode == 0
    table = house.cli("plugin", "list").stdout
    head, *rows = table.splitlines()
    assert head.split("  ")[0] == "PLUGIN" and all(word in head for word in ("VERSION", "DIALECT", "STATE", "RUNS IN", "PERMISSIONS")), head
    row = next(each for each in rows if each.startswith("seasons"))
    assert re.search(r"seasons +1\.0\.0 +omniscope +r +unknown +worker +read_data ", row), row
    assert re.search(r"typos +1\.0\.0 +kbert +python +healthy +worker ", next(each for each in rows if each.startswith("typos")))


# ---- an event of a monitor starts a pipeline


def test_an_event_of_a_monitor_starts_a_pipeline_of_the_others(house, tmp_path):
    told = tmp_path / "told.json"
    pipeline = tmp_path / "ring.json"
    pipeline.write_text(json.dumps({"name": "Ring", "steps": [
        step("typos", "Say", "said", method="augment", training=False, input="event"),
        step("Output.json", "Tell", input="said", path=str(told)),
    ]}))  # fmt: skip
    added = house.cli("schedule", "add", "ring", pipeline, "--event", "monitor.seen", "--data", "label=loadwatch")
    assert added.returncode == 0, added.stderr
    watch = five.Watch(house, "loadwatch")
    event = json.loads(eventually(lambda: told.exists() and told.read_text(), within=60, what="the run after the event"))
    assert event["type"] == "monitor.seen" and event["data"]["label"] == "loadwatch"
    assert event["data"]["data"]["loads"] == [pytest.approx(event["data"]["data"]["loads"][0])]
    (first, *_) = house.get("/api/v1/events?type=monitor.seen").json()["events"][::-1]
    assert first["id"] == event["id"]
    runs = [run for run in house.get("/api/v1/runs").json()["runs"] if run["schedule"] == "ring"]
    assert runs and len({run["due"] for run in runs}) == len(runs)
    watch.end()


# ---- services across languages


def own_number(pid):
    """What the process of this number here calls itself."""
    return int(re.search(r"^NSpid:.*\s(\d+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE).group(1))


@pytest.mark.rows("K-39", "K-40")
def test_a_service_in_c_plus_plus_is_resolved_by_python_and_one_in_python_by_c_plus_plus(house):
    run = house.execute([step("clerk", "Measure", "measured", method="measure", input={})])
    assert run["success"], run
    measured = run["context"]["measured"]
    assert measured["reading"]["metres"] == 2.5
    run = house.execute([step("gauge", "Stamp", "stamped", service="ledger", method="stamp", **{"with": {"word": "paid"}})])
    assert run["success"], run
    stamped = run["context"]["stamped"]
    assert stamped["answer"]["stamped"] == "PAID"
    (clerk,), (gauge,) = five.pids(house, "clerk"), five.pids(house, "gauge")
    assert clerk != gauge and alive(clerk) and alive(gauge) and {clerk, gauge} <= house.worker_pids()
    print(f"the clerk is process {clerk}, the gauge is process {gauge}")
    assert measured["pid"] == own_number(clerk) == stamped["answer"]["pid"]
    assert measured["reading"]["pid"] == own_number(gauge) == stamped["pid"]
    os.kill(gauge, 9)
    eventually(lambda: not alive(gauge), what="its death")
    again = house.execute([step("clerk", "Measure", "measured", method="measure", input={})])
    assert again["success"] and five.pids(house, "clerk") == {clerk}, "the consumer lives on, and finds the provider's next process"


# ---- one misbehaves


DEEDS = {"shapes": None, "garbage": "broke the protocol", "ids": "broke the protocol", "hang": None, "killed": None}
GOOD = {"mimir": ("tides", five.tides, 2.6), "omniscope": ("outliers", five.outliers, [90]), "smi": ("scale", five.scale, [1.5, 2.5]),
        "kbert": ("typos", five.typos, ["as it was"])}  # fmt: skip


def ask(server, dialect, deed, timeout="60s"):
    """Whether the rogue answered, and what it answered or why not."""
    given = {
        "mimir": {"deed": deed}, "omniscope": {"deed": deed, "input": [1]}, "kbert": {"method": "act", "input": "words", "as": "deed"},
        "smi": {"model": "rogue", "input": "words"},
    }[dialect]  # fmt: skip
    context = {"words": deed}
    run = server.execute([step(f"rogue_{dialect}", "Rogue", "answer", timeout=timeout, on_failure="stop", **given)], context=context)
    return run["success"], run["context"].get("answer") if run["success"] else run["error"]


def ask_monitor(server, deed, within=60):
    watch = five.Watch(server, "rogue_mimolo", deed="well" if deed == "killed" else deed)
    try:
        if deed == "well":
            return watch.goes_on(within) and watch.monitor()["failures"] == 0, ""
        error = eventually(lambda: watch.monitor()["last_error"], within=within, what="the failure of a poll")
        return False, error
    finally:
        watch.end()


def do(server, dialect, deed):
    """The deed, and how it ended."""
    if dialect == "mimolo":
        return ask_monitor(server, deed)
    if deed != "killed":
        return ask(server, dialect, deed, timeout="2s" if deed == "hang" else "60s")
    outcome = []
    asking = threading.Thread(target=lambda: outcome.extend(ask(server, dialect, "hang")))
    asking.start()
    busy = eventually(lambda: [each["pid"] for each in five.instances(server, f"rogue_{dialect}") if each["busy"]], what="the call", within=30)
    os.kill(busy[0], 9)
    asking.join(60 * PATIENCE)
    return outcome


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """One house with the rogues of all five; what they did must not show."""
    import outside

    golang.go_program(REPOSITORY / "sdk" / "conformance" / "go")
    folder = tmp_path_factory.mktemp("crowded")
    five.furnish(folder)
    five.let_rogues_in(folder)
    servers = []
    try:
        yield five.open_house(lambda **options: servers.append(outside.Server(options.pop("folder"), **options)) or servers[-1], folder)
    finally:
        for server in servers:
            server.close()


@pytest.mark.parametrize("dialect", ["mimir", "omniscope", "mimolo", "smi", "kbert"])
def test_a_plugin_that_lies_hangs_or_is_killed_touches_none_of_the_other_four(crowded, dialect):
    others = {name: good for name, good in GOOD.items() if name != dialect}
    watch = None if dialect == "mimolo" else five.Watch(crowded, "loadwatch")
    for _, good, expected in others.values():
        assert good(crowded) == expected
    processes = {plugin: five.pids(crowded, plugin) for plugin, _, _ in others.values()}
    for deed, words in DEEDS.items():
        if dialect == "mimolo" and deed == "killed":
            continue  # its own test
        answered, told = do(crowded, dialect, deed)
        assert not answered, (deed, told)
        assert words is None or words in told, (deed, told)
        for name, (plugin, good, expected) in others.items():
            assert good(crowded) == expected, f"{name} after {deed} of {dialect}"
            assert processes[plugin] <= five.pids(crowded, plugin), f"{plugin} had to start again after {deed} of {dialect}"
        if watch is not None:
            watch.goes_on()
            assert watch.monitor()["failures"] == 0
        answered, told = do(crowded, dialect, "well")
        assert answered, f"{dialect} after {deed}: {told}"
    if watch is not None:
        watch.end()


def test_a_monitor_whose_process_is_killed_is_polled_again(crowded):
    watch = five.Watch(crowded, "loadwatch")
    watch.goes_on()
    before = five.pids(crowded, "loadwatch")
    for pid in before:
        os.kill(pid, 9)
    watch.goes_on()
    eventually(lambda: not before & five.pids(crowded, "loadwatch"), within=30, what="other processes of the monitor")
    assert five.tides(crowded) == 2.6 and five.scale(crowded) == [1.5, 2.5]
    watch.end()


def test_the_others_answer_while_one_hangs(crowded):
    outcomes = []
    hanging = [threading.Thread(target=lambda dialect=dialect: outcomes.append(ask(crowded, dialect, "hang", "20s"))) for dialect in ("mimir", "kbert", "smi")]
    for each in hanging:
        each.start()
    for rogue in ("rogue_mimir", "rogue_kbert", "rogue_smi"):
        eventually(lambda rogue=rogue: any(each["busy"] for each in five.instances(crowded, rogue)), within=30, what=f"the call of {rogue}")
    assert outcomes == []
    for _, good, expected in GOOD.values():
        assert good(crowded) == expected
    assert outcomes == [], "all answered while three were hanging"
    for each in hanging:
        each.join(90 * PATIENCE)
    assert [answered for answered, _ in outcomes] == [False] * 3 and all("did not finish within 20 s" in told for _, told in outcomes), outcomes
