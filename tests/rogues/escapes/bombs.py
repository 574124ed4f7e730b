"""Bombs through the real host: bomb/ is its plugin. What stops them is more than the layers of one process: limits that hold for a worker and
all it starts, and a deadline.

Each bomb first goes off alone and must reach its mark; then as a step of a pipeline, in `mortise run`: the mark must not be reached, not even
long after the host has ended, nothing of it may be left, and the host must have told an error of its own, or gone on.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
AFTER = 7  # seconds after which whatever lives on has reached its mark
TIMEOUT = 90


@dataclass(frozen=True)
class Bomb:
    name: str
    stopped_by: str
    lives_on: bool = False  # its mark comes later than its call
    timeout: str = "30s"
    not_at: dict = field(default_factory=dict)  # level: why nothing stops it there


BOMBS = [
    Bomb("processes", "limits.processes"),
    Bomb("doubling", "limits.processes"),
    Bomb("threads", "limits.processes"),
    Bomb("memory", "limits.memory"),
    Bomb("memory_of_children", "limits.memory"),
    Bomb("memory_without_a_name", "limits.memory"),
    Bomb("disk", "the size of its /tmp", not_at={"bare": "its /tmp is a folder of the host's there"}),
    Bomb("shared_memory_folder", "the size of its /dev/shm"),
    Bomb("descriptors", "limits.open_files"),
    Bomb("ignores_everything", "the deadline", timeout="2s"),
    Bomb("leaves_a_grandchild", "the end of its worker", lives_on=True),
    Bomb("hops", "the end of its worker", lives_on=True),
    Bomb("hides_in_a_program", "the end of its worker", lives_on=True),
    Bomb("keeps_the_machine_busy", "the deadline, with all that it started", lives_on=True, timeout="2s"),
]


class Ground:
    """A folder of one user in which bombs go off."""

    def __init__(self, level, program):
        self.level, self.program = level, program
        self.folder = Path(tempfile.mkdtemp(prefix="mortise-bombs-", dir="/var/tmp"))
        shutil.copytree(HERE / "bomb", self.folder / "plugins" / "bomb")
        manifest = self.folder / "plugins" / "bomb" / "manifest.json"
        words = json.loads(manifest.read_text())
        words["permissions"] = [f"file_system={self.folder / 'marks'}:write"]
        manifest.write_text(json.dumps(words))
        (self.folder / "marks").mkdir()
        self.folder.chmod(0o755)
        for path in (self.folder, self.folder / "marks"):
            os.chown(path, level.uid, level.uid)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, command):
        return subprocess.run(
            command, cwd=self.folder, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": str(self.level.scratch)}, capture_output=True,
            text=True, timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL, user=self.level.uid, group=self.level.uid, extra_groups=[],
            start_new_session=True, umask=0o022,
        )  # fmt: skip

    def reached(self, bomb):
        """Whether it came to its mark; waits as long as it may take."""
        mark = self.folder / "marks" / "mark"
        end = time.monotonic() + (AFTER if bomb.lives_on else 0)
        while not mark.exists() and time.monotonic() < end:
            time.sleep(0.1)
        found = mark.exists()
        mark.unlink(missing_ok=True)
        return found

    def alone(self, bomb):
        done = self.start([sys.executable, str(self.folder / "plugins" / "bomb" / "bomb.py"), bomb.name, str(self.folder / "marks")])
        return self.reached(bomb), done.stderr.strip().split("\n")[-1]

    def in_a_host(self, bomb, sandbox="auto"):
        """(whether it came to its mark, whether the host lived and told, what it told)"""
        config, pipeline = self.folder / "config.json", self.folder / "p.json"
        config.write_text(json.dumps({"plugins": {"directories": [str(self.folder / "plugins")]}, "runtime": {"sandbox": sandbox}}))
        step = {"name": "Bomb", "plugin": "bomb", "timeout": bomb.timeout, "config": {"bomb": bomb.name, "folder": str(self.folder / "marks")}}
        pipeline.write_text(json.dumps({"name": "P", "steps": [step]}))
        done = self.start([*self.level.wrapper, str(self.program), "run", str(pipeline), "--json", "--config", str(config)])
        reached = self.reached(bomb)
        try:
            told = json.loads(done.stdout)["data"]
            words = told["error"] or "it went on"
        except (ValueError, KeyError, TypeError):
            words = ""
        return reached, done.returncode >= 0 and bool(words), words or (done.stderr.strip() or f"ended with {done.returncode}").split("\n")[-1]

    def left_behind(self):
        """Processes of bombs that live; they are ended here."""
        found = []
        for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(self.folder).encode() in cmdline.read_bytes() or f"{self.folder}".encode() in (cmdline.parent / "environ").read_bytes():
                    found.append(int(cmdline.parent.name))
                    os.kill(found[-1], signal.SIGKILL)
            except OSError:
                pass
        return found


def verdict(ground, bomb):
    reached, words = ground.alone(bomb)
    ground.left_behind()
    if not reached:
        return f"FAILS UNCONFINED ({words})", False
    reached, lived, words = ground.in_a_host(bomb)
    left = ground.left_behind()
    why = bomb.not_at.get(ground.level.name)
    if why is not None:
        if not reached:
            return f"STOPPED, though the catalogue says that nothing does ({words})", False
        _, _, words = ground.in_a_host(bomb, sandbox="required")
        return (f"not covered: {why}; runtime.sandbox: required refuses it", True) if "requires the layer" in words else (f"NOT REFUSED ({words})", False)
    if reached or left:
        return f"NOT STOPPED ({'reached its mark' if reached else f'left {left}'}: {words})", False
    if not lived:
        return f"THE HOST DID NOT TELL ({words})", False
    return f"stopped by {bomb.stopped_by}: {words[:90]}", True


def run_bombs(level, program, chosen):
    """Each that is `chosen` by its name, with what became of it and whether that is as it must be."""
    ground = Ground(level, program)
    try:
        for bomb in BOMBS:
            if chosen(f"bomb:{bomb.name}"):
                text, fine = verdict(ground, bomb)
                yield f"bomb:{bomb.name}", text, fine
    finally:
        ground.left_behind()
        ground.remove()
