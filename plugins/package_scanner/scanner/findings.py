"""Findings, and the verdict over them."""

from dataclasses import dataclass, field

SEVERITIES = ("low", "medium", "high", "critical")
LONGEST_CODE = 160
MOST_FINDINGS = 2_000


@dataclass(frozen=True)
class Rule:
    """What to look for, as its finder understands `names`; how bad it is; what an author should do instead."""

    id: str
    severity: str
    message: str
    advice: str
    names: tuple = field(default=())
    permission: str = ""  # what code like this needs at run time


def finding(rule, path, line=0, code=""):
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "file": path,
        "line": line,
        "code": printable(code)[:LONGEST_CODE],
        "message": rule.message,
        "advice": rule.advice,
        "permission": rule.permission,
    }


def printable(text):
    """For terminals and pages: a stranger's text without what they would obey, bidirectional marks included."""
    return "".join(c if c.isprintable() else "?" for c in text.strip())


UNDECLARED = Rule("undeclared-permission", "medium", "", "declare it under `permissions` in manifest.json, or leave the code out")


def undeclared(found, permissions):
    """One finding for each permission that code needs and the manifest does not ask for."""
    made, seen = [], set()
    for one in found:
        wanted = one["permission"]
        if not wanted or wanted in permissions or wanted in seen:
            continue
        seen.add(wanted)
        made.append({**finding(UNDECLARED, one["file"], one["line"], one["code"]),
                     "message": f"needs the permission '{wanted}', which the manifest does not declare", "permission": wanted})
    return made


def report(found, performed, lines):
    """The verdict of features FO-14: issues make unsafe, warnings make warning; their number makes the level."""
    found = sorted(found, key=lambda one: (-SEVERITIES.index(one["severity"]), one["file"], one["line"], one["rule"]))[:MOST_FINDINGS]
    issues = [one for one in found if one["severity"] in ("high", "critical")]
    warnings = [one for one in found if one["severity"] in ("low", "medium")]
    if issues:
        verdict, level = "unsafe", "high" if len(issues) > 5 or any(one["severity"] == "critical" for one in issues) else "medium"
    elif warnings:
        verdict, level = "warning", "medium" if len(warnings) > 3 else "low"
    else:
        verdict, level = "safe", "low"
    return {"verdict": verdict, "risk_level": level, "issues": issues, "warnings": warnings, "scans_performed": performed,
            "lines": lines}
