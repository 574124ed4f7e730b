"""The scanner on its labelled corpus, and on what is not source."""

import http.server
import importlib.util
import json
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(REPOSITORY / "sdk" / "python"))
sys.path.insert(0, str(HERE))

_spec = importlib.util.spec_from_file_location("package_scanner", HERE / "package_scanner.py")
package_scanner = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(package_scanner)

from mortise.testing import run_call  # noqa: E402
from scanner import advisories, auditors, bandit, python_rules, versions  # noqa: E402
from scanner.tree import File  # noqa: E402

ENDINGS = {"python": ".py", "r": ".R", "go": ".go", "c": ".c", "cpp": ".cc"}


def corpus():
    for language, ending in ENDINGS.items():
        text = (HERE / "corpus" / f"{language}.txt").read_text()
        for part in text.split("### ")[1:]:
            head, _, body = part.partition("\n")
            label, _, name = head.partition(": ")
            yield pytest.param(language, label, File(f"x{ending}", body.encode()), id=f"{language}-{label}-{name}".replace(" ", "_"))


CORPUS = list(corpus())


def flagged(found):
    return any(one["severity"] != "low" for one in found)


def scan(*files, **options):
    return package_scanner.scan(list(files), with_bandit=False, **options)


def findings(*files, **options):
    result = scan(*files, **options)
    return result["issues"] + result["warnings"]


@pytest.mark.parametrize("language, label, file", CORPUS)
def test_what_is_bad_is_flagged_and_what_only_looks_bad_is_not(language, label, file):
    found = findings(file)
    assert flagged(found) == (label == "bad"), found
    for one in found:
        assert one["file"] == file.path and one["message"] and one["advice"]
        assert 0 <= one["line"] <= file.text.count("\n") + 1


def test_the_corpus_is_large_enough_and_its_numbers_are_printed(capsys):
    labels = [value.values[1] for value in CORPUS]
    assert labels.count("bad") >= 60 and labels.count("harmless") >= 60
    ours = {value.id: flagged(findings(value.values[2])) for value in CORPUS}
    pythons = [value for value in CORPUS if value.values[0] == "python"]
    numbered = {value.id: File(f"s{i}.py", value.values[2].content) for i, value in enumerate(pythons)}
    by_file = bandit.scan(list(numbered.values()))
    theirs = {id: flagged([one for one in by_file if one["file"] == file.path]) for id, file in numbered.items()}
    with capsys.disabled():
        print()
        print_numbers("package_scanner, all languages", CORPUS, ours)
        print_numbers("package_scanner, Python", pythons, ours)
        print_numbers("Bandit, Python", pythons, theirs)


def print_numbers(name, cases, flags):
    right = sum(flags[case.id] and case.values[1] == "bad" for case in cases)
    wrong = sum(flags[case.id] and case.values[1] != "bad" for case in cases)
    missed = sum(not flags[case.id] and case.values[1] == "bad" for case in cases)
    precision, recall = right / max(right + wrong, 1), right / max(right + missed, 1)
    print(f"  {name}: {len(cases)} snippets, precision {precision:.2f}, recall {recall:.2f}")


@pytest.mark.rows("O-51", "O-52")
@pytest.mark.parametrize("path, lines", [
    ("a.py", ["exec(input())|eval", "import subprocess; subprocess.run('x')|runs-programs", "__import__('os').popen('x')|runs-programs",
              "compile('1', 'f', 'exec')|eval", "import socket|suspicious-import", "import ctypes|suspicious-import"]),
    ("a.R", ["eval(parse(text = x))|eval", "system('ls')|runs-programs", "system2('ls')|runs-programs", "library(RCurl)|suspicious-import",
             "require(httr)|suspicious-import", "dyn.load('x.so')|loads-libraries"]),
    ("a.c", ["int f(void) { return system(x); }|runs-programs", "void g(void) { execv(p, a); }|runs-programs", "void h(void) { popen(x, y); }|runs-programs"]),
])
def test_dangerous_patterns_of_each_language_have_a_finding_at_their_line(path, lines):
    code, rules = zip(*(line.split("|") for line in lines))
    found = {(one["line"], one["rule"]) for one in findings(File(path, "\n".join(code).encode() + b"\n"))}
    assert set(enumerate(rules, 1)) <= found, sorted(found)


@pytest.mark.rows("O-51", "O-52")
def test_each_dangerous_pattern_has_a_finding_with_its_line():
    found = findings(File("a.py", b"import os\n\neval('1')\nos.system('x')\nexec('y')\nimport socket\n"))
    by_line = {one["line"]: one["rule"] for one in found}
    assert by_line[3] == "eval" and by_line[4] == "runs-programs" and by_line[5] == "eval"
    assert any(one["rule"] == "suspicious-import" and one["line"] == 6 for one in found)


