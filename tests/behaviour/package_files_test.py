"""Packages before they are installed: scanned, packed, signed; nothing of them runs."""

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
