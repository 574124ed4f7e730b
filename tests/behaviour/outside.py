"""The program seen from outside: started as a process, asked by command line and HTTP, watched through /proc.

Nothing here knows how the program works inside. Waiting is always `eventually`: a check that is asked again until it holds
or its deadline passes, never a sleep that hopes.
"""

import json
import os
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path

import requests

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MORTISE_BUILD", REPOSITORY / "build")).resolve()
PROGRAM = BUILD / "bin" / "mortise"
PLUGIN_FOLDERS = [BUILD / "specimens", BUILD / "rogues"]

# Instrumented programs are slower: deadlines of tests that measure time stretch with this.
PATIENCE = float(os.environ.get("MORTISE_TEST_PATIENCE", "1"))


def eventually(check, within=10.0, what="the condition"):
    """What `check` gives as soon as that is true; fails after `within` seconds."""
    deadline = time.monotonic() + within * PATIENCE
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come about within {within * PATIENCE:g} s"
        time.sleep(0.005)


def config_file(folder, plugin_folders=PLUGIN_FOLDERS, **sections):
    """A configuration file for a host that knows the test plugins beside its own."""
    path = Path(folder) / "mortise.yaml"
    plugins = {"directories": [str(each) for each in plugin_folders], **sections.pop("plugins", {})}
    path.write_text(json.dumps({"plugins": plugins, **sections}))
    return path


def python_plugin(folder, name, source, **manifest):
    """A package in Python of this name in `folder`, which may work on the files that its steps name; keys beyond the required
    ones as given."""
    package = Path(folder) / name
    package.mkdir(parents=True)
    (package / "plugin.py").write_text(source)
    words = {"name": name, "version": "1.0.0", "author": "a", "description": "d", "extension_points": ["Data_Processing"],
             "permissions": ["file_system"]}  # fmt: skip
    (package / "manifest.json").write_text(
        json.dumps({**words, "language": "python", "entry_point": "plugin.py", **manifest})
    )
    return package


def run_program(*arguments, cwd, env=None, stdin=None, timeout=60, wrapper=()):
    environment = {**os.environ, **(env or {})}
    return subprocess.run(
        [*wrapper, str(PROGRAM), *map(str, arguments)],
        cwd=cwd, env=environment, input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True, text=True, timeout=timeout * PATIENCE, check=False,
    )  # fmt: skip


# ---- processes


def _stat(pid):
    text = Path(f"/proc/{pid}/stat").read_text()
    state, parent = text.rsplit(")", 1)[1].split()[:2]
    return state, int(parent)


