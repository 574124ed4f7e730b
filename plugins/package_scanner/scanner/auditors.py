"""pip-audit and Safety, where one of them is installed: both ask the network for advisories, so they find something only where the operator
granted this plugin to reach it (mortise plugin grant package_scanner network=pypi.org). Without a network their part is missing, and
that is said."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile

from .advisories import declared
from .findings import Rule, finding
from .versions import clauses

SECONDS = 60
UNAVAILABLE = Rule("scan_unavailable", "low", "", "import advisories with `mortise advisories import`, or grant package_scanner the network")


def installed(module):
    return importlib.util.find_spec(module) is not None


def pinned(dependencies):
    """Those that admit one version: "name==1.2.3"."""
    lines = []
    for dependency in dependencies:
        name, text = declared(dependency)
        spec = clauses(text)
        if spec and len(spec) == 1 and spec[0][0] in ("==", "=", "===") and not spec[0][1].endswith("*"):
            lines.append(f"{name}=={spec[0][1]}")
    return lines


def scan(dependencies, ecosystem):
    """(findings, the tool that ran or None)"""
    lines = pinned(dependencies) if ecosystem == "PyPI" else []
    tool = next((module for module in ("pip_audit", "safety") if installed(module)), None)
    if not lines or tool is None:
        return [], None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "requirements.txt")
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
        try:
            return (audit if tool == "pip_audit" else safety)(path), tool
        except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError, OSError) as error:
            said = f"{tool} found out nothing: {error}".splitlines()[0][:160]
            return [unavailable(said)], tool


def unavailable(said):
    return finding(Rule(UNAVAILABLE.id, UNAVAILABLE.severity, said[:300], UNAVAILABLE.advice), "manifest.json")


def run(*words):
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no answer"]
        raise ValueError(last[0]) from None


def audit(path):
    found = []
    for package in run("pip_audit", "--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off", "-r", path)["dependencies"]:
        if "skip_reason" in package:  # it has neither a version nor "vulns": nobody knows
            found.append(unavailable(f"pip_audit did not look at {package['name']}: {package['skip_reason']}"))
        for each in package.get("vulns", []):
            found.append(of_tool(package["name"], package["version"], each["id"], each.get("aliases", []), each.get("description", ""), each.get("fix_versions", [])))
    return found


def safety(path):
    answer = run("safety", "check", "--output", "json", "-r", path)
    return [
        of_tool(each["package_name"], each["analyzed_version"], each["vulnerability_id"], [each["CVE"]] if each.get("CVE") else [],
                each.get("advisory", ""), each.get("fixed_versions", []))
        for each in answer["vulnerabilities"]
    ]  # fmt: skip


def of_tool(name, version, identity, aliases, text, fixed):
    message = f"{name} {version} has {identity}: {text.splitlines()[0] if text else ''}".rstrip(": ")[:400]
    advice = f"require {name} >= {fixed[-1]}" if fixed else "there is no fixed version yet: do without it"
    return {
        **finding(Rule("vulnerable-dependency", "high", message, advice), "manifest.json", 0, f"{name}=={version}"),
        "advisory": identity, "aliases": list(aliases), "package": name, "fixed": fixed[-1] if fixed else None,
    }  # fmt: skip
