"""What a plugin may do: declared, granted, revoked, asked for; and that exactly this is what it can do."""

import http.server
import json
import os
import shutil
import threading

import pytest
from outside import PLUGIN_FOLDERS, config_file, python_plugin, step

TRIES = '''
import os
import socket
import urllib.request

from mortise import Plugin


class Tries(Plugin):
    def step(self, step):
        config = step.config
        return getattr(self, config["do"])(step, config)

    def connect(self, step, config):
        with socket.create_connection((config["host"], config["port"]), timeout=10) as connection:
            return connection.getpeername()[1]

    def resolve(self, step, config):
        return sorted({entry[4][0] for entry in socket.getaddrinfo(config["host"], 80)})

    def fetch(self, step, config):
        with urllib.request.urlopen(config["url"], timeout=10) as answer:
            return answer.read().decode()

    def read(self, step, config):
        with open(config["path"]) as file:
            return file.read()

    def peek(self, step, config):
        with open(config["other"]) as file:
            return file.read()

    def write(self, step, config):
        with open(config["path"], "w") as file:
            file.write("written")
        return True

    def own_folder(self, step, config):
        path = os.path.join(os.environ["MORTISE_FILES"], "kept")
        before = os.path.exists(path)
        with open(path, "a") as file:
            file.write("x")
        return before

    def variables(self, step, config):
        return dict(os.environ)

    def service(self, step, config):
        return step.service(config["service"], config["method"], config.get("input"))

    def pid(self, step, config):
        return os.getpid()
'''


def tries(folder, **manifest):
    return python_plugin(folder / "plugins", manifest.pop("name", "tries"), TRIES, **manifest)


@pytest.fixture
def host(make_server, tmp_path):
    """Starts a server that knows the plugin `tries` with this manifest."""

    def make(permissions=(), settings=None, **options):
        tries(tmp_path, permissions=list(permissions), **options.pop("manifest", {}))
        sections = settings or {}
        return make_server(config=config_file(tmp_path, [*PLUGIN_FOLDERS, tmp_path / "plugins"], **sections), **options)

    return make


def attempt(server, do, plugin="tries", **config):
    return server.execute([step(plugin, "Try", "answer", do=do, **config)])


def allowed(server, do, **config):
    run = attempt(server, do, **config)
    assert run["success"], run
    return run["context"]["answer"]


def refused(server, do, **config):
    """The error of a run that failed, as one text: its message and its hint."""
    run = attempt(server, do, **config)
    assert not run["success"], run
    return json.dumps(run["failure"]) + run["error"]


