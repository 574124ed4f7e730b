"""Bandit on the Python files, where it is installed: its words and its severities, beside ours."""

import json
import os
import subprocess
import sys
import tempfile

from .findings import Rule, finding

SECONDS = 60
ADVICE = "see the page of the rule in Bandit's documentation"
UNAVAILABLE = Rule("scan_unavailable", "low", "Bandit is not installed, so its part of the scan is missing", "pip install bandit")
FAILED = Rule("scan_failed", "medium", "Bandit could not read the package", "look at its files with Bandit yourself")
SEVERITY = {"LOW": "low", "MEDIUM": "medium", "HIGH": "high"}


def scan(files):
    sources = [file for file in files if file.ending == ".py" and file.text is not None]
    if not sources:
        return []
    try:
        import bandit  # noqa: F401
    except ImportError:
        return [finding(UNAVAILABLE, "")]
    with tempfile.TemporaryDirectory() as folder:
        for file in sources:
            path = os.path.join(folder, file.path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as out:
                out.write(file.content)
        command = [sys.executable, "-m", "bandit", "--quiet", "--format", "json", "--exit-zero", "--ignore-nosec", "--recursive", folder]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False)
            results = json.loads(done.stdout)["results"]
        except (subprocess.TimeoutExpired, ValueError, KeyError, OSError):
            return [finding(FAILED, "")]
    return [of_bandit(result, folder) for result in results]


def of_bandit(result, folder):
    rule = Rule("bandit-" + result["test_id"], SEVERITY.get(result["issue_severity"], "low"), result["issue_text"], ADVICE)
    return finding(rule, os.path.relpath(result["filename"], folder), result["line_number"], result["code"].split("\n")[0])
