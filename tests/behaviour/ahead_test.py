"""Processes forked ahead of workers, which wait in the control group that the next worker will have: nothing of one worker is the next one's."""

import os
import signal
from pathlib import Path

import outside
import pytest
from outside import eventually, step

LEAVES = '''
import builtins, os, sys
from mortise import Plugin


class Leaves(Plugin):
    def step(self, step):
        seen = getattr(builtins, "marker", None)
        builtins.marker = step.config["marker"]
        with open("/tmp/left", "a+") as left:
            left.seek(0)
            found = left.read()
            left.write(step.config["marker"])
        return {"marker": seen, "file": found, "environment": sorted(os.environ), "folder": os.path.dirname(sys.modules[Leaves.__module__].__file__)}
'''


def waiting(server):
    return {
        pid for launcher in server.launcher_pids() for pid in outside.descendants(launcher) if Path(f"/proc/{pid}/comm").read_text() == "mortise-unborn\n"
    }


def group_of(pid):
    """The folder of the group that holds its memory, as the host made it; None when it is in no group of its own."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in ("memory", "") and "/worker-" in path:
            return next(Path(top) for top in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified", "/sys/fs/cgroup") if Path(top + path).is_dir()) / path[1:]
    return None


def memory_limit(group):
    names = ("memory.limit_in_bytes", "memory.max")
    return int(next(group / name for name in names if (group / name).exists()).read_text())


def waits_in_a_group(server, kind, but=()):
    """One that waits, with its group, once there is one. `kind`: a word of its command, which is that of who forked it."""

    def found():
        for pid in [one for one in waiting(server) - set(but) if kind in outside.command_line(one)]:
            try:
                if group := group_of(pid):
                    return pid, group
            except FileNotFoundError:
                continue
        return None

    return eventually(found, within=20, what="a process that waits in its group")


@pytest.fixture
def server(make_server, tmp_path):
    for name, memory in (("first", "200 MiB"), ("second", "300 MiB"), ("third", "400 MiB")):
        outside.python_plugin(tmp_path / "plugins", name, LEAVES, limits={"memory": memory}, environment=[f"ONLY_{name.upper()}"])
    os.environ.update(ONLY_FIRST="1", ONLY_SECOND="1", ONLY_THIRD="1")
    config = outside.config_file(tmp_path, [tmp_path / "plugins", *outside.PLUGIN_FOLDERS], runtime={"zygotes": "ahead"})
    try:
        server = make_server(config=config)
    finally:
        for name in ("ONLY_FIRST", "ONLY_SECOND", "ONLY_THIRD"):
            del os.environ[name]
    doctor = server.get("/api/v1/doctor").text
    if "held by cgroup" not in doctor:
        pytest.skip("no control groups can be made here")
    return server


def told(server, plugin, marker):
    answer = server.execute([step(plugin, output="told", marker=marker)])
    assert answer["success"], answer
    return answer["context"]["told"]


def test_a_worker_is_the_one_that_waited_in_its_group_and_has_its_own_limits_there(server):
    def forked():  # until the zygote has loaded
        told(server, "first", "a")
        launched = server.get("/api/v1/plugins/first/stats").json()["last_start"]
        if launched != "zygote":
            os.kill(max(server.worker_pids()), signal.SIGKILL)
        return launched == "zygote"

    eventually(forked, within=30, what="a worker from a zygote")
    groups = []
    for name, limit in (("second", 300 << 20), ("third", 400 << 20)):
        pid, group = waits_in_a_group(server, "mortise.zygote")
        seen = told(server, name, name)
        assert seen["marker"] is None and seen["file"] == "", "something of an earlier worker"
        assert [one for one in seen["environment"] if one.startswith("ONLY_")] == [f"ONLY_{name.upper()}"]
        assert seen["folder"].endswith(name)
        assert pid not in waiting(server) and outside.alive(pid), "another one became the worker"
        assert group_of(pid) == group
        assert memory_limit(group) == limit
        groups.append(group)
    assert len(set(groups)) == 2
    assert memory_limit(groups[0]) == 300 << 20, "a later worker's limit came to an earlier one's group"
    _, third = waits_in_a_group(server, "mortise.zygote")
    assert third not in groups


def test_a_program_waits_in_its_group_too_and_the_next_worker_is_that_process(server):
    give = lambda: server.execute([step("Test.give", output="x", value=1)])["success"]  # noqa: E731
    assert give()
    pid, group = waits_in_a_group(server, "mortise-launcher")
    assert not [one for one in Path(f"/proc/{pid}/fd").iterdir() if "socket" not in os.readlink(one) and os.readlink(one) != "/dev/null"]
    victim = next(one for one in server.worker_pids() if "mortise-worker" in outside.command_line(one))
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: not outside.alive(victim), what="the end of the worker")
    assert give()
    assert "mortise-worker" in outside.command_line(pid) and group_of(pid) == group


def test_one_that_is_killed_while_it_waits_fails_no_call_and_is_replaced(server):
    assert server.execute([step("Test.give", value=1)])["success"]
    pid, _ = waits_in_a_group(server, "mortise-launcher")
    os.kill(pid, signal.SIGKILL)
    for victim in [one for one in server.worker_pids() if "mortise-worker" in outside.command_line(one)]:
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: not outside.alive(victim), what="the end of the worker")
    assert server.execute([step("Test.give", value=1)])["success"]
    another, _ = waits_in_a_group(server, "mortise-launcher", but=[pid])
    assert another != pid
    server.kill()
    eventually(lambda: not outside.alive(another), what="the end of the one that waited")
