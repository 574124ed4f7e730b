#!/usr/bin/env python3
"""A verified install of 10 MB, from the request to the answer: unpacked and scanned by confined workers, its signature checked against a
trusted key, its files on the disk. Workers are warm. The floor writes the same files and waits for the disk, in turns with it.

    verified install of 10 MB    aim: 100 ms

The program is that of build/release, or of MORTISE_BUILD. Numbers go to build/bench/install.json.
"""

import http.client
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("MORTISE_BUILD", REPOSITORY / "build" / "release")).resolve()
PROGRAM = BUILD / "bin" / "mortise"
ROUNDS = 9
AIM = 100
FILES, BYTES = 40, 10_000_000


def command(folder, *words):
    done = subprocess.run([PROGRAM, *words, "--data-dir", folder / "maker"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout


def package(folder, name):
    """Weights that do not pack well, and a source of some size."""
    place = folder / name
    (place / "weights").mkdir(parents=True)
    chance = random.Random(name)
    for number in range(FILES):
        (place / "weights" / f"{number}.bin").write_bytes(chance.randbytes(BYTES // FILES))
    functions = "".join(f"def f{n}(x):\n    return x + {n}\n\n\n" for n in range(200))
    (place / "plugin.py").write_text("from mortise import Plugin\n\n\n" + functions + "class Big(Plugin):\n    def step(self, step):\n        return f1(1)\n")
    (place / "manifest.json").write_text(json.dumps({
        "name": name, "version": "1.0.0", "author": "Mortise", "description": "Weighs ten megabytes", "language": "python",
        "entry_point": "plugin.py", "category": "bench", "extension_points": ["Data_Processing"],
    }))  # fmt: skip
    return json.loads(command(folder, "plugin", "pack", place, "--output", folder, "--sign", folder / "key.key", "--json"))["file"]


def floor(folder, source):
    """The files of one package, written and waited for."""
    begin = time.perf_counter()
    target = folder / "floor"
    for path in (path for path in source.rglob("*") if path.is_file()):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(copy, os.O_CREAT | os.O_WRONLY)
        os.write(file, path.read_bytes())
        os.fdatasync(file)
        os.close(file)
    took = time.perf_counter() - begin
    shutil.rmtree(target)
    return took * 1000


def install(client, archive):
    begin = time.perf_counter()
    client.request("POST", "/api/v1/packages", json.dumps({"path": str(archive)}))
    answer = client.getresponse()
    body = answer.read()
    took = time.perf_counter() - begin
    if answer.status != 201 or json.loads(body)["signature"]["state"] != "verified":
        raise SystemExit(body.decode())
    return took * 1000


def serve(folder):
    config = folder / "mortise.yaml"
    config.write_text(json.dumps({"packages": {"signatures": "required", "trusted_keys": [str(folder / "key.pub")]}, "logging": {"level": "warning"}}))
    process = subprocess.Popen([PROGRAM, "serve", "--port", "0", "--config", config, "--data-dir", folder / "data"], cwd=folder,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)  # fmt: skip
    port = int(re.search(r":(\d+)", process.stdout.readline()).group(1))
    token = subprocess.run([PROGRAM, "token", "create", "bench", "--scope", "admin", "--json", "--config", config, "--data-dir", folder / "data"],
                           capture_output=True, text=True, check=True)  # fmt: skip
    return process, port, json.loads(token.stdout)["token"]


def main():
    with tempfile.TemporaryDirectory(prefix="bench_install.") as name:
        folder = Path(name)
        command(folder, "plugin", "keygen", folder / "key")
        archives = [package(folder, f"big_{number}") for number in range(ROUNDS + 2)]
        process, port, token = serve(folder)
        try:
            client = http.client.HTTPConnection("127.0.0.1", port)
            send = client.request
            client.request = lambda method, path, body: send(method, path, body, {"Authorization": f"Bearer {token}"})
            for archive in archives[:2]:
                install(client, archive)  # warms the workers
            times, floors = [], []
            for number, archive in enumerate(archives[2:]):
                floors.append(floor(folder, folder / f"big_{number + 2}"))
                times.append(install(client, archive))
        finally:
            process.terminate()
            process.wait(60)
    took, least = statistics.median(times), statistics.median(floors)
    shown = {"what": "verified install of 10 MB", "median": f"{took:.0f} ms", "p95": f"{max(times):.0f} ms", "floor": f"{least:.0f} ms",
             "ratio": f"{took / least:.1f}", "aim": f"{AIM} ms", "met": "yes" if took <= AIM else "no"}  # fmt: skip
    print("   ".join(f"{key} {value}" if key != "what" else value for key, value in shown.items()))
    row = {"what": shown["what"], "shown": shown, "milliseconds": times, "floor_milliseconds": floors, "aim": AIM, "met": took <= AIM}
    out = REPOSITORY / "build" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "install.json").write_text(json.dumps({"rows": [row]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
