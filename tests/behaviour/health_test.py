"""What plugins say of their health, and what they keep in the shared cache."""

import json
import os
import signal

import pytest
from outside import PLUGIN_FOLDERS, config_file, eventually, step

PLUGIN = '''
import os

from mortise import Plugin


class Moody(Plugin):
    def health(self):
        if os.path.exists({mood!r}):
            raise RuntimeError("the database is gone")
        return {{"healthy": not os.path.exists({mood!r} + ".polite"), "message": "so so"}}

    def step(self, step):
        return 1
'''

KEEPER = '''
from mortise import Plugin


class Keeper(Plugin):
    def step(self, step):
        how = step.config
        shared = {"shared": how["shared"]} if how.get("shared") else {}
        found = step.service("Cache", "get", {"key": how["key"], **shared})
        if found["found"]:
            return {"from": "cache", "value": found["value"]}
        with open(how["worked"], "a") as file:
            file.write("worked\\n")
        value = how["value"] if how["value"] is not None else "x" * how["size"]
        stored = step.service("Cache", "put", {"key": how["key"], "value": value, "ttl": how["ttl"], **shared})
        return {"from": "work", "value": value, "stored": stored["stored"]}
'''


def python_plugin(folder, name, code, permission="file_system"):
    place = folder / name
    place.mkdir(parents=True)
    (place / "it.py").write_text(code)
    (place / "manifest.json").write_text(json.dumps({
        "name": f"Test.{name}", "version": "1.0.0", "author": "a", "description": "d", "language": "python",
        "entry_point": "it.py", "extension_points": ["Data_Processing"], "permissions": [permission]}))


@pytest.fixture
def moody(make_server, tmp_path):
    python_plugin(tmp_path / "plugins", "moody", PLUGIN.format(mood=str(tmp_path / "mood")), f"file_system={tmp_path}")
    folders = [*PLUGIN_FOLDERS, tmp_path / "plugins"]
    return make_server(config=config_file(tmp_path, folders, plugins={"health_interval": 0}))


def listed(server, name):
    return next(each for each in server.get("/api/v1/plugins").json() if each["id"] == name)["health"]


@pytest.mark.rows("M-65")
def test_a_plugin_that_returns_an_error_is_unhealthy_with_its_text(moody, tmp_path):
    assert listed(moody, "Test.moody")["status"] == "unknown"
    well = moody.cli("plugin", "health", "Test.moody", "--json")
    assert well.returncode == 0 and json.loads(well.stdout)["Test.moody"]["status"] == "healthy", well.stderr
    (tmp_path / "mood").write_text("")
    ill = moody.cli("plugin", "health", "Test.moody", "--json")
    assert ill.returncode == 1
    told = json.loads(ill.stdout)["Test.moody"]
    assert told["status"] == "unhealthy" and "the database is gone" in told["message"]
    assert listed(moody, "Test.moody")["status"] == "unhealthy", "the listing shows it"
    assert "unhealthy" in moody.cli("plugin", "list").stdout
    health = moody.get("/health").json()
    assert health["status"] == "healthy" and "the database is gone" in health["unhealthy_plugins"]["Test.moody"]
    assert 'mortise_plugin_healthy{plugin="Test.moody"} 0' in moody.get("/metrics").text
    (tmp_path / "mood").unlink()
    (tmp_path / "mood.polite").write_text("")
    answer = moody.post("/api/v1/plugins/Test.moody/health").json()
    assert (answer["status"], answer["message"]) == ("unhealthy", "so so"), "a plugin may also say it without an error"
    assert moody.post("/api/v1/plugins/Test.nobody/health").status_code == 404


@pytest.mark.rows("M-65")
def test_plugins_in_use_are_asked_again_and_again_and_idle_ones_are_left_alone(moody, tmp_path):
    config_file(tmp_path, [*PLUGIN_FOLDERS, tmp_path / "plugins"], plugins={"health_interval": "100ms"})
    os.kill(moody.pid, signal.SIGHUP)
    assert moody.execute([step("Test.moody", output="x")])["success"]
    eventually(lambda: listed(moody, "Test.moody")["status"] == "healthy", what="the first question")
    (tmp_path / "mood").write_text("")

    def used():
        moody.execute([step("Test.moody", output="x")])
        return listed(moody, "Test.moody")["status"] == "unhealthy"

    eventually(used, what="the next question")
    eventually(lambda: "a plugin is not well" in moody.log.read_text())
    assert listed(moody, "Test.give")["status"] == "unknown", "nobody uses it, nobody asks it"


# ---- the cache


@pytest.fixture
def keeping(make_server, tmp_path):
    for name in ("keeper", "other"):
        python_plugin(tmp_path / "plugins", name, KEEPER)
    cache = {"max_entry": "64 KiB", "max_size": "256 KiB"}
    return make_server(config=config_file(tmp_path, [*PLUGIN_FOLDERS, tmp_path / "plugins"], cache=cache))


