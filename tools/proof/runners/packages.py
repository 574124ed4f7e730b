"""Samples of the guide for analysis plugins that are typed at a server: packages are there, then curl asks for something."""

import io
import json
import tarfile

from proof.runners.evidence import require, succeeded

NAME = "my_plugin"

SOURCE = '''
class MyPlugin:
    def execute(self, input_data):
        return {{"data": {{"version": "{version}", "input": input_data["data"], "parameters": input_data["parameters"]}}, "errors": []}}
'''


def _archive(version, points):
    manifest = {
        "name": NAME, "version": version, "author": "A", "description": "says its version", "language": "python",
        "entry_point": "my_plugin.py", "extension_points": points,
    }  # fmt: skip
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in (("manifest.json", json.dumps(manifest)), ("my_plugin.py", SOURCE.format(version=version))):
            entry = tarfile.TarInfo(f"{NAME}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def _found(answer, key):
    for part in key.split("."):
        answer = answer[int(part)] if isinstance(answer, list) else answer.get(part)
    return answer


def _rounded(value):
    return [_rounded(each) for each in value] if isinstance(value, list) else round(value, 2)


def typed(sample, options, workshop):
    """`before` is typed first, then the sample with the plugin's id put in; its answer is what `expect` says. `then` is typed after it."""
    folder = workshop.folder(sample.id)
    server = workshop.server(folder)
    versions = options.get("versions", [])
    for version in versions:
        (folder / f"{NAME}-{version}.tar.gz").write_bytes(_archive(version, options.get("points", ["analysis"])))
    if versions:
        (folder / f"{NAME}.tar.gz").write_bytes(_archive(versions[0], options.get("points", ["analysis"])))
    if "before" in options:
        succeeded(workshop.type(options["before"], folder, server), "what comes before")
    done = workshop.type(sample.text.replace("{plugin_id}", options.get("plugin", NAME)), folder, server)
    succeeded(done, "the command")
    answer = json.loads(done.stdout)
    for key, value in options["expect"].items():
        found = _found(answer, key)
        require(found == value, f"{key} is {found!r}, not {value!r}: {done.stdout[:300]}")
    for key, value in options.get("rounded", {}).items():
        found = _rounded(_found(answer, key))
        require(found == value, f"{key} is {found!r}, not {value!r}: {done.stdout[:300]}")
    if "then" in options:
        succeeded(workshop.type(options["then"], folder, server), f"then `{options['then']}`")
    return "curl: " + ", ".join(f"{key} is {value!r}"[:60] for key, value in list(options["expect"].items())[:2])