def advisory(identity, name, *events, kind="ECOSYSTEM", **more):
    return {"id": identity, "summary": "bad", "affected": [{"package": {"ecosystem": "PyPI", "name": name}, "ranges": [{"type": kind, "events": list(events)}]}], **more}


def ids(*arguments):
    return [one["advisory"] for one in advisories.scan(*arguments)]


@pytest.mark.rows("O-53")
def test_a_pinned_version_with_an_advisory_is_an_issue():
    known = [advisory("OSV-1", "Some_Lib", {"introduced": "1.0"}, {"fixed": "1.10.0"})]
    (one,) = advisories.scan(["some-lib==1.9.2"], known)
    assert (one["rule"], one["severity"], one["advisory"], one["fixed"], one["package"]) == ("vulnerable-dependency", "high", "OSV-1", "1.10.0", "some-lib")
    assert "OSV-1" in one["message"] and one["advice"] == "require some-lib >= 1.10.0"
    assert ids([{"name": "some.lib", "version": "1.2"}, {"name": "SOME-LIB", "version": "==1.9"}], known) == ["OSV-1", "OSV-1"]
    assert ids(["some-lib==1.10.0", "some-lib==0.9", "some-lib", "other==1.5", "some_lib[extra]==1.10.0"], known) == []
    assert ids(["some_lib[extra] == 1.9"], known) == ["OSV-1"]


@pytest.mark.parametrize("spec, found", [
    ("", False), (">=1.0", False), ("<1.10", True), ("<=1.10", False), (">=1.2,<1.5", True), ("~=1.9.1", True), ("~=1.9", False), ("==1.9.*", True),
    ("==1.*", False), ("!=1.10.0,<1.11", False), (">=1.0, <1.9 ; python_version > '3'", True), ("not a range", False), ("===1.9.2", True), ("<1.0", False),
])  # fmt: skip
def test_a_range_is_vulnerable_only_when_it_keeps_every_fixed_version_out(spec, found):
    known = [advisory("OSV-1", "lib", {"introduced": "1.0"}, {"fixed": "1.10.0"})]
    assert bool(ids([{"name": "lib", "version": spec}], known)) == found


def test_versions_sort_as_their_ecosystem_says():
    for ecosystem, ordered in {
        "PyPI": ["1.0.dev1", "1.0a1", "1.0a2.dev1", "1.0a2", "1.0b1", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1.2", "1.10", "1!0.1"],
        "Go": ["v0.0.0-20200101000000-abcdefabcdef", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-beta.2", "v1.0.0-beta.11", "v1.0.0", "v1.2.0", "v1.10.0"],
        "CRAN": ["0.9", "1.0-1", "1.0-2", "1.0.10", "1.2"],
    }.items():
        keys = [versions.key(ecosystem, text) for text in ordered]
        assert keys == sorted(keys) and len(set(keys)) == len(keys), ecosystem
        assert versions.key(ecosystem, "0") < keys[0] and keys[-1] < versions.last(ecosystem)
    assert versions.key("PyPI", "1.0") == versions.key("PyPI", "v1.0.0") and versions.key("PyPI", "1.0-1") == versions.key("PyPI", "1.0.post1")
    assert versions.key("PyPI", "nonsense!") is None


def test_events_of_an_advisory_are_read_in_order_of_versions_with_gaps_and_last_ones():
    known = [advisory("A", "lib", {"fixed": "1.5"}, {"introduced": "0"}, {"introduced": "2.0"}, {"last_affected": "2.3"})]
    for version, found in {"0.1": True, "1.4": True, "1.5": False, "1.9": False, "2.0": True, "2.3": True, "2.3.1": False}.items():
        assert bool(ids([f"lib=={version}"], known)) == found, version
    listed = [{"id": "B", "affected": [{"package": {"name": "lib"}, "versions": ["1.0", "1.1"]}]}]
    assert ids(["lib==1.1.0"], listed) == ["B"] and ids(["lib==1.2"], listed) == [] and ids(["lib<=1.1"], listed) == ["B"] and ids(["lib<1.1"], listed) == []
    forever = [advisory("C", "lib", {"introduced": "0"})]
    assert ids(["lib"], forever) == ["C"] and "no fixed version" in advisories.scan(["lib"], forever)[0]["advice"]
    git = [advisory("D", "lib", {"introduced": "0"}, kind="GIT")]
    assert ids(["lib==1.0"], git) == []


def test_one_thing_under_two_names_is_one_finding():
    known = [advisory("GHSA-1", "lib", {"introduced": "0"}, {"fixed": "2"}, aliases=["CVE-1"]), advisory("PYSEC-1", "lib", {"introduced": "0"}, {"fixed": "2"}, aliases=["CVE-1"])]
    assert ids(["lib==1"], known) == ["GHSA-1"]


@pytest.mark.parametrize("more, severity", [
    ({}, "high"), ({"database_specific": {"severity": "MODERATE"}}, "medium"), ({"database_specific": {"severity": "CRITICAL"}}, "critical"),
    ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}, "critical"),
    ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}]}, "medium"),
    ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}]}, "low"),
    ({"severity": [{"type": "CVSS_V3", "score": "nonsense"}]}, "high"),
])  # fmt: skip
def test_the_severity_is_the_sources_word_or_its_score(more, severity):
    assert advisories.severity_of(more) == severity


