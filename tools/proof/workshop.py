"""Where a sample is run: a folder of its own, the program, and a server on the guides' own ports.

The server listens where the guides call it, on 8080 and 8001, in a network of its own that has nothing but a loopback,
so that it meets no other server of the machine. Commands that call it are typed in the same network.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from proof.shared import REPOSITORY

STUBS = REPOSITORY / "tests" / "guides" / "stubs"
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP_RUNNING = 0x8914, 0x41


def enter_own_network():
    """Between fork and exec: a network with a loopback alone."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket() as anything:
        fcntl.ioctl(anything, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))


class Unavailable(Exception):
    """This machine lacks what the sample needs; nothing is said about the sample."""


class Workshop:
    """Folders and servers that are gone at the end of the `with`."""

    def __init__(self, build):
        self.build = Path(build)
        self.program = self.build / "bin" / "mortise"
        self._scratch = tempfile.TemporaryDirectory(prefix="mortise-guides-")
        self._servers = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self._servers.values():
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        self._scratch.cleanup()

    def folder(self, name):
        path = Path(self._scratch.name) / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def environment(self, **more):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MORTISE_")}
        return {**kept, "PATH": f"{self.program.parent}:{os.environ['PATH']}", **more}

    def mortise(self, *arguments, cwd):
        return subprocess.run(
            [self.program, *map(str, arguments)],
            cwd=cwd,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def server(self, folder):
        """The id of a server that serves this folder on 8080 and 8001 of a network of its own."""
        if folder not in self._servers:
            if os.geteuid() != 0:
                raise Unavailable("a server on the guides' ports needs a network of its own, and that needs root")
            if shutil.which("nsenter") is None:
                raise Unavailable("there is no nsenter here")
            with (folder / "server.log").open("wb") as log:
                self._servers[folder] = subprocess.Popen(
                    [self.program, "serve"],
                    cwd=folder,
                    env=self.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=enter_own_network,
                )
            self._wait_until_ready(self._servers[folder], folder / "server.log")
        return self._servers[folder].pid

    def _wait_until_ready(self, server, log):
        deadline = time.monotonic() + 30
        while "http://127.0.0.1:8080" not in log.read_text(errors="replace"):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-1000:]}")
            time.sleep(0.01)

    def type(self, commands, cwd, server=None, **environment):
        """Types the commands into bash, which ends at the first that fails."""
        inside = ["nsenter", f"--net=/proc/{server}/ns/net"] if server else []
        return subprocess.run(
            [*inside, "bash", "-e", "-o", "pipefail", "-c", commands],
            cwd=cwd,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def stub_plugin(self, folder, name, extension_point):
        """A plugin of this name that gives back the step it sees."""
        place = folder / name
        shutil.copytree(STUBS / "echo", place)
        words = {"name": name, "version": "1.0.0", "author": "Mortise", "description": "Stands in for the real one"}
        manifest = {**words, "language": "python", "entry_point": "echo.py", "extension_points": [extension_point]}
        (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return place


def tool(name):
    """The path of a tool of this machine."""
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"there is no {name} here")
    return found


PYTHON = sys.executable
