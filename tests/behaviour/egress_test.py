"""The way to the network of plugins that have the permission, in a host of root and of an ordinary user: exactly where it leads."""

import json
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import outside
import pytest
from outside import step
from own_network import PORT, PRIVATE, PUBLIC

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a network with names of its own for these tests")

HERE = Path(__file__).resolve().parent
ORDINARY = 12345
NAMES = f"""127.0.0.1 localhost
{PUBLIC} api.example.org other.example.org
{PRIVATE} inside.example.org
127.0.0.1 evil.example.org
169.254.169.254 meta.example.org
"""

TRIES = '''
import os
import socket
import time

from mortise import Plugin


def visit(host, port):
    try:
        with socket.create_connection((host, port), timeout=20) as line:
            line.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            return "came to " + line.getpeername()[0] if line.recv(100).startswith(b"HTTP/1.0 200") else "no answer"
    except OSError as error:
        return "refused" if isinstance(error, PermissionError) else type(error).__name__


class Tries(Plugin):
    def step(self, step):
        return getattr(self, step.config["do"])(step.config)

    def visits(self, config):
        return {"told": [visit(host, port) for host, port in config["targets"]], "uid": os.getuid()}

    def connect(self, config):
        socket.create_connection((config["host"], config["port"]), timeout=20).close()

    def rebinding(self, config):
        before = visit(config["host"], config["port"])
        open(config["folder"] + "/first", "w").close()
        while not os.path.exists(config["folder"] + "/changed"):
            time.sleep(0.02)
        return [before, visit(config["host"], config["port"]), visit(config["address"], config["port"])]
'''


class Place:
    """A folder for a host of one user, with names and a web server in a network of its own."""

    def __init__(self, folder, uid):
        self.folder, self.uid = folder, uid
        self.hosts, self.visited = folder / "hosts", folder / "visits"
        self.hosts.write_text(NAMES)
        self.visited.touch()
        for path in (folder, self.visited):
            os.chown(path, uid, uid)

    def wrapper(self):
        return [sys.executable, str(HERE / "own_network.py"), str(self.hosts), str(self.visited), str(self.uid)]

    def run(self, permissions, sections=None, wrapper=(), **config):
        outside.python_plugin(self.folder / "plugins", "tries", TRIES, permissions=permissions)
        settings = outside.config_file(self.folder, [self.folder / "plugins"], **(sections or {}))
        pipeline = self.folder / "p.json"
        pipeline.write_text(json.dumps({"name": "P", "steps": [step("tries", "Try", "told", **config)]}))
        for path in (settings, pipeline):
            path.chmod(0o644)
        return outside.run_program("run", pipeline, "--json", "--config", settings, cwd=self.folder, wrapper=[*self.wrapper(), *wrapper], timeout=120)

    def told(self, *arguments, **options):
        done = self.run(*arguments, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)["data"]["context"]["told"]

    def visits(self):
        return self.visited.read_text().split()


@pytest.fixture(params=[0, ORDINARY], ids=["root", "user"])
def place(request):
    folder = Path(tempfile.mkdtemp(prefix="mortise-egress-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield Place(folder, request.param)
    shutil.rmtree(folder)


def outcomes(place, permissions, expected):
    """Tries each target in this order and compares; both told by target, so that a difference can be read."""
    told = place.told(permissions, do="visits", targets=[[host, port] for host, port, _ in expected])
    assert told["uid"] == place.uid if place.uid else told["uid"] > 65536
    wanted = {f"{host}:{port}": outcome for host, port, outcome in expected}
    assert dict(zip(wanted, told["told"], strict=True)) == wanted


@pytest.mark.rows("O-61")
def test_the_permission_network_leads_to_public_addresses_and_names_and_to_nothing_of_this_machine_or_its_neighbours(place):
    outcomes(place, ["network"], [
        (PUBLIC, PORT, f"came to {PUBLIC}"),
        ("api.example.org", PORT, f"came to {PUBLIC}"),
        ("127.0.0.1", PORT, "refused"),
        ("localhost", PORT, "refused"),
        ("127.0.0.53", PORT, "refused"),
        ("0.0.0.0", PORT, "refused"),
        ("::1", PORT, "refused"),
        ("::ffff:127.0.0.1", PORT, "refused"),
        (PRIVATE, PORT, "refused"),
        ("169.254.169.254", PORT, "refused"),
        ("evil.example.org", PORT, "gaierror"),
        ("inside.example.org", PORT, "gaierror"),
        ("meta.example.org", PORT, "gaierror"),
    ])  # fmt: skip
    assert place.visits() == [PUBLIC, PUBLIC]


@pytest.mark.rows("O-61")
def test_a_list_of_hosts_opens_these_alone_each_at_its_port(place):
    outcomes(place, [f"network=api.example.org:{PORT}", f"network={PRIVATE}", f"network=evil.example.org:{PORT}"], [
        (PUBLIC, PORT, "refused"),  # nobody asked for the name yet
        ("other.example.org", PORT, "gaierror"),
        ("api.example.org", PORT + 1, "refused"),
        ("api.example.org", PORT, f"came to {PUBLIC}"),
        (PRIVATE, PORT, f"came to {PRIVATE}"),
        ("127.0.0.1", PORT, "refused"),
        ("evil.example.org", PORT, "gaierror"),  # listed, but it leads to this machine
    ])  # fmt: skip
    assert place.visits() == [PUBLIC, PRIVATE]


@pytest.mark.rows("O-61")
def test_a_name_that_is_led_to_this_machine_after_it_was_asked_for_does_not_lead_there(place):
    meeting = place.folder / "meeting"
    meeting.mkdir()
    os.chown(meeting, place.uid, place.uid)

    def rebind():
        outside.eventually((meeting / "first").exists, within=60, what="the first visit")
        place.hosts.write_text(NAMES.replace(f"{PUBLIC} api", "127.0.0.1 api"))
        (meeting / "changed").touch()

    other = threading.Thread(target=rebind)
    other.start()
    told = place.told(
        ["network", f"file_system={meeting}:write"], do="rebinding", host="api.example.org", port=PORT, address="127.0.0.1", folder=str(meeting)
    )
    other.join()
    assert told == [f"came to {PUBLIC}", "gaierror", "refused"]
    assert place.visits() == [PUBLIC]


@pytest.mark.rows("O-61")
def test_without_the_permission_the_same_host_leads_nowhere(place):
    told = place.told([], do="visits", targets=[[PUBLIC, PORT], ["api.example.org", PORT], ["127.0.0.1", PORT]])["told"]
    assert not any(one.startswith("came") for one in told), told
    assert place.visits() == []


@pytest.mark.rows("O-61")
def test_a_denied_address_is_told_with_the_permission_that_would_open_it(place):
    done = place.run(["network"], do="connect", host=PRIVATE, port=PORT)
    assert done.returncode != 0
    assert f"mortise plugin grant tries network={PRIVATE}:{PORT}" in done.stdout + done.stderr


def test_where_users_have_no_namespaces_a_plugin_with_the_permission_does_not_start_and_the_reason_is_told():
    folder = Path(tempfile.mkdtemp(prefix="mortise-egress-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        place = Place(folder, ORDINARY)
        bare = ["/usr/bin/unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c",
                'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all "$@"', "sh"]  # fmt: skip
        done = place.run(["network"], wrapper=bare, do="visits", targets=[[PUBLIC, PORT]])
        assert done.returncode != 0
        assert "network namespace" in done.stdout + done.stderr
        assert place.visits() == []
    finally:
        shutil.rmtree(folder)
