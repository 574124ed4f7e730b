"""Workers that are forked from a zygote: as confined, as alone and as fresh as those that start as programs."""

import json
import os
import signal

from pathlib import Path

import outside
import pytest
import sandbox_test
from outside import eventually, step
from sandbox_test import targets, tmp_path  # noqa: F401  (fixtures)

LOOKS = '''
import builtins, os, random, ssl, sys, tempfile, threading, time, uuid
import numpy
from mortise import Plugin


def descriptors():
    return {n: os.readlink(f"/proc/self/fd/{n}").split(":")[0] for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")}


class Looks(Plugin):
    def step(self, step):
        seen = {"marker": getattr(builtins, "marker", None), "numpy_marker": getattr(numpy, "marker", None)}
        builtins.marker = numpy.marker = step.config["marker"]
        a = numpy.arange(90000.0).reshape(300, 300)
        return {
            **seen,
            "random": [random.random(), float(numpy.random.rand()), float(numpy.random.default_rng().random()),
                       ssl.RAND_bytes(8).hex(), os.urandom(8).hex(), uuid.uuid4().hex, next(tempfile._get_candidate_names())],
            "pid": os.getpid(), "thread": threading.get_native_id() == os.getpid(), "uid": os.getuid(),
            "host_pid": open("/proc/self/status").read(), "descriptors": descriptors(), "environment": dict(os.environ),
            "product": bool(numpy.allclose(a @ a, sum(a[:, [k]] * a[[k], :] for k in range(300)))),
            "path": [one for one in sys.path if "mortise" in one or "sdk" in one], "folder": os.getcwd(), "time": time.time(),
            "umask": os.umask(0o077), "children": os.listdir("/proc/self/task"),
            "modules": sorted(name for name in ("scipy", "secrets", "pickle") if name in sys.modules),
        }
'''


def zygote_of(server, word="mortise.zygote"):
    """The number of the zygote below this server, None when there is none: the place for a worker's mark is empty, and the one that
    was forked ahead from it is younger."""
    found = []
    for pid in outside.descendants(server.pid):
        try:
            process = Path(f"/proc/{pid}")
            if b"MORTISE_WORKER=  " in (process / "environ").read_bytes() and word in (process / "cmdline").read_text():
                found.append((int((process / "stat").read_text().rsplit(")", 1)[1].split()[19]), pid))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return min(found)[1] if found else None


def stats(server, plugin):
    return server.get(f"/api/v1/plugins/{plugin}/stats").json()


def warm(server, plugin, **config):
    """Calls the plugin, whose every call has a worker of its own, until one came from a zygote; what that one answered."""

    def forked():
        answer = server.execute([step(plugin, output="told", **config)])
        assert answer["success"], answer
        return answer["context"]["told"] if stats(server, plugin)["last_start"] == "zygote" else None

    return eventually(forked, within=30, what="a worker from a zygote")


def with_looks(make_server, folder, wrapper=(), source=LOOKS, manifest=None, **runtime):
    outside.python_plugin(folder / "plugins", "looks", source, lifetime="per_call", **(manifest or {}))
    config = outside.config_file(folder, [folder / "plugins"], runtime={"zygotes": "ahead", **runtime})
    return make_server(config=config, wrapper=wrapper)


LEVELS = {
    "root": lambda folder: (),
    "user": sandbox_test.ordinary,
    "bare": sandbox_test.no_user_namespaces,
}


@pytest.mark.parametrize("level", LEVELS)
def test_a_plugin_in_a_forked_worker_reaches_nothing_of_the_host(make_server, tmp_path, targets, level):  # noqa: F811
    outside.python_plugin(tmp_path / "plugins", "tries", sandbox_test.MISDEEDS, permissions=["read_data"], lifetime="per_call")
    outside.python_plugin(tmp_path / "plugins", "other", "from mortise import Plugin\n")
    config = outside.config_file(tmp_path, [tmp_path / "plugins"], runtime={"zygotes": "ahead"})
    server = make_server(config=config, wrapper=LEVELS[level](tmp_path))
    at = {
        **targets, "data": str(server.data_dir), "server": server.pid, "own": str(tmp_path / "plugins/tries/plugin.py"),
        "other": str(tmp_path / "plugins/other/plugin.py"),
    }  # fmt: skip
    told = warm(server, "tries", at=at)
    could = {name for name, outcome in told["tried"].items() if outcome.startswith("could:")}
    assert could <= ({"see processes"} if level == "bare" else set()), json.dumps(told["tried"], indent=1)
    if level != "bare":
        assert set(told["rights"]) == {"0"} and told["home"] == "/tmp" and told["pid"] < 10
    if level == "root" and os.geteuid() == 0:
        assert told["uid"] > 65536, "the worker has the host's user"