def grant(server, *words):
    done = server.cli("plugin", "grant", "tries", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def web():
    """A web server on the loopback device of this machine, which counts who comes."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.visits += 1
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'[{"n": 1}]')

        def log_message(self, *ignored):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.visits = 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


# ---- decisions


@pytest.mark.rows("O-44")
def test_what_a_manifest_declares_holds_at_once_and_is_listed(host):
    server = host(["read_data", "network"])
    page = server.get("/api/v1/plugins/tries/permissions").json()
    assert page["policy"] == "grant"
    assert page["declared"] == page["effective"] == ["read_data", "network"]
    assert page["decisions"] == page["waiting"] == []
    shown = server.cli("plugin", "show", "tries").stdout
    assert "read_data, network" in shown


def test_a_decision_is_kept_with_who_made_it_and_when_and_outlives_the_server(host):
    server = host(["network"])
    grant(server, "file_system=/srv/photos", "environment=CITY")
    grant(server, "network", "--revoke")
    server.stop()
    server.start()
    page = server.get("/api/v1/plugins/tries/permissions").json()
    assert set(page["effective"]) == {"file_system=/srv/photos", "environment=CITY"}
    assert {(each["permission"], each["verdict"], each["by"]) for each in page["decisions"]} == {
        ("file_system=/srv/photos", "granted", "operator"),
        ("environment=CITY", "granted", "operator"),
        ("network", "revoked", "operator"),
    }
    assert all(each["when"].startswith("20") for each in page["decisions"])
    shown = server.cli("plugin", "show", "tries").stdout
    assert "revoked" in shown and "by operator" in shown


def test_only_the_operator_decides(host):
    server = host()
    routes = {"permissions": {"grant": ["network"]}, "limits": {"memory": "1GiB"}, "trust": {"in_process": True}}
    token = server.cli("token", "create", "worker", "--scope", "operate").stdout.strip()
    admin = server.cli("token", "create", "boss", "--scope", "admin").stdout.strip()
    for what, body in routes.items():
        path = f"/api/v1/plugins/tries/{what}"
        assert server.post(path, body).status_code == 403, "without a token"
        assert server.post(path, body, headers={"Authorization": f"Bearer {token}"}).status_code == 403
    answer = server.post("/api/v1/plugins/tries/permissions", routes["permissions"], headers={"Authorization": f"Bearer {admin}"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["decisions"][0]["by"] == "token boss"
    assert answer.json()["effective"] == ["network"]
    document = server.get("/openapi.json").json()["paths"]
    assert document["/api/v1/plugins/{id}/permissions"]["post"]["x-scope"] == "admin"
    assert document["/api/v1/plugins/{id}/permissions"]["get"]["x-scope"] == "read"


def test_what_is_no_permission_or_limit_is_refused_and_nothing_of_the_order_is_done(host):
    server = host()
    done = server.cli("plugin", "grant", "tries", "read_data", "netwrok")
    assert done.returncode == 64 and "Unknown permission: netwrok" in done.stderr and "network" in done.stderr
    assert server.get("/api/v1/plugins/tries/permissions").json()["effective"] == []
    assert "absolute path" in server.cli("plugin", "grant", "tries", "file_system=here").stderr
    assert "no host" in server.cli("plugin", "grant", "tries", "network=http://example.org").stderr
    done = server.cli("plugin", "limits", "tries", "memory=lots")
    assert done.returncode == 64 and "memory" in done.stderr
    assert server.cli("plugin", "grant", "nobody", "network").returncode == 66


def test_under_the_policy_ask_a_plugin_waits_until_its_permissions_are_decided_on(host):
    server = host(["read_data", "network"], settings={"permissions": {"policy": "ask"}})
    error = refused(server, "pid")
    assert "asks for permissions that nobody decided on: read_data network" in error
    assert "mortise plugin grant tries read_data network" in error
    grant(server, "read_data")
    grant(server, "network", "--revoke")
    assert allowed(server, "pid")
    assert server.get("/api/v1/plugins/tries/permissions").json()["effective"] == ["read_data"]


def test_under_the_policy_deny_a_plugin_runs_with_what_was_granted_alone(host, monkeypatch):
    monkeypatch.setenv("CITY", "Seattle")
    server = host(settings={"permissions": {"policy": "deny"}}, manifest={"environment": ["CITY"]})
    assert "CITY" not in allowed(server, "variables")
    grant(server, "environment=CITY")
    assert allowed(server, "variables")["CITY"] == "Seattle"


def test_limits_are_shown_set_and_taken_back(host):
    server = host(manifest={"limits": {"memory": "256 MiB"}})
    done = server.cli("plugin", "limits", "tries", "memory=1GiB", "cpu=0.5", "deadline=90s", "processes=50", "--json")
    assert done.returncode == 0, done.stderr
    limits = json.loads(done.stdout)["limits"]
    assert (limits["memory"], limits["processors"], limits["deadline"], limits["processes"]) == (1 << 30, 0.5, 90, 50)
    assert limits["set_by"]["memory"] == "operator"
    assert "1024 MiB" in server.cli("plugin", "show", "tries").stdout
    limits = json.loads(server.cli("plugin", "limits", "tries", "memory=", "--json").stdout)["limits"]
    assert limits["memory"] == 256 << 20 and "memory" not in limits["set_by"]


def test_an_operators_deadline_stands_above_what_a_step_asks_for(server, tmp_path):
    assert server.cli("plugin", "limits", "Test.wait", "deadline=300ms").returncode == 0
    never = {"started": str(tmp_path / "started"), "until": str(tmp_path / "never")}
    run = server.execute([step("Test.wait", "Wait", "answer", timeout="30s", **never)])
    assert not run["success"]
    assert "timeout" in json.dumps(run["failure"])


def test_a_native_plugin_that_is_trusted_runs_in_the_hosts_own_process_until_it_is_not(server):
    def pid():
        run = server.execute([step("Test.pid", "Pid", "answer")])
        assert run["success"], run
        return run["context"]["answer"]

    assert pid() != server.pid
    done = server.cli("plugin", "trust", "Test.pid")
    assert done.returncode == 0 and "in the host's own process" in done.stdout, done.stderr
    assert pid() == server.pid
    server.stop()
    server.start()
    assert pid() == server.pid, "the decision outlives the server"
    assert server.cli("plugin", "trust", "Test.pid", "--revoke").returncode == 0
    assert pid() != server.pid
    done = server.cli("plugin", "trust", "Test.ask_py")
    assert done.returncode == 69 and "only plugins in C and C++" in done.stderr


# ---- the environment


@pytest.mark.rows("A-05")
def test_a_plugin_sees_the_variables_that_it_names_and_no_others(host):
    environment = {"API_KEY": "k-1", "OTHER_KEY": "k-2", "MORTISE_TEST_SECRET": "k-3", "LD_TEST": "k-4"}
    server = host(manifest={"environment": ["API_KEY", "ABSENT", "MORTISE_TEST_SECRET", "LD_TEST"]}, env=environment)
    seen = allowed(server, "variables")
    assert seen["API_KEY"] == "k-1"
    assert not {"OTHER_KEY", "MORTISE_TEST_SECRET", "LD_TEST", "ABSENT"} & set(seen), "the host's own secrets and what loads code are nobody's"
    grant(server, "environment=OTHER_KEY")
    assert allowed(server, "variables")["OTHER_KEY"] == "k-2"
    for nobodys in ("MORTISE_TEST_SECRET", "LD_TEST"):
        refused = server.cli("plugin", "grant", "tries", f"environment={nobodys}")
        assert refused.returncode == 64 and nobodys in refused.stderr, refused.stderr
    grant(server, "environment=API_KEY", "--revoke")
    assert "API_KEY" not in allowed(server, "variables")


# ---- files


@pytest.mark.rows("O-62", "O-03")
def test_a_file_that_nobody_named_or_granted_is_not_there(host, tmp_path):
    secret = tmp_path / "elsewhere" / "secret.txt"
    secret.parent.mkdir()
    secret.write_text("secret")
    server = host()
    error = refused(server, "read", path=str(secret))
    assert f"mortise plugin grant tries file_system={secret}" in error
    assert "grant" in refused(server, "write", path=str(secret))
    assert secret.read_text() == "secret"
    grant(server, f"file_system={secret.parent}")
    assert allowed(server, "read", path=str(secret)) == "secret"
    refused(server, "write", path=str(secret))
    assert secret.read_text() == "secret"
    grant(server, f"file_system={secret.parent}:write")
    assert allowed(server, "write", path=str(secret))
    assert secret.read_text() == "written"


@pytest.mark.rows("O-62")
def test_with_the_permission_file_system_a_plugin_works_on_the_files_that_its_step_names(host, tmp_path):
    server = host(["file_system"])
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert allowed(server, "write", path=str(folder / "made.txt"))
    assert (folder / "made.txt").read_text() == "written"
    assert allowed(server, "read", path=str(folder / "made.txt")) == "written"
    grant(server, "file_system", "--revoke")
    refused(server, "read", path=str(folder / "made.txt"))


@pytest.mark.rows("O-62")
def test_with_the_permission_file_system_a_plugin_has_a_folder_of_its_own_that_stays(host):
    server = host(["file_system"])
    assert allowed(server, "own_folder") is False
    server.stop()
    server.start()
    assert allowed(server, "own_folder") is True
    tries(server.folder, name="other", permissions=["file_system"])
    server.stop()
    server.start()
    assert attempt(server, "own_folder", plugin="other")["context"]["answer"] is False, "another plugin has another folder"


def test_a_file_that_a_steps_declared_path_names_is_granted_by_that(host, tmp_path):
    source = tmp_path / "elsewhere" / "in.txt"
    source.parent.mkdir()
    source.write_text("one")
    paths = {"do": {"type": "string"}, "path": {"type": "path"}}
    server = host(manifest={"config": paths})
    assert allowed(server, "read", path=str(source)) == "one"
    refused(server, "write", path=str(source))
    replacement = source.with_name("new.txt")
    replacement.write_text("two")
    os.replace(replacement, source)
    assert allowed(server, "read", path=str(source)) == "two", "the file that is there now"


@pytest.mark.rows("O-03", "O-62")
def test_a_worker_that_waits_for_its_next_call_is_not_used_where_other_files_are_named(host, tmp_path):
    paths = {"do": {"type": "string"}, "path": {"type": "path"}, "other": {"type": "string"}}
    server = host(manifest={"config": paths})
    ours, theirs = tmp_path / "ours" / "in.txt", tmp_path / "theirs" / "in.txt"
    for file in (ours, theirs):
        file.parent.mkdir()
        file.write_text(file.parent.name)
    for _ in range(2):
        assert allowed(server, "read", path=str(ours)) == "ours"
        assert "file_system" in refused(server, "peek", path=str(theirs), other=str(ours))
        assert allowed(server, "read", path=str(theirs)) == "theirs"
        assert "file_system" in refused(server, "peek", path=str(ours), other=str(theirs))


@pytest.mark.rows("O-03", "O-62")
def test_nothing_of_the_data_folder_is_shown_whoever_names_it(host, tmp_path):
    server = host(["file_system"], manifest={"config": {"do": {"type": "string"}, "path": {"type": "path"}, "additional": True}})
    for name in ("key", "mortise.db", "server.sock", "files/../key"):
        assert "data folder" in refused(server, "read", path=f"{server.data_dir}/{name}"), name
    assert "data folder" in refused(server, "read", path=".mortise/key")
    (tmp_path / "link").symlink_to(server.data_dir / "key")
    assert "data folder" in refused(server, "read", path=str(tmp_path / "link"))
    uploaded = server.http.put(server.url + "/api/v1/files/up.txt", data="uploaded").json()
    assert allowed(server, "read", path=uploaded["path"]) == "uploaded"


# ---- the network


def address_of(web):
    return {"host": "127.0.0.1", "port": web.server_port}


@pytest.mark.rows("O-56", "O-61", "O-18")
def test_without_the_permission_network_nothing_is_reached(host, web):
    server = host()
    error = refused(server, "connect", **address_of(web))
    assert "mortise plugin grant tries network" in error
    refused(server, "fetch", url=f"http://127.0.0.1:{web.server_port}/")
    refused(server, "resolve", host="other.example")
    assert web.visits == 0


@pytest.mark.rows("O-61", "O-18")
def test_with_the_permission_network_a_plugin_reaches_the_host_that_its_step_names(host, web):
    server = host(["network"])
    assert allowed(server, "fetch", url=f"http://127.0.0.1:{web.server_port}/") == '[{"n": 1}]'
    assert web.visits == 1


@pytest.mark.rows("O-61")
def test_addresses_of_this_machine_and_of_private_networks_are_closed_until_each_is_named(host, web):
    server = host(["network"])
    here = f"127.0.0.1:{web.server_port}"
    error = refused(server, "connect", **address_of(web))
    assert f"denied: network to {here}" in error
    assert f"mortise plugin grant tries network={here}" in error
    for closed in ("10.0.0.5", "169.254.169.254", "192.168.1.1", "::1", "fd00::1", "::ffff:127.0.0.1"):
        assert "denied: network to" in refused(server, "connect", host=closed, port=web.server_port), closed
    grant(server, f"network={here}")
    assert allowed(server, "connect", **address_of(web)) == web.server_port
    assert "denied" in refused(server, "connect", host="127.0.0.1", port=server_port(server))
    grant(server, "network", "--revoke")
    refused(server, "connect", **address_of(web))


def server_port(server):
    return int(server.url.rsplit(":", 1)[1])


@pytest.mark.rows("O-61")
def test_with_a_list_of_hosts_only_those_are_resolved_and_reached(host, web):
    server = host([f"network=localhost:{web.server_port}"])
    assert allowed(server, "connect", host="localhost", port=web.server_port) == web.server_port
    assert "denied: network to 127.0.0.1" in refused(server, "connect", host="localhost", port=server_port(server))
    assert "denied: network to other.example" in refused(server, "resolve", host="other.example")
    assert "denied: network to 93.184.216.34:80" in refused(server, "connect", host="93.184.216.34", port=80)


@pytest.mark.rows("O-61")
def test_a_plugin_in_c_that_fetches_with_curl_reaches_what_its_step_names_until_that_is_revoked(server, web):
    fetch = [step("Input.api", "Fetch", "rows", url=f"http://127.0.0.1:{web.server_port}/", attempts=1)]
    run = server.execute(fetch)
    assert run["success"], run
    assert server.cli("plugin", "grant", "Input.api", "network", "--revoke").returncode == 0
    run = server.execute(fetch)
    assert not run["success"]
    assert "mortise plugin grant Input.api network" in json.dumps(run["failure"])
    assert web.visits == 1


R_TRIES = """
step <- function(step) {
  connection <- url(step$config$url)
  on.exit(close(connection))
  paste(readLines(connection, warn = FALSE), collapse = "")
}
"""


@pytest.mark.rows("O-61")
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="this machine has no R")
def test_a_plugin_in_r_reaches_what_its_step_names_with_the_permission_alone(make_server, tmp_path, web):
    package = tmp_path / "plugins" / "tries_r"
    package.mkdir(parents=True)
    (package / "plugin.R").write_text(R_TRIES)
    words = {"name": "tries_r", "version": "1.0.0", "author": "a", "description": "d", "language": "r", "entry_point": "plugin.R"}
    (package / "manifest.json").write_text(json.dumps({**words, "extension_points": ["Data_Processing"], "permissions": ["network"]}))
    server = make_server(config=config_file(tmp_path, [*PLUGIN_FOLDERS, tmp_path / "plugins"]))
    fetch = [step("tries_r", "Fetch", "answer", url=f"http://127.0.0.1:{web.server_port}/")]
    run = server.execute(fetch)
    assert run["success"], run
    assert run["context"]["answer"] == '[{"n": 1}]'
    assert server.cli("plugin", "grant", "tries_r", "network", "--revoke").returncode == 0
    assert not server.execute(fetch)["success"]
    assert web.visits == 1


@pytest.mark.rows("O-56")
def test_a_worker_never_shares_the_hosts_network(host, web):
    server = host(["network"])
    run = attempt(server, "pid")
    pid = server.record(run["run_id"])["steps"][0]["worker_pid"]
    assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink(f"/proc/{server.pid}/ns/net")


# ---- platform data


@pytest.mark.rows("O-59", "O-60")
def test_platform_data_is_read_and_written_with_the_permissions_for_it_alone(host):
    server = host()
    server.http.put(server.url + "/api/v1/files/up.txt", data="uploaded")
    read = {"service": "Data", "method": "read", "input": {"name": "up.txt"}}
    write = {"service": "Data", "method": "write", "input": {"name": "made.txt", "content": "by a plugin"}}
    assert "mortise plugin grant tries read_data" in refused(server, "service", **read)
    assert "mortise plugin grant tries write_data" in refused(server, "service", **write)
    assert "mortise plugin grant tries read_data" in refused(server, "service", service="Data", method="list")
    remove = {"service": "Data", "method": "remove", "input": {"name": "made.txt"}}
    assert "mortise plugin grant tries write_data" in refused(server, "service", **remove)
    grant(server, "read_data")
    assert allowed(server, "service", **read)["text"] == "uploaded"
    names = allowed(server, "service", service="Data", method="list")["files"]
    assert [each["name"] for each in names] == ["up.txt"]
    refused(server, "service", **write)
    refused(server, "service", **remove)
    grant(server, "write_data")
    assert allowed(server, "service", **write)["name"] == "made.txt"
    assert (server.data_dir / "files" / "made.txt").read_text() == "by a plugin"
    grant(server, "read_data", "--revoke")
    refused(server, "service", **read)
    assert allowed(server, "service", **remove) == {"removed": "made.txt"} and not (server.data_dir / "files" / "made.txt").exists()