@pytest.mark.parametrize("vector, score", [
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8), ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1), ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
    ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0), ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8), ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
])  # fmt: skip
def test_scores_are_those_of_the_standard(vector, score):
    assert advisories.base_score(vector) == score


FAKE_AUDITOR = """
import json, sys
assert open(sys.argv[sys.argv.index("-r") + 1]).read().split() == ["lib==1.0"]
print(json.dumps({"dependencies": [{"name": "lib", "version": "1.0", "vulns": [{"id": "PYSEC-9", "aliases": ["CVE-9"], "description": "bad", "fix_versions": ["2.0"]}]}]}))
"""
FAKE_SAFETY = """
import json
print(json.dumps({"vulnerabilities": [{"package_name": "lib", "analyzed_version": "1.0", "vulnerability_id": "44", "CVE": "CVE-9", "advisory": "bad", "fixed_versions": []}]}))
"""


@pytest.mark.parametrize("tool, source, identity", [("pip_audit", FAKE_AUDITOR, "PYSEC-9"), ("safety", FAKE_SAFETY, "44"), ("pip_audit", "raise SystemExit('no network')", None)])
def test_an_auditor_that_is_installed_is_asked_about_pinned_versions(tmp_path, monkeypatch, tool, source, identity):
    (tmp_path / f"{tool}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(auditors, "installed", lambda module: module == tool)
    found, ran = auditors.scan(["lib==1.0", "other>=1"], "PyPI")
    assert ran == tool and len(found) == 1
    if identity:
        assert (found[0]["advisory"], found[0]["rule"], found[0]["severity"]) == (identity, "vulnerable-dependency", "high")
    else:
        assert found[0]["rule"] == "scan_unavailable" and "no network" in found[0]["message"]
    assert auditors.scan(["other>=1"], "PyPI") == ([], None) and auditors.scan(["lib==1.0"], "Go") == ([], None)


# As pip-audit 2.10 prints it: one with advisories, with and without a fixed version; one that its service does not know.
REAL_ANSWER = """{"dependencies": [{"name": "requests", "version": "2.19.0", "vulns": [
  {"id": "PYSEC-2018-28", "fix_versions": ["2.20.0"], "aliases": ["CVE-2018-18074", "GHSA-x84v-xcm2-53pg"], "description": "leaks\\nmuch"},
  {"id": "PYSEC-2023-74", "fix_versions": [], "aliases": [], "description": "no fix"}]},
 {"name": "ours", "skip_reason": "Dependency not found on PyPI and could not be audited: ours (1.0)"}], "fixes": []}"""


def test_what_pip_audit_prints_is_understood_and_what_it_did_not_look_at_is_told(tmp_path, monkeypatch):
    (tmp_path / "pip_audit.py").write_text(f"print({REAL_ANSWER!r})\nraise SystemExit(1)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(auditors, "installed", lambda module: module == "pip_audit")
    found, _ = auditors.scan(["requests==2.19.0", "ours==1.0"], "PyPI")
    assert [(one["rule"], one.get("advisory"), one.get("fixed")) for one in found] == [
        ("vulnerable-dependency", "PYSEC-2018-28", "2.20.0"), ("vulnerable-dependency", "PYSEC-2023-74", None), ("scan_unavailable", None, None),
    ]  # fmt: skip
    assert found[0]["aliases"] == ["CVE-2018-18074", "GHSA-x84v-xcm2-53pg"] and "leaks" in found[0]["message"] and "much" not in found[0]["message"]
    assert "did not look at ours" in found[2]["message"]


def test_pip_audit_itself_is_asked_where_it_is_installed(monkeypatch):
    """Against a database of advisories of the test's own, which speaks OSV."""
    pytest.importorskip("pip_audit")

    class Database(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.20.0"}]}]
            known = {"id": "PYSEC-2018-28", "published": "2018-10-29T19:06:46Z", "details": "leaks", "affected": [{"package": {"name": "requests", "ecosystem": "PyPI"}, "ranges": ranges}]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"vulns": [known]}).encode())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Database)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{server.server_port}/v1/query")
    try:
        found, tool = auditors.scan(["requests==2.19.0"], "PyPI")
    finally:
        server.shutdown()
        server.server_close()
    assert tool == "pip_audit" and [(one["advisory"], one["fixed"]) for one in found] == [("PYSEC-2018-28", "2.20.0")]


