"""The packages that plugins need: taken from a folder without any network, shared, found again, and told when they are missing."""

import base64
import concurrent.futures
import contextlib
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import threading
import zipfile
from pathlib import Path

import outside
import pytest
import requests
from outside import BUILD

USES = """
import {module}
from mortise import Plugin

class Uses(Plugin):
    def step(self, step):
        return {{"x": {module}.X, "file": {module}.__file__}}
"""


def wheel(folder, name, version, source, requires=(), **more):
    """The smallest wheel there can be."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": source,
        **more,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {each}\n" for each in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digest = {path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode() for path, text in files.items()}
    record = "".join(f"{path},sha256={digest[path]},{len(text.encode())}\n" for path, text in files.items()) + f"{info}/RECORD,,\n"
    path = Path(folder) / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name_inside, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name_inside, text)
    return path


@pytest.fixture
def wheels(tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "mortise_alpha", "1.0", "X = 1\n")
    wheel(folder, "mortise_alpha", "2.0", "X = 2\n")
    wheel(folder, "mortise_beta", "1.0", "import mortise_alpha\nX = 10 + mortise_alpha.X\n", ["mortise_alpha>=1"])
    return folder


@pytest.fixture(params=["uv", "pip"])
def installer(request):
    """Both programs that install, each when it is there."""
    interpreter = outside.REPOSITORY / ".venv" / "bin"
    if request.param == "uv" and not any((Path(place) / "uv").exists() for place in (interpreter, "/usr/local/bin", "/usr/bin")):
        pytest.skip("uv is not installed: run tools/setup")
    return {"uv": request.param == "uv"}


def plugin(folder, name, module, *dependencies, **manifest):
    return outside.python_plugin(folder / "plugins", name, USES.format(module=module), dependencies=list(dependencies), **manifest)


def host(folder, wheels, **environments):
    return outside.config_file(folder, [folder / "plugins"], environments={"wheels": str(wheels), **environments})


def run(mortise, folder, name, **options):
    pipeline = folder / "p.json"
    pipeline.write_text(json.dumps({"name": "P", "steps": [outside.step(name, name="Use", output="x")]}))
    return mortise("run", pipeline, "--json", timeout=120, **options)


def result(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["data"]["context"]["x"]


def listed(mortise):
    done = mortise("environment", "list", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_plugin_gets_what_its_manifest_needs_from_a_folder_of_wheels(mortise, tmp_path, wheels, installer):
    plugin(tmp_path, "needs_beta", "mortise_beta", "mortise_beta")
    plugin(tmp_path, "needs_old", "mortise_alpha", "mortise_alpha<2")
    host(tmp_path, wheels, **installer)
    beta, old = result(run(mortise, tmp_path, "needs_beta")), result(run(mortise, tmp_path, "needs_old"))
    assert (beta["x"], old["x"]) == (12, 1)
    found = listed(mortise)
    assert {tuple((package["name"], package["version"]) for package in each["packages"]) for each in found} == {
        (("mortise-alpha", "1.0"),), (("mortise-alpha", "2.0"), ("mortise-beta", "1.0")),
    }  # fmt: skip
    for each in (beta, old):
        assert Path(each["file"]).is_relative_to(tmp_path / ".mortise" / "environments")


def test_plugins_that_need_the_same_share_it_and_a_second_start_builds_nothing(mortise, tmp_path, wheels):
    plugin(tmp_path, "one", "mortise_alpha", "mortise_alpha>=2")
    plugin(tmp_path, "two", "mortise_alpha", {"name": "mortise_alpha", "version": "^2.0", "type": "package"})
    (plugin(tmp_path, "three", "mortise_alpha") / "requirements.txt").write_text("# the same\nMortise-Alpha == 2.0  # exactly\n")
    host(tmp_path, wheels)
    folders = {result(run(mortise, tmp_path, name))["file"] for name in ("one", "two", "three")}
    assert len(folders) == 1 and len(listed(mortise)) == 1
    made = Path(folders.pop()).stat()
    assert result(run(mortise, tmp_path, "one"))["x"] == 2
    assert Path(result(run(mortise, tmp_path, "two"))["file"]).stat().st_ino == made.st_ino


@pytest.fixture
def index(tmp_path, wheels):
    """A package index on this machine, as folders of links to wheels; with the names of the packages that were asked for."""
    asked = []

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            kind, _, name = self.path.strip("/").partition("/")
            asked.append(self.path)
            files = [path for path in wheels.iterdir() if path.name.split("-")[0] == name.strip("/").replace("-", "_")]
            page = "".join(f'<a href="/files/{path.name}">{path.name}</a>' for path in files).encode()
            found = (wheels / name).read_bytes() if kind == "files" else page
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html" if kind == "simple" else "application/octet-stream")
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(found)

        def log_message(self, *ignored):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.asked = asked
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_index_is_asked_where_the_operator_names_one_and_never_else(mortise, tmp_path, index, installer):
    empty = tmp_path / "empty"
    empty.mkdir()
    address = f"http://user:tiger@127.0.0.1:{index.server_port}/simple"
    plugin(tmp_path, "asks", "mortise_beta", "mortise_beta")
    host(tmp_path, empty, **installer)
    env = {"PIP_INDEX_URL": address, "UV_INDEX_URL": address, "UV_DEFAULT_INDEX": address}  # of whoever starts the host
    refused = run(mortise, tmp_path, "asks", env=env)
    assert refused.returncode != 0 and index.asked == []
    host(tmp_path, empty, **installer, index=address)
    assert result(run(mortise, tmp_path, "asks"))["x"] == 12
    assert any("mortise-beta" in path for path in index.asked)
    plugin(tmp_path, "lost", "mortise_gamma", "mortise_gamma")
    lost = run(mortise, tmp_path, "lost")
    assert lost.returncode != 0 and f"127.0.0.1:{index.server_port}" in lost.stdout and "tiger" not in lost.stdout + lost.stderr


def test_what_the_interpreter_has_needs_no_environment(mortise, tmp_path, wheels):
    plugin(tmp_path, "plain", "json", "numpy>=1.20", "pyarrow", "json")
    (tmp_path / "plugins" / "plain" / "plugin.py").write_text(
        "import numpy\nfrom mortise import Plugin\nclass Uses(Plugin):\n    def step(self, step):\n        return {'x': int(numpy.arange(3).sum())}\n"
    )
    host(tmp_path, wheels)
    assert result(run(mortise, tmp_path, "plain"))["x"] == 3
    assert listed(mortise) == []


@pytest.mark.parametrize(
    ("need", "wanted", "words"),
    [
        ("mortise_gamma", True, ["mortise_gamma", "wheels", "put a wheel"]),
        ("mortise_alpha>=3", True, ["mortise_alpha", "wheels"]),
        ("mortise_gamma", False, ["mortise_gamma", "environments.wheels"]),
        ("-r /etc/passwd", True, ["no plain requirement"]),
        ("mortise_alpha @ file:///tmp/x.whl", True, ["no plain requirement"]),
        ("mortise_alpha not a version", True, ["no plain requirement"]),
    ],
    ids=str,
)
def test_what_cannot_be_had_is_told_by_plugin_requirement_and_place(mortise, tmp_path, wheels, installer, need, wanted, words):
    folder = plugin(tmp_path, "wants", "json")
    (folder / "requirements.txt").write_text(need + "\n")
    host(tmp_path, wheels if wanted else "", **installer)
    done = run(mortise, tmp_path, "wants")
    assert done.returncode != 0
    for word in ["wants", *words]:
        assert word in done.stdout, done.stdout
    assert listed(mortise) == []
    assert list((tmp_path / ".mortise").glob("environments/.building-*")) == []


def test_a_missing_wheel_is_noticed_as_soon_as_it_is_there(mortise, tmp_path, wheels):
    plugin(tmp_path, "later", "mortise_later", "mortise_later")
    host(tmp_path, wheels)
    assert run(mortise, tmp_path, "later").returncode != 0
    wheel(wheels, "mortise_later", "0.1", "X = 'now'\n")
    assert result(run(mortise, tmp_path, "later"))["x"] == "now"


def test_a_source_package_is_not_built_unless_the_operator_says_so(mortise, tmp_path, wheels):
    """Its set-up code would run with the rights of the host."""
    trace = tmp_path / "setup-ran"
    source = tmp_path / "mortise_source-1.0"
    source.mkdir()
    (source / "setup.py").write_text(
        f"open({str(trace)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='mortise_source', version='1.0', py_modules=['mortise_source'])\n"
    )
    (source / "mortise_source.py").write_text("X = 7\n")
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: mortise_source\nVersion: 1.0\n")
    shutil.make_archive(str(wheels / "mortise_source-1.0"), "gztar", tmp_path, source.name)
    plugin(tmp_path, "sources", "mortise_source", "mortise_source")
    host(tmp_path, wheels)
    done = run(mortise, tmp_path, "sources")
    assert done.returncode != 0 and "mortise_source" in done.stdout
    assert not trace.exists()


def test_a_wheel_s_pth_file_does_not_run_in_workers(mortise, tmp_path, wheels):
    trace = tmp_path / "pth-ran"
    wheel(wheels, "mortise_pth", "1.0", "X = 5\n", **{"mortise_pth.pth": f"import os; open({str(trace)!r}, 'w').close()\n"})
    plugin(tmp_path, "pth", "mortise_pth", "mortise_pth")
    host(tmp_path, wheels)
    assert result(run(mortise, tmp_path, "pth"))["x"] == 5
    assert not trace.exists()


HOSTILE = {
    "a path that leads out": ("../../../../escaped.py", "X = 1\n"),
    "an absolute path": ("/tmp/mortise-escaped.py", "X = 1\n"),
    "data for the system": ("mortise_hostile-1.0.data/data/../../../escaped", "x"),
}


@pytest.mark.parametrize("trick", HOSTILE)
def test_a_hostile_wheel_writes_nothing_beyond_its_environment(mortise, tmp_path, wheels, installer, trick):
    path, text = HOSTILE[trick]
    wheel(wheels, "mortise_hostile", "1.0", "X = 9\n", **{path: text})
    plugin(tmp_path, "hostile", "mortise_hostile", "mortise_hostile")
    host(tmp_path, wheels, **installer)
    run(mortise, tmp_path, "hostile")  # refused or not, as the installer has it
    outside_of_it = [each for each in tmp_path.rglob("*escaped*") if not each.is_relative_to(tmp_path / ".mortise" / "environments")]
    inside = [each for each in (tmp_path / ".mortise" / "environments").rglob("*escaped*") if "packages" not in each.parts]
    assert outside_of_it == inside == [] and not Path("/tmp/mortise-escaped.py").exists()


def test_names_of_wheels_that_are_nonsense_harm_nobody(mortise, tmp_path, wheels, installer):
    for name in ("-.whl", "--index-url=x-1.0-py3-none-any.whl", "mortise_alpha-9.9.whl", "mortise_alpha-9.9-py3-none-any.whl", "a\nb-1-py3-none-any.whl"):
        (wheels / name).write_bytes(b"no archive")
    (wheels / "mortise_alpha-9.9-py3-none-any.whl").unlink()
    plugin(tmp_path, "steady", "mortise_alpha", "mortise_alpha")
    host(tmp_path, wheels, **installer)
    assert result(run(mortise, tmp_path, "steady"))["x"] == 2


def test_workers_read_their_environment_and_neither_change_it_nor_see_another(mortise, tmp_path, wheels):
    source = """
