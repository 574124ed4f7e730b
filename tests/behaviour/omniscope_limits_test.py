"""What a plugin of OmniScope's guide may use when neither its manifest nor the operator says so: the guide's own limits."""

import json

import outside
import packing
import pytest
from outside import config_file

rows = pytest.mark.rows

EATS = """
import os, time

class Eats:
    def execute(self, input_data):
        what, amount = input_data["data"]
        if what == "memory":
            return {{"data": len(b"x" * (amount << 20))}}
        if what == "processor":
            until = time.monotonic() + amount
            while time.monotonic() < until:
                pass
            return {{"data": time.process_time()}}
        made = 0
        try:
            while made < amount:
                if os.fork() == 0:
                    time.sleep(60)
                    os._exit(0)
                made += 1
        except BlockingIOError:
            pass
        return {{"data": made}}
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    packing.folder(folder / "plugins", source=EATS, extension_points=["analysis"])
    server = outside.Server(folder, config=config_file(folder, [folder / "plugins"]))
    yield server
    server.close()


def eat(server, what, amount):
    body = server.post("/api/plugins/speaks/execute", {"input_data": [what, amount], "extension_point": "analysis"}).json()
    return body["status"], body["output"]["data"], " ".join(body["errors"])


@rows("O-55", "O-58", "O-78")
def test_the_limits_of_the_guide_hold_for_its_plugins_and_are_shown(host):
    limits = host.get("/api/v1/plugins/speaks/permissions").json()["limits"]
    assert (limits["memory"], limits["processors"], limits["processes"], limits["deadline"]) == (512 << 20, 0.5, 100, 300)
    assert limits["set_by"] == {}
    page = host.cli("plugin", "show", "speaks").stdout
    assert "512 MiB" in page, page


@rows("O-55")
def test_a_plugin_of_the_guide_takes_no_gibibyte(host):
    status, taken, told = eat(host, "memory", 1024)
    assert (status, taken) == ("error", None) and " of 512 MiB" in told, told
    assert eat(host, "memory", 300)[:2] == ("success", 300 << 20)


@rows("O-55")
def test_a_plugin_of_the_guide_gets_half_a_processor(host):
    if "held by cgroup" not in json.dumps(host.get("/api/v1/doctor").json()):
        pytest.skip("no control groups can be made here")
    status, used, told = eat(host, "processor", 3)
    assert status == "success" and used < 2.4, (used, told)


@rows("O-58")
def test_a_plugin_of_the_guide_stops_at_a_hundred_processes(host):
    status, made, told = eat(host, "processes", 300)
    assert (status == "success" and made < 100) or "processes of 100" in told, (status, made, told)
    assert host.healthy()
