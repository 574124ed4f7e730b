"""Monitors written for MiMoLo: found, listed, polled, and the segments they make, from the command line and over HTTP."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from outside import PATIENCE, PROGRAM, REPOSITORY, config_file, eventually, run_program

SHIM = REPOSITORY / "sdk" / "dialects" / "mimolo"

HEAD = """
from datetime import UTC, datetime
from mimolo.core.event import Event
from mimolo.core.plugin import BaseMonitor, PluginSpec
"""

COUNTER = HEAD + '''
class CounterMonitor(BaseMonitor):
    """Counts its polls."""

    spec = PluginSpec(label="counter", data_header="numbers", poll_interval_s=0.2)

    def __init__(self, start: int = 0, only: int = 10**9):
        self.number = start
        self.only = only

    def emit_event(self):
        self.number += 1
        if self.number > self.only:
            return None
        return Event(timestamp=datetime.now(UTC), label="counter", event="count", data={"numbers": [self.number]})
'''


def monitor(label, body, **spec):
    """The source of one monitor whose emit_event is this body; `now(data)` makes its event."""
    words = "".join(f", {key}={value!r}" for key, value in spec.items())
    return HEAD + f"""
def now(data=None, event="seen", label={label!r}):
    return Event(timestamp=datetime.now(UTC), label=label, event=event, data=data)

