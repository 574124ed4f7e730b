#!/usr/bin/env python3
"""Durable runs from outside, over HTTP, against the disk and the processor of the same run.

    runs of two native steps per second, 16 clients     aim: 500       floor: commits that reach the disk, one after the other
    forty light Python steps, from request to answer    aim: 150 ms    floor: forty calls of an echo over a socket

A run answers when its outcome is on the disk. The plugins are written into a folder of the bench's own; the program is that of
build/release, or of MORTISE_BUILD. Numbers go to build/bench/durable_runs.json.
"""

import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("MORTISE_BUILD", REPOSITORY / "build" / "release")).resolve()
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
CLIENTS = int(os.environ.get("BENCH_CLIENTS", "16"))
ROUNDS = 15

LIGHT = """
from mortise import Plugin

class Light(Plugin):
    def step(self, step):
        return 1
"""


def write_plugin(folder):
    folder.mkdir(parents=True)
    (folder / "plugin.py").write_text(LIGHT)
    (folder / "manifest.json").write_text(json.dumps({
        "name": "Bench.light", "version": "1.0.0", "author": "Mortise", "description": "Gives 1", "language": "python",
        "entry_point": "plugin.py", "category": "bench", "extension_points": ["Data_Processing"],
    }))  # fmt: skip


def pipeline(name, plugin, count, **config):
    steps = [{"name": f"s{i}", "plugin": plugin, "output": f"o{i}", "config": config} for i in range(count)]
    return {"name": name, "steps": steps}


class Server:
    def __init__(self, folder):
        write_plugin(folder / "plugins" / "light")
        pipelines = folder / "pipelines"
        pipelines.mkdir()
        for made in (pipeline("two", "Test.give", 2, value=1), pipeline("forty", "Bench.light", 40)):
            (pipelines / f"{made['name']}.json").write_text(json.dumps(made))
        config = folder / "mortise.yaml"
        config.write_text(json.dumps({
            "plugins": {"directories": [str(folder / "plugins"), str(BUILD / "specimens")]},
            "pipelines": {"directories": [str(pipelines)]}, "logging": {"level": "warning"},
        }))  # fmt: skip
        command = [BUILD / "bin" / "mortise", "serve", "--port", "0", "--config", config, "--data-dir", folder / "data"]
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r":(\d+)", self.process.stdout.readline()).group(1))

    def client(self):
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def run(client, name):
    client.request("POST", "/api/v1/pipelines/execute?context=false", json.dumps({"pipeline_name": name}))
    answer = json.loads(client.getresponse().read())
    if not answer.get("data", {}).get("success"):
        sys.exit(f"a run failed: {answer}")


def runs_per_second(server):
    counts, stop = [0] * CLIENTS, threading.Event()

    def work(index):
        client = server.client()
        while not stop.is_set():
            run(client, "two")
            counts[index] += 1

    threads = [threading.Thread(target=work, args=(index,)) for index in range(CLIENTS)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    stop.wait(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - begin)


def syncs_per_second(folder):
    file = os.open(folder / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < 1:
        os.write(file, b"x" * 4096)
        os.fdatasync(file)
        count += 1
    os.close(file)
    return count


def echo_milliseconds():
    ours, theirs = socket.socketpair()

    def echo():
        while data := theirs.recv(4096):
            theirs.send(data)

    threading.Thread(target=echo, daemon=True).start()
    begin = time.perf_counter()
    for _ in range(40):
        ours.send(b"x" * 200)
        ours.recv(4096)
    return (time.perf_counter() - begin) * 1000


def row(what, value, unit, aim, met, floor):
    shown = {"median": f"{value:.0f} {unit}", "floor": f"{floor:.0f} {unit}" if floor >= 1 else f"{floor:.2f} {unit}",
             "aim": aim, "met": "yes" if met else "no"}  # fmt: skip
    return {"what": what, "shown": {"what": what, **shown}, "median": value, "floor": floor, "aim": aim, "met": met}


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Server(folder)
        try:
            client = server.client()
            for warm in ("two", "forty", "two", "forty"):
                run(client, warm)
            syncs, rates, times, echoes = [], [], [], []
            for _ in range(3):
                syncs.append(syncs_per_second(folder))
                rates.append(runs_per_second(server))
            for _ in range(ROUNDS):
                echoes.append(echo_milliseconds())
                begin = time.perf_counter()
                run(client, "forty")
                times.append((time.perf_counter() - begin) * 1000)
        finally:
            server.stop()
    rate, forty = statistics.median(rates), statistics.median(times)
    rows = [
        row(f"durable runs of 2 steps, {CLIENTS} clients", rate, "/s", "500 /s", rate >= 500, statistics.median(syncs)),
        row("40 light Python steps", forty, "ms", "150 ms", forty <= 150, statistics.median(echoes)),
    ]
    for each in rows:
        print("   ".join(f"{key} {value}" if key != "what" else value for key, value in each["shown"].items()))
    out = REPOSITORY / "build" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "durable_runs.json").write_text(json.dumps({"rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