def alive(pid):
    """Runs, sleeps or is stopped; a zombie is not alive."""
    try:
        return _stat(pid)[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(ancestor):
    """The ids of all processes below this one that are alive."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                state, parent = _stat(entry)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state not in "ZX":
                parents[int(entry)] = parent
    found, frontier = set(), {ancestor}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return found


def is_cell(pid):
    """The sleeping process that holds a worker's namespaces, or one that was forked ahead and waits; neither is a worker."""
    try:
        return Path(f"/proc/{pid}/comm").read_text() in ("mortise-cell\n", "mortise-unborn\n")
    except (FileNotFoundError, ProcessLookupError):
        return True


def host_pid(reported, ancestor=None):
    """The number that this machine has for a worker that told its own: the youngest below `ancestor` (this test)."""
    found = []
    for pid in descendants(ancestor or os.getpid()):
        try:
            own = re.search(r"^NSpid:\s+(.*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE).group(1).split()
            begun = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if len(own) > 1 and int(own[-1]) == reported and not is_cell(pid):
            found.append((begun, pid))
    if found:
        return max(found)[1]
    assert reported > 100, f"no process of this test calls itself {reported}; nobody else is to be meant by it"
    return reported


def command_line(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def resident_bytes(pid):
    """What the process itself has in memory; pages of files come and go with the machine's need and do not count."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1)) * 1024


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


# ---- the server


class Server:
    """`mortise serve` on a free port of its own."""

    def __init__(self, folder, *arguments, env=None, wrapper=(), config=None, data_dir=None):
        self.folder = Path(folder)
        self.data_dir = Path(data_dir or self.folder / ".mortise")
        self.config = config or config_file(self.folder)
        self.output = self.folder / "server.out"
        self.log = self.folder / "server.log"
        self.http = requests.Session()
        self.http.trust_env = False
        self._command = [
            *map(str, wrapper), str(PROGRAM), "serve", "--host", "127.0.0.1", "--port", "0",
            "--data-dir", str(self.data_dir), "--config", str(self.config), *map(str, arguments),
        ]  # fmt: skip
        self._env = {**os.environ, **(env or {})}
        self.process = None
        self.url = None
        self.start()

    # ---- life

    def start(self):
        with self.output.open("wb") as out, self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=self.folder, env=self._env, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )
        self.url = eventually(self._announced, within=20, what="the ready line of the server")

    def _announced(self):
        found = re.search(r"http://[\w.:\[\]-]+:\d+", self.output.read_text())
        if found is None and self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}: {self.log.read_text()[-4000:]}")
        return found and found.group(0)

    @property
    def pid(self):
        """Of the server itself, below any wrapper."""
        for pid in [self.process.pid, *sorted(descendants(self.process.pid))]:
            if command_line(pid).startswith(f"{PROGRAM} serve"):
                return pid
        raise AssertionError("the server is gone: " + self.log.read_text()[-4000:])

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self, within=15):
        """Asks it to end, as a service manager would, and gives its status."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            try:
                self.process.wait(within * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
                raise AssertionError(f"the server did not end within {within} s of SIGTERM") from None
        self.http.close()
        return self.process.returncode

    def close(self):
        """At the end of a test, whatever state it is in."""
        for pid in [*descendants(self.process.pid), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)
        self.http.close()

    # ---- asking

    def get(self, path, **options):
        return self.http.get(self.url + path, timeout=options.pop("timeout", 30), **options)

    def post(self, path, body=None, **options):
        return self.http.post(self.url + path, json=body, timeout=options.pop("timeout", 60), **options)

    def healthy(self):
        return self.get("/health").status_code == 200

    def execute(self, steps, name="Test", *, wait=True, **more):
        """Runs a pipeline of these steps and gives the answer's data: {success, run_id, state, context, error, failure}."""
        path = self.folder / f"pipeline-{uuid.uuid4().hex}.json"
        path.write_text(json.dumps({"name": name, "steps": steps}))
        body = {"pipeline_file": str(path), "folder": str(self.folder), **more}
        answer = self.post("/api/v1/pipelines/execute" + ("" if wait else "?wait=false"), body, timeout=120 * PATIENCE)
        assert answer.status_code in (200, 202), answer.text
        return answer.json()["data"]

    def start_run(self, steps, name="Test", **more):
        """Starts it, and gives the id of its run at once."""
        return self.execute(steps, name, wait=False, **more)["run_id"]

    def run(self, steps, name="Test", **more):
        """Runs it to its end, and gives the record that the run log keeps."""
        return self.record(self.execute(steps, name, **more)["run_id"])

    def record(self, run_id):
        answer = self.get(f"/api/v1/runs/{run_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def logs(self, run_id):
        answer = self.get(f"/api/v1/runs/{run_id}/logs?limit=1000")
        assert answer.status_code == 200, answer.text
        return answer.json()["records"]

    def cancel(self, run_id, reason="a test wants it"):
        return self.post(f"/api/v1/runs/{run_id}/cancel", {"reason": reason})

    def finished(self, run_id, within=60):
        """The record of a run that has ended, whichever way."""

        def ended():
            record = self.record(run_id)
            return record["state"] not in ("queued", "running") and record

        return eventually(ended, within=within, what=f"the end of run {run_id}")

    def worker_pids(self):
        """Of the plugins' processes: everything below the launcher."""
        return {pid for launcher in self.launcher_pids() for pid in descendants(launcher) if not is_cell(pid)}

    def launcher_pids(self):
        """Without the children that are about to become something else, which look like it until then."""
        below = descendants(self.pid)
        alike = {pid for pid in below if "mortise-launcher" in command_line(pid).split(" ")[0] and not is_cell(pid)}
        return alike - {child for pid in alike for child in descendants(pid)}

    def cli(self, *arguments, **options):
        """The command line as a client of this server."""
        return run_program(*arguments, "--data-dir", self.data_dir, cwd=options.pop("cwd", self.folder), **options)


def step(plugin, name=None, output=None, **keys):
    """One step of a pipeline; keys that are not a step's own are its config."""
    own = {"needs", "when", "retry", "timeout", "on_failure", "on_interrupt"}
    made = {"name": name or plugin.split(".")[-1], "plugin": plugin}
    if output is not None:
        made["output"] = output
    made.update({key: value for key, value in keys.items() if key in own})
    config = {key: value for key, value in keys.items() if key not in own}
    if config:
        made["config"] = config
    return made


def lines_of(path):
    path = Path(path)
    return path.read_text().splitlines() if path.exists() else []