class Monitor_{label}(BaseMonitor):
    spec = PluginSpec(label={label!r}{words})

    def emit_event(self):
{body}
"""


def environment(folder):
    """An interpreter with packages of its own, and the folder that they are in."""
    command = [sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(folder / "environment")]
    subprocess.run(command, check=True, timeout=120)
    return folder / "environment" / "bin" / "python", next((folder / "environment" / "lib").glob("python3*/site-packages"))


def project(folder, settings="", **files):
    plugins = Path(folder) / "mimolo" / "plugins"
    plugins.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        (plugins / f"{name}.py").write_text(source)
    if settings is not None:
        (Path(folder) / "mimolo.toml").write_text(settings)
    return Path(folder)


class Running:
    """`mortise mimolo monitor` in a project, until Ctrl-C."""

    def __init__(self, folder, *arguments):
        self.folder = Path(folder)
        self.out, self.err = self.folder / "out.txt", self.folder / "err.txt"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [str(PROGRAM), "mimolo", "monitor", *arguments], cwd=folder, stdout=out, stderr=err, stdin=subprocess.DEVNULL
            )  # fmt: skip

    def said(self, pattern, within=30):
        """The first match in what it printed to standard error."""
        return eventually(lambda: re.search(pattern, self.err.read_text()), within, f"{pattern!r} on standard error")

    def records(self):
        """All that its log files hold."""
        lines = [line for path in sorted(self.folder.glob("logs/*.mimolo.jsonl")) for line in path.read_text().splitlines()]
        return [json.loads(line) for line in lines]

    def record(self, fits, within=30):
        return eventually(lambda: next((each for each in self.records() if fits(each)), None), within, "the record")

    def end(self, signal_number=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(30 * PATIENCE)
        finally:
            self.process.kill()
            self.process.wait(10)


@pytest.fixture
def running(tmp_path):
    all_of_them = []

    def run(*arguments, folder=tmp_path):
        all_of_them.append(Running(folder, *arguments))
        return all_of_them[-1]

    yield run
    for each in all_of_them:
        each.end(signal.SIGTERM)


def is_segment(record):
    return record["type"] == "segment"


# ---- found and listed


@pytest.mark.rows(
    "L-04", "L-05", "L-06", "L-08", "L-09", "L-10", "L-11", "L-22", "L-23", "L-27", "L-32",
)  # fmt: skip
def test_a_file_that_was_dropped_in_is_listed_with_its_spec(tmp_path, mortise):
    project(tmp_path, "[plugins.counter]\nenabled = true\n[plugins.example]\n[plugins.folderwatch]\n", mine=COUNTER)
    done = mortise("mimolo", "register")
    assert done.returncode == 0, done.stderr
    listed = {each["label"]: each for each in json.loads(done.stdout)["plugins"]}
    assert set(listed) == {"counter", "example", "folderwatch"}
    mine = listed["counter"]
    assert (mine["data_header"], mine["poll_interval_s"]) == ("numbers", 0.2)
    assert (mine["resets_cooldown"], mine["infrequent"]) == (True, False)
    assert mine["file"].endswith("mimolo/plugins/mine.py")
    assert (listed["example"]["data_header"], listed["example"]["poll_interval_s"]) == ("examples", 3.0)
    assert (listed["folderwatch"]["data_header"], listed["folderwatch"]["poll_interval_s"]) == ("folders", 5.0)


@pytest.mark.rows("L-28", "L-53")
def test_a_monitor_that_is_not_registered_is_listed_with_the_reason(tmp_path, mortise):
    project(tmp_path, "[plugins.counter]\nenabled = false\n[plugins.example]\n[plugins.conter]\n", mine=COUNTER)
    done = mortise("mimolo", "register")
    assert [each["label"] for each in json.loads(done.stdout)["plugins"]] == ["example"]
    reasons = {each["label"]: each["reason"] for each in json.loads(done.stdout)["not_registered"]}
    assert reasons["counter"] == "enabled = false in [plugins.counter]"
    assert reasons["folderwatch"] == "there is no section [plugins.folderwatch]"
    assert "[plugins.conter]: there is no such plugin" in done.stderr


@pytest.mark.rows("L-29", "L-30")
def test_the_settings_override_what_the_class_says(tmp_path, mortise):
    settings = "[plugins.counter]\npoll_interval_s = 7.5\nresets_cooldown = false\ninfrequent = true\n"
    project(tmp_path, settings, mine=COUNTER)
    (listed,) = json.loads(mortise("mimolo", "register").stdout)["plugins"]
    assert (listed["poll_interval_s"], listed["resets_cooldown"], listed["infrequent"]) == (7.5, False, True)


@pytest.mark.rows("L-07", "L-85")
@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ('label="a-b"', "Plugin label must be a valid identifier: a-b"),
        ('label=""', "Plugin label cannot be empty"),
        ('label="a", poll_interval_s=0', "poll_interval_s must be positive: 0"),
    ],
)
def test_a_spec_that_cannot_be_is_refused_in_the_guides_words(tmp_path, mortise, spec, text):
    source = HEAD + f"class M(BaseMonitor):\n    spec = PluginSpec({spec})\n    def emit_event(self): return None\n"
    project(tmp_path, "[plugins.example]\n", bad=source)
    done = mortise("mimolo", "register")
    assert done.returncode == 3
    assert text in done.stderr and "bad.py" in done.stderr
    assert '"example"' in done.stdout  # the others are there


@pytest.mark.rows("L-85")
def test_an_interval_of_zero_in_the_settings_is_refused(tmp_path, mortise):
    project(tmp_path, "[plugins.example]\npoll_interval_s = 0\n")
    done = mortise("mimolo", "monitor", "--dry-run")
    assert done.returncode == 2
    assert "poll_interval_s must be positive: 0" in done.stderr


@pytest.mark.rows("L-78")
def test_two_monitors_with_one_label_are_refused(tmp_path, mortise):
    project(tmp_path, "[plugins.counter]\n", one=COUNTER, two=COUNTER)
    done = mortise("mimolo", "register")
    assert done.returncode == 3
    assert "Plugin label 'counter' is already registered" in done.stderr


@pytest.mark.rows("L-02", "L-03")
def test_the_template_copied_and_renamed_loads_and_emits_nothing(tmp_path, running):
    text = (SHIM / "mimolo" / "plugins" / "template.py").read_text()
    assert text.count("TODO") >= 5
    text = text.replace("TemplateMonitor", "MyMonitor").replace('label="template"', 'label="mymonitor"')
    settings = "[monitor]\nconsole_verbosity = \"debug\"\n[plugins.mymonitor]\npoll_interval_s = 0.2\n[plugins.template]\n"
    project(tmp_path, settings, myplugin=text)
    watch = running()
    watch.said(r"debug: polled label=\"mymonitor\" ms=[\d.]+ event=false")
    watch.said(r"debug: polled label=\"template\"")
    assert watch.end() == 0
    assert watch.records() == []
    assert "error" not in watch.err.read_text()


# ---- settings


@pytest.mark.rows("L-52")
def test_a_dry_run_shows_settings_and_monitors_and_polls_nothing(tmp_path, mortise):
    project(tmp_path, "[monitor]\ncooldown_seconds = 5\n[plugins.counter]\n", mine=COUNTER)
    done = mortise("mimolo", "monitor", "--dry-run", "--log-format", "yaml")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["config"]["monitor"]["cooldown_seconds"] == 5
    assert shown["config"]["monitor"]["log_format"] == "yaml"
    assert [each["label"] for each in shown["plugins"]] == ["counter"]
    assert not (tmp_path / "logs").exists()


@pytest.mark.rows("L-52")
@pytest.mark.parametrize(
    ("settings", "status", "text"),
    [
        ("[monitor]\ncooldown_seconds = -1\n", 2, "Configuration validation failed: monitor.cooldown_seconds"),
        ("[monitors]\n", 2, "monitors: unknown key; did you mean 'monitor'?"),
        ("[monitor\n", 2, "Failed to parse configuration file"),
        (None, 2, "Configuration file not found:"),
        ("[plugins.nothing]\n", 1, "there is no such plugin"),
    ],
)
def test_a_dry_run_of_broken_settings_says_what_is_wrong(tmp_path, mortise, settings, status, text):
    project(tmp_path, settings)
    done = mortise("mimolo", "monitor", "--dry-run")
    assert done.returncode == status, done.stderr
    assert text in done.stderr


def test_settings_with_another_ending_are_refused(tmp_path, mortise):
    project(tmp_path, None)
    (tmp_path / "mimolo.ini").write_text("")
    done = mortise("mimolo", "monitor", "-c", "mimolo.ini")
    assert done.returncode == 2
    assert "Unsupported config file extension: .ini" in done.stderr


@pytest.mark.rows("L-24", "L-25", "L-31", "L-44", "L-72")
def test_extra_keys_reach_the_constructor_by_name_with_their_types(tmp_path, running):
    source = HEAD + """
