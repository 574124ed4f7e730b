"""What a pipeline promises, sentence by sentence. The marker names the rows of docs/rows.md that a test shows."""

import json
import time
from datetime import datetime, timezone

import pytest
import yaml_text
from outside import PATIENCE, config_file, lines_of, python_plugin, step

rows = pytest.mark.rows


# ---- the file -------------------------------------------------------------------------------------------------------------


@rows("M-26")
def test_a_pipeline_file_runs_in_exactly_the_guide_s_shape(mortise, config, tmp_path):
    (tmp_path / "test.yaml").write_text(
        """
pipelines:
  - name: "Test Pipeline"
    steps:
      - name: "Test Step"
        plugin: "Test.give"
        config:
          value: "hello"
        output: "result"
"""
    )
    done = mortise("run", "test.yaml", "--json", "--config", config)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)["data"]
    assert data["success"] is True
    assert data["context"]["result"] == "hello"


@rows("M-27")
def test_a_plugin_sees_name_plugin_config_and_output_as_they_are_in_the_file(shared_server):
    config = {"text": "a", "number": 5, "nested": {"list": [1, 2.5, None, True]}}
    seen = shared_server.execute([step("Test.echo", "My step", "echoed", **config)])["context"]["echoed"]["step"]
    assert seen["name"] == "My step"
    assert seen["plugin"] == "Test.echo"
    assert seen["config"] == config
    assert seen["output"] == "echoed"


# ---- the context ------------------------------------------------------------------------------------------------------------


@rows("M-03")
def test_the_second_step_reads_what_the_first_one_left(shared_server):
    context = shared_server.execute(
        [step("Test.give", output="first", value={"price": 12.5}), step("Test.look", output="seen", key="first")]
    )["context"]
    assert context["seen"] == {"exists": True, "kind": "map", "value": {"price": 12.5}}


@rows("M-35")
def test_a_missing_key_is_not_a_null_value(shared_server):
    context = shared_server.execute(
        [
            step("Test.give", output="nothing", value=None),
            step("Test.look", "null", "null", key="nothing"),
            step("Test.look", "absent", "absent", key="never set"),
        ]
    )["context"]
    assert context["null"] == {"exists": True, "kind": "null", "value": None}
    assert context["absent"] == {"exists": False, "kind": "nothing", "value": None}


@rows("M-28", "M-36")
def test_every_kind_of_value_survives_the_way_to_the_next_step_and_to_the_api(shared_server):
    context = shared_server.execute(
        [step("Test.values", output="values"), step("Test.look", output="seen", key="values")]
    )["context"]
    for values in (context["values"], context["seen"]["value"]):
        assert values["null"] is None and values["bool"] is True
        assert values["int"] == 2**63 - 1 and values["negative"] == -(2**63)
        assert values["float"] == 0.1 and isinstance(values["float"], float)
        assert values["string"] == "grüße 🦀"
        assert values["bytes"] == "AP8Q"  # base64
        assert values["list"] == [1, "two", 3.0]
        assert values["tensor"] == [[1, 2, 3], [4, 5, 6]]
        assert values["time"] == "2023-11-14T22:13:20.123456789Z"
        inner = values["map"]["inner"]["timestamp"]
        assert datetime.fromisoformat(inner.replace("Z", "+00:00")) == datetime(1970, 1, 1, tzinfo=timezone.utc)


@rows("M-36")
def test_times_in_every_answer_are_rfc_3339(shared_server):
    data = shared_server.execute([step("Test.give", value=1)])
    record = shared_server.record(data["run_id"])
    for text in (data["executed_at"], record["created"], record["started"], record["finished"],
                 shared_server.get("/health").json()["time"]):  # fmt: skip
        moment = datetime.fromisoformat(text[:19] + "+00:00")
        assert text[10] == "T" and text.endswith("Z"), text
        assert abs((datetime.now(timezone.utc) - moment).total_seconds()) < 3600


# ---- configuration ----------------------------------------------------------------------------------------------------------


