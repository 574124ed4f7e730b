"""The command line: what a user types and sees, with and without a server, and what is left when processes die."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time

import outside
import pytest

GIVE = outside.step("Test.give", name="Give", output="x", value=5)


@pytest.fixture
def pipeline(tmp_path):
    """Writes a pipeline file of these steps and gives its name."""

    def write(*steps, name="p.json"):
        (tmp_path / name).write_text(json.dumps({"name": "P", "steps": list(steps)}))
        return name

    return write


def wait_step(folder, name="wait"):
    return outside.step("Test.wait", name="Wait", started=str(folder / f"{name}.started"), until=str(folder / f"{name}.until"))


def start(*arguments, cwd, **options):
    """The program in the background."""
    return subprocess.Popen(
        [str(outside.PROGRAM), *map(str, arguments)], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def pid_in(path):
    return outside.host_pid(int(outside.eventually(lambda: path.exists() and path.read_text(), what=f"{path.name} of the step")))


# ---- words


def test_the_version_and_help_are_printed(mortise):
    assert re.fullmatch(r"mortise \d+\.\d+\.\d+\n", mortise("--version").stdout)
    for words in ([], ["--help"], ["serve", "--help"], ["run", "--help"], ["runs", "list", "--help"], ["plugin", "show", "--help"], ["doctor", "--help"]):
        result = mortise(*words)
        assert result.returncode == 0 and "Examples:" in result.stdout, words


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["rnu", "p.yaml"], "run"), (["runs", "lst"], "list"), (["run", "p.yaml", "--dryrun"], "--dry-run"), (["run"], "PIPELINE"), (["serve", "--port", "x"], "port")],
    ids=str,
)
def test_words_that_are_not_understood_are_refused_with_a_hint(mortise, words, expected):
    result = mortise(*words)
    assert result.returncode == 64
    assert result.stderr.startswith("mortise: error: ")
    assert expected in result.stderr


def test_json_is_one_document_on_standard_output_also_for_errors(mortise, config, pipeline):
    for words, status in (
        (["plugin", "list"], 0), (["runs", "list"], 0), (["doctor"], 0), (["plugin", "show", "Input.file"], 0), (["run", pipeline(GIVE)], 0),
        (["plugin", "show", "Input.sap_erp"], 66), (["runs", "show", "run_none"], 66), (["rnu"], 64), (["log-level"], 66),
    ):  # fmt: skip
        result = mortise(*words, "--json", *([] if words == ["rnu"] else ["--config", config]))
        document = json.loads(result.stdout)
        assert result.returncode == status, (words, result.stderr)
        if status:
            assert document["error"] and document["code"] and document["hint"]


def test_a_closed_pipe_is_an_error_and_not_a_crash(mortise, config):
    result = subprocess.run(
        ["sh", "-c", f"{outside.PROGRAM} plugin list --config {config} | true"], cwd=config.parent, capture_output=True, text=True, timeout=60, check=False
    )
    assert "terminate" not in result.stderr


# ---- configuration


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('plugins:\n  timeout: "abc"\n', ["plugins.timeout", "abc", "mortise.yaml:2"]),
        ("plugins:\n  timout: 5\n", ["timout", "timeout", "mortise.yaml:2"]),
        ("server: {port: 99999}\n", ["server.port", "99999"]),
        ("server: {host: 0.0.0.0}\n", ["0.0.0.0"]),
        ("a: [", ["mortise.yaml"]),
    ],
    ids=str,
)
def test_a_wrong_configuration_is_refused_with_file_key_and_reason(mortise, tmp_path, text, words):
    (tmp_path / "mortise.yaml").write_text(text)
    result = mortise("serve", "--port", "0")
    assert result.returncode in (64, 77)
    for word in words:
        assert word in result.stderr
    assert result.stdout == ""


def test_the_configuration_of_the_present_folder_is_used(make_server, tmp_path):
    (tmp_path / "mortise.toml").write_text('data_dir = "state"\n[server]\nport = 0\n')
    process = start("serve", cwd=tmp_path)
    try:
        assert re.match(r"mortise \S+ ready on http://127\.0\.0\.1:\d+\n", process.stdout.readline())
        assert (tmp_path / "state" / "server.sock").exists()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


# ---- running


def test_a_pipeline_runs_without_a_server_and_says_how_each_step_went(mortise, config, pipeline):
    result = mortise("run", pipeline(GIVE), "--config", config)
    assert result.returncode == 0, result.stderr
    assert re.search(r"\[1/1\] Give \(Test\.give\) succeeded: .*pid \d+", result.stderr)
    run_id = re.search(r"run_\w+", result.stdout).group(0)
    shown = mortise("runs", "show", run_id, "--config", config)
    assert "succeeded" in shown.stdout and "Test.give" in shown.stdout
    assert run_id in mortise("runs", "list", "--config", config).stdout
    assert not (config.parent / ".mortise" / "server.sock").exists()


def test_values_of_the_command_line_reach_the_context_with_their_kinds(mortise, config, pipeline):
    result = mortise("run", pipeline(GIVE), "--config", config, "--json", "--set", "city=Seattle", "--set", "limit=10", "--set", 'list=[1,"a"]', "--set", "empty=")
    context = json.loads(result.stdout)["data"]["context"]
    assert context == {"x": 5, "city": "Seattle", "limit": 10, "list": [1, "a"], "empty": ""}
    assert mortise("run", pipeline(GIVE), "--set", "nonsense").returncode == 64


@pytest.mark.parametrize(
    ("step", "status", "words"),
    [
        (outside.step("Test.fail", name="Break", message="api_key is required", hint="set it"), 70, ["step 1 (Break)", "api_key is required"]),
        (outside.step("Input.sap_erp"), 66, ["plugin not found: Input.sap_erp - did you register it?"]),
        ({**outside.step("Rogue.never_returns"), "timeout": 0.3}, 124, ["never_returns"]),
    ],
    ids=["plugin", "not found", "timeout"],
)
def test_the_exit_status_tells_what_kind_of_failure_it_was(mortise, config, pipeline, step, status, words):
    result = mortise("run", pipeline(step), "--config", config)
    assert result.returncode == status, result.stderr
    for word in words:
        assert word in result.stderr
    assert json.loads(mortise("run", pipeline(step), "--config", config, "--json").stdout)["data"]["success"] is False


def test_a_dry_run_says_what_is_wrong_with_every_step_and_runs_none(mortise, config, pipeline, tmp_path):
    append = outside.step("Test.append", name="A", file=str(tmp_path / "marker"), line="x")
    result = mortise("run", "--dry-run", pipeline(append, outside.step("Input.nothing", name="B")), "--config", config)
    assert result.returncode == 66 and "Input.nothing" in result.stderr
    result = mortise("run", "--dry-run", pipeline(append), "--config", config)
    assert result.returncode == 0 and "nothing was run" in result.stdout
    assert not (tmp_path / "marker").exists()


def test_the_trace_shows_the_context_after_each_step(mortise, config, pipeline):
    result = mortise("run", "--trace", pipeline(GIVE), "--config", config)
    assert re.search(r'\[1/1\] Give .*context: \{"x":"int64"\}', result.stderr)


def test_a_missing_file_and_an_unknown_name_are_told_apart(mortise, config):
    assert "no pipeline file" in mortise("run", "missing.yaml", "--config", config).stderr
    assert "pipeline not found: nightly" in mortise("run", "nightly", "--config", config).stderr


def test_ctrl_c_cancels_the_run_and_leaves_no_process(config, pipeline, tmp_path):
    process = start("run", pipeline(wait_step(tmp_path)), "--config", config, cwd=tmp_path)
    worker = pid_in(tmp_path / "wait.started")
    family = outside.descendants(process.pid)
    assert worker in family
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20 * outside.PATIENCE)
    assert process.returncode == 130, err
    assert "cancelled" in err
    outside.eventually(lambda: not any(map(outside.alive, family)), what="the end of all processes of the run")
    listed = json.loads(outside.run_program("runs", "list", "--json", "--config", config, cwd=tmp_path).stdout)
    assert [run["state"] for run in listed["runs"]] == ["cancelled"]


def test_a_terminal_sees_the_progress_move(config, pipeline, tmp_path):
    main, other = pty.openpty()
    process = subprocess.Popen(
        [str(outside.PROGRAM), "run", pipeline(wait_step(tmp_path)), "--config", str(config)], cwd=tmp_path,
        stdin=other, stdout=other, stderr=other, env={**os.environ, "TERM": "xterm-256color"}, close_fds=True,
    )  # fmt: skip
    os.close(other)
    seen = b""

    def read_until(wanted):
        nonlocal seen
        deadline = time.monotonic() + 20 * outside.PATIENCE
        while wanted not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([main], [], [], 0.1)[0]:
                seen += os.read(main, 65536)

    try:
        read_until(b"\x1b[1F\x1b[J")  # drawn again in place
        (tmp_path / "wait.until").touch()
        read_until("✓".encode())
        read_until(b"run_")
        assert process.wait(10) == 0
    finally:
        process.kill()
        os.close(main)


# ---- one owner


def test_another_shell_sees_and_cancels_what_this_one_runs(config, pipeline, tmp_path, mortise):
    process = start("run", pipeline(wait_step(tmp_path)), "--config", config, cwd=tmp_path)
    pid_in(tmp_path / "wait.started")
    runs = json.loads(mortise("runs", "list", "--json", "--state", "running", "--config", config).stdout)["runs"]
    assert len(runs) == 1 and runs[0]["owner_pid"] == process.pid
    assert mortise("runs", "cancel", runs[0]["id"], "--reason", "by another shell", "--config", config).returncode == 0
    _, err = process.communicate(timeout=20 * outside.PATIENCE)
    assert process.returncode == 130 and "by another shell" in err


def test_the_command_line_is_a_client_of_a_running_server(server, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "p.json").write_text(json.dumps({"name": "P", "steps": [outside.step("Test.append", name="A", file=str(tmp_path / "out.txt"), line="x"), GIVE]}))
    result = server.cli("run", "p.json", "--json", cwd=elsewhere)
    assert result.returncode == 0, result.stderr
    run = server.record(json.loads(result.stdout)["data"]["run_id"])
    assert run["owner_pid"] == server.pid
    assert run["source"] == str(elsewhere / "p.json")
    detached = server.cli("run", "p.json", "--detach", cwd=elsewhere)
    assert server.finished(detached.stdout.strip())["state"] == "succeeded"
    assert server.cli("log-level", "debug").stdout == "debug\n"
    assert server.get("/api/v1/log-level").json()["level"] == "debug"


def test_the_ready_line_is_json_when_asked_for(tmp_path):
    process = start("serve", "--json", "--port", "0", cwd=tmp_path)
    try:
        ready = json.loads(process.stdout.readline())
        assert ready["pid"] == process.pid and ready["urls"][0].startswith("http://127.0.0.1:")
        assert ready["socket"] == str(tmp_path / ".mortise" / "server.sock")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15 * outside.PATIENCE) == 0


def test_a_second_server_is_refused_with_the_pid_of_the_first(server, mortise):
    result = mortise("serve", "--port", "0", "--data-dir", server.data_dir)
    assert result.returncode == 75
    assert str(server.pid) in result.stderr and "busy" not in result.stdout
    assert server.healthy()


def test_an_owner_that_does_not_answer_is_named_and_the_verb_gives_up(server):
    (server.data_dir / "server.sock").unlink()
    result = server.cli("runs", "list")
    assert result.returncode == 75
    assert f"process {server.pid}" in result.stderr
    assert "kill" in result.stderr


def test_a_port_in_use_is_told_and_nothing_stays_behind(mortise, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = mortise("serve", "--port", port)
    assert result.returncode == 65
    assert f"127.0.0.1:{port}" in result.stderr and "--port" in result.stderr
    assert not (tmp_path / ".mortise" / "server.sock").exists()


def test_after_kill_9_the_lock_and_the_socket_are_taken_over(server, config, pipeline):
    family = outside.descendants(server.pid)
    server.kill()
    assert (server.data_dir / "server.sock").exists()
    outside.eventually(lambda: not any(map(outside.alive, family)), what="the end of the dead server's workers")
    result = server.cli("run", pipeline(GIVE), "--config", config)
    assert result.returncode == 0, result.stderr
    server.start()
    assert server.healthy()


def test_a_run_of_a_killed_server_is_shown_as_interrupted(server, tmp_path):
    run_id = server.start_run([wait_step(tmp_path)])
    worker = pid_in(tmp_path / "wait.started")
    server.kill()
    outside.eventually(lambda: not outside.alive(worker), what="the end of the worker")
    shown = server.cli("runs", "show", run_id, "--json")
    assert json.loads(shown.stdout)["state"] == "interrupted"


def test_sigterm_lets_the_run_finish_and_then_ends_the_server_cleanly(server, tmp_path):
    run_id = server.start_run([wait_step(tmp_path)])
    pid_in(tmp_path / "wait.started")
    family = outside.descendants(server.pid)
    os.kill(server.pid, signal.SIGTERM)
    outside.eventually(lambda: "stopping" in server.log.read_text(), what="the start of the end")
    (tmp_path / "wait.until").touch()
    assert server.process.wait(15 * outside.PATIENCE) == 0
    assert not any(map(outside.alive, family))
    assert not (server.data_dir / "server.sock").exists()
    assert json.loads(server.cli("runs", "show", run_id, "--json").stdout)["state"] == "succeeded"


def test_runs_that_do_not_end_in_time_are_stopped_and_gone_on_with_by_the_next_server(make_server, tmp_path):
    server = make_server(config=outside.config_file(tmp_path, server={"drain_timeout": 0.5}))
    run_id = server.start_run([wait_step(tmp_path)])
    worker = pid_in(tmp_path / "wait.started")
    assert server.stop(within=15) == 0
    assert not outside.alive(worker)
    assert json.loads(server.cli("runs", "show", run_id, "--json").stdout)["state"] == "interrupted"
    (tmp_path / "wait.until").touch()
    server.start()
    record = server.finished(run_id)
    assert record["state"] == "succeeded"
    assert [attempt["state"] for attempt in record["steps"]] == ["interrupted", "succeeded"]


def test_the_socket_is_the_owners_alone(server):
    assert (server.data_dir / "server.sock").stat().st_mode & 0o777 == 0o600
    assert server.data_dir.stat().st_mode & 0o777 == 0o700


def test_a_data_folder_with_a_very_long_path_works(make_server, tmp_path):
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    server = make_server(data_dir=deep / "state")
    assert server.cli("runs", "list").stdout == "no runs\n"


# ---- looking


def test_logs_of_a_run_are_printed_and_followed(server, tmp_path):
    talk = outside.step("Test.talk", name="Talk")
    run_id = server.start_run([wait_step(tmp_path), talk])
    pid_in(tmp_path / "wait.started")
    follower = start("runs", "logs", "--follow", run_id, "--data-dir", server.data_dir, cwd=tmp_path)
    (tmp_path / "wait.until").touch()
    out, _ = follower.communicate(timeout=30 * outside.PATIENCE)
    assert follower.returncode == 0
    assert "[Talk]" in out
    assert server.cli("runs", "logs", run_id).stdout == out


def test_plugins_are_listed_and_shown_with_their_options(mortise, config):
    listed = mortise("plugin", "list", "--config", config).stdout
    for plugin in ("Input.file", "Data_Processing.filter", "Output.json", "Output.html", "normaliser"):
        assert plugin in listed
    shown = mortise("plugin", "show", "Input.file", "--config", config).stdout
    assert "Options:" in shown and "path" in shown


def test_the_doctor_says_what_is_there_and_how_workers_are_confined(mortise, config, server):
    report = json.loads(server.cli("doctor", "--json").stdout)
    assert report["healthy"] is True and report["isolation"] in ("confined", "partly", "unconfined")
    checks = {check["name"]: check for group in report["groups"] for check in group["checks"]}
    assert checks["owner"]["found"] == f"process {server.pid}"
    assert checks["workers"]["found"].startswith(report["isolation"])
    assert re.search(r"\d+\.\d+\.\d+", checks["interpreter"]["found"])
    for name in ("launcher", "worker", "numpy", "Landlock", "seccomp filters", "user namespaces", "cgroups", "processors", "memory"):
        assert name in checks
    text = server.cli("doctor").stdout
    assert report["isolation"] in text and "All that Mortise needs is here." in text


def test_the_doctor_finds_what_is_missing(mortise, tmp_path):
    (tmp_path / "file").touch()
    result = mortise("doctor", "--data-dir", tmp_path / "file" / "state")
    assert result.returncode == 1
    assert "problem" in result.stdout and "--data-dir" in result.stdout


# ---- the quick start


def test_the_quick_start_leaves_its_report(mortise, tmp_path):
    result = mortise("quickstart", env={"MORTISE_ONCE": "1"}, timeout=120)
    assert result.returncode == 0, result.stderr
    report = tmp_path / "quickstart" / "report.html"
    assert report.stat().st_size > 10_000
    assert str(report) in result.stdout
    assert len(set(re.findall(r"pid (\d+)", result.stdout))) >= 2
    assert "python" in result.stdout and "c++" in result.stdout


def test_the_quick_start_stays_as_a_server_and_says_where_to_look(tmp_path):
    (tmp_path / "mortise.yaml").write_text("server: {port: 0}\n")
    process = start("quickstart", cwd=tmp_path, env={key: value for key, value in os.environ.items() if key != "MORTISE_ONCE"})
    try:
        text = ""
        while "ready on" not in text:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            text += line
        url = re.search(r"http://\S+", text.split("ready on")[1]).group(0)
        import requests

        assert requests.get(url + "/health", timeout=10).json()["status"] == "healthy"
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20 * outside.PATIENCE)
    assert process.returncode == 0, err
    assert "report.html" in text + out
