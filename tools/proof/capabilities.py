"""What samples need of the host and of the machine, found by looking."""

import importlib.util
import json
import shutil

from proof.shared import REPOSITORY
from proof.workshop import Unavailable


class Capabilities:
    def __init__(self, workshop):
        self._workshop = workshop
        self._routes = None

    def missing(self, needs):
        """Those of the needs that are not there."""
        return [need for need in needs if not self._has(*need.split(" ", 1))]

    def _has(self, kind, name):
        if kind == "dialect":
            return (REPOSITORY / "src" / "dialects" / name).is_dir()
        if kind == "program":
            return (self._workshop.program.parent / name).exists()
        if kind == "file":
            return (REPOSITORY / name).exists()
        if kind == "module":
            return importlib.util.find_spec(name) is not None
        if kind == "tool":
            return shutil.which(name) is not None
        if kind == "route":
            return name in self.routes()
        raise ValueError(f"nobody knows how to look for '{kind} {name}'")

    def routes(self):
        """As GET /openapi.json lists them: "POST /api/v1/pipelines/execute"."""
        if self._routes is None:
            folder = self._workshop.folder("server")
            server = self._workshop.server(folder)
            done = self._workshop.type("curl -sS http://localhost:8080/openapi.json", folder, server=server)
            if done.returncode != 0:
                raise Unavailable(f"GET /openapi.json: {done.stderr.strip()}")
            paths = json.loads(done.stdout)["paths"]
            self._routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
        return self._routes
