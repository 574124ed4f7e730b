"""The configuration from outside: what the page says about its keys, who has the last word, and what SIGHUP changes."""

import json
import os
import re
import signal
import subprocess
import sys

import outside
import pytest
from outside import config_file, eventually, step

PAGE = (outside.REPOSITORY / "docs" / "configuration.md").read_text()
KEYS = re.findall(r"^\| `([\w.]+)` \| .* \| (?:at once|after a restart) \|", PAGE, re.MULTILINE)


def nested(key, value):
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def write(folder, **sections):
    path = folder / "mortise.yaml"
    path.write_text(json.dumps(sections))
    return path


# ---- the page


def test_the_page_has_the_program_s_own_table_of_keys():
    assert len(KEYS) > 35 and "plugins.timeout" in KEYS
    checked = subprocess.run([sys.executable, outside.REPOSITORY / "tools" / "config-table", "--check"],
                             capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_every_key_of_the_page_is_known_and_typed(mortise, tmp_path):
    for key in KEYS:
        write(tmp_path, **nested(key, {"no": ["such thing"]}))
        result = mortise("doctor")
        assert result.returncode == 64, key
        assert key in result.stderr, "the key must be named"
        assert "did you mean" not in result.stderr, "the key must be known"


def test_a_key_that_is_not_on_the_page_is_refused_with_its_place(mortise, tmp_path):
    for key in ("plugin", "server.hots", "logging.levle", "plugins.max_concurency", "server.tls.kee"):
        assert key not in KEYS
        write(tmp_path, **nested(key, 1))
        result = mortise("doctor")
        assert result.returncode == 64 and "did you mean" in result.stderr, result.stderr
        assert "mortise.yaml:1:" in result.stderr


def test_the_toml_of_the_page_is_valid(mortise, tmp_path):
    (tmp_path / "mortise.toml").write_text(re.search(r"```toml [^\n]*\n(.*?)```", PAGE, re.DOTALL).group(1))
    assert mortise("doctor").returncode == 0
    shown = json.loads(mortise("config", "show", "--json").stdout)
    values = {each["key"]: each["value"] for each in shown["values"]}
    assert values["server.port"] == [9000] and values["plugins.timeout"] == 120


# ---- who has the last word


def shown(result):
    assert result.returncode == 0, result.stderr
    return {each["key"]: each for each in json.loads(result.stdout)["values"]}


def test_each_value_is_shown_with_the_place_it_comes_from(mortise, tmp_path):
    write(tmp_path, plugins={"timeout": "5s", "max_concurrency": 3}, server={"port": 1000})
    env = {"MORTISE_PLUGINS_TIMEOUT": "6s", "MORTISE_LOGGING_LEVELS": "http=debug"}
    values = shown(mortise("config", "show", "--json", "-o", "server.port=2000", env=env))
    assert set(values) == set(KEYS)
    assert (values["plugins.timeout"]["value"], values["plugins.timeout"]["source"]) == (6, "environment")
    assert values["plugins.timeout"]["place"] == "MORTISE_PLUGINS_TIMEOUT"
    assert (values["server.port"]["value"], values["server.port"]["source"]) == ([2000], "command line")
    assert values["plugins.max_concurrency"]["value"] == 3
    assert re.search(r"mortise\.yaml:1:\d+$", values["plugins.max_concurrency"]["place"])
    assert (values["runtime.grace"]["value"], values["runtime.grace"]["source"]) == (1, "default")
    assert values["logging.levels"]["value"] == {"http": "debug"}
    assert values["data_dir"]["value"] == str(tmp_path / ".mortise")


def test_the_environment_moves_the_data_folder(mortise, tmp_path):
    result = mortise("plugin", "list", env={"MORTISE_DATA_DIR": "elsewhere"})
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "elsewhere" / "mortise.db").exists()
    assert not (tmp_path / ".mortise").exists()


def test_a_variable_that_only_looks_like_a_key_is_refused_with_the_nearest(mortise):
    result = mortise("config", "show", env={"MORTISE_SERVER_PROT": "1"})
    assert result.returncode == 64
    assert "MORTISE_SERVER_PROT" in result.stderr and "MORTISE_SERVER_PORT" in result.stderr