@rows("M-04", "M-71")
@pytest.mark.parametrize(
    "section, words",
    [
        ({"plugins": {"timeout": "abc"}}, ["plugins.timeout", "abc"]),
        ({"plugins": {"max_concurrency": 2.5}}, ["plugins.max_concurrency", "2.5"]),
        ({"plugins": {"directories": 7}}, ["plugins.directories", "list", "7"]),
        ({"server": {"port": "eighty"}}, ["server.port", "eighty"]),
        ({"plugins": {"time_out": 5}}, ["plugins.time_out", "timeout"]),
    ],
    ids=str,
)
def test_a_host_refuses_a_wrong_configuration_by_key_path_expected_and_got(section, words, mortise, tmp_path):
    path = config_file(tmp_path, **section)
    refused = mortise("plugin", "list", "--config", path)
    assert refused.returncode == 64, refused.stdout
    assert "mortise.yaml" in refused.stderr
    for word in words:
        assert word in refused.stderr, f"{word!r} is not in: {refused.stderr}"


@rows("M-29")
def test_a_bad_third_step_means_that_nothing_of_the_first_has_happened(shared_server, tmp_path):
    effects = tmp_path / "effects"
    answer = shared_server.execute(
        [
            step("Test.append", "One", file=str(effects), line="one"),
            step("Test.append", "Two", file=str(effects), line="two"),
            step("Test.careful", "Three", timeout_s=1),
        ]
    )
    assert not answer["success"] and "api_key is required" in answer["error"]
    assert lines_of(effects) == []


@rows("M-30")
def test_a_default_written_by_validate_is_there_when_the_step_runs(shared_server):
    answer = shared_server.execute([step("Test.careful", output="timeout", api_key="k")])
    assert answer["context"]["timeout"] == 30


def _careful(**config):
    return [{"name": "Call", "plugin": "Test.careful", "config": config, "output": "x"}]


@rows("M-31", "M-34", "M-40")
@pytest.mark.parametrize("timeout", [-1, 0])
def test_a_plugin_s_own_check_of_a_number_fires_and_its_text_comes_through_once(timeout, shared_server):
    answer = shared_server.execute(_careful(api_key="k", timeout=timeout))
    assert not answer["success"]
    assert answer["error"].count("configuration validation failed") == 1, answer["error"]
    assert answer["error"].count("timeout must be positive") == 1


@rows("M-33")
def test_the_text_of_a_plugin_s_error_reaches_the_caller_as_it_was_written(shared_server):
    answer = shared_server.execute(_careful(timeout=1))
    assert "api_key is required" in answer["error"]
    assert answer["failure"]["code"] == "invalid"


# ---- errors -------------------------------------------------------------------------------------------------------------------


@rows("M-37", "M-41")
def test_an_error_tells_step_plugin_and_root_cause_each_once(shared_server):
    answer = shared_server.execute(
        [
            step("Test.give", value=1),
            step("Test.fail", "Fetch prices", message="operation failed: no answer", causes=["dial tcp", "connection refused"]),
        ]
    )
    error = answer["error"]
    for part in ("step 2", "Fetch prices", "Test.fail", "operation failed: no answer", "dial tcp", "connection refused"):
        assert error.count(part) == 1, f"{part!r} is not once in: {error}"


@rows("M-38")
def test_an_error_has_machine_readable_parts_beside_its_text(shared_server):
    answer = shared_server.execute([step("Test.fail", "Fetch", message="out of stock", hint="order more", causes=["empty shelf"])])
    failure = answer["failure"]
    assert failure["code"] == "plugin"
    assert failure["details"]["step"] == "Fetch" and failure["details"]["plugin"] == "Test.fail"
    told = json.dumps(failure)
    assert "order more" in told and "empty shelf" in told and '"shelf": "7b"' in told
    record = shared_server.record(answer["run_id"])
    for kept in (record["error"], record["steps"][0]["error"]):  # in the run log, too
        assert kept["code"] == "plugin" and "out of stock" in kept["message"] and kept["hint"] == "order more"
        assert kept["details"]["step"] == "Fetch" and kept["details"]["shelf"] == "7b"
        assert "empty shelf" in json.dumps(kept["cause"])


@rows("M-39")
def test_a_run_reports_what_succeeded_beside_what_failed(shared_server):
    data = shared_server.execute(
        [
            step("Test.give", "Good", "good", value=1),
            step("Test.fail", "Bad", message="cannot", on_failure="report"),
            step("Test.give", "After", "after", value=2),
        ]
    )
    assert data["context"]["good"] == 1 and data["context"]["after"] == 2
    outcomes = {each["name"]: each["state"] for each in shared_server.record(data["run_id"])["steps"]}
    assert outcomes == {"Good": "succeeded", "Bad": "failed", "After": "succeeded"}