import os, mortise_alpha
from mortise import Plugin

class Looks(Plugin):
    def step(self, step):
        folder = os.path.dirname(mortise_alpha.__file__)
        try:
            open(folder + "/changed", "w").close()
            changed = True
        except OSError:
            changed = False
        above = os.path.dirname(os.path.dirname(folder))
        return {"changed": changed, "seen": sorted(os.listdir(above)), "own": os.path.basename(os.path.dirname(folder))}
"""
    plugin(tmp_path, "other", "mortise_beta", "mortise_beta")
    outside.python_plugin(tmp_path / "plugins", "looks", source, dependencies=["mortise_alpha"])
    host(tmp_path, wheels)
    result(run(mortise, tmp_path, "other"))
    told = result(run(mortise, tmp_path, "looks"))
    assert told["changed"] is False and told["seen"] == [told["own"]]


def test_two_that_build_the_same_at_once_come_to_one(make_server, tmp_path, wheels):
    for name in ("first", "second", "third"):
        plugin(tmp_path, name, "mortise_beta", "mortise_beta")
    server = make_server(config=host(tmp_path, wheels))
    with concurrent.futures.ThreadPoolExecutor() as many:
        built = list(many.map(lambda name: server.cli("environment", "build", name, timeout=120), ["first", "second", "third"]))
    assert [each.returncode for each in built] == [0, 0, 0] and len({each.stdout for each in built}) == 1
    (found,) = server.get("/api/v1/environments").json()
    assert found["plugins"] == ["first", "second", "third"]
    assert len(list((tmp_path / ".mortise" / "environments").iterdir())) == 2, "the environment and what is remembered"


def test_a_server_that_builds_ends_when_it_is_asked_to(make_server, tmp_path, wheels):
    plugin(tmp_path, "heavy", "mortise_heavy", "mortise_heavy")
    wheel(wheels, "mortise_heavy", "1.0", "X = 1\n", **{f"mortise_heavy_{number}.py": "Y = 1\n" * 2000 for number in range(3000)})
    server = make_server(config=host(tmp_path, wheels))
    threading.Thread(target=_build, args=(server,), daemon=True).start()
    outside.eventually(lambda: list((tmp_path / ".mortise" / "environments").glob(".building-*/area")), within=60, what="a build in progress")
    assert server.stop(within=20) == 0
    assert list((tmp_path / ".mortise" / "environments").glob(".building-*")) == []


def test_an_environment_is_whole_or_not_there_when_its_builder_is_killed(mortise, make_server, tmp_path, wheels):
    plugin(tmp_path, "heavy", "mortise_heavy", "mortise_heavy")
    wheel(wheels, "mortise_heavy", "1.0", "X = 1\n", **{f"mortise_heavy_{number}.py": "Y = 1\n" * 2000 for number in range(300)})
    config = host(tmp_path, wheels)
    server = make_server(config=config)
    threading.Thread(target=_build, args=(server,), daemon=True).start()
    outside.eventually(lambda: list((tmp_path / ".mortise" / "environments").glob(".building-*/area/packages")), within=60, what="a build in progress")
    server.kill()
    server.start()
    assert server.get("/api/v1/environments").json() == []
    assert list((tmp_path / ".mortise" / "environments").glob(".building-*")) == []
    built = server.cli("environment", "build", "heavy", "--json", timeout=120)
    assert built.returncode == 0 and len(json.loads(built.stdout)["key"]) == 32, built.stderr


def test_only_an_operator_has_environments_built(server):
    assert server.post("/api/v1/environments", {"plugin": "Test.pid"}).status_code == 403


def _build(server):
    """Asks this server: a command of its own would go on by itself once the server is gone."""
    made = server.cli("token", "create", "builder", "--scope", "operate", "--json")
    header = {"Authorization": "Bearer " + json.loads(made.stdout)["token"]}
    with contextlib.suppress(requests.ConnectionError):
        server.post("/api/v1/environments", {"plugin": "heavy"}, headers=header)


def test_they_are_built_ahead_listed_and_removed_but_not_from_under_a_plugin(make_server, tmp_path, wheels):
    plugin(tmp_path, "ahead", "mortise_beta", "mortise_beta")
    plugin(tmp_path, "never", "mortise_gamma", "mortise_gamma")
    server = make_server(config=host(tmp_path, wheels))
    built = server.cli("environment", "build", timeout=120)
    assert built.returncode == 1 and "mortise_gamma" in built.stdout and str(tmp_path) in built.stdout
    one = server.cli("environment", "build", "ahead")
    assert one.returncode == 0 and Path(one.stdout.strip()).is_dir()
    (found,) = json.loads(server.cli("environment", "list", "--json").stdout)
    assert found["plugins"] == ["ahead"] and found["bytes"] > 0
    kept = server.cli("environment", "remove", found["key"])
    assert kept.returncode == 65 and "ahead" in kept.stderr
    for wrong in ("../environments", "0" * 32, "x"):
        assert server.cli("environment", "remove", wrong).returncode == 66
    server.stop()
    server.start()
    assert server.cli("environment", "remove", found["key"]).returncode == 0
    assert json.loads(server.cli("environment", "list", "--json").stdout) == []


def test_one_that_nobody_used_for_long_goes_when_a_server_starts(mortise, make_server, tmp_path, wheels):
    plugin(tmp_path, "old", "mortise_alpha", "mortise_alpha")
    config = host(tmp_path, wheels, keep="1h")
    assert result(run(mortise, tmp_path, "old"))["x"] == 2
    (environment,) = listed(mortise)
    card = Path(environment["folder"]).parent / "environment.json"
    os.utime(card, (1, 1))
    shutil.rmtree(tmp_path / "plugins" / "old")
    server = make_server(config=config)
    assert server.get("/api/v1/environments").json() == []
    assert not card.parent.exists()


# ---- R


def r_package(folder, name, version, code, **fields):
    """A source package as `R CMD build` leaves it."""
    place = folder / "build" / name
    (place / "R").mkdir(parents=True, exist_ok=True)
    words = {"Package": name, "Version": version, "Title": "T", "Description": "D.", "License": "MIT", "Author": "A", "Maintainer": "A <a@b.c>", **fields}
    (place / "DESCRIPTION").write_text("".join(f"{key}: {text}\n" for key, text in words.items()))
    (place / "NAMESPACE").write_text("exportPattern('^[^.]')\n" + "".join(f"import({each.split()[0]})\n" for each in fields.get("Imports", "").split(",") if each))
    (place / "R" / "code.R").write_text(code)
    subprocess.run(["tar", "-czf", folder / f"{name}_{version}.tar.gz", "-C", folder / "build", name], check=True)
    shutil.rmtree(folder / "build")


R_USES = "step <- function(step) list(x = {package}::x(), file = find.package('{package}'))\n"


def r_plugin(folder, name, package, *dependencies):
    made = outside.python_plugin(folder / "plugins", name, "", language="r", entry_point="plugin.R", dependencies=list(dependencies))
    (made / "plugin.R").write_text(R_USES.format(package=package))


@pytest.mark.skipif(not (BUILD / "r" / "mortise").exists(), reason="the R package is not built: run tools/setup, which installs R, and make")
def test_r_packages_come_from_a_local_folder_with_what_they_need(mortise, tmp_path):
    packages = tmp_path / "packages"
    packages.mkdir()
    r_package(packages, "mortisealpha", "1.0", "x <- function() 1\n")
    r_package(packages, "mortisealpha", "1.10", "x <- function() 110\n")
    r_package(packages, "mortisebeta", "0.1", "x <- function() mortisealpha::x() + 1\n", Imports="mortisealpha (>= 1.2), stats")
    r_plugin(tmp_path, "needs_beta", "mortisebeta", "mortisebeta")
    r_plugin(tmp_path, "needs_old", "mortisealpha", "mortisealpha<1.2", "stats")
    r_plugin(tmp_path, "needs_none", "mortisegamma", "mortisegamma")
    outside.config_file(tmp_path, [tmp_path / "plugins"], environments={"r_packages": str(packages)})
    beta = result(run(mortise, tmp_path, "needs_beta"))
    assert beta["x"] == 111 and Path(beta["file"]).is_relative_to(tmp_path / ".mortise" / "environments")
    assert result(run(mortise, tmp_path, "needs_old"))["x"] == 1
    assert len(listed(mortise)) == 2
    lost = run(mortise, tmp_path, "needs_none")
    assert lost.returncode != 0 and "mortisegamma" in lost.stdout and str(packages) in lost.stdout
