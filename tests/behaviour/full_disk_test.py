"""A disk that is full, on a small file system of the test's own. Nothing is lost but what was being written, everybody is told
which file and why, and when there is room again everything goes on."""

import os
import shutil
import sqlite3
import subprocess

import outside
import pytest
from outside import eventually, step

MOUNTED = """
mkdir -p "$DISK" && mount -t tmpfs -o size={size}k tmpfs "$DISK" || exit 77
exec "$@"
"""


def can_mount():
    probe = subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"], capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    return probe.returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason="needs root: a small file system is mounted (unshare -m)")


@pytest.fixture
def small_disk(tmp_path):
    """The words before a command that give it a disk of its own, and the way to see that disk from here."""

    class SmallDisk:
        path = tmp_path / "disk"

        def wrapper(self, kilobytes):
            return ["env", f"DISK={self.path}", "unshare", "-m", "sh", "-c", MOUNTED.format(size=kilobytes), "disk"]

        def seen_by(self, pid):
            """The same folder in the mount namespace of that process."""
            return f"/proc/{pid}/root{self.path}"

    disk = SmallDisk()
    disk.path.mkdir()
    return disk


def fill(folder):
    with open(f"{folder}/ballast", "wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue


def free_bytes(folder):
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def test_a_full_data_folder_is_told_and_survived(make_server, small_disk, tmp_path):
    server = make_server(wrapper=small_disk.wrapper(4096), data_dir=small_disk.path / "data")
    inside = small_disk.seen_by(server.pid)
    first = server.execute([step("Test.give", output="x", value=1)])
    assert first["success"]
    fill(inside)
    assert free_bytes(inside) == 0

    def run():
        answer = server.post("/api/v1/pipelines/execute", {"pipeline_file": str(path), "folder": str(server.folder)})
        return answer.status_code, answer.text

    path = server.folder / "p.json"
    path.write_text('{"name": "P", "steps": [{"name": "Give", "plugin": "Test.give", "config": {"value": 1}, "output": "x"}]}')
    status, text = eventually(lambda: (found := run())[0] != 200 and found, within=20, what="a refusal")
    assert status in (500, 503, 507), text
    assert "data" in text and ("No space left" in text or "disk is full" in text), text
    assert "free" in text.lower() or "space" in text.lower(), "there is no way out in it"
    assert server.healthy()

    os.unlink(f"{inside}/ballast")
    assert eventually(lambda: run()[0] == 200, within=10, what="a run after space was freed")
    assert server.record(first["run_id"])["state"] == "succeeded"
    database = next(each for each in os.listdir(f"{inside}/data") if each.endswith(".db"))
    for suffix in ("", "-wal"):  # a copy, since reading in place would need a lock of its own there
        if os.path.exists(f"{inside}/data/{database}{suffix}"):
            shutil.copy(f"{inside}/data/{database}{suffix}", tmp_path / f"copy.db{suffix}")
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("pragma integrity_check").fetchone() == ("ok",)
    copy.close()
    assert server.stop() == 0


def test_a_full_disk_under_an_output_file_fails_its_step_and_leaves_no_half_file(make_server, small_disk):
    server = make_server(wrapper=small_disk.wrapper(4096))
    inside = small_disk.seen_by(server.pid)
    target = small_disk.path / "out.json"
    rows = [{"n": number, "text": "x" * 1000} for number in range(8000)]  # 8 MB
    write = step("Output.json", "Save", path=str(target), input="rows")
    answer = server.execute([step("Test.give", "Give", "rows", value=rows), write])
    assert not answer["success"]
    assert str(target) in answer["error"] and "No space left" in answer["error"], answer["error"][:2000]
    assert "Save" in answer["error"] and answer["failure"].get("hint") or answer["failure"].get("cause", {}).get("hint")
    assert not os.path.exists(f"{inside}/out.json"), "half a file was left under its final name"
    assert free_bytes(inside) > (3 << 20), "half a file was left somewhere"

    answer = server.execute([step("Test.give", "Give", "rows", value=rows[:100]), write])
    assert answer["success"] and os.path.getsize(f"{inside}/out.json") > 100_000


def test_a_log_on_a_full_disk_does_not_stop_the_work(make_server, small_disk, tmp_path):
    config = outside.config_file(tmp_path, logging={"file": str(small_disk.path / "log" / "mortise.log"), "level": "debug"})
    server = make_server(wrapper=small_disk.wrapper(1024), config=config)
    inside = small_disk.seen_by(server.pid)
    fill(inside)
    for _ in range(5):
        assert server.execute([step("Test.talk", "Talk")])["success"]
    assert server.healthy()
    os.unlink(f"{inside}/ballast")
    assert server.execute([step("Test.talk", "Talk")])["success"]
    eventually(lambda: os.path.getsize(f"{inside}/log/mortise.log") > 0, what="a log that goes on")
