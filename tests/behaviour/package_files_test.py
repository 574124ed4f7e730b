"""Packages before they are installed: scanned, packed, signed; nothing of them runs."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from outside import REPOSITORY

rows = pytest.mark.rows

MANIFEST = {
    "name": "shout", "version": "1.2.0", "author": "Ada", "description": "Makes names loud", "language": "python",
    "entry_point": "shout.py", "category": "example", "extension_points": ["Data_Processing"],
}
SOURCE = "from mortise import Plugin\n\n\nclass Shout(Plugin):\n    def step(self, step):\n        return step.input.upper()\n"


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "shout"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(MANIFEST))
    (folder / "shout.py").write_text(SOURCE)
    return folder


@pytest.fixture
def plugin(mortise, tmp_path):
    """`mortise plugin ...` with a data folder of its own."""
    def run(*words, status=0):
        done = mortise("plugin", *words, "--data-dir", tmp_path / "data")
        assert status in (None, done.returncode), done.stdout + done.stderr
        return done

    return run


def report(plugin, path, status=0, *more):
    done = plugin("scan", path, "--json", *more, status=status)
    return json.loads(done.stdout)


def test_a_harmless_package_is_safe_as_a_folder_and_as_an_archive(plugin, package, tmp_path):
    (tmp_path / "dist").mkdir()
    packed = json.loads(plugin("pack", package, "--output", tmp_path / "dist", "--json").stdout)
    assert packed["file"] == str(tmp_path / "dist" / "shout-1.2.0.tar.gz") and packed["signature"] is None
    for path in (package, packed["file"]):
        found = report(plugin, path)
        assert (found["name"], found["version"], found["files"]) == ("shout", "1.2.0", 2)
        assert found["digest"] == packed["digest"]
        assert found["scan"]["verdict"] == "safe" and found["signature"]["state"] == "none"


@rows("A-11")
def test_what_makes_a_package_unsafe_is_told_with_file_line_and_rule(plugin, package):
    (package / "shout.py").write_text(SOURCE + "\nimport base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n")
    found = report(plugin, package, 1)
    issue = next(one for one in found["scan"]["issues"] if one["rule"] == "hidden-code")
    assert (issue["file"], issue["line"]) == ("shout.py", 9) and issue["advice"]
    page = plugin("scan", package, status=1).stdout
    assert "shout.py:9" in page and "[hidden-code]" in page and "unsafe" in page


@rows("O-28")
@pytest.mark.parametrize("change, words", [
    ({"version": "1.0"}, "Invalid version format: 1.0"),
    ({"author": None}, "Missing required field: author"),
    ({"language": "java"}, "Invalid language: java"),
    ({"entry_point": "other.py"}, "entry_point: other.py is not in the package"),
    ({"extension_points": ["nowhere"]}, "nowhere"),
    ({"min_platform_version": "99.0.0"}, "99.0.0"),
])
def test_a_broken_manifest_is_an_issue_that_names_the_key(plugin, package, change, words):
    (package / "manifest.json").write_text(json.dumps({**MANIFEST, **change}))
    found = report(plugin, package, 1)
    assert found["name"] is None
    assert any(one["rule"] == "manifest" and words in one["message"] for one in found["scan"]["issues"])


@rows("O-25", "O-27")
def test_an_archive_as_the_guide_packs_it_is_read_and_a_hostile_one_is_refused(plugin, package, tmp_path):
    subprocess.run(["tar", "-czf", tmp_path / "shout.tar.gz", "-C", tmp_path, "shout"], check=True)
    assert report(plugin, tmp_path / "shout.tar.gz")["name"] == "shout"
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.add(package / "shout.py", arcname="../escaped.py")
    done = plugin("scan", tmp_path / "evil.tar.gz", status=64)
    assert "leads out of the package with '..'" in done.stderr and not (tmp_path / "escaped.py").exists()


@rows("O-28")
def test_an_archive_without_a_manifest_says_so(plugin, package, tmp_path):
    (package / "manifest.json").unlink()
    assert "manifest.json not found in package" in str(report(plugin, package, 1)["scan"]["issues"])


def test_what_one_signs_another_verifies_and_a_changed_archive_is_refused(plugin, package, tmp_path):
    keys = json.loads(plugin("keygen", tmp_path / "me", "--json").stdout)
    assert oct(os.stat(keys["secret_key"]).st_mode & 0o777) == "0o600"
    packed = json.loads(plugin("pack", package, "--output", tmp_path, "--sign", keys["secret_key"], "--json").stdout)
    signature = report(plugin, packed["file"], 0, "--key", keys["public_key"])["signature"]
    assert signature["state"] == "verified" and signature["key_id"] == keys["key_id"] and "version:1.2.0" in signature["comment"]
    assert report(plugin, packed["file"])["signature"]["state"] == "unknown_key"
    if shutil.which("minisign"):
        subprocess.run(["minisign", "-Vm", packed["file"], "-p", keys["public_key"]], check=True, capture_output=True)

    (package / "shout.py").write_text(SOURCE + "\n# changed\n")
    signed = Path(packed["signature"]).read_bytes()
    plugin("pack", package, "--output", tmp_path)
    Path(packed["signature"]).write_bytes(signed)
    assert report(plugin, packed["file"], 1, "--key", keys["public_key"])["signature"]["state"] == "refused"


def test_a_key_is_never_overwritten(plugin, tmp_path):
    plugin("keygen", tmp_path / "me")
    before = (tmp_path / "me.key").read_text()
    assert "is there already" in plugin("keygen", tmp_path / "me", status=None).stderr
    assert (tmp_path / "me.key").read_text() == before


def test_the_same_files_make_the_same_archive(plugin, package, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        plugin("pack", package, "--output", tmp_path / name)
        os.utime(package / "shout.py")
    assert (tmp_path / "one/shout-1.2.0.tar.gz").read_bytes() == (tmp_path / "two/shout-1.2.0.tar.gz").read_bytes()


def test_our_own_plugins_are_not_called_unsafe(plugin):
    for folder in sorted((REPOSITORY / "plugins").iterdir()):
        if (folder / "manifest.json").exists() and "python" in (folder / "manifest.json").read_text() and folder.name != "package_scanner":
            assert report(plugin, folder)["scan"]["verdict"] != "unsafe", folder.name


# ---- advisories


def advisory(folder, identity, ecosystem, name, fixed, **more):
    folder.mkdir(exist_ok=True)
    known = {"schema_version": "1.6.0", "id": identity, "modified": "2026-01-01T00:00:00Z", "summary": f"{name} does too much", "affected": [
        {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}], **more}  # fmt: skip
    (folder / f"{identity}.json").write_text(json.dumps(known))


@pytest.fixture
def osv(tmp_path):
    folder = tmp_path / "osv"
    advisory(folder, "PYSEC-2026-1", "PyPI", "Some_Lib", "2.0")
    advisory(folder, "GHSA-xxxx", "Go", "example.org/lib", "1.4.0", database_specific={"severity": "CRITICAL"})
    advisory(folder, "RSEC-2026-1", "CRAN", "haste", "1.2", database_specific={"severity": "MODERATE"})
    advisory(folder, "OSV-DEB", "Debian:12", "some-lib", "9")
    advisory(folder, "PYSEC-2026-2", "PyPI", "some-lib", "3.0", withdrawn="2026-02-01T00:00:00Z")
    (folder / "broken.json").write_text("{")
    (folder / "README").write_text("no advisory")
    return folder


def imported(mortise, tmp_path, path):
    done = mortise("advisories", "import", path, "--json", "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@rows("O-53", "O-04")
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_scan_knows_the_advisories_that_were_imported(mortise, plugin, package, osv, tmp_path, form):
    if form == "zip":
        osv = shutil.make_archive(str(tmp_path / "all"), "zip", osv)
    answer = imported(mortise, tmp_path, osv)
    assert (answer["files"], answer["kept"], answer["withdrawn"], answer["elsewhere"]) == (6, 3, 1, 1)
    assert len(answer["problems"]) == 1 and "broken.json" in answer["problems"][0]
    assert json.loads(mortise("advisories", "count", "--json", "--data-dir", tmp_path / "data").stdout)["advisories"] == {"CRAN": 1, "Go": 1, "PyPI": 1}

    (package / "manifest.json").write_text(json.dumps({**MANIFEST, "dependencies": ["some-lib==1.9", "numpy"]}))
    found = report(plugin, package, 1)
    (issue,) = found["scan"]["issues"]
    assert (issue["rule"], issue["severity"], issue["advisory"], issue["fixed"], issue["package"]) == ("vulnerable-dependency", "high", "PYSEC-2026-1", "2.0", "some-lib")
    page = plugin("scan", package, status=1).stdout
    assert "some-lib ==1.9 has PYSEC-2026-1: Some_Lib does too much" in page and "require some-lib >= 2.0" in page
    for harmless in (["some-lib==2.0"], ["some-lib"], ["some-lib>=1.0"], ["other==1.0"]):
        (package / "manifest.json").write_text(json.dumps({**MANIFEST, "dependencies": harmless}))
        assert report(plugin, package)["scan"]["verdict"] == "safe", harmless


@rows("O-53")
def test_r_and_go_have_advisories_of_their_own_and_a_withdrawn_one_is_forgotten(mortise, plugin, osv, tmp_path):
    imported(mortise, tmp_path, osv)
    r, go = tmp_path / "fast", tmp_path / "goes"
    for folder, file, language, text in ((r, "fast.R", "r", "plugin <- list()\n"), (go, "main.go", "go", "package main\n\nfunc main() {}\n")):
        folder.mkdir()
        (folder / file).write_text(text)
        words = {**MANIFEST, "name": folder.name, "language": language, "entry_point": file, "dependencies": [{"name": "haste", "version": "1.1-3"}] if language == "r" else []}
        (folder / "manifest.json").write_text(json.dumps(words))
    (go / "go.mod").write_text("module goes\n\ngo 1.19\n\nrequire (\n\texample.org/lib v1.3.9 // indirect\n\texample.org/other v1.0.0\n)\n")
    warned = report(plugin, r)["scan"]
    assert [(one["advisory"], one["severity"]) for one in warned["warnings"] if "advisory" in one] == [("RSEC-2026-1", "medium")]
    assert [(one["advisory"], one["severity"]) for one in report(plugin, go, 1)["scan"]["issues"]] == [("GHSA-xxxx", "critical")]
    advisory(osv, "GHSA-xxxx", "Go", "example.org/lib", "1.4.0", withdrawn="2026-03-01T00:00:00Z")
    imported(mortise, tmp_path, osv)
    assert report(plugin, go)["scan"]["issues"] == []


def test_what_holds_no_advisories_is_told(mortise, tmp_path):
    (tmp_path / "empty").mkdir()
    done = mortise("advisories", "import", tmp_path / "empty", "--data-dir", tmp_path / "data")
    assert done.returncode == 64 and "holds no advisories" in done.stderr


# ---- bills of materials


def bill(mortise, tmp_path, package):
    done = mortise("plugin", "sbom", package, "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def fits_the_schema(document):
    validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib is not installed: tools/setup")
    from cyclonedx.schema import SchemaVersion

    problem = validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    assert problem is None, problem


def test_the_bill_of_materials_names_files_needs_author_and_licence_and_fits_the_published_schema(mortise, package, tmp_path):
    words = {**MANIFEST, "license": "Apache-2.0", "author_email": "ada@example.org", "dependencies": ["Some_Lib==1.2.3", "numpy>=1.26", "requests[socks]"],
             "requires": ["base ^2.0"]}  # fmt: skip
    (package / "manifest.json").write_text(json.dumps(words))
    document = bill(mortise, tmp_path, package)
    fits_the_schema(document)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    main = document["metadata"]["component"]
    assert (main["name"], main["version"], main["authors"][0]["name"]) == ("shout", "1.2.0", "Ada") and main["licenses"] == [{"expression": "Apache-2.0"}]
    by_name = {component["name"]: component for component in document["components"]}
    digest = hashlib.sha256((package / "shout.py").read_bytes()).hexdigest()
    assert by_name["shout.py"]["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert by_name["Some_Lib"]["purl"] == "pkg:pypi/some-lib@1.2.3" and by_name["Some_Lib"]["version"] == "1.2.3"
    assert by_name["numpy"]["purl"] == "pkg:pypi/numpy" and "version" not in by_name["numpy"]
    assert by_name["requests"]["purl"] == "pkg:pypi/requests" and by_name["base"]["purl"] == "pkg:generic/base"
    assert set(document["dependencies"][0]["dependsOn"]) == {"pkg:pypi/some-lib@1.2.3", "pkg:pypi/numpy", "pkg:pypi/requests", "pkg:generic/base"}
    assert bill(mortise, tmp_path, package) == document, "the same files give the same bill"


@pytest.mark.parametrize("name", ["Input.file", "correlation_analyzer", "analysis.stl", "package_scanner"])
def test_plugins_that_are_here_have_bills_that_fit_the_schema(mortise, tmp_path, name):
    document = bill(mortise, tmp_path, name)
    fits_the_schema(document)
    assert document["metadata"]["component"]["name"] == name and len(document["components"]) >= 2


def test_a_licence_and_a_name_of_any_form_make_a_sound_bill(mortise, package, tmp_path):
    (package / "manifest.json").write_text(json.dumps({**MANIFEST, "license": "as we like it / (c) Ada", "dependencies": ["ünï code", {"name": "a b", "version": "1 2"}]}))
    (package / "ä ö.txt").write_text("x")
    fits_the_schema(bill(mortise, tmp_path, package))
