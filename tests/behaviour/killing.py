"""Pipeline runs while the server and its workers are killed, and the count afterwards.

Every step has an effect outside the host: one line "KEY ATTEMPT N" appended to a file. Afterwards the file, the run log and the
numbers that the steps passed on must tell the same story:

    lost      a run that did not come to its end, or an attempt recorded as succeeded without its line
    doubled   a line of a later attempt than the one recorded as succeeded, or two lines of one attempt
    skipped   a step of a run that succeeded without having succeeded itself, or a last number that is not the right one
"""

import os
import random
import re
import signal
import time
from collections import Counter, defaultdict

import requests
from outside import eventually, lines_of, step

# Two steps side by side, one that adds them up, and two after it: 1, 1, 3, 4, 5.
LAST = 5


def pipeline(effects, chance):
    keys = {"file": str(effects), "retry": {"attempts": 100, "delay": "5ms", "backoff": "constant"}}

    def one(name, add, needs, seconds, weight=0):
        return step("Test.effect", name, name, add=add, needs=needs, seconds=seconds, weight=weight, **keys)

    slow = lambda: round(chance.uniform(0, 0.05), 4)  # noqa: E731
    return [
        one("left", [], [], slow(), weight=chance.choice([0, 200_000])),  # large outputs are files
        one("right", [], [], slow()),
        one("sum", ["left", "right"], ["left", "right"], slow(), weight=chance.choice([0, 100_000])),
        one("next", ["sum"], ["sum"], slow()),
        one("last", ["next"], ["next"], slow()),
    ]


class Killing:
    def __init__(self, server, folder, runs, kills, seed, open_runs=12):
        self.server, self.effects = server, folder / "effects"
        self.wanted, self.kills, self.open_runs = runs, kills, open_runs
        self.chance = random.Random(seed)
        self.runs, self.done, self.driven = [], Counter(), 0

    def go(self):
        """Starts the runs a few at a time, so that there is work to be killed until the last kill."""
        ended = 0
        while self.done.total() < self.kills:
            share = self.done.total() / max(self.kills, 1)
            open_now = len(self.runs) - ended
            if len(self.runs) < self.wanted and open_now < self.open_runs and len(self.runs) <= share * self.wanted:
                self._start()
                continue
            self._kill()
            if self.done.total() % 100 == 0:
                print(f"{self.done.total()} kills, {ended} of {len(self.runs)} runs ended", flush=True)
            ended = sum(state not in ("queued", "running", "interrupted") for state in self._states().values())
        while len(self.runs) < self.wanted:
            self._start()
        eventually(self._all_ended, within=120, what="the end of all runs")
        return self.count()

    def _start(self):
        try:
            self.runs.append(self.server.start_run(pipeline(self.effects, self.chance), f"Killed {len(self.runs)}"))
        except requests.RequestException:
            self._restart_if_dead()

    def _states(self):
        try:
            listed = self.server.get("/api/v1/runs?limit=1000").json()["runs"]
            states = {run["id"]: run["state"] for run in listed}
            # Those that began while their client was cut off count, too.
            self.runs += [run for run in states if run not in self.runs]
            return states
        except requests.RequestException:
            self._restart_if_dead()
            return {}

    def _all_ended(self):
        states = self._states()
        # What failed says so, and is driven again, as its operator would.
        for run in (run for run, state in states.items() if state == "failed"):
            self.driven += self.server.post(f"/api/v1/runs/{run}/retry").status_code == 202
        states = self._states()
        return states and all(states.get(run, "lost") in ("succeeded", "cancelled", "lost") for run in self.runs)

    def _kill(self):
        time.sleep(self.chance.uniform(0, 0.04))
        workers = sorted(self.server.worker_pids())
        try:
            if workers and self.chance.random() < 0.6:
                os.kill(self.chance.choice(workers), signal.SIGKILL)
                self.done["worker"] += 1
            elif self.chance.random() < 0.05 and self.server.launcher_pids():
                os.kill(min(self.server.launcher_pids()), signal.SIGKILL)
                self.done["launcher"] += 1
            else:
                self.server.kill()
                self.done["server"] += 1
                self.server.start()
        except ProcessLookupError:
            pass

    def _restart_if_dead(self):
        if self.server.process.poll() is not None:
            self.server.start()

    def count(self):
        lines = defaultdict(list)  # key -> [(attempt, n)]
        for line in lines_of(self.effects):
            key, attempt, number = line.split(" ")
            lines[key].append((int(attempt), int(number)))
        lost, doubled, skipped, interrupted, failed = [], [], [], 0, 0
        known = {run["id"] for run in self.server.get("/api/v1/runs?limit=1000").json()["runs"]}
        for run in self.runs:
            record = self.server.record(run) if run in known else None
            if record is None or record["state"] != "succeeded":
                lost.append((run, record and record["state"], record and record["error"]))
                continue
            by_step = defaultdict(list)
            for attempt in record["steps"]:
                by_step[attempt["name"]].append(attempt)
            for name, attempts in by_step.items():
                good = [each["attempt"] for each in attempts if each["state"] == "succeeded"]
                interrupted += sum(each["state"] == "interrupted" for each in attempts)
                failed += sum(each["state"] == "failed" for each in attempts)
                seen = Counter(attempt for attempt, _ in lines[f"{run}/{name}"])
                if len(good) != 1:
                    skipped.append((run, name, [each["state"] for each in attempts]))
                elif seen[good[0]] == 0:
                    lost.append((run, name, good[0]))
                elif any(attempt > good[0] for attempt in seen) or max(seen.values()) > 1:
                    doubled.append((run, name, good[0], dict(seen)))
            if {number for _, number in lines[f"{run}/last"]} != {LAST}:
                skipped.append((run, "last", lines[f"{run}/last"]))
        effects = sum(map(len, lines.values()))
        return {
            "runs": len(self.runs), "kills": dict(self.done), "effects": effects, "driven": self.driven, "interrupted": interrupted,
            "failed_attempts": failed, "lost": lost, "doubled": doubled, "skipped": skipped,
        }  # fmt: skip


def summary(count):
    kills = " ".join(f"{what} {number}" for what, number in sorted(count["kills"].items()))
    return (
        f"{count['runs']} runs, {sum(count['kills'].values())} kills ({kills}): {count['effects']} effects, "
        f"{count['interrupted']} attempts interrupted, {count['failed_attempts']} failed and repeated, "
        f"{count['driven']} runs driven again by hand; "
        f"{len(count['lost'])} lost, {len(count['doubled'])} doubled, {len(count['skipped'])} skipped"
    )


def require_exact(count):
    assert not re.search(r"[1-9]\d* (lost|doubled|skipped)", summary(count)), count