@pytest.fixture
def ask(keeping, tmp_path):
    def ask(plugin="Test.keeper", key="k", value=None, ttl="1h", shared="", size=1):
        config = {"key": key, "value": value, "ttl": ttl, "shared": shared, "size": size, "worked": str(tmp_path / "worked")}
        run = keeping.execute([step(plugin, output="answer", **config)])
        assert run["success"], run
        return run["context"]["answer"]

    return ask


@pytest.mark.rows("M-55")
def test_the_second_identical_call_is_served_from_the_cache(ask, keeping, tmp_path):
    value = {"rows": [1, 2.5, "three", None], "deep": {"yes": True}}
    assert ask(value=value) == {"from": "work", "value": value, "stored": True}
    assert ask(value=value) == {"from": "cache", "value": value}
    assert (tmp_path / "worked").read_text().count("worked") == 1
    metrics = keeping.get("/metrics").text
    assert "mortise_cache_hits_total 1" in metrics and "mortise_cache_misses_total 1" in metrics
    assert "mortise_cache_entries 1" in metrics


@pytest.mark.rows("M-55")
def test_each_plugin_has_a_space_of_its_own_and_shared_ones_have_names(ask):
    ask("Test.keeper", value=1)
    assert ask("Test.other", value=2)["from"] == "work"
    assert ask("Test.keeper", value=3) == {"from": "cache", "value": 1}
    ask("Test.keeper", value=4, shared="rates")
    assert ask("Test.other", value=5, shared="rates") == {"from": "cache", "value": 4}
    assert ask("Test.other", value=6, shared="others")["from"] == "work"


@pytest.mark.rows("M-55")
def test_an_entry_goes_when_its_time_is_over(ask):
    ask(value=1, ttl=0.2)
    eventually(lambda: ask(value=2, ttl=0.2)["value"] == 2)


@pytest.mark.rows("M-55")
def test_a_native_plugin_keeps_values_and_shares_them_with_one_in_python(keeping, ask):
    def native(**config):
        run = keeping.execute([step("Test.keep", "Keep", "answer", **config)])
        assert run["success"], run
        return run["context"]["answer"]

    value = {"deep": [1, 2.5, None, "three"]}
    assert native(key="k", value=value) == {"from": "work", "stored": True}
    assert native(key="k", value="other") == {"from": "cache", "value": value}
    assert ask(key="k", value=7)["from"] == "work", "each plugin has a space of its own"
    native(key="k", value=value, shared="all")
    assert ask(key="k", value=7, shared="all") == {"from": "cache", "value": value}
    ask(key="of python", value=[1], shared="all")
    assert native(key="of python", value=2, shared="all") == {"from": "cache", "value": [1]}
    assert native(key="large", value="x" * 100_000)["stored"] is False
    native(key="short", value=1, ttl=0.2)
    eventually(lambda: native(key="short", value=1, ttl=0.2)["from"] == "work")


def test_a_native_plugin_keeps_a_tensor_as_a_tensor(keeping):
    steps = [step("Test.values", "Values", "values"), step("Test.keep", "Keep", "kept", key="t", **{"from": "values"}),
             step("Test.keep", "Again", "again", key="t", value=0)]
    run = keeping.execute(steps)
    assert run["success"], run
    assert run["context"]["kept"] == {"from": "work", "stored": True}
    assert run["context"]["again"]["value"] == run["context"]["values"]


def test_the_cache_is_bounded_and_gives_the_least_recently_used_away(ask, keeping):
    assert ask(key="large", size=100_000)["stored"] is False
    for number in range(8):
        assert ask(key=str(number), size=50_000)["stored"] is True
    assert ask(key="7", size=50_000)["from"] == "cache"
    assert ask(key="0", size=50_000)["from"] == "work"
    found = [line for line in keeping.get("/metrics").text.splitlines() if line.startswith("mortise_cache_bytes")]
    assert float(found[0].split()[1]) <= 256 * 1024


def test_the_cache_answers_each_of_its_methods_and_names_wrong_questions(keeping):
    def call(method, **input):
        return keeping.execute([step("Test.ask_py", "Ask", "answer", service="Cache", method=method, input=input)])

    assert call("put", key="a", value=[1])["context"]["answer"] == {"stored": True}
    assert call("get", key="a")["context"]["answer"] == {"found": True, "value": [1]}
    assert call("delete", key="a")["context"]["answer"] == {"deleted": True}
    assert call("get", key="a")["context"]["answer"]["found"] is False
    call("put", key="b", value=1)
    assert call("clear")["context"]["answer"] == {"count": 1}
    wrong = [("get", {}, "key"), ("put", {"key": "a"}, "value"), ("put", {"key": "a", "value": 1, "ttl": "x"}, "ttl"), ("guess", {}, "guess")]
    for method, input, word in wrong:
        assert word in call(method, **input)["error"]
