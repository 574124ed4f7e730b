"""The scanner on its labelled corpus, and on what is not source."""

import importlib.util
import struct
import subprocess
import sys
import tempfile
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
from scanner import advisories, bandit, python_rules  # noqa: E402
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
def test_each_dangerous_pattern_has_a_finding_with_its_line():
    found = findings(File("a.py", b"import os\n\neval('1')\nos.system('x')\nexec('y')\nimport socket\n"))
    by_line = {one["line"]: one["rule"] for one in found}
    assert by_line[3] == "eval" and by_line[4] == "runs-programs" and by_line[5] == "eval"
    assert any(one["rule"] == "suspicious-import" and one["line"] == 6 for one in found)


@pytest.mark.rows("O-53")
def test_a_pinned_version_with_an_advisory_is_an_issue():
    known = [{"id": "OSV-1", "summary": "remote code", "affected": [{"package": {"name": "Some_Lib"}, "ranges": [
        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.10.0"}]}]}]}]
    assert [one["rule"] for one in advisories.scan(["some-lib==1.9.2"], known)] == ["vulnerable-dependency"]
    assert "OSV-1" in advisories.scan([{"name": "some.lib", "version": "1.2"}], known)[0]["message"]
    assert advisories.scan(["some-lib==1.10.0", "some-lib>=1.0", "other==1.0"], known) == []


@pytest.mark.rows("O-54")
def test_an_executable_that_is_no_script_is_a_warning():
    assert [one["rule"] for one in findings(File("data.bin", b"123", executable=True))] == ["executable-file"]
    assert findings(File("run.sh", b"#!/bin/sh\n", executable=True)) == []


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
