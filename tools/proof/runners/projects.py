"""Samples that belong into a project of a guide: its folder is made around them, and the guide's own commands are typed."""

import json
import os
import re
import signal
import subprocess
import textwrap
import time
import tomllib

from proof import shared
from proof.runners.evidence import require, succeeded
from proof.samples import cut_all
from proof.shared import REPOSITORY
from proof.workshop import PYTHON

PATIENCE = 60


def _text(sample, options):
    """The sample, with what stands around it."""
    body = textwrap.indent(sample.text, " " * options.get("indent", 0))
    return f"{options.get('before', '')}{body}\n{options.get('after', '')}"


def _place(folder, path, text):
    path = folder / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _beside(folder, options):
    """Files that the sample needs beside it: a text, the text of another sample (LC-02), or a file of the repository."""
    for path, text in options.get("beside", {}).items():
        if re.fullmatch(r"[LK]C-\d\d", text):
            text = next(each.text for each in cut_all(shared.shared_folder()) if each.id == text)
        elif (REPOSITORY / text.splitlines()[0]).is_file():
            text = (REPOSITORY / text).read_text(encoding="utf-8")
        _place(folder, path, text)


def _modules(dialect):
    return str(REPOSITORY / "sdk" / "dialects" / dialect)


def python(sample, options, workshop):
    """Run by Python, with what the guide's plugins import; its tests by pytest where it has some."""
    folder = workshop.folder(sample.id)
    _beside(folder, options)
    file = options.get("file", "sample.py")
    _place(folder, file, _text(sample, options))
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", file] if options.get("tests") else [PYTHON, file]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120,
        env=workshop.environment(PYTHONPATH=f"{_modules(options['modules'])}:{folder}"),
    )  # fmt: skip
    succeeded(done, "python")
    expected = options.get("expect", "")
    require(re.search(expected, done.stdout), f"it did not say {expected!r}: {done.stdout[-200:]}")
    return "pytest: " + done.stdout.strip().splitlines()[-1] if options.get("tests") else "python: it ran"


