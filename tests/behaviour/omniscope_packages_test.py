"""OmniScope's packages by the guide's own routes: uploaded with curl's forms, enabled, executed, updated, rolled back, removed."""

import io
import json
import subprocess
import tarfile
import time
import zipfile
from pathlib import Path

import packing
import pytest
from outside import config_file

rows = pytest.mark.rows

GUIDE = {"source": packing.GUIDE, "extension_points": ["analysis"]}


@pytest.fixture
def host(make_server, tmp_path):
    server = make_server(config=config_file(tmp_path, []))

    def upload(content, path="/api/plugins/install", field="file", **more):
        return server.http.post(server.url + path, files={field: ("my_plugin.tar.gz", content, "application/gzip")}, data=more, timeout=60)

    def execute(name="speaks", **body):
        return server.post(f"/api/plugins/{name}/execute", {"input_data": {"values": [1, 2]}, "extension_point": "analysis", **body})

    server.upload, server.run_plugin = upload, execute
    return server


def packed(version="1.0.0", name="speaks", around="speaks/", **manifest):
    return packing.archive_of(packing.files_of(name, version, **{**GUIDE, **manifest}), around)


@rows("O-04", "O-25", "O-26", "O-31", "O-32", "O-40")
@pytest.mark.parametrize("around", ["speaks/", ""])
def test_the_guides_upload_installs_and_the_plugin_is_enabled_and_executed(host, around):
    done = host.upload(packed(around=around))
    assert done.status_code == 200, done.text
    body = done.json()
    assert body["message"] == "Plugin installed successfully" and (body["name"], body["version"]) == ("speaks", "1.0.0")
    assert body["security_scan"]["verdict"] == "safe" and body["dependency_resolution"]["total_dependencies"] == 0
    plugin = body["plugin_id"]
    early = host.run_plugin(plugin)
    assert (early.status_code, early.json()["detail"]) == (400, "Plugin is not enabled")
    enabled = host.post(f"/api/plugins/{plugin}/enable")
    assert enabled.status_code == 200 and enabled.json()["enabled"] is True and enabled.json()["message"]
    ran = host.run_plugin(plugin).json()
    assert ran["status"] == "success" and ran["output"]["data"] == {"version": "1.0.0", "input": {"values": [1, 2]}}
    page = host.get(f"/api/plugins/{plugin}").json()
    assert (page["enabled"], page["author"], page["category"], page["entry_point"]) == (True, "Ada", "analysis", "speaks.py")
    assert page["installed_at"] and page["verified"] is False