def test_check_names_everything_that_is_wrong_and_starts_nothing(mortise, tmp_path):
    write(tmp_path, plugins={"timeout": "soon", "tiemout": 1}, server={"port": 99999999})
    result = mortise("config", "check", "--json", env={"MORTISE_RUNTIME_IDLE": "never"})
    assert result.returncode == 64
    report = json.loads(result.stdout)
    assert report["valid"] is False
    told = " ".join(each["message"] for each in report["problems"])
    for word in ("plugins.timeout", "tiemout", "server.port", "runtime.idle"):
        assert word in told, told
    assert not (tmp_path / ".mortise").exists()
    assert "at: mortise.yaml" not in mortise("config", "check", "-o", "plugins.timeout=9s").stderr.split("plugins.timeout")[0]


def test_check_doubts_folders_that_are_not_there(mortise, tmp_path):
    write(tmp_path, plugins={"directories": ["./nowhere"]})
    result = mortise("config", "check")
    assert result.returncode == 0 and str(tmp_path / "nowhere") in result.stderr


# ---- what the keys do


def plugin_at(folder, name):
    place = folder / name
    place.mkdir(parents=True)
    (place / "plugin.py").write_text("from mortise import Plugin\n\n\nclass It(Plugin):\n    def step(self, step):\n        return 1\n")
    (place / "manifest.json").write_text(json.dumps({
        "name": f"Test.{name}", "version": "1.0.0", "author": "a", "description": "d", "language": "python",
        "entry_point": "plugin.py", "extension_points": ["Data_Processing"]}))


