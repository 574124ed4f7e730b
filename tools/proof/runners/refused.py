"""Samples that nobody can run as they are printed: their own compiler or interpreter must say why."""

import os
import re
import subprocess
import textwrap

from proof.runners.evidence import refused_because, require
from proof.shared import REPOSITORY
from proof.workshop import PYTHON, STUBS, tool

GO_ERROR = re.compile(r"^\S+\.go:\d+:\d+: ")


def _go(command, folder):
    """Go without network, and with no other toolchain than the one that is here."""
    environment = {**os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    return subprocess.run(
        [tool("go"), *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


def go(sample, options, workshop):
    """`go build` refuses it; every error is the one that is expected."""
    folder = workshop.folder(sample.id)
    (folder / "sample.go").write_text(options.get("before", "").lstrip() + sample.text, encoding="utf-8")
    (folder / "go.mod").write_text(
        "module sample\n\ngo 1.18\n\nrequire github.com/Mimir-AIP/Mimir-AIP-Go v0.0.0\n"
        f"\nreplace github.com/Mimir-AIP/Mimir-AIP-Go => {STUBS / 'go'}\n",
        encoding="utf-8",
    )
    done = _go(["build", "-o", os.devnull, "."], folder)
    require(done.returncode != 0, "go compiles it: it is not one that cannot be run")
    errors = [line for line in (done.stdout + done.stderr).splitlines() if GO_ERROR.match(line)]
    require(errors, f"go ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-300:]}")
    return "go build: " + refused_because(errors, options["because"]).split(": ", 1)[1]


def python(sample, options, workshop):
    """Python ends with the exception that is expected, in the sample's own lines."""
    folder = workshop.folder(sample.id)
    body = textwrap.indent(sample.text, " " * options.get("indent", 0))
    text = f"{options.get('before', '')}{body}\n{options.get('call', '')}\n"
    (folder / "sample.py").write_text(text, encoding="utf-8")
    environment = dict(os.environ)
    if "modules" in options:
        environment["PYTHONPATH"] = str(REPOSITORY / "sdk" / "dialects" / options["modules"])
    done = subprocess.run([PYTHON, "sample.py"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    require(done.returncode != 0, "python runs it: it is not one that cannot be run")
    said = done.stderr.strip().splitlines()
    return "python: " + refused_because(said[-1:], options["because"])


def reader(sample, options, workshop):
    """The host refuses it as the body of a request, naming line and column."""
    folder = workshop.folder("server")
    (folder / f"{sample.id}.json").write_text(sample.text, encoding="utf-8")
    command = f"curl -sS -w '\\n%{{http_code}}' --data-binary @{sample.id}.json http://localhost:8080/api/v1/pipelines/execute"
    tool("curl")
    done = workshop.type(command, folder, server=workshop.server(folder))
    body, _, status = done.stdout.rpartition("\n")
    require(status == "400", f"it was answered with {status or done.stderr}, not with 400")
    message = re.search(r'"error": ?"((?:[^"\\]|\\.)*)"', body)
    require(message, f"the answer has no error: {body[:200]}")
    require(re.search(r"line \d+, column \d+", message[1]), f"the error names no place: {message[1]}")
    return "mortise: " + refused_because([message[1]], options["because"])
