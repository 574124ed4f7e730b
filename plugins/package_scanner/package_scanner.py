"""package_scanner: reads the files of a package and says what in them deserves a second look, or no trust at all.

Operation `call`, method `scan`:

    {files: [{path, bytes, executable}], permissions, ecosystem?, dependencies?, advisories?, bandit?}
    -> {verdict: safe | warning | unsafe, risk_level: low | medium | high, issues, warnings, scans_performed, lines}

An issue (severity high or critical) makes a package unsafe; anything else is a warning. Each finding has rule, severity, file,
line, code, message, advice, and `permission` where code needs one that the manifest does not declare; one about a dependency has
advisory, aliases, package and fixed, too. Nothing of the package is
ever imported or run: sources are parsed, binaries are read.
"""

from mortise import Invalid, Plugin, Unsupported

from scanner import advisories, auditors, bandit, binaries, findings, sources, tree


class PackageScanner(Plugin):
    def call(self, method, input):
        if method != "scan":
            raise Unsupported(f"there is no method '{method}'", "scan")
        if not isinstance(input.get("files"), list):
            raise Invalid("files: expected a list of {path, bytes, executable}")
        files = [tree.File(file["path"], bytes(file["bytes"]), bool(file.get("executable"))) for file in input["files"]]
        return scan(
            files,
            permissions=input.get("permissions") or [],
            dependencies=input.get("dependencies") or [],
            known=input.get("advisories") or [],
            ecosystem=input.get("ecosystem") or "PyPI",
            with_bandit=input.get("bandit", True),
            stop=self.current.stop_if_cancelled,
        )


def scan(files, permissions=(), dependencies=(), known=(), ecosystem="PyPI", with_bandit=True, stop=lambda: None):
    found, lines = [], 0
    for file in files:
        stop()
        read = sources.scan(file)
        found += read.findings
        lines += read.lines
        found += binaries.scan(file)
        found += tree.scan(file)
    found += findings.undeclared(found, permissions)
    found += advisories.scan(dependencies, known, ecosystem)
    audited, auditor = auditors.scan(dependencies, ecosystem)
    told = {name for one in found if "advisory" in one for name in (one["advisory"], *one["aliases"])}
    found += [one for one in audited if not told & {one.get("advisory"), *one.get("aliases", [])}]
    performed = ["static_analysis", "pattern_matching", "dependency_scan", "permission_check"]
    if auditor:
        performed.append(auditor)
    if with_bandit:
        stop()
        found += bandit.scan(files)
        performed.append("bandit")
    return findings.report(found, performed, lines)