def listed(mortise, *arguments):
    result = mortise("plugin", "list", "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return {each["id"] for each in json.loads(result.stdout) if each["id"].startswith("Test.")}


@pytest.mark.rows("M-61")
def test_only_the_configured_directories_are_scanned(mortise, tmp_path):
    plugin_at(tmp_path / "plugins", "one")
    plugin_at(tmp_path / "p2", "two")
    (tmp_path / "config.yaml").write_text('plugins:\n  directories: ["./plugins"]\n')
    assert listed(mortise, "--config", "config.yaml") == {"Test.one"}
    (tmp_path / "config.yaml").write_text('plugins:\n  directories: ["./p2"]\n')
    assert listed(mortise, "--config", "config.yaml") == {"Test.two"}


@pytest.mark.rows("M-62")
def test_without_auto_discovery_nothing_is_scanned(mortise, tmp_path):
    plugin_at(tmp_path / "plugins", "one")
    write(tmp_path, plugins={"auto_discovery": True})
    assert listed(mortise) == {"Test.one"}
    write(tmp_path, plugins={"auto_discovery": False})
    assert listed(mortise) == set()


@pytest.mark.rows("M-63")
def test_a_step_that_says_nothing_has_the_configured_deadline(mortise, tmp_path):
    config = config_file(tmp_path, plugins={"timeout": 1})
    (tmp_path / "p.json").write_text(json.dumps({"name": "Slow", "steps": [step("Test.wait", started="started", until="never")]}))
    result = mortise("run", "p.json", "--config", config, "--json")
    answer = json.loads(result.stdout)
    assert result.returncode != 0 and answer["data"]["failure"]["code"] == "timeout", answer
    other = tmp_path / "without"
    other.mkdir()
    assert shown(mortise("config", "show", "--json", cwd=other))["plugins.timeout"]["value"] == 60


@pytest.mark.rows("M-64")
def test_no_more_steps_run_at_once_than_the_configuration_allows(make_server, tmp_path):
    server = make_server(config=config_file(tmp_path, plugins={"max_concurrency": 2}))
    runs = [
        server.start_run([step("Test.wait", f"Wait {i}", "x", started=str(tmp_path / f"started{i}"), until=str(tmp_path / f"go{i}"))])
        for i in range(4)
    ]

    def begun():
        return {int(path.name[7:]) for path in tmp_path.glob("started?")}

    released = set()
    while len(released) < 4:
        eventually(lambda: len(begun() - released) == min(2, 4 - len(released)), what="two steps at once")
        for _ in range(10):
            assert server.healthy()
            assert len(begun() - released) <= 2
        one = min(begun() - released)
        released.add(one)
        (tmp_path / f"go{one}").write_text("")
    assert [server.finished(run)["state"] for run in runs] == ["succeeded"] * 4


# ---- reload


def reload_by_signal(server, wanted):
    os.kill(server.pid, signal.SIGHUP)
    eventually(lambda: wanted in server.log.read_text(), what=f"{wanted!r} in the log")


def test_a_reload_changes_what_can_change_and_says_what_waits(make_server, tmp_path):
    config = config_file(tmp_path)
    server = make_server(config=config)
    assert json.loads(server.cli("log-level", "--json").stdout)["level"] == "info"
    config_file(tmp_path, logging={"level": "debug", "format": "json"}, server={"drain_timeout": "3s"}, runtime={"grace": "3s"})
    result = server.cli("config", "reload", "--json")
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert set(report["changed"]) == {"logging.level", "logging.format", "server.drain_timeout"}
    assert report["restart"] == ["runtime.grace"]
    assert json.loads(server.cli("log-level", "--json").stdout)["level"] == "debug"
    last = server.log.read_text().splitlines()[-1]
    assert json.loads(last)["level"], "the log is JSON from now on"
    values = shown(server.cli("config", "show", "--running", "--json"))
    assert values["server.drain_timeout"]["value"] == 3
    assert values["server.drain_timeout"]["source"] == "file"


def test_a_broken_file_keeps_the_configuration_that_held_and_says_why(make_server, tmp_path):
    config = config_file(tmp_path, logging={"level": "warning"})
    server = make_server(config=config)
    config.write_text('{"logging": {"level": "debug"}, "plugins": {"timeout": "soon"}}')
    reload_by_signal(server, "plugins.timeout")
    assert server.healthy()
    assert server.get("/api/v1/log-level").json()["level"] == "warning", "not even the good half holds"
    config.write_text('{"logging": {"level": "debug"}, "plugins": {"timeout": "60s"}}')
    reload_by_signal(server, "configuration read again")
    assert server.get("/api/v1/log-level").json()["level"] == "debug"


# ---- logs


@pytest.mark.rows("M-73")
def test_the_level_of_one_plugin_changes_while_the_server_runs(server):
    def talk():
        run = server.execute([step("Test.talk")])
        assert run["success"], run
        return server.log.read_text().count("a debug word")

    assert talk() == 0
    changed = server.cli("log-level", "debug", "--for", "Test.talk")
    assert changed.returncode == 0 and "Test.talk: debug" in changed.stdout, changed.stderr
    assert talk() == 1
    assert server.cli("log-level").stdout.splitlines()[0] == "info", "the others keep theirs"
    server.cli("log-level", "--for", "Test.talk", "--reset")
    assert talk() == 1
    server.cli("log-level", "debug", "--for", "plugins")
    assert talk() == 2
    unknown = server.cli("log-level", "debug", "--for", "Test.nobody")
    assert unknown.returncode == 66 and "Test.nobody" in unknown.stderr


def test_a_log_file_is_rotated_by_size_and_begun_anew_on_sighup(make_server, tmp_path):
    log = tmp_path / "m.log"
    config = config_file(tmp_path, logging={"file": str(log), "level": "debug", "max_size": "4 KiB", "keep": 2})
    server = make_server(config=config)
    eventually(lambda: server.healthy() and (tmp_path / "m.log.2").exists(), what="two old log files")
    for _ in range(40):
        server.healthy()
    assert not (tmp_path / "m.log.3").exists()
    assert all(path.stat().st_size <= 4096 for path in tmp_path.glob("m.log*"))
    log.rename(tmp_path / "moved")
    os.kill(server.pid, signal.SIGHUP)
    eventually(log.exists, what="a new log file")
    eventually(lambda: server.healthy() and "configuration read again" in log.read_text(), what="records in it")