@rows("M-50")
def test_an_unknown_plugin_is_an_error_that_says_what_to_do(shared_server):
    answer = shared_server.execute([step("Input.sap_erp", "Read")])
    assert "plugin not found: Input.sap_erp - did you register it?" in answer["error"]
    near = shared_server.execute([step("Test.giv", "Read", value=1)])
    assert "Test.give" in json.dumps(near["failure"]), "the nearest name is not suggested"


@rows("M-46")
def test_the_same_pipeline_twice_gives_the_same_output_and_tells_plugins_apart_the_runs(shared_server):
    steps = [step("Test.echo", output="echoed", value=7)]
    first, second = (shared_server.execute(steps)["context"]["echoed"] for _ in range(2))
    assert first["step"] == second["step"]
    assert first["run"]["id"] != second["run"]["id"]
    assert first["run"]["key"] and first["run"]["attempt"] == 1


# ---- retry, timeout, when, needs ----------------------------------------------------------------------------------------------


@rows("M-51")
def test_a_step_that_fails_twice_succeeds_at_its_third_attempt(shared_server, tmp_path):
    counted = tmp_path / "calls"
    begin = time.monotonic()
    data = shared_server.execute(
        [step("Rogue.fails_twice", output="calls", count=str(counted), retry={"attempts": 3, "delay": "100ms"})]
    )
    assert data["success"] and data["context"]["calls"] == 3
    assert counted.read_text() == "3", "the plugin was called more or less often than it says"
    assert time.monotonic() - begin >= 0.3, "there was no growing pause: 100 ms, 200 ms"
    attempts = shared_server.record(data["run_id"])["steps"]
    assert [(each["attempt"], each["state"]) for each in attempts] == [(1, "failed"), (2, "failed"), (3, "succeeded")]


WRITES_KEYS = """
from mortise import Plugin


class WritesKeys(Plugin):
    def step(self, step):
        with open(step.config["file"], "a") as file:
            print(step.run["key"], file=file)
        with open(step.config["file"]) as file:
            if len(file.readlines()) < step.config["attempts"]:
                raise OSError("not yet")
"""


@rows("M-46")
def test_all_attempts_of_a_step_share_a_key_and_no_other_step_or_run_has_it(make_server, tmp_path):
    python_plugin(tmp_path / "plugins", "writes_keys", WRITES_KEYS)
    server = make_server(config=config_file(tmp_path, [tmp_path / "plugins"]))
    keys = []
    for number in range(4):
        file = tmp_path / f"keys{number}"
        asked = step("writes_keys", f"Step {number % 2}", file=str(file), attempts=3, retry={"attempts": 3, "delay": "1ms"})
        if number % 2 == 0:
            steps = [asked]
        else:
            assert server.execute([*steps, asked])["success"]
            keys += [lines_of(tmp_path / f"keys{each}") for each in (number - 1, number)]
    assert [len(set(each)) for each in keys] == [1] * 4 and [len(each) for each in keys] == [3] * 4
    assert len({each[0] for each in keys}) == 4


@rows("M-51")
def test_attempts_end_at_their_number(shared_server, tmp_path):
    counted = tmp_path / "calls"
    answer = shared_server.execute([step("Rogue.fails_twice", count=str(counted), retry={"attempts": 2, "delay": "1ms"})])
    assert not answer["success"] and "not yet: call 2" in answer["error"]
    assert counted.read_text() == "2"


@rows("M-51")
def test_an_error_that_will_not_pass_is_not_tried_again(shared_server, tmp_path):
    data = shared_server.execute(
        [step("Rogue.needs_missing_service", "Ask", retry={"attempts": 5, "delay": "1s"}, timeout="20s")]
    )
    assert [each["attempt"] for each in shared_server.record(data["run_id"])["steps"]] == [1]


@rows("M-56")
@pytest.mark.parametrize("plugin", ["Rogue.sleeps_deaf", "Rogue.never_returns_py"])
def test_a_plugin_that_sleeps_ten_seconds_with_a_timeout_of_one_fails_after_one(plugin, shared_server):
    shared_server.execute([step(plugin.replace("never_returns_py", "returns_itself_py"), seconds=0)])  # Python is warm
    host = shared_server.pid
    begin = time.monotonic()
    answer = shared_server.execute([step(plugin, "Sleep", seconds=10, timeout="1s")])
    elapsed = time.monotonic() - begin
    assert answer["failure"]["code"] == "timeout"
    assert "Sleep" in answer["error"] and "1" in answer["error"]
    assert 1 <= elapsed < 1 + 1 + 1.5 * PATIENCE, "one second, one of grace"
    assert shared_server.pid == host and shared_server.healthy()


