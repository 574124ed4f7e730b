#!/usr/bin/env python3
"""Lets every attack loose on the canaries, at every level of the host, and prints what became of it. README.md tells the rules.

    run.py BUILD [--only TEXT] [--levels root,user,bare] [--share N] [--host build/bin/mortise] [--program build/bin/mortise] [--survey]

With a host, every attack is tried from within its workers, too (guests.py). With a program, bombs go off in it (bombs.py), and the frames that
lie are sent to it (frames.py).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bombs import run_bombs
from canaries import Canaries
from catalogue import CATALOGUE
from frames import run_frames
from guests import run_guests

HERE = Path(__file__).resolve().parent
GOT_IT, REFUSED, NOT_HERE, NOT_CONFINED = 0, 10, 11, 90
SECONDS = 60
NOBODY = 65534
SORTS = ("blocked", "stopped", "not covered", "not in this kernel", "does not apply")
NO_NAMESPACES = ["/usr/bin/unshare", "--user", "--map-current-user", "--keep-caps", "/bin/sh", "-c",
                 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"', "sh"]


class Level:
    """A host's rights: root's, an ordinary user's, an ordinary user's where namespaces are forbidden."""

    def __init__(self, name, build):
        self.name, self.build = name, build
        self.uid = 0 if name == "root" else NOBODY
        self.canaries = Canaries(self.uid)
        self.tools = self.canaries.folder.parent / "attacks"
        self.copy_tools()
        self.scratch = self.canaries.folder.parent / "scratch"  # its own temporary folder, which needs no layer
        self.scratch.mkdir()
        self.scratch.chmod(0o777)
        self.options = ["--no-namespaces"] if name == "bare" else []
        self.wrapper = NO_NAMESPACES if name == "bare" else []  # the same for a whole host
        said = self.run([str(self.build / "escape_cell"), *self.options, "--layers"])
        self.layers = set(json.loads(said.stdout)["layers"])

    def copy_tools(self):
        """Beside the canaries: where the attacks lie is shown to them, where the canaries lie is not."""
        self.tools.mkdir()
        for name in ("attacks_c", "attacks_cc", "attacks_go"):
            if (self.build / name).exists():
                shutil.copy(self.build / name, self.tools / name)
        for name in ("attacks.py", "attacks.R"):
            shutil.copy(HERE / name, self.tools / name)

    def command(self, attack):
        return {
            "c": [str(self.tools / "attacks_c")], "c++": [str(self.tools / "attacks_cc")], "go": [str(self.tools / "attacks_go")],
            "python": ["/usr/bin/python3", "-I", str(self.tools / "attacks.py")],
            "r": [str(shutil.which("Rscript")), "--vanilla", str(self.tools / "attacks.R")],
        }[attack.language] + [attack.name]

    def environment(self):
        return {**self.canaries.environment(), "TMPDIR": str(self.scratch)}

    def popen(self, command, **streams):
        """As the level's user, with two descriptors left open that nobody should have."""
        secret = os.open(self.canaries.folder / "secret", os.O_RDONLY)
        folder = os.open(self.canaries.folder, os.O_RDONLY)

        def leave_open():
            os.dup2(secret, 100)
            os.dup2(folder, 101)

        try:
            return subprocess.Popen(command, env=self.environment(), text=True, stdin=subprocess.DEVNULL, preexec_fn=leave_open, close_fds=False,
                                    user=self.uid, group=self.uid, extra_groups=[], start_new_session=True, **streams)
        finally:
            os.close(secret)
            os.close(folder)

    def run(self, command):
        with self.popen(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            try:
                output, errors = running.communicate(timeout=SECONDS)
                return subprocess.CompletedProcess(command, running.returncode, output, errors)
            except subprocess.TimeoutExpired:
                running.kill()
                return subprocess.CompletedProcess(command, 97, "", "did not end")

    def outlivers(self):
        """Processes that the attack `outlive` left behind; they are ended here."""
        found = 0
        for comm in Path("/proc").glob("[0-9]*/comm"):
            try:
                running = " Z " not in (comm.parent / "stat").read_text()
                if running and comm.read_text().strip() == "outliver":
                    found += 1
                    os.kill(int(comm.parent.name), 9)
            except OSError:
                pass
        return found

    def attempt(self, attack, only=None, require=()):
        """What became of it: the status and its last words. Unconfined unless `only` names layers ([]: all of them)."""
        cell = []
        if only is not None or require:
            cell = [str(self.build / "escape_cell"), *self.options, "--show", str(self.tools), "--write", str(self.scratch)]
            cell += ["--only", ",".join(only)] if only else []
            cell += ["--require", ",".join(require)] if require else []
            cell += ["--"]
        done = self.run(cell + self.command(attack))
        status = done.returncode
        if attack.name == "outlive" and status != NOT_CONFINED:
            status = GOT_IT if self.outlivers() else REFUSED
        self.canaries.restore()
        return status, done.stderr.strip().split("\n")[-1]


def verdict(level, attack):
    """One cell of the matrix, and whether it is as it must be."""
    if level.name not in attack.only:
        return "does not apply", True
    status, words = level.attempt(attack)
    if status == NOT_HERE:
        return "not in this kernel", True
    if status != GOT_IT:
        return f"FAILS UNCONFINED ({status}: {words})", False
    named, held = attack.layers_at(level)
    status, words = level.attempt(attack, only=[])
    if not held:
        return not_covered(level, attack, named, status, words)
    if status not in (REFUSED, NOT_HERE):
        return f"NOT BLOCKED ({status}: {words})", False
    for layers in held:
        status, words = level.attempt(attack, only=layers)
        if status not in (REFUSED, NOT_HERE):
            return f"NOT BLOCKED by {'+'.join(layers)} alone ({status}: {words})", False
    return "blocked by each of " + ", ".join("+".join(layers) for layers in held), True


def not_covered(level, attack, named, status, words):
    """It must get through, or the catalogue is wrong; and who asks for a layer that would stop it must be refused."""
    if status != GOT_IT:
        return f"BLOCKED, though no layer is named for it here ({status}: {words})", False
    for layers in named:
        status, words = level.attempt(attack, require=layers)
        if status != NOT_CONFINED:
            return f"NOT REFUSED although {'+'.join(layers)} is asked for ({status}: {words})", False
    return "not covered; a policy that asks for it is refused", True


def survey(level, attack):
    """Which single layers stop it that the catalogue does not name."""
    if level.name not in attack.only or level.attempt(attack)[0] != GOT_IT:
        return
    named = {layers[0] for layers in attack.layers_at(level)[1] if len(layers) == 1}
    found = [layer for layer in sorted(level.layers - named) if level.attempt(attack, only=[layer])[0] in (REFUSED, NOT_HERE)]
    if found:
        print(f"  {level.name:5} {attack.id:34} is stopped by {', '.join(found)}, too", flush=True)


def cells(level, attacks, options):
    """Each as (attack, what became of it, whether that is as it must be)."""
    for attack in attacks:
        yield attack.id, *verdict(level, attack)
    if options.host:
        yield from run_guests(level, options.host.resolve(), attacks, (REFUSED, NOT_HERE))
    if options.program:
        yield from run_bombs(level, options.program.resolve(), options.chosen)


def run_level(level, attacks, options):
    before, counts, wrong = level.canaries.state(), Counter(), 0
    for name, text, fine in cells(level, attacks, options):
        counts[next((sort for sort in SORTS if text.startswith(sort)), "WRONG")] += 1
        wrong += not fine
        print(f"  {level.name:5} {name:34} {text}", flush=True)
    after = level.canaries.state()
    if after != before:
        wrong += 1
        print(f"  {level.name:5} THE CANARIES CHANGED: {[key for key in before if before[key] != after[key]]}")
    print(f"{level.name}: {sum(counts.values())} attacks, " + ", ".join(f"{count} {what}" for what, count in counts.items()) + f"; {wrong} wrong", flush=True)
    return wrong


def build_go(folder):
    """The attacks in Go, where there is a Go."""
    go = shutil.which("go")
    if go is None:
        return
    environment = {**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "CGO_ENABLED": "0"}
    subprocess.run([go, "build", "-o", str(folder / "attacks_go"), str(HERE / "attacks.go")], check=True, env=environment)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--levels", default="root,user,bare" if os.geteuid() == 0 else "user,bare")
    parser.add_argument("--share", type=int, default=1, help="every Nth attack")
    parser.add_argument("--exact", action="store_true", help="--only is the whole name")
    parser.add_argument("--survey", action="store_true", help="name the layers that stop an attack and are not named for it")
    parser.add_argument("--host", type=Path, help="the host in whose workers every attack is tried, too")
    parser.add_argument("--program", type=Path, help="the host to let bombs off in")
    options = parser.parse_args()
    options.build = options.build.resolve()  # attacks begin elsewhere
    build_go(options.build)
    chosen = (lambda name: name == options.only) if options.exact else (lambda name: options.only in name)
    options.chosen = chosen
    have = {"c", "c++", "python"} | ({"go"} if (options.build / "attacks_go").exists() else set()) | ({"r"} if shutil.which("Rscript") else set())
    attacks = [one for one in CATALOGUE if chosen(one.id) and one.language in have][:: options.share]
    wrong = 0
    for name in options.levels.split(","):
        level = Level(name, options.build)
        try:
            if options.survey:
                for attack in attacks:
                    survey(level, attack)
                continue
            wrong += run_level(level, attacks, options)
        finally:
            level.canaries.remove()
    if options.program:
        wrong += run_frames(chosen)
    for language in {"go", "r"} - have:
        print(f"skipped: {language} is not on this machine")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
