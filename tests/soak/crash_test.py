"""`make soak KILLS=10000 SEED=1`: workers of one plugin are killed at random while calls of others go on. No call of another plugin
fails, and the time until the plugin that was hit answers again is printed (median, 95 of 100, longest)."""

import json
import os
import random
import signal
import statistics
import threading
import time

import outside
import pytest
import requests
from outside import step

KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "1"))
CALLERS = int(os.environ.get("SOAK_CALLERS", "3"))

VICTIM = """from mortise import Plugin


class Victim(Plugin):
    def step(self, step):
        return 1
"""


class Callers:
    """Calls of other plugins, one after the other from each thread, until the end."""

    def __init__(self, server):
        self.server, self.done, self.calls, self.failed = server, threading.Event(), 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._work, args=(i,)) for i in range(CALLERS)]
        for thread in self.threads:
            thread.start()

    def _work(self, number):
        session = requests.Session()
        session.trust_env = False
        steps = [step("Test.give", "Give", "rows", value=[{"n": number}]), step("Test.look", "Look", "seen", key="rows")]
        body = {"pipeline": {"name": f"Caller {number}", "steps": steps}}
        while not self.done.is_set():
            data = session.post(self.server.url + "/api/v1/pipelines/execute", json=body, timeout=60).json()["data"]
            with self.lock:
                self.calls += 1
                if not data["success"]:
                    self.failed.append(data["error"])

    def end(self):
        self.done.set()
        for thread in self.threads:
            thread.join(90)


def kill_one(server, plugin, chance):
    """Kills a worker of the plugin; gives whether there was one."""
    instances = server.get(f"/api/v1/plugins/{plugin}").json()["instances"]
    pids = [instance["pid"] for instance in instances if instance["pid"]]
    if not pids:
        return False
    try:
        os.kill(chance.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def time_back(server, plugin):
    """From now until a call of the plugin ends well."""
    begin = time.perf_counter()
    while True:
        if server.execute_quickly(plugin):
            return time.perf_counter() - begin
        assert time.perf_counter() - begin < 30, f"{plugin} did not come back"


class Server(outside.Server):
    def execute_quickly(self, plugin):
        body = {"pipeline": {"name": "Back", "steps": [step(plugin, "Back", "v", **({"value": 1} if plugin == "Test.give" else {}))]}}
        return self.post("/api/v1/pipelines/execute", body).json()["data"]["success"]


def percentile(values, part):
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def run(tmp_path, victim, kills):
    chance = random.Random(SEED)
    folder = tmp_path / "plugins"
    folder.mkdir()
    outside.python_plugin(folder, "Data_Processing.victim", VICTIM)
    server = Server(tmp_path, config=outside.config_file(tmp_path, [folder, *outside.PLUGIN_FOLDERS]))
    try:
        assert server.execute_quickly(victim)
        callers = Callers(server)
        back = []
        try:
            while len(back) < kills and not callers.failed:
                if kill_one(server, victim, chance):
                    back.append(time_back(server, victim))
        finally:
            callers.end()
        assert callers.failed == [], callers.failed[:3]
        assert callers.calls > 0
        assert server.stop() == 0
        return callers.calls, back
    finally:
        server.close()


@pytest.mark.timeout(KILLS * 5 + 600)
@pytest.mark.parametrize("victim", ["Test.pid", "Data_Processing.victim"])
def test_a_killed_worker_fails_no_call_of_another_plugin_and_is_back_soon(tmp_path, victim):
    kills = KILLS if victim == "Test.pid" else max(KILLS // 10, 1)
    calls, back = run(tmp_path, victim, kills)
    milliseconds = [1000 * each for each in back]
    print(
        f"\n{victim}: {len(back)} kills, {calls} calls of others, none failed; back after a crash in "
        f"{statistics.median(milliseconds):.1f} ms (median), {percentile(milliseconds, 0.95):.1f} ms (95 of 100), "
        f"{max(milliseconds):.1f} ms at most; seed {SEED}"
    )
    print(json.dumps({"victim": victim, "kills": len(back), "calls": calls, "median_ms": statistics.median(milliseconds)}))
