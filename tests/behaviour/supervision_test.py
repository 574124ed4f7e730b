"""Workers under supervision: held to their limits, counted, quarantined after failures, and replaced while they work."""

import json
import os
import threading
import time
from datetime import UTC, datetime

import outside
import pytest
from outside import PATIENCE, eventually, python_plugin, step

PLUGIN = "from mortise import Plugin\n\n\n"


@pytest.fixture
def house(tmp_path):
    """Starts a server that knows the plugins written before."""
    servers = []
    folder = tmp_path / "plugins"
    folder.mkdir()

    def start(**sections):
        plugins = {"plugins": sections.pop("plugins", {})}
        config = outside.config_file(tmp_path, [folder, *outside.PLUGIN_FOLDERS], **plugins, **sections)
        servers.append(outside.Server(tmp_path, config=config))
        return servers[-1]

    start.folder = folder
    yield start
    for server in servers:
        server.close()


def stats(server, plugin):
    return server.get(f"/api/v1/plugins/{plugin}/stats").json()


def replace(package, source, name="plugin.py"):
    """As an editor or an installer writes: beside it, then renamed."""
    beside = package / f".{name}.new"
    beside.write_text(source)
    os.replace(beside, package / name)


# ---- limits

EATS = PLUGIN + 'class Eats(Plugin):\n    def step(self, step):\n        return len(b"x" * int(step.config["bytes"]))\n'


@pytest.mark.rows("O-55")
@pytest.mark.parametrize("cgroups", [True, False])
def test_a_plugin_that_takes_a_gibibyte_where_it_may_have_half_is_killed_and_told_so(house, cgroups):
    python_plugin(house.folder, "Data_Processing.eats", EATS, limits={"memory": "512 MiB"})
    server = house(runtime={"cgroups": cgroups})
    eats = lambda count: server.execute([step("Data_Processing.eats", output="n", bytes=count)])  # noqa: E731
    assert eats(50 << 20)["context"]["n"] == 50 << 20
    failed = eats(1 << 30)
    assert not failed["success"]
    assert " of 512 MiB" in failed["error"] and "Data_Processing.eats" in failed["error"], failed["error"]
    assert "raise limits.memory or send smaller batches" in json.dumps(failed)
    assert eats(50 << 20)["success"], "the next call gets a new worker"
    counted = stats(server, "Data_Processing.eats")
    assert counted["endings"] == {"killed": 1} and counted["restarts"] == 1
    assert counted["memory_peak_bytes"] >= 50 << 20


FORKS = PLUGIN + """import os, time


class Forks(Plugin):
    def step(self, step):
        made = []
        try:
            while len(made) < 300:
                pid = os.fork()
                if pid == 0:
                    time.sleep(60)
                    os._exit(0)
                made.append(pid)
        except BlockingIOError:
            pass
        time.sleep(0.5)
        for pid in made:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        return len(made)
"""


@pytest.mark.rows("O-58")
@pytest.mark.parametrize("cgroups", [True, False])
def test_a_plugin_that_forks_and_forks_stops_at_its_hundred_processes(house, cgroups):
    python_plugin(house.folder, "Data_Processing.forks", FORKS, limits={"processes": 100})
    server = house(runtime={"cgroups": cgroups})
    data = server.execute([step("Data_Processing.forks", output="n")])
    if data["success"]:
        assert 50 <= data["context"]["n"] < 100
    else:  # the watchdog, which sees it and ends it
        assert "processes of 100" in data["error"], data["error"]
    assert server.healthy()
    eventually(lambda: len(outside.descendants(server.pid)) < 20, what="the end of the children")


SPINS = PLUGIN + """import time


class Spins(Plugin):
    def step(self, step):
        until = time.monotonic() + step.config["seconds"]
        while time.monotonic() < until:
            pass
        return 1
"""


def groups_of(pid):
    """The control groups that this server made."""
    return [folder for top, folders, _ in os.walk("/sys/fs/cgroup") for folder in folders if folder.startswith(f"mortise.{pid}-")]


def test_the_groups_of_a_killed_server_are_removed_by_the_next_one(house):
    server = house()
    assert server.execute([step("Test.give", value=1)])["success"]
    pid = server.pid
    if not groups_of(pid):
        pytest.skip("no control groups can be made here")
    server.kill()
    server.start()
    eventually(lambda: not groups_of(pid), what="the end of the groups")
    mine = server.pid
    assert groups_of(mine)
    assert "held by cgroup" in json.dumps(server.get("/api/v1/doctor").json())
    assert server.stop() == 0
    assert not groups_of(mine)