@pytest.mark.rows("O-54")
def test_an_executable_that_is_no_script_is_a_warning():
    assert [one["rule"] for one in findings(File("data.bin", b"123", executable=True))] == ["executable-file"]
    assert [one["rule"] for one in findings(File("blob", b"\0\1\2", executable=True))] == ["executable-file"]
    assert findings(File("data.bin", b"123")) == findings(File("run.sh", b"#!/bin/sh\n", executable=True)) == []


@pytest.mark.parametrize("path, content, rule", [
    ("x.pth", b"import os; os.system('id')\n", "pth-code"),
    ("sitecustomize.py", b"x = 1\n", "site-customize"),
    ("model.pkl", b"\x80\x04N.", "pickle-file"),
    ("model.bin", b"\x80\x04N.", "pickle-file"),
    ("data.rds", b"x", "r-data-file"),
    (".Rprofile", b"x <- 1\n", "startup-file"),
    ("inner.zip", b"PK\3\4", "nested-archive"),
    ("key.txt", b"-----BEGIN RSA PRIVATE KEY-----\n" + b"A" * 80, "private-key"),
    ("conf.yaml", b"key: AKIAABCDEFGHIJKLMNOP\n", "secret"),
    ("old.py", b"print 'python 2', eval(x)\n", "unreadable-source"),
    ("deep.py", b"eval(" + b"(" * 2000 + b"1" + b")" * 2000 + b")\n", "unreadable-source"),
    ("broken.so", b"\x7fELF\x02\x01" + b"\0" * 20, "elf-damaged"),
])
def test_files_that_are_trouble_by_what_they_are(path, content, rule):
    assert rule in [one["rule"] for one in findings(File(path, content))]


def test_a_compiled_file_is_judged_by_what_it_imports(tmp_path):
    source = tmp_path / "x.c"
    source.write_text('int system(const char*); int ptrace(int, ...);\nint run(void) { return system("id") + ptrace(0); }\n')
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(tmp_path / "x.so"), str(source)], check=True)
    found = findings(File("x.so", (tmp_path / "x.so").read_bytes()))
    assert {one["rule"]: one["code"] for one in found} == {"elf-runs-programs": "system", "elf-debugger": "ptrace"}


def test_code_that_needs_a_permission_says_which():
    file = File("a.py", b"import requests\n")
    assert [one["message"] for one in findings(file) if one["rule"] == "undeclared-permission"] == [
        "needs the permission 'network', which the manifest does not declare"]
    assert not [one for one in findings(file, permissions=["network"]) if one["rule"] == "undeclared-permission"]


def test_the_verdict_goes_by_the_worst_finding():
    assert scan(File("a.py", b"x = 1\n"))["verdict"] == "safe"
    assert scan(File("a.py", b"eval('1')\n"))["verdict"] == "warning"
    unsafe = scan(File("a.py", b"import base64\nexec(base64.b64decode(''))\n"))
    assert unsafe["verdict"] == "unsafe" and unsafe["risk_level"] == "high"


def test_bandit_adds_its_own_findings():
    result = package_scanner.scan([File("p/a.py", b"import hashlib\nhashlib.md5(b'x')\n")])
    assert "bandit" in result["scans_performed"]
    assert any(one["rule"] == "bandit-B324" and one["file"] == "p/a.py" and one["line"] == 2 for one in result["issues"])


def test_a_strangers_text_cannot_write_on_a_terminal():
    found = findings(File("a.py", "eval('\x1b[2J\u202e')\n".encode()))
    assert "\x1b" not in found[0]["code"] and "\u202e" not in found[0]["code"]


def test_a_worker_scans_what_the_host_hands_over():
    files = [{"path": "a.py", "bytes": b"eval('1')\n", "executable": False}]
    result = run_call(package_scanner.PackageScanner, "call", {"files": files, "bandit": False}, method="scan").result
    assert result["verdict"] == "warning" and result["lines"] == 2


def test_damaged_binaries_never_raise():
    library = bytearray(Path(sys.executable).resolve().read_bytes()[:4096])
    for at in range(0, 128):
        changed = bytearray(library)
        changed[at] ^= 0xFF
        findings(File("x.so", bytes(changed)))
    for size in range(0, 128):
        findings(File("x.so", bytes(library[:size])))
