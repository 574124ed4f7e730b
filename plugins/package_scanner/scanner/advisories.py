"""Known vulnerabilities of what a package depends on, out of advisories in OSV's form that the operator imported."""

import re

from .findings import Rule, finding

KNOWN = Rule("vulnerable-dependency", "high", "", "require a fixed version")


def number(text):
    """A version as a list that compares; what is no number sorts before numbers, as pre-releases do."""
    parts = re.split(r"[.\-+]", text.lstrip("v"))
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


def affected(version, advisory):
    """By OSV's ranges (introduced, fixed, last_affected) and its lists of versions."""
    for package in advisory.get("affected", []):
        if version in package.get("versions", []):
            return True
        for span in package.get("ranges", []):
            if span.get("type") not in ("SEMVER", "ECOSYSTEM"):
                continue
            inside = False
            for event in span.get("events", []):
                if "introduced" in event and number(event["introduced"]) <= number(version):
                    inside = True
                if "fixed" in event and number(event["fixed"]) <= number(version):
                    inside = False
                if "last_affected" in event and number(event["last_affected"]) < number(version):
                    inside = False
            if inside:
                return True
    return False


def fixed_in(advisory):
    return sorted({event["fixed"] for package in advisory.get("affected", []) for span in package.get("ranges", [])
                   for event in span.get("events", []) if "fixed" in event}, key=number)


def pinned(dependency):
    """(name, version) of "name==1.2.3", of {name, version} and of "name"; the version is None where it is not pinned."""
    if isinstance(dependency, dict):
        text = str(dependency.get("version") or "")
        return dependency.get("name", ""), text.lstrip("=").strip() if re.fullmatch(r"={0,2}\s*[\w.+-]+", text) else None
    match = re.fullmatch(r"\s*([A-Za-z0-9._-]+)\s*==\s*([\w.+-]+)\s*", dependency)
    return (match.group(1), match.group(2)) if match else (re.split(r"[<>=!~;\s@\[]", dependency.strip())[0], None)


def same(a, b):
    return re.sub(r"[-_.]+", "-", a).lower() == re.sub(r"[-_.]+", "-", b).lower()


def scan(dependencies, known):
    found = []
    for dependency in dependencies:
        name, version = pinned(dependency)
        for advisory in known:
            mine = any(same(name, package.get("package", {}).get("name", "")) for package in advisory.get("affected", []))
            if not mine or version is None or not affected(version, advisory):
                continue
            fixed = fixed_in(advisory)
            found.append({
                **finding(KNOWN, "manifest.json", 0, f"{name}=={version}"),
                "message": f"{name} {version} has {advisory.get('id', 'a known vulnerability')}: {advisory.get('summary', '')}".rstrip(": "),
                "advice": "require " + name + " >= " + fixed[-1] if fixed else "there is no fixed version yet: do without it",
            })
    return found