class ConfigurableMonitor(BaseMonitor):
    spec = PluginSpec(label="configurable", data_header="got", poll_interval_s=0.2)

    def __init__(self, paths: list[str], custom_setting: str, threshold: int = 10, other: float = 0.5):
        self.got = [paths, custom_setting, threshold, other]

    def emit_event(self):
        return Event(timestamp=datetime.now(UTC), label="configurable", event="x", data={"got": self.got})
"""
    settings = """
[monitor]
cooldown_seconds = 1
[plugins.configurable]
enabled = true
custom_setting = "value"
paths = ["item1", "item2"]
other = 2.5
unasked = true
"""
    project(tmp_path, settings, mine=source)
    watch = running("--once", "--cooldown", "0.1")
    segment = watch.record(is_segment)
    assert segment["aggregated"]["got"][0] == [["item1", "item2"], "value", 10, 2.5]


def test_a_constructor_argument_that_nobody_gave_is_named(tmp_path, mortise):
    source = COUNTER.replace("start: int = 0", "start: int")
    project(tmp_path, "[plugins.counter]\n", mine=source)
    done = mortise("mimolo", "monitor", "--dry-run")
    assert done.returncode == 3
    assert "plugins.counter: CounterMonitor needs 'start'" in done.stderr


# ---- segments


@pytest.mark.rows(
    "L-01", "L-12", "L-14", "L-18", "L-19", "L-21", "L-35", "L-37", "L-40", "L-41", "L-43", "L-73", "L-75", "L-80",
)  # fmt: skip
def test_the_events_of_a_monitor_become_one_segment_with_everything_in_it(tmp_path, running):
    project(tmp_path, "[plugins.counter]\nonly = 3\nstart = 0\n[monitor]\ncooldown_seconds = 1.5\n", mine=COUNTER)
    watch = running("--once")
    segment = watch.record(is_segment)
    assert segment["labels"] == ["counter"]
    assert segment["aggregated"] == {"numbers": [[1], [2], [3]]}  # one instance lives through all polls
    assert segment["resets_count"] == 2
    assert [(each["l"], each["e"]) for each in segment["events"]] == [("counter", "count")] * 3
    start, end = (datetime.fromisoformat(segment[key]) for key in ("start", "end"))
    assert start.tzinfo is not None and segment["duration_s"] == pytest.approx((end - start).total_seconds(), abs=0.001)
    assert segment["start"] == segment["events"][0]["t"] and segment["end"] == segment["events"][-1]["t"]
    assert watch.process.wait(30 * PATIENCE) == 0  # --once
    assert "[SEGMENT] " in watch.out.read_text()
    (file,) = (tmp_path / "logs").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\.mimolo\.jsonl", file.name)
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700


@pytest.mark.rows("L-42")
def test_after_a_segment_the_next_event_opens_another(tmp_path, running):
    body = "        self.n = getattr(self, 'n', 0) + 1\n        return now({'n': [self.n]}) if self.n in (1, 12) else None"
    project(tmp_path, "[plugins.pair]\n[monitor]\ncooldown_seconds = 0.5\n",
            mine=monitor("pair", body, data_header="n", poll_interval_s=0.2))  # fmt: skip
    watch = running()
    watch.record(lambda record: is_segment(record) and record["aggregated"]["n"] == [[12]])
    assert [each["aggregated"]["n"] for each in watch.records()] == [[[1]], [[12]]]


@pytest.mark.rows("L-38", "L-39")
def test_events_that_do_not_reset_are_recorded_and_do_not_keep_a_segment_open(tmp_path, running):
    first = "        self.n = getattr(self, 'n', 0) + 1\n        return now() if self.n == 1 else None"
    project(
        tmp_path, "[plugins.opens]\n[plugins.goes_on]\n[monitor]\ncooldown_seconds = 3\n",
        opens=monitor("opens", first, poll_interval_s=0.2),
        goes_on=monitor("goes_on", "        return now()", poll_interval_s=0.2, resets_cooldown=False),
    )  # fmt: skip
    watch = running()
    segment = watch.record(is_segment)
    assert segment["labels"] == ["goes_on", "opens"]
    assert segment["resets_count"] == 0
    assert sum(each["l"] == "goes_on" for each in segment["events"]) >= 3
    # What comes while nothing is open is not lost: it stands alone.
    watch.record(lambda record: record["type"] == "event" and record["label"] == "goes_on")


@pytest.mark.rows("L-45")
def test_an_infrequent_event_is_written_at_once_and_opens_no_segment(tmp_path, running):
    project(tmp_path, "[plugins.rare_event]\n",
            rare=monitor("rare_event", "        return now({'why': 'it broke'})", infrequent=True, poll_interval_s=60.0))  # fmt: skip
    watch = running()
    record = watch.record(lambda record: record["type"] == "event")
    assert (record["label"], record["event"], record["data"]) == ("rare_event", "seen", {"why": "it broke"})
    assert re.fullmatch(r"[0-9a-f]{16}", record["id"])
    assert watch.end() == 0
    assert [each["type"] for each in watch.records()] == ["event"]
    assert "[EVENT] " in watch.out.read_text()


@pytest.mark.rows("L-82")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_writes_the_segment_that_is_open(tmp_path, running, number):
    project(tmp_path, "[monitor]\nconsole_verbosity = 'debug'\n[plugins.counter]\n", mine=COUNTER)
    watch = running()
    watch.said("a segment opened")
    assert watch.end(number) == 0
    (segment,) = watch.records()
    assert is_segment(segment) and segment["aggregated"]["numbers"][0] == [1]


@pytest.mark.rows("L-17", "L-47", "L-74")
def test_filter_method_makes_any_json_of_what_was_collected(tmp_path, running):
    flat = COUNTER.replace('"counter"', '"flat"').replace("[self.number]", '["item1", "item2"] if self.number % 2 else ["item2", "item3"]')
    flat += """
    @staticmethod
    def filter_method(items: list[list[str]]) -> list[str]:
        flat = [item for sublist in items for item in sublist]
        return sorted(set(flat))