@pytest.mark.rows("O-55")
def test_a_plugin_with_a_tenth_of_a_processor_gets_no_more(house):
    python_plugin(house.folder, "Data_Processing.spins", SPINS, limits={"processors": 0.1})
    server = house()
    if not groups_of(server.pid):
        pytest.skip("no control groups can be made here")
    assert server.execute([step("Data_Processing.spins", seconds=3)])["success"]
    assert stats(server, "Data_Processing.spins")["cpu_seconds"] < 1.5


# ---- counting


@pytest.mark.rows("S-55", "S-62")
def test_statistics_tell_what_a_plugin_used_and_how_its_calls_ended(house):
    python_plugin(house.folder, "Data_Processing.spins", SPINS)
    server = house()
    for _ in range(3):
        assert server.execute([step("Data_Processing.spins", seconds=0.1)])["success"]
    assert not server.execute([step("Data_Processing.spins", seconds="no number")])["success"]
    counted = stats(server, "Data_Processing.spins")
    assert counted["calls"] >= 4 and counted["endings"].get("error") == 1
    assert 0 < counted["p50_ms"] <= counted["p95_ms"] <= counted["p99_ms"]
    assert counted["p99_ms"] >= 90 and counted["cpu_seconds"] > 0.02 and counted["cpu_p99_ms"] > 1
    assert counted["memory_bytes"] > 1 << 20 and counted["memory_peak_bytes"] >= 1 << 20
    shown = server.get("/api/v1/plugins/Data_Processing.spins").json()
    assert shown["statistics"]["memory_bytes"] > 1 << 20
    table = server.cli("plugin", "stats")
    assert table.returncode == 0 and "Data_Processing.spins" in table.stdout and "1 error" in table.stdout
    asked = json.loads(server.cli("plugin", "stats", "Data_Processing.spins", "--json").stdout)
    assert asked["Data_Processing.spins"]["calls"] >= 4
    metrics = server.get("/metrics").text
    for name in ("cpu_seconds_total", "memory_bytes", "memory_peak_bytes", "quarantined", "call_seconds"):
        assert f'mortise_plugin_{name}{{plugin="Data_Processing.spins"' in metrics, name
    assert server.cli("plugin", "stats", "Nobody").returncode != 0


# ---- failures

FAILS = PLUGIN + """class Fails(Plugin):
    def step(self, step):
        if step.config.get("fail"):
            raise ValueError("it is broken")
        return None
"""


@pytest.mark.rows("L-58", "L-59", "L-60")
def test_a_plugin_that_backs_off_is_quarantined_longer_each_time_and_any_success_makes_it_new(house):
    python_plugin(house.folder, "Data_Processing.fails", FAILS, on_failure="backoff")
    server = house()
    call = lambda **config: server.execute([step("Data_Processing.fails", **config)])  # noqa: E731
    shown = lambda: server.get("/api/v1/plugins/Data_Processing.fails").json()["quarantine"]  # noqa: E731
    assert call()["success"] and shown() is None
    begin = time.monotonic()
    assert "it is broken" in call(fail=True)["error"]
    refused = call()
    assert "is quarantined until 20" in refused["error"] and "the last: " in refused["error"], refused["error"]
    assert "mortise plugin release Data_Processing.fails" in json.dumps(refused)
    assert "quarantined until" in server.cli("plugin", "list").stdout
    assert "quarantined until" in server.cli("plugin", "show", "Data_Processing.fails").stdout
    eventually(lambda: shown() is None, what="the end of the first rest")
    assert time.monotonic() - begin >= 1
    begin = time.monotonic()
    assert "it is broken" in call(fail=True)["error"]
    assert shown()["failures"] == 2
    eventually(lambda: shown() is None, what="the end of the second rest")
    assert time.monotonic() - begin >= 2
    call(fail=True)
    left = (datetime.fromisoformat(shown()["until"][:19] + "+00:00") - datetime.now(UTC)).total_seconds()
    assert shown()["failures"] == 3 and left > 2, "the third rest has four seconds"
    eventually(lambda: shown() is None, what="the end of the third rest")
    assert call()["success"], "a success that gives nothing counts"
    call(fail=True)
    assert shown()["failures"] == 1
    released = server.cli("plugin", "release", "Data_Processing.fails")
    assert released.returncode == 0 and "may be called again" in released.stdout
    assert call()["success"]
    assert "was not in quarantine" in server.cli("plugin", "release", "Data_Processing.fails").stdout


def test_a_plugin_whose_policy_is_fail_stays_out_of_service_until_it_is_released(house):
    python_plugin(house.folder, "Data_Processing.fails", FAILS, on_failure="fail")
    server = house()
    call = lambda **config: server.execute([step("Data_Processing.fails", **config)])  # noqa: E731
    call(fail=True)
    assert "out of service" in call()["error"]
    assert stats(server, "Data_Processing.fails")["quarantine"]["until"] is None
    assert server.cli("plugin", "release", "Data_Processing.fails").returncode == 0
    assert call()["success"]


