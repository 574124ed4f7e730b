"""A value that came from the environment reaches its plugin, and is seen nowhere else."""

import base64
import json
from urllib.parse import quote

import outside
import pytest
import yaml_text
from outside import step

SECRET = 'hüter-7c1d"9f\\e2'  # with a quote, a backslash and an umlaut in it


def in_any_dress(secret):
    """The value as it stands, and as JSON, URLs and base64 would write it."""
    yield secret.encode()
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret)):
        yield escaped.encode()
    yield base64.b64encode(secret.encode())


def places_of(secret, texts):
    found = []
    for place, text in texts.items():
        raw = text if isinstance(text, bytes) else text.encode()
        found += [(place, dress) for dress in in_any_dress(secret) if dress in raw]
    return found


@pytest.fixture
def pipeline(tmp_path):
    """A plugin that tells the secret to everybody, and one that fails with it."""
    effects = tmp_path / "effects"
    return [
        step("Test.append", "Keep", file=str(effects), line="${MORTISE_TEST_TOKEN}"),
        step("Test.tell", "Tell", "told", text="${MORTISE_TEST_TOKEN}"),
        step("Test.echo", "Echo", "echo", header="Bearer ${MORTISE_TEST_TOKEN}!"),
        step("Test.tell", "Fail", text="${MORTISE_TEST_TOKEN}", fail=True),
    ]


@pytest.mark.rows("M-49")
def test_a_secret_reaches_the_plugin_and_is_redacted_everywhere_else_on_the_server(make_server, pipeline, tmp_path):
    server = make_server(env={"MORTISE_TEST_TOKEN": SECRET})
    answers = {}
    server.cli("log-level", "debug")
    data = server.execute(pipeline)
    assert (tmp_path / "effects").read_text().strip() == SECRET, "the plugin did not get the value"
    assert not data["success"]

    run_id = data["run_id"]
    answers["answer"] = json.dumps(data)
    for path in (f"/api/v1/runs/{run_id}", f"/api/v1/runs/{run_id}/logs?limit=1000", "/api/v1/runs", "/metrics",
                 f"/api/v1/runs/{run_id}/events", "/openapi.json"):  # fmt: skip
        answers[path] = server.get(path).content
    for arguments in (("runs", "show", run_id), ("runs", "logs", run_id), ("runs", "show", run_id, "--json")):
        shown = server.cli(*arguments)
        answers[" ".join(arguments)] = shown.stdout + shown.stderr
    server.stop()
    answers["log"] = server.log.read_bytes()
    for file in server.data_dir.rglob("*"):
        if file.is_file():
            answers[str(file)] = file.read_bytes()
    assert places_of(SECRET, answers) == []
    everything = b"".join(text if isinstance(text, bytes) else text.encode() for text in answers.values())
    assert b"[redacted]" in everything and b"cannot use" in everything, "it was silence that kept the secret"


@pytest.mark.rows("M-49")
def test_a_secret_is_redacted_on_the_command_line(mortise, config, pipeline, tmp_path):
    yaml_text.write(tmp_path / "p.yaml", pipeline)
    texts = {}
    for arguments in (("run", "p.yaml"), ("run", "p.yaml", "--json"), ("run", "p.yaml", "--trace")):
        done = mortise(*arguments, "--config", config, env={"MORTISE_TEST_TOKEN": SECRET})
        assert done.returncode == 70, done.stderr
        texts[" ".join(arguments)] = done.stdout + done.stderr
    assert set((tmp_path / "effects").read_text().split("\n")) == {SECRET, ""}
    for file in (tmp_path / ".mortise").rglob("*"):
        if file.is_file():
            texts[str(file)] = file.read_bytes()
    assert places_of(SECRET, texts) == []
    assert all("[redacted]" in text for place, text in texts.items() if place.startswith("run"))


def test_a_missing_variable_is_named_and_a_default_is_used(mortise, config, tmp_path):
    yaml_text.write(tmp_path / "p.yaml", [step("Test.give", output="x", value="${MORTISE_TEST_NOT_SET}")])
    refused = mortise("run", "p.yaml", "--config", config)
    assert refused.returncode == 64 and "MORTISE_TEST_NOT_SET" in refused.stderr
    yaml_text.write(
        tmp_path / "p.yaml",
        [step("Test.give", output="x", value=["${MORTISE_TEST_NOT_SET:-plain}", "$${MORTISE_TEST_NOT_SET}"])],
    )
    done = mortise("run", "p.yaml", "--json", "--config", config)
    assert json.loads(done.stdout)["data"]["context"]["x"] == ["plain", "${MORTISE_TEST_NOT_SET}"], done.stderr


def test_a_worker_does_not_see_the_host_s_environment(make_server):
    server = make_server(env={"MORTISE_TEST_TOKEN": SECRET, "AWS_SECRET_ACCESS_KEY": SECRET})
    pid = outside.host_pid(server.execute([step("Test.pid", output="pid")])["context"]["pid"])
    with open(f"/proc/{pid}/environ", "rb") as environment:
        assert places_of(SECRET, {"environ": environment.read()}) == []
