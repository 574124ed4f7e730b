"""Attacks from within workers of the real host: guest_python/ and guest_r/ are its plugins. What escape_cell shows of the layers must hold for a
worker as the host starts it, which is forked from a zygote: nothing that the zygote, the launcher or the host has may be left in it.

A server of the level's user runs both; each attack is a step of a pipeline of its own. An attack that the layers of this level block must be
refused here, too.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECONDS = 60
UNKNOWN = 98  # what an attacker's program says to a name that it does not know: it ran
GUESTS = {"python": ("c", "c++", "go", "python"), "r": ("c", "c++", "go", "r")}
NOT_THERE = {
    "large_file": "a worker's files are bounded by the size of its /tmp",
    "fill_tmp": "its /tmp is larger than what this attack writes; bomb:disk fills it",
    "outlive": "bomb:leaves_a_grandchild",
}  # fmt: skip

TOLD = {"many_processes": "processes of 100"}  # where no layer counts them the watchdog does, and ends the worker


class Guests:
    """A server with a worker of each kind."""

    def __init__(self, level, program):
        self.level, self.program = level, program
        self.folder = Path(tempfile.mkdtemp(prefix="mortise-guests-", dir="/var/tmp"))
        for guest in GUESTS:
            self.make_plugin(guest)
        self.config = self.folder / "config.json"
        self.config.write_text(json.dumps({"plugins": {"directories": [str(self.folder / "plugins")], "health_interval": "1h"},
                                           "runtime": {"zygotes": "ahead"}, "server": {"ports": [0]}}))
        for path in (self.folder, self.config):
            os.chown(path, level.uid, level.uid)
        self.server = self.start()

    def make_plugin(self, guest):
        plugin = self.folder / "plugins" / f"guest_{guest}"
        shutil.copytree(HERE / f"guest_{guest}", plugin)
        for name in ("attacks_c", "attacks_cc", "attacks_go", "attacks.py", "attacks.R"):
            if (self.level.tools / name).exists():
                shutil.copy(self.level.tools / name, plugin / name)

    def words(self, *words):
        return [*self.level.wrapper, str(self.program), *words, "--data-dir", str(self.folder / "data"), "--config", str(self.config)]

    def start(self):
        """As Level.run: the host is left two descriptors that no worker should have."""
        with open(self.folder / "log", "w") as log:
            server = self.level.popen(self.words("serve"), cwd=self.folder, stdout=log, stderr=log)
        end = time.monotonic() + SECONDS
        while not (self.folder / "data" / "server.sock").exists():
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the host with the guests does not start: " + (self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)
        return server

    def ask(self, *words):
        return subprocess.run(self.words(*words), cwd=self.folder, env=self.level.environment(), capture_output=True, text=True, timeout=SECONDS * 2,
                              check=False, stdin=subprocess.DEVNULL, user=self.level.uid, group=self.level.uid, extra_groups=[])  # fmt: skip

    def attempt(self, guest, language, name):
        """The status of the attack, or None, and what the host told."""
        step = {"name": "Attack", "plugin": f"guest_{guest}", "output": "status", "timeout": "30s",
                "config": {"language": language, "attack": name, "canaries": self.level.canaries.environment()}}
        pipeline = self.folder / "attack.json"
        pipeline.write_text(json.dumps({"name": "Attack", "steps": [step]}))
        done = self.ask("run", str(pipeline), "--json")
        self.level.canaries.restore()
        try:
            told = json.loads(done.stdout)["data"]
            return told["context"]["status"] if told["success"] else None, told["error"] or ""
        except (ValueError, KeyError, TypeError):
            return None, (done.stderr.strip() or f"ended with {done.returncode}").split("\n")[-1]

    def forked(self, guest):
        """Whether its worker came from a zygote."""
        return "forked from a zygote" in self.ask("plugin", "stats", f"guest_{guest}").stdout

    def await_zygote(self, guest, language):
        """The first worker may be earlier than its zygote; a decision of the operator ends it. The status of the last call."""
        end = time.monotonic() + SECONDS
        while True:
            answer = self.attempt(guest, language, "no such attack")
            if self.forked(guest) or time.monotonic() > end:
                return answer
            self.ask("plugin", "limits", f"guest_{guest}", "open_files=256")

    def end(self):
        self.server.terminate()
        try:
            self.server.wait(SECONDS)
        finally:
            self.server.kill()
            shutil.rmtree(self.folder, ignore_errors=True)


def verdict(guests, guest, attack, refused):
    status, words = guests.attempt(guest, attack.language, attack.name)
    if status is None and attack.name in TOLD and TOLD[attack.name] in words:
        return f"blocked in a worker of {guest}: {words}", True
    if status is None:
        return f"THE HOST DID NOT ANSWER ({words})", False
    held = attack.layers_at(guests.level)[1]
    if held and status not in refused:
        return f"NOT BLOCKED ({status})", False
    return (f"blocked in a worker of {guest}" if held else "not covered"), True


def run_guests(level, program, attacks, refused):
    """Each attack from within each kind of worker, with what became of it and whether that is as it must be."""
    guests = Guests(level, program)
    try:
        for guest, languages in GUESTS.items():
            mine = [one for one in attacks if one.language in languages and level.name in one.only and one.name not in NOT_THERE]
            for language in sorted({one.language for one in mine} & {"c", "c++", "go"}):
                status, words = guests.await_zygote(guest, language)
                if status != UNKNOWN:
                    yield f"{guest}: {language}", f"FAILS: its programs cannot run ({status}: {words})", False
            for attack in mine:
                yield f"{guest}: {attack.id}", *verdict(guests, guest, attack, refused)
            if mine and not guests.forked(guest):
                yield f"{guest}: zygote", "FAILS: the worker was not forked", False
    finally:
        guests.end()