def test_a_crash_of_one_plugin_fails_no_call_of_another(house):
    server = house()
    done, failed, other = threading.Event(), [], []

    def work():
        while not done.is_set():
            data = server.execute([step("Test.give", "Give", "v", value=1)])
            (other if data["success"] else failed).append(data)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for thread in workers:
        thread.start()
    try:
        for _ in range(3):
            assert not server.execute([step("Rogue.aborts")])["success"]
    finally:
        done.set()
        for thread in workers:
            thread.join(60 * PATIENCE)
    assert failed == [] and other


# ---- another generation

ANSWERS = PLUGIN + "class Answers(Plugin):\n    def step(self, step):\n        return {number}\n"


@pytest.mark.parametrize("instances", [4, 1])
def test_64_clients_call_while_a_plugin_changes_and_no_call_is_dropped(house, instances):
    package = python_plugin(house.folder, "Data_Processing.answers", ANSWERS.format(number=0), max_instances=instances)
    server = house(plugins={"timeout": "120s", "max_concurrency": 64})
    present, done = [0], threading.Event()
    wrong, answers = [], []

    def work():
        while not done.is_set():
            least = present[0]
            data = server.execute([step("Data_Processing.answers", output="n")])
            answer = data["context"].get("n") if data["success"] else None
            (answers if answer is not None and answer >= least else wrong).append((least, data))

    clients = [threading.Thread(target=work) for _ in range(64)]
    for client in clients:
        client.start()
    try:
        for number in (1, 2, 3):
            seen = len(answers)
            eventually(lambda seen=seen: wrong or len(answers) > seen + 20, within=60, what="answers")
            replace(package, ANSWERS.format(number=number))
            reloaded = server.cli("plugin", "reload", "Data_Processing.answers", "--json", timeout=120)
            assert reloaded.returncode == 0, reloaded.stderr
            assert json.loads(reloaded.stdout)["changed"] and json.loads(reloaded.stdout)["generation"] == number
            present[0] = number
    finally:
        done.set()
        for client in clients:
            client.join(120 * PATIENCE)
    assert wrong == []
    assert server.execute([step("Data_Processing.answers", output="n")])["context"]["n"] == 3
    unchanged = server.cli("plugin", "reload", "Data_Processing.answers")
    assert "has not changed" in unchanged.stdout


@pytest.mark.parametrize("instances", [4, 1])
def test_a_change_that_does_not_start_leaves_the_present_plugin_in_place(house, instances):
    package = python_plugin(house.folder, "Data_Processing.answers", ANSWERS.format(number=1), max_instances=instances)
    server = house()
    answer = lambda: server.execute([step("Data_Processing.answers", output="n")])["context"]["n"]  # noqa: E731
    assert answer() == 1
    replace(package, ANSWERS.format(number=2) + "\n    def initialize(self):\n        raise RuntimeError('not today')\n")
    failed = server.cli("plugin", "reload", "Data_Processing.answers")
    assert failed.returncode != 0 and "not today" in failed.stderr
    assert answer() == 1
    replace(package, "this is no Python")
    assert server.cli("plugin", "reload", "Data_Processing.answers").returncode != 0
    assert answer() == 1
    replace(package, ANSWERS.format(number=3))
    assert server.cli("plugin", "reload", "Data_Processing.answers").returncode == 0
    assert answer() == 3


def test_a_watched_plugin_is_loaded_anew_when_its_content_changes_and_only_then(house):
    package = python_plugin(house.folder, "Data_Processing.answers", ANSWERS.format(number=1))
    server = house(plugins={"watch": "50ms"})
    answer = lambda: server.execute([step("Data_Processing.answers", output="n")])["context"]["n"]  # noqa: E731
    shown = lambda: server.get("/api/v1/plugins/Data_Processing.answers").json()  # noqa: E731
    assert answer() == 1
    time.sleep(0.5)  # it gets to know the folder
    manifest = json.loads((package / "manifest.json").read_text())
    (package / "plugin.py").touch()
    time.sleep(0.5)
    assert shown()["generation"] == 0, "a touch is no change"
    replace(package, json.dumps({**manifest, "version": "1.1.0"}), "manifest.json")
    replace(package, ANSWERS.format(number=2))
    eventually(lambda: answer() == 2, within=20, what="the new answer")
    eventually(lambda: shown()["version"] == "1.1.0", within=20, what="the new version")
    replace(package, "this is no Python")
    eventually(lambda: "the change does not work" in server.log.read_text(), within=20, what="the complaint")
    assert answer() == 2
