"""Many runs at once: each gets its own results, and a client that never reads does not stop the others."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import outside
import pytest
import requests
from outside import eventually, step


@pytest.mark.rows("M-48")
def test_fifty_runs_at_once_do_not_mix_their_results(server, tmp_path):
    def run(number):
        effects = tmp_path / f"effects{number}"
        session = requests.Session()
        session.trust_env = False
        steps = [
            step("Test.give", "One", "mine", value={"number": number, "text": f"run {number} " * 50}),
            step("Test.echo", "Two", "echo", number=number),
            step("Test.look", "Three", "seen", key="mine"),
            step("Test.append", "Four", "lines", file=str(effects), line=f"{number}"),
        ]
        data = outside.Server.execute(server, steps, f"Run {number}")
        return number, data, effects.read_text()

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(run, range(50)))
    ids = set()
    for number, data, effects in results:
        assert data["success"], data
        context = data["context"]
        assert context["mine"]["number"] == number and context["seen"]["value"] == context["mine"]
        assert context["echo"]["step"]["config"] == {"number": number}
        assert context["echo"]["run"]["id"] == data["run_id"]
        assert context["lines"] == 1 and effects == f"{number}\n"
        ids.add(data["run_id"])
    assert len(ids) == 50
    assert len(server.worker_pids()) <= 4 * 4, "more workers than the plugins allow"
    listed = server.get("/api/v1/runs?limit=100").json()["runs"]
    assert {run["id"] for run in listed} == ids and {run["state"] for run in listed} == {"succeeded"}


def test_a_client_that_never_reads_its_events_does_not_stop_the_run(server, tmp_path):
    started, until = tmp_path / "started", tmp_path / "until"
    run_id = server.start_run(
        [
            step("Test.wait", "Wait", started=str(started), until=str(until)),
            *[step("Rogue.floods_log", f"Flood {number}") for number in range(3)],
        ]
    )
    eventually(started.exists, what="the beginning of the run")
    slow = socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(f"GET /api/v1/runs/{run_id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    before = outside.resident_bytes(server.pid)
    until.touch()
    assert server.finished(run_id, within=60)["state"] == "succeeded"
    assert outside.resident_bytes(server.pid) < before + (64 << 20)
    slow.close()
    assert server.healthy()


def test_clients_that_leave_in_the_middle_leave_nothing_behind(server):
    assert server.execute([step("Test.pid")])["success"]

    def rude(_):
        with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as client:
            client.sendall(b"POST /api/v1/pipelines/execute HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{")

    def crowd():
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(rude, range(200)))

    crowd()  # the server makes what it needs for as many at once, and keeps it
    time.sleep(0.5)
    descriptors = outside.open_descriptors(server.pid)
    crowd()
    eventually(lambda: outside.open_descriptors(server.pid) <= descriptors + 2, what="the end of the connections")
    assert server.healthy()
    assert threading.active_count() < 100
