"""A server that is cut off in the middle of changing what is installed, and what is true afterwards.

Each change (install, update, an update that takes along what it needs, rollback, uninstall) is made on a copy of one prepared data folder by a server that is killed at a
certain durable write (tests/cuts/cut_at.c). A server is started again on what is left, and must say one of two things everywhere:
the state before, or the state after; the latter wherever the change was answered as done.
"""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import outside
import packing
import requests

CUT_AT = outside.BUILD / "bin" / "tests" / "libcut_at.so"
CHANGES = ("install", "update", "update of two", "rollback", "uninstall")
NONE = "nothing"
BASE = {"1.0.0": "1.0.0", "1.1.0": "2.0.0"}  # the version of `base` that each version of `speaks` needs, where it needs one


@dataclass
class Count:
    points: int = 0
    cut: int = 0  # the server died in the middle
    old: int = 0
    new: int = 0
    failures: list = field(default_factory=list)


def _files(version, name="speaks", **manifest):
    return {**packing.files_of(name, version, **manifest), **{f"data/{name}.txt": f"{name} of {version}\n" * 40 for name in "abcdefghijklmnopqrstuvwxyz"}}


def _package(version, name="speaks", **manifest):
    return packing.archive_of(_files(version, name, **manifest))


def _install(server, version, name="speaks", **manifest):
    return _asked(server.http.post(server.url + "/api/plugins/install", files={"file": _package(version, name, **manifest)}, timeout=120))


def _asked(answer):
    assert answer.status_code < 300, answer.text
    return answer.json()


def _keep(server, version, name="speaks", **manifest):
    return _asked(server.http.post(server.url + f"/api/plugins/{name}/versions", files={"file": _package(version, name, **manifest)}, timeout=120))


def _update(server):
    return _asked(server.post("/api/plugins/speaks/update", {"target_version": "1.1.0"}, timeout=120))


# What is there before each change; how the change is made; the versions before and after it.
def _prepared_nothing(server):
    assert server.get("/api/v1/packages").json() == []


def _prepared_one(server):
    _install(server, "1.0.0")
    _asked(server.post("/api/plugins/speaks/enable"))


def _prepared_two(server):
    _prepared_one(server)
    _keep(server, "1.1.0")


def _prepared_newer(server):
    _prepared_two(server)
    _update(server)


def _prepared_needing(server):
    needs = {version: {"requires": [f"base ^{base}"]} for version, base in BASE.items()}
    for name, more in (("base", {}), ("speaks", needs["1.0.0"])):
        _install(server, "1.0.0", name, **more)
        _asked(server.post(f"/api/plugins/{name}/enable"))
    _keep(server, "2.0.0", "base")
    _keep(server, "1.1.0", **needs["1.1.0"])


def _update_both(server):
    told = _update(server)
    assert told["along"] == ["base 2.0.0"], told
    return told


def _upload_update(server):
    return _asked(server.http.post(server.url + "/api/plugins/speaks/update", files={"file": _package("1.1.0")}, timeout=120))


STEPS = {
    "install": (_prepared_nothing, lambda server: _install(server, "1.0.0"), NONE, "1.0.0"),
    "update": (_prepared_one, _upload_update, "1.0.0", "1.1.0"),
    "update of two": (_prepared_needing, _update_both, "1.0.0", "1.1.0"),
    "rollback": (_prepared_newer, lambda server: _asked(server.post("/api/plugins/speaks/rollback", {"reason": "cut"}, timeout=120)), "1.1.0", "1.0.0"),
    "uninstall": (_prepared_two, lambda server: _asked(server.http.delete(server.url + "/api/plugins/speaks", timeout=120)), "1.0.0", NONE),
}


class Cutting:
    def __init__(self, folder):
        self.folder = Path(folder)
        self._number = 0

    def _server(self, name, data_dir=None, **cut):
        place = self.folder / name
        place.mkdir(exist_ok=True)
        env = {"LD_PRELOAD": str(CUT_AT), "CUT_BELOW": str(data_dir or place / ".mortise"), **cut} if cut else {}
        return outside.Server(place, config=outside.config_file(place, []), data_dir=data_dir, env=env)

    def prepare(self, change):
        """The data folder that the change begins with."""
        server = self._server(f"prepared-{change.replace(' ', '-')}")
        try:
            STEPS[change][0](server)
            assert server.stop() == 0
        finally:
            server.close()
        return server.data_dir

    def attempt(self, change, prepared, at):
        """Whether it was answered as done, the number of durable writes seen, and the folder that is left."""
        self._number += 1
        place = self.folder / f"{change.replace(' ', '-')}-{at}-{self._number}"
        place.mkdir()
        data_dir = place / ".mortise"
        shutil.copytree(prepared, data_dir, symlinks=True)
        armed, count = place / "armed", place / "count"
        server = self._server(place.name, data_dir, CUT_AT=str(at), CUT_ARMED=str(armed), CUT_COUNT=str(count))
        try:
            armed.touch()
            try:
                STEPS[change][1](server)
                done = True
            except requests.ConnectionError:
                done = False
        finally:
            armed.unlink(missing_ok=True)
            server.close()
        return done, int(count.read_text() or 0) if count.exists() else 0, place

    def look(self, place):
        """The version that a server says is installed, everywhere where it says so; fails when it contradicts itself."""
        server = self._server(place.name, place / ".mortise")
        try:
            listed = server.get("/api/v1/packages").json()
            standing = {plugin["name"]: plugin for plugin in listed}
            version = standing["speaks"]["version"] if "speaks" in standing else NONE
            if "base" in standing:
                assert standing["base"]["version"] == BASE[version], f"a mix: {standing}"
            verified = json.loads(server.cli("plugin", "verify", "--json").stdout)
            assert verified["whole"], verified
            page = server.get("/api/plugins/speaks")
            if version == NONE:
                assert page.status_code == 404, page.text
            else:
                assert page.json()["version"] == version
                if not standing["speaks"]["enabled"]:
                    _asked(server.post("/api/plugins/speaks/enable"))
                ran = server.execute([outside.step("speaks", output="x")])
                assert ran["success"] and ran["context"]["x"]["version"] == version, ran
            named = {kept["digest"] for plugin in listed for kept in plugin["versions"]}
            there = {entry.name for entry in (place / ".mortise" / "packages").iterdir()}
            assert there == named, f"left over: {there - named}, missing: {named - there}"
            return version
        finally:
            server.close()

    def cut(self, change, prepared, at, count):
        _, _, before, after = STEPS[change]
        count.points += 1
        try:
            done, seen, place = self.attempt(change, prepared, at)
            count.cut += not done
            version = self.look(place)
            assert version in ({after} if done else {before, after}), f"{version} is there"
            count.old += version == before
            count.new += version == after
            shutil.rmtree(place, ignore_errors=True)
        except Exception as failure:  # noqa: BLE001: each is counted and told
            count.failures.append(f"{change} at write {at}: {failure}")