"""
    stats = COUNTER + """
    @staticmethod
    def filter_method(items):
        return {"count": len(items), "first": items[0] if items else None, "last": items[-1] if items else None}
"""
    stats = stats.replace('data_header="numbers"', 'data_header="stats"').replace('"numbers":', '"stats":')
    project(tmp_path, "[plugins.counter]\nonly = 4\n[plugins.flat]\nonly = 4\n[monitor]\ncooldown_seconds = 1.5\n", a=stats, b=flat)
    segment = running("--once").record(is_segment)
    assert segment["aggregated"]["stats"] == {"count": 4, "first": [1], "last": [4]}
    assert segment["aggregated"]["numbers"] == ["item1", "item2", "item3"]


@pytest.mark.rows("L-20", "L-55", "L-81")
@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("set([1])", "Object of type set is not JSON serializable"),
        ("{}['gone']", "'gone'"),
        ("set({'a': 1} for _ in items)", "unhashable type: 'dict'"),
    ],
)
def test_a_filter_that_fails_loses_no_segment(tmp_path, running, result, text):
    source = COUNTER + f"\n    @staticmethod\n    def filter_method(items):\n        return {result}\n"
    project(tmp_path, "[plugins.counter]\nonly = 2\n[monitor]\ncooldown_seconds = 1\n", mine=source)
    watch = running("--once")
    segment = watch.record(is_segment)
    assert segment["aggregated"] == {"numbers": [[1], [2]]}
    assert segment["errors"]["numbers"].startswith("Aggregation failed for plugin 'counter', data_header 'numbers': ")
    assert text in segment["errors"]["numbers"]
    watch.said("Aggregation failed for plugin 'counter'")


# ---- failures


@pytest.mark.rows("L-15", "L-57", "L-58", "L-59", "L-61")
def test_a_monitor_that_fails_is_told_and_rests_longer_each_time(tmp_path, running):
    project(tmp_path, "[plugins.bad]\n[plugins.counter]\n[monitor]\ncooldown_seconds = 60\n",
            mine=COUNTER, bad=monitor("bad", "        raise ValueError('no luck')", poll_interval_s=0.1))  # fmt: skip
    watch = running()
    for rest in (1, 2, 4):
        watch.said(rf"error: Plugin 'bad' failed to emit event: no luck label=\"bad\" rests_s={rest}\n")
    assert watch.end() == 0
    rests = re.findall(r"rests_s=(\d+)", watch.err.read_text())
    assert rests[:3] == ["1", "2", "4"]
    (segment,) = watch.records()  # the other one went on
    assert len(segment["events"]) > 5


@pytest.mark.rows("L-60")
def test_a_poll_without_an_event_ends_the_row_of_failures(tmp_path, running):
    body = """        self.n = getattr(self, 'n', 0) + 1
        if self.n % 2:
            raise ValueError(f'poll {self.n}')"""
    project(tmp_path, "[plugins.wavers]\n", mine=monitor("wavers", body, poll_interval_s=0.1))
    watch = running()
    watch.said("poll 5")
    assert set(re.findall(r"rests_s=(\d+)", watch.err.read_text())) == {"1"}


@pytest.mark.rows("L-16", "L-33", "L-54", "L-55")
@pytest.mark.parametrize(
    ("returned", "text"),
    [
        ("{'label': 'x'}", "emit_event returned a dict, not an Event or None"),
        ("now({'items': [1]}, label='other')", "the event's label is 'other', the plugin's is 'x'"),
        ("now({'other': [1]})", "event.data has no key 'items'"),
        ("now()", "event.data has no key 'items'"),
        ("now({'items': [{1, 2}]})", "event.data is not JSON"),
        ("Event(timestamp=datetime.now(), label='x', event='e', data={'items': []})", "Event timestamp must be timezone-aware (UTC)"),
        ("now({'items': []}, event='')", "Event type cannot be empty"),
    ],
)  # fmt: skip
def test_what_is_no_event_of_the_monitor_is_refused_with_the_reason(tmp_path, running, returned, text):
    project(tmp_path, "[plugins.x]\n", mine=monitor("x", f"        return {returned}", data_header="items", poll_interval_s=0.5))
    watch = running()
    watch.said("Plugin 'x' failed to emit event: " + re.escape(text))
    watch.end()
    assert watch.records() == []


@pytest.mark.rows("L-13", "L-79")
def test_a_monitor_that_hangs_delays_no_other(tmp_path, running):
    project(tmp_path, "[plugins.hangs]\n[plugins.counter]\n[monitor]\nconsole_verbosity = 'debug'\n",
            mine=COUNTER, hangs=monitor("hangs", "        import time; time.sleep(3600)", poll_interval_s=0.1))  # fmt: skip
    watch = running()
    eventually(lambda: watch.err.read_text().count('polled label="counter"') >= 10, 30, "ten polls of the other")
    assert 'polled label="hangs"' not in watch.err.read_text()
    watch.end()
    (segment,) = watch.records()
    assert len(segment["events"]) >= 10


@pytest.mark.rows("L-62")
def test_a_slow_poll_is_told_with_its_milliseconds(tmp_path, running):
    project(tmp_path, "[plugins.slow]\n", mine=monitor("slow", "        import time; time.sleep(0.3)", poll_interval_s=0.2))
    found = running().said(r"warning: a poll was slow label=\"slow\" ms=([\d.]+)")
    assert float(found.group(1)) >= 300


@pytest.mark.rows("A-14")
def test_what_a_monitor_prints_is_in_the_log(tmp_path, running):
    project(tmp_path, "[plugins.talks]\n", mine=monitor("talks", "        print('looking around')", poll_interval_s=0.2))
    running()
    log = tmp_path / ".mortise" / "mortise.log"
    eventually(lambda: log.exists() and "looking around" in log.read_text(), 30, "the printed line in the log")


# ---- what comes along, and how it is imported


@pytest.mark.rows("L-64")
def test_the_example_monitor_makes_up_five_items_in_turn(tmp_path, mortise):
    done = mortise("mimolo", "test", "--rate", "50", "--count", "6")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["data"]["examples"] for each in events] == [[f"fake_item_{n}"] for n in (1, 2, 3, 4, 5, 1)]
    assert {(each["label"], each["event"]) for each in events} == {("example", "demo")}


@pytest.mark.rows("L-65")
def test_the_folder_watch_tells_which_file_changed(tmp_path, running):
    watched = tmp_path / "work"
    watched.mkdir()
    (watched / "notes.txt").write_text("one")
    settings = "[plugins.folderwatch]\npoll_interval_s = 0.2\nwatch_dirs = ['./work']\nextensions = ['TXT']\n[monitor]\ncooldown_seconds = 1\nconsole_verbosity='debug'\n"
    project(tmp_path, settings)
    watch = running()
    watch.said("polled")  # the first look only remembers
    (watched / "notes.py").write_text("not watched")
    os.utime(watched / "notes.txt", ns=(1, 1))
    segment = watch.record(is_segment)
    assert segment["aggregated"] == {"folders": [str(watched)]}
    assert [each["e"] for each in segment["events"]] == ["file_mod"]


@pytest.mark.rows("A-13", "L-48", "L-49", "L-50", "L-76", "L-84")
def test_the_guides_tests_of_a_monitor_run_without_a_host(tmp_path):
    project(tmp_path, None, myplugin=COUNTER)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_plugins_counter.py").write_text(
        """