@pytest.mark.parametrize("level", LEVELS)
def test_two_workers_of_one_zygote_share_nothing_that_changes(make_server, tmp_path, level):  # noqa: F811
    server = with_looks(make_server, tmp_path, LEVELS[level](tmp_path))
    first = warm(server, "looks", marker="first")
    zygote = zygote_of(server)
    second = warm(server, "looks", marker="second")
    assert zygote == zygote_of(server), "both came from one"
    assert first["marker"] is None and second["marker"] is None
    assert first["numpy_marker"] is None and second["numpy_marker"] is None
    for one, other in zip(first["random"], second["random"]):
        assert one != other
    assert first["product"] and second["product"], "BLAS does not work in a forked worker"
    assert first["thread"] and second["thread"]
    if os.geteuid() == 0 and level == "root":
        assert first["uid"] != second["uid"]


def test_a_forked_worker_has_the_descriptors_and_the_environment_of_one_that_starts_as_a_program(make_server, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("A_SECRET_OF_THE_HOST", "it")
    monkeypatch.setenv("WANTED", "this")
    seen = {}
    for zygotes_word in ("off", "ahead"):
        folder = tmp_path / zygotes_word
        folder.mkdir()
        server = with_looks(make_server, folder, zygotes=zygotes_word, manifest={"environment": ["WANTED"]}, source=LOOKS)
        if zygotes_word == "off":
            seen["off"] = server.execute([step("looks", output="told", marker="x")])["context"]["told"]
            assert stats(server, "looks")["last_start"] == "program: runtime.zygotes is off"
        else:
            seen["ahead"] = warm(server, "looks", marker="x")
        seen[zygotes_word]["environment"].pop("MORTISE_WORKER")
        server.close()
    program, forked = seen["off"], seen["ahead"]
    assert forked["environment"] == program["environment"] and forked["environment"]["WANTED"] == "this"
    assert forked["descriptors"] == program["descriptors"]
    assert forked["umask"] == program["umask"] == 0o077
    assert [Path(one).name for one in forked["path"]] == [Path(one).name for one in program["path"]]
    assert abs(forked["time"] - __import__("time").time()) < 600


def test_a_killed_zygote_is_started_again_and_no_call_fails(make_server, tmp_path):  # noqa: F811
    server = with_looks(make_server, tmp_path)
    warm(server, "looks", marker="x")
    zygote = zygote_of(server)
    os.kill(zygote, signal.SIGKILL)
    for _ in range(3):
        assert server.execute([step("looks", output="told", marker="x")])["success"]
    warm(server, "looks", marker="x")
    another = zygote_of(server)
    assert another not in (None, zygote)
    server.close()
    eventually(lambda: not outside.alive(another), what="the end of the zygote")


def test_a_plugins_own_module_is_not_taken_for_one_that_the_zygote_loaded(make_server, tmp_path):  # noqa: F811
    source = (
        "import secrets\nfrom mortise import Plugin\nclass Own(Plugin):\n    def step(self, step):\n"
        "        import numpy, pickle, sys\n"
        "        return {'secrets': secrets.WHOSE, 'numpy': int(numpy.arange(4).sum()), 'pickle': len(pickle.dumps(numpy.ones(3))),\n"
        "                'scipy': 'numpy.random' in sys.modules}\n"
    )
    package = outside.python_plugin(tmp_path / "plugins", "own", source, lifetime="per_call")
    (package / "secrets.py").write_text("WHOSE = 'the plugin'\n")
    config = outside.config_file(tmp_path, [tmp_path / "plugins"], runtime={"zygotes": "ahead"})
    told = warm(make_server(config=config), "own")
    assert told["secrets"] == "the plugin" and told["numpy"] == 6 and told["pickle"] > 50


def test_a_plugin_that_chooses_how_its_interpreter_starts_starts_as_a_program(make_server, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    source = "from mortise import Plugin\nclass Hash(Plugin):\n    def step(self, step):\n        return hash('mortise')\n"
    outside.python_plugin(tmp_path / "plugins", "hash", source, lifetime="per_call", environment=["PYTHONHASHSEED"])
    server = make_server(config=outside.config_file(tmp_path, [tmp_path / "plugins"], runtime={"zygotes": "ahead"}))
    told = {server.execute([step("hash", output="told")])["context"]["told"] for _ in range(3)}
    assert len(told) == 1
    assert "PYTHONHASHSEED" in stats(server, "hash")["last_start"]
    assert "PYTHONHASHSEED" in server.cli("plugin", "stats", "hash").stdout


def test_a_forked_worker_that_crashes_or_is_killed_is_told_as_any_other(make_server, tmp_path):  # noqa: F811
    source = (
        "import os, signal\nfrom mortise import Plugin\nclass Dies(Plugin):\n    def step(self, step):\n"
        "        if step.config['how'] == 'lives':\n            return 1\n"
        "        if step.config['how'] == 'exits':\n            os._exit(3)\n"
        "        if step.config['how'] == 'aborts':\n            os.abort()\n        os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    outside.python_plugin(tmp_path / "plugins", "dies", source, lifetime="per_call")
    server = make_server(config=outside.config_file(tmp_path, [tmp_path / "plugins"], runtime={"zygotes": "ahead"}))
    warm(server, "dies", how="lives")
    for how, words in (("exits", "exited with status 3"), ("aborts", "SIGABRT"), ("segfaults", "SIGSEGV")):
        answer = server.execute([step("dies", output="told", how=how)])
        assert not answer["success"] and words in json.dumps(answer), answer
        assert stats(server, "dies")["last_start"] == "zygote"


def test_a_zygote_and_its_workers_go_with_the_server_however_it_ends(make_server, tmp_path):  # noqa: F811
    server = with_looks(make_server, tmp_path)
    warm(server, "looks", marker="x")
    below = outside.descendants(server.pid)
    assert zygote_of(server)
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: not any(outside.alive(pid) for pid in below), what="the end of all")




R_LOOKS = '''
step <- function(step) {
  had <- exists("marker", envir = globalenv())
  assign("marker", step$config$marker, envir = globalenv())
  files <- list.files("/proc/self/fd")
  kept <- Filter(function(n) file.exists(file.path("/proc/self/fd", n)), files)
  left <- list(global = setdiff(ls(globalenv(), all.names = TRUE), c("marker", ".Random.seed")), attached = search(),
               options = names(Filter(Negate(is.null), options()[c("topLevelEnvironment", "mortise.rehearsed")])), calls = sys.nframe())
  list(
    left = left, had = had, random = runif(3), seeded = exists(".Random.seed", envir = globalenv()), pid = Sys.getpid(),
    descriptors = as.list(setNames(sub(":.*", "", Sys.readlink(file.path("/proc/self/fd", kept))), kept)),
    environment = as.list(Sys.getenv()), folder = getwd(), fit = unname(coef(lm(y ~ x, data.frame(x = 1:5, y = 2 * (1:5) + 1)))),
    temporary = {name <- tempfile(); writeLines("x", name); dirname(dirname(name))}, product = sum(diag(300) %*% diag(300))
  )
}
'''


def with_r_looks(make_server, folder, wrapper=(), **runtime):
    if not (outside.BUILD / "r" / "mortise").exists():
        pytest.skip("the R package is not built: run tools/setup, which installs R, and make")
    package = outside.python_plugin(folder / "plugins", "looks", "", language="r", entry_point="looks.R", lifetime="per_call")
    (package / "looks.R").write_text(R_LOOKS)
    config = outside.config_file(folder, [folder / "plugins"], runtime={"zygotes": "ahead", **runtime})
    return make_server(config=config, wrapper=wrapper)


@pytest.mark.parametrize("level", LEVELS)
def test_two_r_workers_of_one_zygote_share_nothing_that_changes(make_server, tmp_path, level):  # noqa: F811
    server = with_r_looks(make_server, tmp_path, LEVELS[level](tmp_path))
    first = warm(server, "looks", marker="first")
    zygote = zygote_of(server, "mortise:::zygote")
    second = warm(server, "looks", marker="second")
    assert zygote == zygote_of(server, "mortise:::zygote"), "both came from one"
    assert not first["had"] and not second["had"]
    assert first["seeded"] and not set(first["random"]) & set(second["random"])
    assert first["fit"] == pytest.approx([1, 2]) and first["product"] == 300


def test_a_forked_r_worker_has_the_descriptors_and_the_environment_of_one_that_starts_as_a_program(make_server, tmp_path):  # noqa: F811
    seen = {}
    for word in ("off", "ahead"):
        folder = tmp_path / word
        folder.mkdir()
        server = with_r_looks(make_server, folder, zygotes=word)
        if word == "off":
            seen[word] = server.execute([step("looks", output="told", marker="x")])["context"]["told"]
        else:
            seen[word] = warm(server, "looks", marker="x")
        server.close()
    for one in seen.values():
        for name in ("MORTISE_WORKER", "R_SESSION_TMPDIR", "R_LIBS_USER"):  # the last two: folders that are not there
            one["environment"].pop(name)
    assert seen["ahead"]["environment"] == seen["off"]["environment"]
    assert seen["ahead"]["left"] == seen["off"]["left"], "a rehearsal left something"
    assert set(seen["ahead"]["descriptors"]) <= set(seen["off"]["descriptors"])
    assert seen["ahead"]["temporary"] == seen["off"]["temporary"] == "/tmp"


def test_the_doctor_loads_a_zygote_of_each_language_and_says_where_there_is_none(mortise, tmp_path):  # noqa: F811
    found = {}
    for word in ("auto", "off"):
        config = outside.config_file(tmp_path, runtime={"zygotes": word})
        report = json.loads(mortise("doctor", "--json", "--config", config).stdout)
        found[word] = [check for group in report["groups"] for check in group["checks"] if check["name"] == "warm starts"]
    assert found["auto"] and all("which loads in" in check["found"] for check in found["auto"]), found
    assert all(check["found"] == "switched off by runtime.zygotes" and check["hint"] for check in found["off"]), found
