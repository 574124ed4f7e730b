"""Plugins that need each other go over together: none is ever seen beside the wrong version of the other."""

import threading

import packing
import pytest
from outside import config_file, eventually, step

BASE = """
from mortise import Plugin


class Base(Plugin):
    def call(self, method, input):
        return {{"version": "{version}"}}

    def step(self, step):
        return {{"version": "{version}"}}
"""

# It asks what it needs in the middle of a call, and takes no other version than its own.
USER = """
import time

from mortise import Plugin


class User(Plugin):
    def step(self, step):
        time.sleep(step.config.get("sleep", 0))
        said = step.service("ground", "version")["version"]
        if said != "{version}":
            raise RuntimeError("user {version} was answered by base " + said)
        return {{"version": "{version}", "base": said}}
"""


def shelf_of(tmp_path, **more):
    shelf = tmp_path / "shelf"
    for version in ("1.0.0", "2.0.0"):
        packing.archive(shelf, "base", version, source=BASE, provides=["ground"], **more)
        packing.archive(shelf, "user", version, source=USER, requires=[f"base ^{version}"], config={"sleep": {"type": "number", "default": 0}}, **more)
    return shelf


@pytest.fixture
def host(make_server, tmp_path):
    return packing.operated(make_server(config=config_file(tmp_path, [])))


def under_clients(host, shelf, clients, rounds):
    """Back and forth while clients ask without a pause; what they were answered, and what went wrong."""
    done, answers, failures = threading.Event(), [], []

    def client():
        while not done.is_set():
            data = host.execute([step("user", output="x")])
            answers.append(data["context"]["x"]["version"]) if data["success"] else failures.append(data["error"])

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        for number in range(rounds):
            eventually(lambda n=len(answers): failures or len(answers) >= n + 2 * clients, within=60, what="answers between two switches")
            told = host.asked("update", "user", "--to", "2.0.0", "--from", shelf) if number % 2 == 0 else host.asked("rollback", "user", "--to", "1.0.0")
            assert told["along"] == [f"base {told['version']}"]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    return answers, failures


@pytest.mark.rows("O-71", "O-72")
@pytest.mark.parametrize("kind", [{"lifetime": "per_call"}, {"max_instances": 3}, {"max_instances": 1}], ids=["per-call", "several", "one"])
def test_a_plugin_and_what_it_needs_go_over_together_and_no_call_meets_a_mix(host, tmp_path, kind):
    """A fresh worker for each call: at every moment some are being started."""
    shelf = shelf_of(tmp_path, **kind)
    host.plugin("install", "user@^1", "--from", shelf)
    answers, failures = under_clients(host, shelf, clients=4, rounds=4)
    assert failures == [], failures[:3]
    assert {"1.0.0", "2.0.0"} <= set(answers)
    assert host.asked("verify")["whole"]


def test_a_call_that_runs_through_the_switch_is_answered_by_what_belongs_to_it(host, tmp_path):
    shelf = shelf_of(tmp_path, max_instances=2)
    host.plugin("install", "user@^1", "--from", shelf)
    assert host.execute([step("user", output="x")])["success"]
    ended = []
    slow = threading.Thread(target=lambda: ended.append(host.execute([step("user", output="x", sleep=6)])))
    slow.start()
    eventually(lambda: any(one["busy"] for one in host.get("/api/v1/plugins/user").json()["instances"]), what="the slow call")
    host.plugin("update", "user", "--from", shelf)
    assert not ended, "the update waited for the call"
    assert host.execute([step("user", output="x")])["context"]["x"] == {"version": "2.0.0", "base": "2.0.0"}
    slow.join()
    assert ended[0]["success"], ended[0]
    assert ended[0]["context"]["x"] == {"version": "1.0.0", "base": "1.0.0"}


def test_when_one_does_not_start_none_goes_over(host, tmp_path):
    shelf = shelf_of(tmp_path)
    packing.archive(shelf, "user", "2.0.0", source="raise RuntimeError('no start')\n" + USER, requires=["base ^2.0.0"], config={"sleep": {"type": "number", "default": 0}})
    host.plugin("install", "user@^1", "--from", shelf)
    assert "no start" in host.plugin("update", "user", "--from", shelf, status=None).stderr
    assert host.execute([step("user", output="x")])["context"]["x"] == {"version": "1.0.0", "base": "1.0.0"}
    assert {one["name"]: one["version"] for one in host.asked("versions")} == {"base": "1.0.0", "user": "1.0.0"}
    assert [event["action"] for event in host.asked("history")] == ["install", "install"]
    assert host.asked("verify")["whole"]


def test_a_lock_brings_plugins_that_need_each_other_over_together(host, tmp_path):
    shelf = shelf_of(tmp_path)
    host.plugin("install", "user@^1", "--from", shelf)
    host.plugin("lock", "--output", tmp_path / "old.lock")
    host.plugin("update", "user", "--from", shelf)
    host.plugin("lock", "--output", tmp_path / "new.lock")
    for lock, version in (("old.lock", "1.0.0"), ("new.lock", "2.0.0")):
        host.plugin("install", "--lock", tmp_path / lock)
        assert host.execute([step("user", output="x")])["context"]["x"] == {"version": version, "base": version}


def test_a_capability_of_a_plugin_is_there_once_it_is_installed_and_goes_with_it(host, tmp_path):
    shelf = shelf_of(tmp_path)
    packing.archive(tmp_path, "asks", source=USER.format(version="1.0.0").replace("{", "{{").replace("}", "}}"), config={"sleep": {"type": "number", "default": 0}})
    host.plugin("install", tmp_path / "asks-1.0.0.tar.gz")
    assert "no service 'ground'" in host.execute([step("asks", output="x")])["error"]
    host.plugin("install", "base@^1", "--from", shelf)
    assert host.execute([step("asks", output="x")])["context"]["x"] == {"version": "1.0.0", "base": "1.0.0"}
    host.plugin("disable", "base")
    assert "no service 'ground'" in host.execute([step("asks", output="x")])["error"]
