"""A server under load for SOAK_SECONDS (default 600), watched for growth.

Good runs, failing runs, dying workers and clients that leave, all at once. In the second half of the time neither memory nor
descriptors nor threads nor processes may grow beyond what the first half saw.
"""

import itertools
import os
import random
import signal
import threading
import time

import outside
import pytest
import requests
from outside import step

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
WATCHERS = 4
GROWTH = 24 << 20  # bytes of memory that caches and fragments may take in the second half


def good(number):
    table = [{"n": n, "text": f"{number} {n}"} for n in range(200)]
    return [step("Test.give", "Give", "rows", value=table), step("Test.look", "Look", "seen", key="rows")], True


def side_by_side(number):
    return [step("Test.give", f"Give {i}", f"v{i}", value=i, needs=[]) for i in range(6)], True


def failing(number):
    return [step("Test.fail", message=f"no {number}", causes=["a", "b"])], False


def crashing(number):
    return [step("Rogue.aborts"), step("Test.give", value=1)], False


def overrunning(number):
    return [step("Rogue.sleeps_deaf", seconds=60, timeout="100ms")], False


def talking(number):
    return [step("Test.talk", f"Talk {i}") for i in range(3)], True


KINDS = [good, good, good, side_by_side, talking, failing, crashing, overrunning]


class Load:
    def __init__(self, server):
        self.server = server
        self.ending = threading.Event()
        self.runs = itertools.count()
        self.problems = []
        self.threads = [threading.Thread(target=self._guarded, args=(work,)) for work in [self._run] * WATCHERS + [self._kill]]
        for thread in self.threads:
            thread.start()

    def _guarded(self, work):
        session = requests.Session()
        session.trust_env = False
        try:
            while not self.ending.is_set():
                work(session)
        except Exception as problem:  # told by the test at its end
            self.problems.append(problem)
            self.ending.set()

    def _run(self, session):
        number = next(self.runs)
        steps, expected = random.choice(KINDS)(number)
        body = {"pipeline": {"name": f"Soak {number}", "steps": steps}}
        answer = session.post(self.server.url + "/api/v1/pipelines/execute", json=body, timeout=60)
        data = answer.json()["data"]
        killed = not data["success"] and "SIGKILL" in (data["error"] or "")
        assert answer.status_code == 200 and (data["success"] == expected or killed), data

    def _kill(self, session):
        self.ending.wait(2)
        workers = sorted(self.server.worker_pids())
        if workers:
            try:
                os.kill(random.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                pass
        assert session.get(self.server.url + "/health", timeout=10).status_code == 200

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(90)
        return next(self.runs)


def measure(server):
    return {
        "memory": outside.resident_bytes(server.pid),
        "descriptors": outside.open_descriptors(server.pid),
        "threads": len(os.listdir(f"/proc/{server.pid}/task")),
        "processes": len(outside.descendants(server.pid)),
    }


@pytest.mark.timeout(SECONDS * 2 + 300)
def test_nothing_grows_under_load(tmp_path):
    server = outside.Server(tmp_path)
    try:
        load = Load(server)
        halves = ([], [])
        begin = time.monotonic()
        while time.monotonic() - begin < SECONDS and not load.problems:
            load.ending.wait(SECONDS / 60)
            halves[time.monotonic() - begin > SECONDS / 2].append(measure(server))
        runs = load.end()
        assert load.problems == []
        peaks = [{key: max(sample[key] for sample in half) for key in half[0]} for half in halves]
        print(f"{runs} runs in {SECONDS:g} s; peaks of the first half {peaks[0]}, of the second {peaks[1]}")
        assert runs > SECONDS, "less than one run a second is no load"
        assert peaks[1]["memory"] <= peaks[0]["memory"] + GROWTH
        assert peaks[1]["descriptors"] <= peaks[0]["descriptors"] + 16
        assert peaks[1]["threads"] <= peaks[0]["threads"] + 4
        assert peaks[1]["processes"] <= peaks[0]["processes"] + 8
        assert server.stop() == 0
    finally:
        server.close()