def test_a_cooperative_plugin_ends_at_its_deadline_without_being_killed(shared_server, tmp_path):
    begin = time.monotonic()
    steps = [step("Test.wait", "Wait", started=str(tmp_path / "s"), until=str(tmp_path / "never"), timeout="500ms")]
    answer = shared_server.execute(steps)
    assert answer["failure"]["code"] == "timeout" and time.monotonic() - begin < 1.4 * PATIENCE
    (attempt,) = shared_server.record(answer["run_id"])["steps"]
    assert attempt["worker_pid"] in shared_server.worker_pids(), "it was killed although it listened"


def test_a_step_is_skipped_when_its_condition_does_not_hold(shared_server, tmp_path):
    effects = tmp_path / "effects"
    data = shared_server.execute(
        [
            step("Test.give", "Count", "count", value=3),
            step("Test.append", "Few", file=str(effects), line="few", when="count < 10"),
            step("Test.append", "Many", file=str(effects), line="many", when="count >= 10"),
            step("Test.append", "Told", file=str(effects), line="told", when='mode == "full"'),
        ],
        context={"mode": "full"},
    )
    assert data["success"] and lines_of(effects) == ["few", "told"]
    states = {each["name"]: each["state"] for each in shared_server.record(data["run_id"])["steps"]}
    assert states["Many"] == "skipped" and states["Few"] == "succeeded"


def test_a_step_after_a_failure_runs_only_when_it_asks_about_failure(shared_server, tmp_path):
    effects = tmp_path / "effects"
    answer = shared_server.execute(
        [
            step("Test.fail", "Break", message="broken"),
            step("Test.append", "Go on", file=str(effects), line="went on"),
            step("Test.append", "Clean up", file=str(effects), line="cleaned", when="failed()"),
        ]
    )
    assert not answer["success"] and lines_of(effects) == ["cleaned"]


def test_steps_that_do_not_need_each_other_run_at_the_same_time(shared_server, tmp_path):
    left, right = str(tmp_path / "left"), str(tmp_path / "right")
    data = shared_server.execute(
        [
            step("Test.meet", "Left", "l", mine=left, other=right, needs=[], timeout="10s"),
            step("Test.meet", "Right", "r", mine=right, other=left, needs=[], timeout="10s"),
            step("Test.echo", "Both", "both", needs=["Left", "Right"]),
        ]
    )
    assert data["success"] and data["context"]["l"] == data["context"]["r"] == "met"


def test_steps_in_order_do_not_run_at_the_same_time(shared_server, tmp_path):
    left, right = str(tmp_path / "left"), str(tmp_path / "right")
    answer = shared_server.execute(
        [
            step("Test.meet", "Left", mine=left, other=right, timeout="500ms"),
            step("Test.meet", "Right", mine=right, other=left, timeout="500ms"),
        ]
    )
    assert answer["failure"]["code"] == "timeout" and not (tmp_path / "right").exists()


# ---- dry run -------------------------------------------------------------------------------------------------------------------


def test_a_dry_run_checks_every_step_and_runs_none(mortise, config, tmp_path):
    effects = tmp_path / "effects"
    yaml_text.write(tmp_path / "good.yaml", [step("Test.append", file=str(effects), line="x"), step("Test.careful", api_key="k")])
    checked = mortise("run", "--dry-run", "good.yaml", "--config", config)
    assert checked.returncode == 0, checked.stderr
    assert lines_of(effects) == []

    yaml_text.write(
        tmp_path / "bad.yaml",
        [step("Test.append", file=str(effects), line="x"), step("Test.careful", "A"), step("Nowhere.plugin", "B")],
    )
    refused = mortise("run", "--dry-run", "--json", "bad.yaml", "--config", config)
    assert refused.returncode != 0
    assert [finding["step"] for finding in json.loads(refused.stdout)["findings"]] == [2, 3], "not every step was checked"
    assert lines_of(effects) == []
