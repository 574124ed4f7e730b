"""Known vulnerabilities of what a package depends on, out of advisories in OSV's form that the operator imported.

A dependency is vulnerable when the newest version that it admits is: a pinned one that is affected, or a range that keeps the fixed one
out. A range that takes a fixed version is not, because the newest that fits is what is installed.
"""

import math
import re

from . import versions
from .findings import SEVERITIES, Rule, finding

VULNERABLE = "vulnerable-dependency"
WORDS = {"LOW": "low", "MODERATE": "medium", "MEDIUM": "medium", "HIGH": "high", "CRITICAL": "critical"}

# CVSS 3: https://www.first.org/cvss/v3.1/specification-document, 7.1
WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}, "AC": {"L": 0.77, "H": 0.44}, "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0}, "I": {"H": 0.56, "L": 0.22, "N": 0.0}, "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}  # fmt: skip
PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def base_score(vector):
    """Of a CVSS 3 vector; None for what is none."""
    parts = dict(part.split(":", 1) for part in vector.split("/")[1:] if ":" in part)
    try:
        scope = parts["S"]
        weight = {name: WEIGHTS[name][parts[name]] for name in WEIGHTS}
        privileges = PRIVILEGES[scope][parts["PR"]]
    except KeyError:
        return None
    lost = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 6.42 * lost if scope == "U" else 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15
    if impact <= 0:
        return 0.0
    ease = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    return math.ceil(round(min((impact + ease) * (1.0 if scope == "U" else 1.08), 10) * 100_000) / 10_000) / 10


def severity_of(advisory):
    """Its source's word, else by its CVSS score; high where neither says anything."""
    word = str((advisory.get("database_specific") or {}).get("severity", "")).upper()
    if word in WORDS:
        return WORDS[word]
    scores = [base_score(str(each.get("score", ""))) for each in advisory.get("severity") or [] if str(each.get("type", "")).startswith("CVSS_V3")]
    scores = [score for score in scores if score is not None]
    if not scores:
        return "high"
    return next(name for name, least in (("critical", 9), ("high", 7), ("medium", 4), ("low", 0)) if max(scores) >= least)


def affected(ecosystem, newest, advisory):
    """By OSV's ranges (introduced, fixed, last_affected) and its lists of versions. `newest` as versions.newest() has it."""
    version, included = newest
    for package in advisory.get("affected", []):
        if included and any(versions.key(ecosystem, each) == version for each in package.get("versions", [])):
            return True
        for span in package.get("ranges", []):
            if span.get("type") in ("SEMVER", "ECOSYSTEM") and inside(ecosystem, newest, span.get("events", [])):
                return True
    return False


def inside(ecosystem, newest, events):
    version, included = newest
    known = [(versions.key(ecosystem, text), kind) for event in events for kind, text in event.items() if kind in ("introduced", "fixed", "last_affected")]
    within = False
    for bound, kind in sorted((each for each in known if each[0] is not None), key=lambda each: (each[0], each[1] == "introduced")):
        reached = bound < version or (included and bound == version)
        if kind == "introduced" and reached:
            within = True
        elif (kind == "fixed" and reached) or (kind == "last_affected" and bound < version):
            within = False
    return within


def fixed_in(ecosystem, advisory):
    fixed = {event["fixed"] for package in advisory.get("affected", []) for span in package.get("ranges", []) for event in span.get("events", [])
             if "fixed" in event and span.get("type") in ("SEMVER", "ECOSYSTEM")}  # fmt: skip
    return sorted(fixed, key=lambda text: versions.key(ecosystem, text) or ())


def vulnerable(ecosystem, spec, advisory):
    return spec is not None and affected(ecosystem, versions.newest(ecosystem, spec), advisory)


def declared(dependency):
    """(name, range) of "name==1.2.3", of {name, version} and of "name"."""
    if isinstance(dependency, dict):
        return str(dependency.get("name", "")), str(dependency.get("version") or "")
    match = re.match(r"\s*([A-Za-z0-9._/-]+)\s*(?:\[[^\]]*\])?\s*(.*)", dependency)
    return match[1], match[2]


def normal(ecosystem, name):
    return re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "PyPI" else name


def about(ecosystem, name, advisory):
    return any(normal(ecosystem, name) == normal(ecosystem, package.get("package", {}).get("name", "")) for package in advisory.get("affected", []))


def scan(dependencies, known, ecosystem="PyPI"):
    found = []
    for dependency in dependencies:
        name, text = declared(dependency)
        spec = versions.clauses(text)
        seen = set()
        for advisory in known:
            names = {advisory.get("id"), *advisory.get("aliases", [])}
            if about(ecosystem, name, advisory) and not names & seen and vulnerable(ecosystem, spec, advisory):
                seen |= names  # GHSA, PYSEC and CVE of one thing are one finding
                found.append(found_of(ecosystem, name, text, advisory))
    return found


def found_of(ecosystem, name, text, advisory):
    identity, fixed = str(advisory.get("id", "a known vulnerability")), fixed_in(ecosystem, advisory)
    severity = severity_of(advisory)
    assert severity in SEVERITIES
    said = f"{name} {text.strip()}".strip()
    message = f"{said} has {identity}: {advisory.get('summary', '')}".rstrip(": ")
    advice = f"require {name} >= {fixed[-1]}" if fixed else "there is no fixed version yet: do without it"
    return {
        **finding(Rule(VULNERABLE, severity, message, advice), "manifest.json", 0, said),
        "advisory": identity, "aliases": list(advisory.get("aliases", [])), "package": name, "fixed": fixed[-1] if fixed else None,
    }  # fmt: skip