@rows("O-26")
def test_curl_uploads_a_package_as_the_guide_types_it(host, tmp_path):
    (tmp_path / "my_plugin.tar.gz").write_bytes(packed())
    command = ["curl", "-s", "-X", "POST", f"{host.url}/api/plugins/install", "-F", "file=@my_plugin.tar.gz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["message"] == "Plugin installed successfully"


def test_a_zip_is_a_package_too(host):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in packing.files_of(**GUIDE).items():
            archive.writestr(path, text)
    assert host.upload(made.getvalue()).status_code == 200


@rows("O-28")
@pytest.mark.parametrize(
    "files, status, words",
    [
        ({"speaks.py": "x"}, 404, "manifest.json not found in package"),
        (packing.files_of(version="1.0", **GUIDE), 400, "Invalid manifest: Invalid version format: 1.0"),
        (packing.files_of(author=None, **GUIDE), 400, "Invalid manifest: Missing required field: author"),
        (packing.files_of(language="java", **GUIDE), 400, "Invalid manifest: Invalid language: java"),
        (packing.files_of(entry_point="x.py", **GUIDE), 400, "entry_point: x.py is not in the package"),
        ({"manifest.json": "{", "speaks.py": "x"}, 400, "Invalid manifest: Invalid JSON: "),
        (packing.files_of(min_platform_version="99.0.0", **GUIDE), 400, "needs platform version 99.0.0"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_package_is_the_detail_and_nothing_is_there_afterwards(host, files, status, words):
    refused = host.upload(packing.archive_of(files))
    assert refused.status_code == 400, (status, refused.text)
    assert words in refused.json()["detail"]
    assert host.get("/api/plugins/speaks").status_code == 404 and list((host.data_dir / "packages").iterdir()) == []


@rows("O-27")
def test_a_hostile_archive_is_a_bad_request_and_writes_nothing(host, tmp_path):
    refused = host.upload(packing.archive_of({**packing.files_of(**GUIDE), "../escaped.py": "x"}))
    assert refused.status_code == 400 and "leads out of the package" in refused.json()["detail"]
    assert not list(tmp_path.rglob("escaped.py"))


def entry(path, content=b"x", kind=tarfile.REGTYPE, target="", mode=0o644):
    made = tarfile.TarInfo(path)
    made.type, made.linkname, made.mode, made.size = kind, target, mode, len(content) if kind == tarfile.REGTYPE else 0
    return made, io.BytesIO(content)


HOSTILE = {
    "has an absolute path": [entry("/tmp/escaped.py")],
    "points to an absolute path": [entry("link.py", kind=tarfile.SYMTYPE, target="/etc/passwd")],
    "points out of the package": [entry("deep/link.py", kind=tarfile.SYMTYPE, target="../../outside.py")],
    "which is no file of the package": [entry("hard.py", kind=tarfile.LNKTYPE, target="missing.py")],
    "is a device": [entry("disk", kind=tarfile.BLKTYPE)],
    "is a named pipe": [entry("pipe", kind=tarfile.FIFOTYPE)],
    "is setuid": [entry("shell", mode=0o4755)],
    "occurs twice": [entry("speaks.py")],
    "only in capitals": [entry("Speaks.py")],
    "times its size": [entry("zeroes", bytes(40 << 20))],
}


@rows("O-27")
@pytest.mark.parametrize("words", HOSTILE)
def test_each_misdeed_of_an_archive_is_refused_in_words_of_its_own(host, words):
    packed_up = io.BytesIO()
    with tarfile.open(fileobj=packed_up, mode="w:gz") as archive:
        for path, text in packing.files_of(**GUIDE).items():
            archive.addfile(*entry(path, text.encode()))
        for made, content in HOSTILE[words]:
            content.seek(0)
            archive.addfile(made, content)
    refused = host.upload(packed_up.getvalue())
    assert refused.status_code == 400 and words in refused.json()["detail"], refused.text
    assert host.get("/api/plugins/speaks").status_code == 404 and list((host.data_dir / "packages").iterdir()) == []


def test_a_request_without_the_file_is_answered_as_fastapi_does(host):
    for answer in (host.upload(b"x", field="other"), host.post("/api/plugins/install")):
        assert answer.status_code == 422, answer.text
        (place,) = answer.json()["detail"]
        assert (place["loc"], place["msg"], place["type"]) == (["body", "file"], "field required", "value_error.missing")


@rows("O-04", "O-29", "A-11")
def test_an_unsafe_package_is_a_bad_request_with_its_findings(host):
    source = packing.GUIDE + "\nimport base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"
    refused = host.upload(packed(source=source))
    assert refused.status_code == 400
    body = refused.json()
    assert body["detail"].startswith("Security scan failed: ") and body["detail"].endswith("critical issue found")
    (issue,) = [one for one in body["security_scan"]["issues"] if one["rule"] == "hidden-code"]
    assert issue["file"] == "speaks.py" and issue["line"] > 1
    assert host.get("/api/plugins/speaks").status_code == 404


@rows("O-34")
def test_a_second_install_says_to_update(host):
    host.upload(packed())
    again = host.upload(packed("1.1.0"))
    assert again.status_code == 409 and again.json()["detail"] == "Plugin 'speaks' already installed. Use update instead."


@rows("O-65")
def test_a_plugin_that_a_trusted_key_signed_is_listed_as_verified(make_server, mortise, tmp_path):
    keys = json.loads(mortise("plugin", "keygen", tmp_path / "me", "--json").stdout)
    made = json.loads(mortise("plugin", "pack", packing.folder(tmp_path / "src", **GUIDE), "--output", tmp_path, "--sign", keys["secret_key"], "--json").stdout)
    server = make_server(config=config_file(tmp_path, [], packages={"trusted_keys": [keys["public_key"]]}))
    form = {"signature": Path(made["signature"]).read_text()}
    package = Path(made["file"]).read_bytes()
    answer = server.http.post(server.url + "/api/plugins/install", files={"file": package}, data=form, timeout=60)
    assert answer.status_code == 200 and answer.json()["signature"]["state"] == "verified", answer.text
    assert [one["verified"] for one in server.get("/api/plugins/list").json() if one["id"] == "speaks"] == [True]
    assert server.get("/api/plugins/speaks").json()["verified"] is True


@rows("O-07", "O-30", "O-32")
def test_unresolved_dependencies_are_counted_and_refuse_to_enable(host):
    needs = [{"name": "base", "version": "^1.0.0", "type": "plugin"}, "numpy"]
    told = host.upload(packed(dependencies=needs)).json()["dependency_resolution"]
    assert (told["total_dependencies"], told["resolved"], told["unresolved"], told["plugin_name"]) == (2, 1, 1, "speaks")
    assert [(one["name"], one["type"], one["resolved"]) for one in told["details"]] == [("base", "plugin", False), ("numpy", "package", True)]
    refused = host.post("/api/plugins/speaks/enable")
    assert refused.status_code == 400 and refused.json()["detail"].startswith("Cannot enable plugin. Unresolved dependencies: base (")
    host.upload(packed(name="base"))
    assert host.post("/api/plugins/speaks/enable").status_code == 400, "it must be enabled, too"
    assert host.post("/api/plugins/base/enable").status_code == 200
    assert host.post("/api/plugins/speaks/enable").status_code == 200
    held = host.http.delete(host.url + "/api/plugins/base", timeout=30)
    assert held.status_code == 409 and "needed by: speaks" in held.json()["detail"]


@rows("O-63", "O-64")
def test_enable_and_disable_can_be_said_twice_and_uninstall_forgets(host):
    host.upload(packed())
    for verb, enabled in (("enable", True), ("enable", True), ("disable", False), ("disable", False)):
        answer = host.post(f"/api/plugins/speaks/{verb}")
        assert answer.status_code == 200 and answer.json()["enabled"] is enabled
        assert host.run_plugin().status_code == (200 if enabled else 400)
    listed = {one["id"]: one["enabled"] for one in host.get("/api/plugins/list").json()}
    assert listed["speaks"] is False
    assert "speaks" not in [one["id"] for one in host.get("/api/plugins/list?enabled_only=true").json()]
    gone = host.http.delete(host.url + "/api/plugins/speaks", timeout=30)
    assert gone.status_code == 200 and gone.json()["message"]
    assert "speaks" not in [one["id"] for one in host.get("/api/plugins/list").json()]
    assert host.run_plugin().status_code == 404


@rows("O-63")
def test_unknown_ids_are_told_as_the_guides_clients_know_them(host):
    missing = host.http.delete(host.url + "/api/plugins/none", timeout=30)
    assert (missing.status_code, missing.json()["detail"]) == (404, "Plugin with ID 'none' not found")
    assert host.post("/api/plugins/none/disable").status_code == 404
    assert host.post("/api/plugins/none/enable").status_code == 400
    assert host.post("/api/plugins/none/update", {"target_version": "1.1.0"}).status_code == 404


@rows("O-05", "O-70", "O-71", "O-72")
def test_the_guides_update_and_rollback_switch_the_code_and_keep_the_reason(host):
    host.upload(packed())
    host.post("/api/plugins/speaks/enable")
    missing = host.post("/api/plugins/speaks/update", {"target_version": "1.1.0"})
    assert missing.status_code == 404 and missing.json()["detail"] == "Target version 1.1.0 not found"
    assert host.upload(packed("1.1.0"), "/api/plugins/speaks/versions").status_code == 200
    assert host.run_plugin().json()["output"]["data"]["version"] == "1.0.0"
    updated = host.post("/api/plugins/speaks/update", {"target_version": "1.1.0"}).json()
    assert (updated["old_version"], updated["new_version"]) == ("1.0.0", "1.1.0")
    assert host.get("/api/plugins/speaks").json()["version"] == "1.1.0"
    assert host.run_plugin().json()["output"]["data"]["version"] == "1.1.0"
    at_once = host.upload(packed("2.0.0"), "/api/plugins/speaks/update")
    assert at_once.status_code == 200 and "breaking" in at_once.json()["warnings"][0]
    back = host.post("/api/plugins/speaks/rollback", {"target_version": "1.0.0", "reason": "Bug in new version"})
    assert back.status_code == 200 and back.json()["reason"] == "Bug in new version"
    assert host.run_plugin().json()["output"]["data"]["version"] == "1.0.0"
    newer = host.post("/api/plugins/speaks/rollback", {"target_version": "2.0.0", "reason": "x"})
    assert newer.status_code == 400 and "newer" in newer.json()["detail"]
    assert host.get("/api/plugins/speaks/history").json()[0]["reason"] == "Bug in new version"
    kept = {one["version"]: one["current"] for one in host.get("/api/plugins/speaks/versions").json()}
    assert list(kept.items()) == [("1.0.0", True), ("1.1.0", False), ("2.0.0", False)]
    assert host.get("/api/plugins/speaks/security-scan").json()["verdict"] == "safe"


@rows("O-71")
def test_an_update_that_wants_more_is_a_conflict_until_it_is_accepted(host):
    host.upload(packed(permissions=["read_data"]))
    host.upload(packed("1.1.0", permissions=["read_data", "network"]), "/api/plugins/speaks/versions")
    assert host.upload(packed(name="other", permissions=["read_data", "network"])).json()["permissions"] == ["read_data", "network"]
    refused = host.post("/api/plugins/speaks/update", {"target_version": "1.1.0"})
    assert refused.status_code == 409 and refused.json()["change"]["permissions"] == {"added": ["network"], "removed": []}
    assert host.get("/api/plugins/speaks").json()["version"] == "1.0.0"
    accepted = host.post("/api/plugins/speaks/update", {"target_version": "1.1.0", "accept": True})
    assert accepted.status_code == 200 and host.get("/api/plugins/speaks").json()["permissions"] == ["read_data", "network"]


@rows("O-78")
def test_the_timeout_of_an_execution_is_enforced(host):
    source = packing.GUIDE.replace("return {{", "import time; time.sleep(60); return {{")
    host.upload(packed(source=source))
    host.post("/api/plugins/speaks/enable")
    began = time.monotonic()
    body = host.run_plugin(timeout=1).json()
    assert time.monotonic() - began < 30
    assert body["status"] == "error" and "timed out after 1.0 seconds" in body["errors"][0]
    assert "increase the timeout parameter" in body["warnings"][0] and "mortise plugin limits speaks deadline=" in body["warnings"][0]
    assert host.get("/api/plugins/speaks/executions").json()[0]["status"] == "error"


@rows("O-18", "O-78")
@pytest.mark.parametrize("caught", [True, False], ids=["caught", "raised"])
def test_a_failed_execution_names_the_permission_that_it_lacks(host, tmp_path, caught):
    secret = tmp_path / "secret.csv"
    secret.write_text("1")
    tries = "import socket\nclass Speaks:\n    def execute(self, input_data):\n" + (
        "        try:\n            self.work(input_data['data'])\n        except OSError as error:\n"
        "            return {{'data': None, 'errors': [str(error)], 'warnings': ['its own']}}\n"
        if caught else "        self.work(input_data['data'])\n") + (
        "    def work(self, what):\n        socket.create_connection(('192.0.2.1', 80)) if what == 'network' else open(what)\n")  # fmt: skip
    host.upload(packed(source=tries))
    host.post("/api/plugins/speaks/enable")
    for what, permission in (("network", "network"), (str(secret), f"file_system={secret}")):
        body = host.run_plugin(input_data=what).json()
        assert body["status"] == "failure" and body["errors"], body
        assert body["warnings"] == ["its own"] * caught + [f"it may lack a permission: mortise plugin grant speaks {permission}"]


@rows("O-78")
@pytest.mark.parametrize("timeout", [0, -1, 86_401, "5", True, [1]], ids=str)
def test_a_timeout_that_is_none_is_refused_by_name(host, timeout):
    host.upload(packed())
    host.post("/api/plugins/speaks/enable")
    refused = host.run_plugin(timeout=timeout)
    assert refused.status_code == 400 and refused.json()["detail"].startswith("timeout: expected seconds"), refused.text
    assert host.run_plugin(timeout=86_400).json()["status"] == "success"


@rows("O-78")
def test_the_doctor_says_what_scans_packages_and_isolates_plugins_and_what_stands_in_for_what_is_missing(mortise, tmp_path):
    def groups(**environment):
        report = json.loads(mortise("doctor", "--json", "--config", config_file(tmp_path, []), env=environment).stdout)
        return {group["name"]: {check["name"]: check for check in group["checks"]} for group in report["groups"]}

    here = groups()
    assert here["Package scan"]["Bandit"]["status"] == "ok" and here["Package scan"]["Bandit"]["found"].startswith("bandit 1.")
    assert "no Docker is needed" in here["Isolation"]["containers"]["found"]
    bare = tmp_path / "python3"
    bare.write_text("#!/bin/sh\nexec /usr/bin/python3 -I -S \"$@\"\n")
    bare.chmod(0o755)
    lacking = groups(MORTISE_PYTHON=str(bare))["Package scan"]
    for tool, instead in (("Bandit", "own rules are used instead"), ("auditor", "mortise advisories import")):
        assert lacking[tool]["status"] == "note" and instead in lacking[tool]["hint"], lacking
