"""Bandit on the Python files, where it is installed: its words and its severities, beside ours.

It runs here and not as a program: a start of Bandit costs more than most of its scans, and this worker may do nothing that
its own process could not. It only parses, and what it does is bounded by the deadline of the call.
"""

import linecache
import logging
import os
import tempfile

from .findings import Rule, finding

ADVICE = "see the page of the rule in Bandit's documentation"
UNAVAILABLE = Rule("scan_unavailable", "low", "Bandit is not installed, so its part of the scan is missing", "pip install bandit")
FAILED = Rule("scan_failed", "medium", "Bandit could not read the package", "look at its files with Bandit yourself")
SEVERITY = {"LOW": "low", "MEDIUM": "medium", "HIGH": "high"}


def scan(files):
    sources = [file for file in files if file.ending == ".py" and file.text is not None]
    if not sources:
        return []
    try:
        core = _core()
    except ImportError:
        return [finding(UNAVAILABLE, "")]
    with tempfile.TemporaryDirectory() as folder:
        for file in sources:
            path = os.path.join(folder, file.path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as out:
                out.write(file.content)
        try:
            issues = _issues(core, folder)
        except Exception:  # whatever a stranger's file made of it
            return [finding(FAILED, "")]
        finally:
            linecache.clearcache()
    return [of_bandit(issue, folder) for issue in issues]


def _core():
    """Its modules; what it says about optional parts of its own is no matter of a package."""
    for name in ("stevedore", "bandit"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    from bandit.core import config, manager

    return config, manager


def _issues(core, folder):
    config, manager = core
    work = manager.BanditManager(config.BanditConfig(), "file", quiet=True, ignore_nosec=True)
    work.discover_files([folder], recursive=True)
    work.run_tests()
    return [issue.as_dict(max_lines=1) for issue in work.get_issue_list()]


def of_bandit(result, folder):
    rule = Rule("bandit-" + result["test_id"], SEVERITY.get(result["issue_severity"], "low"), result["issue_text"], ADVICE)
    return finding(rule, os.path.relpath(result["filename"], folder), result["line_number"], result["code"].split("\n")[0])
