"""Samples of the guide for analysis plugins: fragments of a class, within a class, run by a server."""

import json
import subprocess
import textwrap

from proof.runners.evidence import require
from proof.workshop import tool


def _package(folder, options, source):
    language = options["language"]
    file = "sample.py" if language == "python" else "sample.R"
    place = folder / "plugins" / "sample"
    place.mkdir(parents=True)
    (place / file).write_text(source, encoding="utf-8")
    manifest = {
        "name": "sample", "version": "1.0.0", "author": "A", "description": "a sample", "language": language,
        "entry_point": file, "extension_points": ["analysis"], "config": {"additional": True},
    }  # fmt: skip
    (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def fragment(sample, options, workshop):
    """The fragment, indented and with what stands around it, as a plugin; each request is answered as `expect` says."""
    folder = workshop.folder(sample.id)
    body = textwrap.indent(sample.text, " " * options.get("indent", 0))
    _package(folder, options, f"{options['before']}{body}\n{options.get('after', '')}")
    if options["language"] == "r":
        tool("R")
    said = []
    for case in options["cases"]:
        answer = _execute(workshop, folder, case["request"])
        for key, value in case["expect"].items():
            found = answer
            for part in key.split("."):
                found = found[int(part)] if isinstance(found, list) else found.get(part)
            require(found == value, f"{key} is {found!r}, not {value!r}: {json.dumps(answer)[:300]}")
        said.append(answer["status"])
    return f"execute: {', '.join(said)}"


def _execute(workshop, folder, request):
    tool("curl")
    command = ["nsenter", f"--net=/proc/{workshop.server(folder)}/ns/net", "curl", "-sS", "-H", "Content-Type: application/json"]
    url = "http://localhost:8001/api/plugins/sample/execute"
    done = subprocess.run(
        [*command, "--data-binary", "@-", url], input=json.dumps(request), capture_output=True, text=True, timeout=120
    )
    require(done.returncode == 0, f"curl: {done.stderr.strip()}")
    answer = json.loads(done.stdout)
    require("status" in answer, f"it was answered with {done.stdout[:300]}")
    return answer
