"""Packages for tests: small plugins that say which version of them answers."""

import io
import json
import tarfile
from pathlib import Path

NATIVE = """
from mortise import Plugin

VERSION = "{version}"


class Speaks(Plugin):
    def step(self, step):
        return {{"plugin": "{name}", "version": VERSION}}
"""

GUIDE = """
class Speaks:
    def __init__(self, context):
        self.context = context

    def execute(self, input_data):
        return {{"data": {{"version": "{version}", "input": input_data.get("data")}}, "logs": ["version {version}"], "errors": []}}
"""


def files_of(name="speaks", version="1.0.0", source=NATIVE, **manifest):
    """The files of a package, by path."""
    words = {
        "name": name, "version": version, "author": "Ada", "description": "Says which version of it answers", "language": "python",
        "entry_point": "speaks.py", "category": "analysis", "extension_points": ["Data_Processing"], **manifest,
    }  # fmt: skip
    return {"manifest.json": json.dumps(words), "speaks.py": source.format(name=name, version=version)}


def folder(place, name="speaks", version="1.0.0", **more):
    """A package as a folder `place`/NAME-VERSION."""
    package = Path(place) / f"{name}-{version}"
    package.mkdir(parents=True)
    for path, text in files_of(name, version, **more).items():
        (package / path).write_text(text)
    return package


def archive_of(files, around=""):
    """tar.gz of these files, as bytes."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, content in files.items():
            content = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(around + path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def archive(place, name="speaks", version="1.0.0", **more):
    """A package as an archive `place`/NAME-VERSION.tar.gz."""
    path = Path(place) / f"{name}-{version}.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(archive_of(files_of(name, version, **more), around=f"{name}/"))
    return path


def operated(server):
    """The server, with `mortise plugin ...` as its operator: `plugin` gives what was done, `asked` what it printed as JSON."""

    def plugin(*words, status=0):
        done = server.cli("plugin", *words)
        assert status in (None, done.returncode), done.stdout + done.stderr
        return done

    server.plugin = plugin
    server.asked = lambda *words, status=0: json.loads(plugin(*words, "--json", status=status).stdout)
    return server