def monitor(sample, options, workshop):
    """A file of mimolo/plugins, polled by `mortise mimolo monitor` until what is expected was said or written."""
    folder = workshop.folder(sample.id)
    _beside(folder, options)
    _place(folder, "mimolo/plugins/" + options.get("file", "mymonitor.py"), _text(sample, options))
    _place(folder, "mimolo.toml", options["settings"])
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            [workshop.program, "mimolo", "monitor"], cwd=folder, env=workshop.environment(), stdin=subprocess.DEVNULL,
            stdout=said, stderr=said,
        )  # fmt: skip
    try:
        return "mortise mimolo monitor: " + _until(folder, options["expect"], process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _until(folder, pattern, process):
    deadline = time.monotonic() + PATIENCE
    while True:
        logs = sorted((folder / "logs").glob("*")) if (folder / "logs").is_dir() else []
        text = "".join(path.read_text(errors="replace") for path in [folder / "said", *logs])
        found = re.search(pattern, text)
        if found:
            return found[0].replace("\n", " ")[:120]
        require(process.poll() is None and time.monotonic() < deadline, f"{pattern!r} did not come: {text[-300:]}")
        time.sleep(0.05)


def monitor_settings(sample, options, workshop):
    """A part of mimolo.toml: a dry run shows all that stands in it."""
    folder = workshop.folder(sample.id)
    _beside(folder, options)
    _place(folder, "mimolo.toml", _text(sample, options))
    done = workshop.mortise("mimolo", "monitor", "--dry-run", cwd=folder)
    succeeded(done, "mortise mimolo monitor --dry-run")
    shown = json.loads(done.stdout)["config"]
    for path, value in options["shown"].items():
        at = shown
        for key in path.split("."):
            at = at[key]
        require(at == value, f"{path} is {at!r}, not {value!r}")
    return "mortise mimolo monitor --dry-run: shows what stands in it"


def typed(sample, options, workshop):
    """Typed into bash in a project; a word of the guide's own tooling is a link that runs what comes after it."""
    folder = workshop.folder(sample.id)
    _beside(folder, options)
    words = folder / "words"
    words.mkdir()
    (words / "poetry").write_text('#!/bin/sh\nshift\nexec "$@"\n', encoding="utf-8")
    (words / "pytest").write_text(f'#!/bin/sh\nexec {PYTHON} -m pytest -p no:cacheprovider "$@"\n', encoding="utf-8")
    for word in words.iterdir():
        word.chmod(0o755)
    environment = {"PATH": f"{words}:{workshop.program.parent}:{os.environ['PATH']}"}
    if "modules" in options:
        environment["PYTHONPATH"] = f"{_modules(options['modules'])}:{folder}"
    done = subprocess.run(
        ["bash", "-e", "-c", sample.text], cwd=folder, env={**workshop.environment(), **environment},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    succeeded(done, "the commands")
    for path in options.get("made", []):
        require((folder / path).exists(), f"there is no {path} afterwards")
    require(re.search(options.get("expect", ""), done.stdout), f"they said {done.stdout[-200:]!r}")
    return "bash: every command ended with 0"


def component(sample, options, workshop):
    """A file of src/plugins, brought up by `mortise kbert`: in the state and with the error that are expected, and called."""
    folder = workshop.folder(sample.id)
    _beside(folder, options)
    _place(folder, "k-bert.yaml", options.get("settings", ""))
    _place(folder, "src/plugins/" + options.get("file", "sample.py"), _text(sample, options))
    name = options["name"]
    done = workshop.mortise("kbert", "show", name, cwd=folder)
    succeeded(done, f"mortise kbert show {name}")
    page = json.loads(done.stdout)
    require(page["state"] == options.get("state", "INITIALIZED"), f"it is {page['state']}: {page.get('error')}")
    error = options.get("error", "")
    require(re.search(error, page["error"] or ""), f"its error is {page['error']!r}")
    for method, asked in options.get("calls", {}).items():
        done = workshop.mortise("kbert", "call", name, method, asked["input"], cwd=folder)
        said = done.stdout if done.returncode == 0 else done.stderr
        require(re.search(asked["expect"], said, re.DOTALL), f"{method} said {said[-300:]!r}")
    return f"mortise kbert show {name}: {page['state']}" + (f", {page['error']}" if error else "")


def component_settings(sample, options, workshop):
    """k-bert.yaml: the plugin gets its part of it, and is in the state that it says."""
    folder = workshop.folder(sample.id)
    _beside(folder, options)
    _place(folder, "k-bert.yaml", sample.text)
    done = workshop.mortise("kbert", "list", "--json", cwd=folder)
    succeeded(done, "mortise kbert list")
    listed = {each["name"]: each["state"] for each in json.loads(done.stdout)["plugins"]}
    require(listed == options["listed"], f"it lists {listed}")
    if "config" in options:
        done = workshop.mortise("kbert", "call", next(iter(listed)), "settings", cwd=folder)
        require(json.loads(done.stdout) == options["config"], f"the plugin got {done.stdout}")
    return "mortise kbert list: " + ", ".join(f"{name} {state}" for name, state in listed.items())


def tree(sample, options, workshop):
    """A drawing of folders: every file that it names is there."""
    root = REPOSITORY / options["root"] if "root" in options else None
    names = re.findall(r"[\w.-]+\.\w+|[\w-]+/", sample.text)
    require(names, "it draws nothing")
    if root is None:
        return f"{len(names)} names"
    missing = [name for name in names if not any(root.rglob(name.rstrip("/"))) and name.rstrip("/") not in str(root)]
    require(not missing, f"not there: {missing}")
    return f"{len(names)} files and folders, all of them there"


def entry_points(sample, options, workshop):
    """A part of pyproject.toml: it is TOML, and each entry names a class of a module."""
    groups = tomllib.loads(sample.text)["project"]["entry-points"]
    named = [value for group in groups.values() for value in group.values()]
    require(named and all(re.fullmatch(r"[\w.]+:\w+", value) for value in named), f"it names {named}")
    require("k_bert.plugins" in groups, f"its groups are {list(groups)}")
    return f"{len(named)} entry points"
