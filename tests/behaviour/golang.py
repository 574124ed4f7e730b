"""Go plugins for tests: packages as source, and programs built of them as the host builds them.

One cache of Go's own compiled library serves all tests: it takes ten seconds of a processor to fill.
"""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from outside import BUILD, PATIENCE, REPOSITORY

CACHE = BUILD / "go" / "cache"
SDK = REPOSITORY / "sdk" / "go"
MISSING = "there is no Go toolchain: tools/setup installs golang-go"

os.environ.setdefault("MORTISE_GO_CACHE", str(CACHE))


@functools.cache
def toolchain():
    """The go program, or the test is skipped."""
    found = os.environ.get("MORTISE_GO") or shutil.which("go", path=f"{os.environ['PATH']}:/usr/bin:/usr/local/go/bin")
    if found is None:
        pytest.skip(MISSING)
    return found


def go(*arguments, folder, timeout=280, **environment):
    """Runs go offline, with what is installed and the shared cache."""
    offline = {
        "PATH": os.environ["PATH"], "HOME": str(BUILD / "go"), "GOCACHE": os.environ["MORTISE_GO_CACHE"], "GOENV": "off",
        "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOSUMDB": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
    }  # fmt: skip
    return subprocess.run(
        [toolchain(), *map(str, arguments)], cwd=folder, env={**offline, **environment}, capture_output=True, text=True,
        timeout=timeout * PATIENCE, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


@functools.cache
def go_program(folder):
    """The program of a package, built once in a session."""
    work = BUILD / "go" / "tests" / Path(folder).name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for source in Path(folder).glob("*.go"):
        shutil.copy(source, work)
    (work / "go.mod").write_text(f"module mortise.invalid/plugin\n\ngo 1.19\n\nrequire mortise v0.0.0\n\nreplace mortise => {SDK}\n")
    built = go("build", "-trimpath", "-o", work / "program", ".", folder=work)
    assert built.returncode == 0, built.stdout + built.stderr
    return str(work / "program")


def go_plugin(folder, name, source, **manifest):
    """A package in Go of this name in `folder`, as source; keys beyond the required ones as given."""
    package = Path(folder) / name
    package.mkdir(parents=True)
    (package / "main.go").write_text(source)
    words = {"name": name, "version": "1.0.0", "author": "a", "description": "d", "extension_points": ["Data_Processing"]}
    (package / "manifest.json").write_text(json.dumps({**words, "language": "go", "entry_point": "main.go", **manifest}))
    return package