import dataclasses

import pytest
from mimolo.plugins.counter import CounterMonitor
from mimolo.plugins.myplugin import CounterMonitor as Same


def test_spec():
    spec = CounterMonitor.spec
    assert (spec.label, spec.data_header, spec.resets_cooldown, spec.poll_interval_s) == ("counter", "numbers", True, 0.2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.label = "other"


def test_emit_event():
    event = CounterMonitor().emit_event()
    assert event.label == "counter" and "numbers" in event.data
    assert Same is CounterMonitor


def test_filter_method():
    assert CounterMonitor.filter_method([[1], [2]]) == [[1], [2]]
"""
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_plugins_counter.py"], cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{SHIM}:{tmp_path}"}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.rows("A-26", "L-83")
def test_mimolo_is_a_name_of_the_program(tmp_path):
    project(tmp_path, "[plugins.example]\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mimolo").symlink_to(PROGRAM)
    done = subprocess.run([str(tmp_path / "bin" / "mimolo"), "register"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["plugins"][0]["label"] == "example"


@pytest.mark.parametrize(("log_format", "expected"), [("yaml", "labels: [\"counter\"]\n"), ("md", "| counter | 1 | 2 |\n")])
def test_the_log_files_have_the_form_that_was_asked_for(tmp_path, running, log_format, expected):
    project(tmp_path, "[plugins.counter]\nonly = 2\n[monitor]\ncooldown_seconds = 1\n", mine=COUNTER)
    watch = running("--once", "--log-format", log_format)
    assert watch.process.wait(60 * PATIENCE) == 0
    (file,) = (tmp_path / "logs").iterdir()
    text = file.read_text()
    assert file.name.endswith(f".mimolo.{log_format}") and expected in text
    if log_format == "md":
        assert text.startswith("# MiMoLo Log - 20") and "## Segments" in text and "## Standalone Events" in text
    else:
        assert text.endswith("---\n")


@pytest.mark.rows("L-26", "L-66")
def test_installed_packages_offer_monitors_as_entry_points(tmp_path, mortise):
    python, site = environment(tmp_path)
    (site / "counting-1.0.dist-info").mkdir()
    (site / "counting.py").write_text(COUNTER)
    (site / "counting-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: counting\nVersion: 1.0\n")
    (site / "counting-1.0.dist-info" / "entry_points.txt").write_text("[mimolo.plugins]\ncounter = counting:CounterMonitor\n")
    project(tmp_path, "[plugins.counter]\nonly = 1\n[monitor]\ncooldown_seconds = 0.5\n")
    (listed,) = json.loads(mortise("mimolo", "register", env={"MORTISE_PYTHON": str(python)}).stdout)["plugins"]
    assert (listed["label"], listed["class"]) == ("counter", "counting:CounterMonitor")
    done = mortise("mimolo", "monitor", "--once", env={"MORTISE_PYTHON": str(python)})
    assert "[SEGMENT]" in done.stdout, done.stderr


@pytest.mark.rows("L-67")
def test_version_author_and_description_of_a_class_are_listed(tmp_path, mortise):
    source = COUNTER.replace("    spec =", '    version = "2.1.0"\n    author = "Ada"\n\n    spec =')
    project(tmp_path, "[plugins.counter]\n", mine=source)
    shown = json.loads(mortise("plugin", "show", "counter", "--json").stdout)
    assert (shown["version"], shown["author"], shown["description"]) == ("2.1.0", "Ada", "Counts its polls.")


@pytest.mark.rows("L-68", "L-69")
def test_hooks_are_called_in_order_and_coroutines_awaited(tmp_path, running):
    source = COUNTER.replace("    def emit_event", "    async def emit_event").replace("self.number += 1", "self.number += await self.one()")
    source += """
    async def one(self):
        return 1
    def on_start(self):
        print("hook on_start")
    async def on_segment_close(self, segment):
        print("hook on_segment_close", segment["aggregated"]["numbers"])
    def on_stop(self):
        print("hook on_stop")
"""
    project(tmp_path, "[plugins.counter]\nonly = 2\n[monitor]\ncooldown_seconds = 1\n", mine=source)
    watch = running("--once")
    assert watch.process.wait(60 * PATIENCE) == 0
    log = (tmp_path / ".mortise" / "mortise.log").read_text()
    assert re.findall(r"hook (\w+)", log) == ["on_start", "on_segment_close", "on_stop"]
    assert "on_segment_close [[1], [2]]" in log


@pytest.mark.rows("L-51")
@pytest.mark.parametrize(("verbosity", "polls", "records"), [("debug", True, True), ("info", False, True), ("error", False, False)])
def test_the_verbosity_decides_what_the_console_shows(tmp_path, running, verbosity, polls, records):
    project(tmp_path, f"[plugins.counter]\nonly = 1\n[monitor]\ncooldown_seconds = 0.5\nconsole_verbosity = '{verbosity}'\n", mine=COUNTER)
    watch = running("--once")
    assert watch.process.wait(60 * PATIENCE) == 0
    assert ("debug: polled" in watch.err.read_text()) == polls
    assert ("debug: a segment opened" in watch.err.read_text()) == polls
    assert ("[SEGMENT]" in watch.out.read_text()) == records
    assert len(watch.records()) == 1


@pytest.mark.rows("L-56")
def test_mypy_finds_no_fault_in_a_monitor(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed here")
    (tmp_path / "mine.py").write_text(COUNTER.replace("class CounterMonitor", "class CounterMonitor").replace("10**9):", "10**9) -> None:").replace("emit_event(self):", "emit_event(self) -> Event | None:"))
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", str(tmp_path), "mine.py"]
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "MYPYPATH": str(SHIM)}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.rows("L-77")
def test_an_interpreter_that_is_too_old_is_named(tmp_path, tmp_path_factory, mortise):
    place = tmp_path_factory.mktemp("interpreter")  # not in the folder that the host works in: workers do not see that
    (place / "bin").mkdir()
    (place / "old").mkdir()
    (place / "old" / "sitecustomize.py").write_text("import sys\nsys.version_info = (3, 10, 2, 'final', 0)\n")
    python = place / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{place}/old:$PYTHONPATH" exec /usr/bin/python3 "$@"\n')
    python.chmod(0o755)
    project(tmp_path, "[plugins.counter]\n", mine=COUNTER)
    done = mortise("mimolo", "register", env={"MORTISE_PYTHON": str(python)})
    assert "MiMoLo monitors need Python 3.11 or later, this is 3.10.2" in done.stderr


# ---- monitors that need each other


@pytest.mark.rows("L-70")
def test_a_monitor_comes_after_those_that_it_needs_and_not_at_all_without_them(tmp_path, mortise):
    def needing(label, *needs):
        return monitor(label, "        return None").replace("    def emit_event", f"    depends_on = {list(needs)!r}\n\n    def emit_event", 1)

    files = {"alarm": needing("alarm", "door", "clock"), "clock": needing("clock"), "door": needing("door", "clock"), "lost": needing("lost", "gone"),
             "later": needing("later", "lost")}  # fmt: skip
    project(tmp_path, "".join(f"[plugins.{label}]\n" for label in files), **files)
    listed = json.loads(mortise("mimolo", "register").stdout)
    assert [each["label"] for each in listed["plugins"]] == ["clock", "door", "alarm"]
    reasons = {each["label"]: each["reason"] for each in listed["not_registered"]}
    assert reasons["lost"] == "it needs 'gone', which is not registered" and reasons["later"] == "it needs 'lost', which is not registered"


# ---- the example


@pytest.mark.rows("L-71")
def test_the_example_does_what_its_first_steps_say_and_its_tests_pass(tmp_path, mortise):
    shutil.copytree(REPOSITORY / "examples" / "mimolo", tmp_path / "example")
    folder = tmp_path / "example"
    steps = (folder / "GETTING_STARTED.md").read_text()
    for words in ("mimolo register", "mimolo test --plugin loadwatch --count 3", "mimolo monitor --once --cooldown 3"):
        assert f"`mortise {words}`" in steps
    assert '"label": "loadwatch"' in mortise("mimolo", "register", cwd=folder).stdout
    events = mortise("mimolo", "test", "--plugin", "loadwatch", "--count", "3", cwd=folder).stdout.splitlines()
    assert len(events) == 3 and json.loads(events[0])["event"] == "load"
    done = mortise("mimolo", "monitor", "--once", "--cooldown", "3", cwd=folder)
    assert done.returncode == 0 and "[SEGMENT]" in done.stdout, done.stderr
    (log,) = (folder / "logs").glob("*.mimolo.jsonl")
    assert set(json.loads(log.read_text().splitlines()[-1])["aggregated"]["loads"]) == {"least", "most", "mean"}
    path = f"{REPOSITORY / 'sdk' / 'dialects' / 'mimolo'}:{folder}"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=folder, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert tested.returncode == 0 and "2 passed" in tested.stdout, tested.stdout + tested.stderr


# ---- over HTTP


@pytest.mark.rows("L-34", "L-36", "L-63")
def test_a_watch_tells_its_state_and_how_each_monitor_fares(make_server, tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "counter.py").write_text(COUNTER)
    (tmp_path / "plugins" / "bad.py").write_text(monitor("bad", "        raise ValueError('no luck')", poll_interval_s=0.1))
    server = make_server(config=config_file(tmp_path, [tmp_path / "plugins"]))
    config = {"arguments": {"only": 1}}
    body = {"name": "mine", "cooldown_s": 4, "monitors": [
        {"plugin": "counter", "config": config, "poll_interval_s": 0.2, "data_header": "numbers"},
        {"plugin": "bad", "poll_interval_s": 0.1},
    ]}  # fmt: skip
    begun = server.post("/api/v1/watches", body)
    assert begun.status_code == 201, begun.text
    path = "/api/v1/watches/" + begun.json()["id"]

    def status():
        return server.get(path).json()

    active = eventually(lambda: (now := status())["state"] == "ACTIVE" and now, 30, "an open segment")
    assert 0 < active["remaining_s"] <= 4
    assert (active["open"]["resets_count"], active["open"]["labels"]) == (0, ["counter"])
    eventually(lambda: status()["state"] == "IDLE" and status()["segments"] == 1, 30, "the end of the segment")
    bad = eventually(lambda: (one := status()["monitors"][1])["state"] == "quarantined" and one, 30, "the quarantine")
    assert datetime.fromisoformat(bad["quarantined_until"]).tzinfo is not None
    assert bad["last_error"] == "Plugin 'bad' failed to emit event: no luck"
    good = status()["monitors"][0]
    assert good["events"] == 1 and good["polls"] > 1 and good["failures"] == 0
    assert server.get("/api/v1/plugins/counter").json()["statistics"]["p95_ms"] >= 0
    events = server.get("/api/v1/events?type=monitor.segment").json()["events"]
    assert events[0]["data"]["aggregated"] == {"numbers": [[1]]}
    ended = server.http.delete(server.url + path)
    assert ended.status_code == 200 and server.get(path).status_code == 404


def test_a_watch_over_what_is_no_monitor_is_refused(server):
    answer = server.post("/api/v1/watches", {"monitors": [{"plugin": "Input.file"}]})
    assert answer.status_code == 400 and "is no monitor" in answer.json()["error"]
    assert server.post("/api/v1/watches", {"monitors": []}).status_code == 400
    assert server.post("/api/v1/watches", {"monitors": [{"plugin": "Test.tell", "poll_interval_s": 0}]}).status_code == 400


def test_the_projects_of_strangers_are_for_the_operator_alone(server, tmp_path):
    for what in ("check", "watches", "poll"):
        answer = server.post(f"/api/v1/mimolo/{what}", {"folder": str(tmp_path)})
        assert answer.status_code == 403, answer.text
