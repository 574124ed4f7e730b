"""A headless browser that looks at a page: what it draws, what it asks the network for, what it complains about."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium; `tools/setup --browser` installs it")

# The browser's own errands (updates, clock). A page that does not name these hosts cannot have asked for them.
OWN_HOSTS = ("google.com", "googleapis.com", "gvt1.com")


@dataclass
class Look:
    dom: str  # after the scripts of the page ran
    hosts: set  # that the network was asked for, without the browser's own
    complaints: list  # of the console


def look_at(page, folder):
    profile, log = folder / "browser", folder / "net.json"
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", f"--log-net-log={log}",
            "--net-log-capture-mode=Everything", "--enable-logging=stderr", "--virtual-time-budget=4000", "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line or "Refused" in line]
    return Look(done.stdout, _hosts(log), complaints)


def _hosts(log):
    text = log.read_text()
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # the browser ended before it closed the list
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    urls = [event["params"]["url"] for event in events if isinstance(event.get("params", {}).get("url"), str)]
    hosts = {urlsplit(url).hostname for url in urls if urlsplit(url).scheme in ("http", "https", "ws", "wss")}
    return {host for host in hosts if host and not host.endswith(OWN_HOSTS)}
