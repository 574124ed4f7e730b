"""Packages in their life: installed, enabled, updated, rolled back, disabled, uninstalled; by the command line, on a server that works."""

import json
import os
import threading
from pathlib import Path

import packing
import pytest
import switching
from outside import config_file, eventually, step

rows = pytest.mark.rows


@pytest.fixture
def host(make_server, tmp_path):
    """A server, and `mortise plugin ...` as its operator."""
    return _with_words(make_server(config=config_file(tmp_path, [])))


def _with_words(server):
    def says(name="speaks"):
        data = server.execute([step(name, output="x")])
        return data["context"]["x"]["version"] if data["success"] else data["error"]

    server.says = says
    return packing.operated(server)


def history(host, name="speaks"):
    return [(event["action"], event["from"], event["to"]) for event in host.asked("history", name)]


# ---- install


@rows("O-31")
@pytest.mark.parametrize("form", [packing.folder, packing.archive])
def test_an_installed_package_is_enabled_answers_and_is_there_after_a_restart(host, tmp_path, form):
    page = host.plugin("install", form(tmp_path / "dist")).stdout
    assert "speaks 1.0.0 is installed and enabled" in page
    assert host.says() == "1.0.0"
    (listed,) = host.asked("versions")
    assert (listed["name"], listed["version"], listed["enabled"]) == ("speaks", "1.0.0", True)
    assert [version["current"] for version in listed["versions"]] == [True]
    kept = host.data_dir / "packages" / listed["versions"][0]["digest"]
    assert sorted(path.name for path in kept.iterdir()) == ["manifest.json", "speaks.py"]
    assert host.stop() == 0
    host.start()
    assert host.says() == "1.0.0" and host.asked("verify")["whole"]


def test_without_a_server_the_verbs_work_on_the_data_folder_alone(mortise, tmp_path):
    def plugin(*words):
        done = mortise("plugin", *words, "--data-dir", tmp_path / "data", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    plugin("install", packing.archive(tmp_path))
    plugin("update", "speaks", packing.archive(tmp_path, version="1.1.0"))
    (tmp_path / "p.json").write_text(json.dumps({"name": "P", "steps": [step("speaks", output="x")]}))
    done = mortise("run", "p.json", "--json", "--data-dir", tmp_path / "data")
    assert json.loads(done.stdout)["data"]["context"]["x"]["version"] == "1.1.0", done.stderr
    assert plugin("verify")["whole"] and plugin("rollback", "speaks")["version"] == "1.0.0"


@rows("O-34")
def test_a_second_install_of_a_name_says_to_update(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path))
    refused = host.plugin("install", packing.archive(tmp_path, version="1.1.0"), status=65)
    assert "Plugin 'speaks' already installed. Use update instead." in refused.stderr
    assert host.says() == "1.0.0" and history(host) == [("install", None, "1.0.0")]


def test_a_name_that_a_folder_of_plugins_has_is_not_installed(make_server, tmp_path):
    packing.folder(tmp_path / "plugins")
    host = _with_words(make_server(config=config_file(tmp_path, [tmp_path / "plugins"])))
    refused = host.plugin("install", packing.archive(tmp_path, version="2.0.0"), status=65)
    assert "'speaks' is already registered" in refused.stderr and "--as" in refused.stderr
    assert host.says() == "1.0.0" and host.asked("versions") == []
    assert list((host.data_dir / "packages").iterdir()) == [], "what was refused left files"


@rows("O-28", "O-29")
def test_a_package_that_the_scan_refuses_leaves_nothing_but_its_record(host, tmp_path):
    source = packing.NATIVE + "\nimport base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"
    bad = packing.archive(tmp_path, source=source)
    refused = host.plugin("install", bad, status=77)
    assert "Security scan failed: " in refused.stderr and "speaks.py:" in refused.stderr and "[hidden-code]" in refused.stderr
    assert host.asked("versions") == [] and "not found" in host.says()
    assert list((host.data_dir / "packages").iterdir()) == []
    (event,) = host.asked("history", "speaks")
    assert event["action"] == "refuse" and "Security scan failed" in event["reason"]
    assert any(issue["rule"] == "hidden-code" for issue in event["details"]["issues"])
    host.plugin("install", bad, "--dangerously-accept-findings")
    assert host.says() == "1.0.0"


@rows("O-29", "A-11")
@pytest.mark.parametrize(
    ("line", "rule", "severity"),
    [
        ("key = 'AKIAABCDEFGHIJKLMNOP'", "secret", "high"),
        ("__import__('os').system('ls ' + input())", "shell-injection", "high"),
        ("eval('1 + 1')", "eval", "medium"),
        ("import socket", "suspicious-import", "low"),
    ],
)
def test_where_nobody_chose_high_findings_refuse_a_package_and_lesser_ones_are_told_with_it(host, tmp_path, line, rule, severity):
    done = host.plugin("install", packing.archive(tmp_path, source=packing.NATIVE + "\n" + line + "\n"), "--json", status=None)
    refused = severity == "high"
    assert done.returncode == (77 if refused else 0), done.stdout + done.stderr
    scan = host.asked("history", "speaks")[0]["details"] if refused else json.loads(done.stdout)["security_scan"]
    found = [one for one in scan["issues"] + scan["warnings"] if one["rule"] == rule]
    assert [(one["severity"], one["file"]) for one in found] == [(severity, "speaks.py")] and found[0]["line"] > 1
    assert [one["name"] for one in host.asked("versions")] == ([] if refused else ["speaks"])


@rows("O-29")
def test_which_findings_refuse_a_package_is_the_operators_choice(make_server, tmp_path):
    source = packing.NATIVE + "\n\ndef later(text):\n    return eval(text)\n"
    package = packing.archive(tmp_path, source=source)
    scanned = json.loads(_with_words(make_server(config=config_file(tmp_path, []))).plugin("scan", package, "--json", status=None).stdout)["scan"]
    severities = {finding["severity"] for finding in scanned["issues"] + scanned["warnings"]}
    assert severities, "eval( was not found"
    for name, refuse in (("strict", ["low", "medium", "high", "critical"]), ("lax", [])):
        place = tmp_path / name
        place.mkdir()
        host = _with_words(make_server(folder=place, config=config_file(place, [], packages={"refuse": refuse})))
        done = host.plugin("install", package, status=None)
        assert (done.returncode == 0) == (name == "lax"), done.stderr


# ---- update, rollback


@rows("O-05", "O-70", "O-71", "O-72")
def test_an_update_and_a_rollback_change_what_answers_and_tell_why(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path))
    updated = host.asked("update", "speaks", packing.archive(tmp_path, version="1.1.0"))
    assert (updated["from"], updated["version"], updated["warnings"]) == ("1.0.0", "1.1.0", [])
    assert host.says() == "1.1.0"
    breaking = host.plugin("update", "speaks", packing.archive(tmp_path, version="2.0.0")).stdout
    assert "speaks: 1.1.0 -> 2.0.0" in breaking and "breaking changes" in breaking
    assert host.says() == "2.0.0"
    back = host.asked("rollback", "speaks", "--reason", "wrong results")
    assert (back["from"], back["version"]) == ("2.0.0", "1.1.0") and host.says() == "1.1.0"
    assert host.asked("rollback", "speaks", "--to", "1.0.0")["version"] == "1.0.0" and host.says() == "1.0.0"
    newer = host.plugin("rollback", "speaks", "--to", "2.0.0", status=64).stderr
    assert "Target version 2.0.0 is newer than the installed 1.0.0. Use update instead." in newer
    assert "no version of 'speaks' before 1.0.0 is kept" in host.plugin("rollback", "speaks", status=66).stderr
    assert "Target version 3.0.0 not found" in host.plugin("update", "speaks", "--to", "3.0.0", status=66).stderr
    assert host.asked("update", "speaks", "--to", "2.0.0")["version"] == "2.0.0" and host.says() == "2.0.0"
    assert history(host) == [
        ("update", "1.0.0", "2.0.0"), ("rollback", "1.1.0", "1.0.0"), ("rollback", "2.0.0", "1.1.0"), ("update", "1.1.0", "2.0.0"),
        ("update", "1.0.0", "1.1.0"), ("install", None, "1.0.0"),
    ]  # fmt: skip
    assert [event["reason"] for event in host.asked("history", "speaks")][2] == "wrong results"


def test_a_version_that_does_not_start_leaves_the_present_one(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path))
    broken = packing.archive(tmp_path, version="1.1.0", source="raise RuntimeError('no start')\n" + packing.NATIVE)
    assert "no start" in host.plugin("update", "speaks", broken, status=None).stderr
    assert host.says() == "1.0.0" and host.asked("versions", "speaks")["version"] == "1.0.0" and host.asked("verify")["whole"]


def test_a_version_never_changes_its_content(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path))
    host.plugin("update", "speaks", packing.archive(tmp_path, version="1.1.0"))
    host.plugin("rollback", "speaks")
    other = packing.archive(tmp_path / "other", version="1.1.0", source=packing.NATIVE + "\n# other\n")
    assert "with other content" in host.plugin("update", "speaks", other, status=65).stderr
    assert host.says() == "1.0.0" and host.asked("verify")["whole"]


def test_new_permissions_of_an_update_are_shown_and_wait_for_a_word(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path, permissions=["read_data"]))
    wide = packing.archive(tmp_path, version="1.1.0", permissions=["read_data", "network"], dependencies=[])
    refused = host.plugin("update", "speaks", wide, status=65)
    assert "wants new permissions: network" in refused.stderr and "--accept" in refused.stderr
    over_http = host.post("/api/plugins/speaks/update", files=None)
    assert over_http.status_code == 404, "no newer version is kept yet"
    assert host.says() == "1.0.0"
    told = host.asked("update", "speaks", wide, "--accept")
    assert told["change"]["permissions"] == {"added": ["network"], "removed": []} and host.says() == "1.1.0"
    narrow = host.asked("update", "speaks", packing.archive(tmp_path, version="1.2.0", permissions=[]))
    assert sorted(narrow["change"]["permissions"]["removed"]) == ["network", "read_data"]


# ---- enable, disable, uninstall


@rows("O-64")
def test_a_disabled_plugin_cannot_be_used_and_stays_disabled(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path), "--disabled")
    assert "Plugin is not enabled" in host.says()
    for _ in range(2):
        host.plugin("enable", "speaks")
        assert host.says() == "1.0.0"
    for _ in range(2):
        host.plugin("disable", "speaks")
        assert "Plugin is not enabled" in host.says()
    host.plugin("update", "speaks", packing.archive(tmp_path, version="1.1.0"))
    assert "Plugin is not enabled" in host.says()
    host.stop()
    host.start()
    assert "Plugin is not enabled" in host.says()
    host.plugin("enable", "speaks")
    assert host.says() == "1.1.0"
    assert [action for action, _, _ in history(host)] == ["enable", "update", "disable", "enable", "install"]


def test_a_plugin_of_a_folder_is_disabled_and_enabled_too(make_server, tmp_path):
    packing.folder(tmp_path / "plugins")
    host = _with_words(make_server(config=config_file(tmp_path, [tmp_path / "plugins"])))
    host.plugin("disable", "speaks")
    assert "Plugin is not enabled" in host.says()
    host.stop()
    host.start()
    assert "Plugin is not enabled" in host.says()
    host.plugin("enable", "speaks")
    assert host.says() == "1.0.0"
    assert "lies in a folder" in host.plugin("uninstall", "speaks", status=65).stderr


@rows("O-63")
def test_uninstall_takes_all_files_along(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path), "--disabled")
    host.plugin("update", "speaks", packing.archive(tmp_path, version="1.1.0"))
    assert len(list((host.data_dir / "packages").iterdir())) == 2
    host.plugin("uninstall", "speaks")
    assert list((host.data_dir / "packages").iterdir()) == []


@rows("O-63")
def test_what_others_need_is_not_uninstalled_and_they_are_named(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path, "base"))
    host.plugin("install", packing.archive(tmp_path, "consumer", requires=["base ^1.0"]))
    for verb in ("uninstall", "disable"):
        assert "It is needed by: consumer" in host.plugin(verb, "base", status=65).stderr
    assert host.says("base") == host.says("consumer") == "1.0.0"
    host.plugin("disable", "consumer")
    assert "It is needed by: consumer" in host.plugin("uninstall", "base", status=65).stderr, "also of one that is disabled"
    host.plugin("uninstall", "consumer")
    host.plugin("uninstall", "base", "--reason", "no longer wanted")
    assert "not found" in host.says("base") and host.asked("versions") == []
    assert host.asked("history", "base")[0]["reason"] == "no longer wanted"

    def gone():
        host.plugin("gc")
        return list((host.data_dir / "packages").iterdir()) == []

    eventually(gone, what="the end of the uninstalled files")
    assert "Plugin with ID 'base' not found" in host.plugin("uninstall", "base", status=66).stderr
    host.plugin("install", packing.archive(tmp_path, "base", version="3.0.0"))
    assert host.says("base") == "3.0.0"


# ---- dependencies


@rows("O-07", "O-30")
def test_what_a_plugin_needs_comes_along_from_a_folder(host, tmp_path):
    shelf = tmp_path / "shelf"
    for version in ("1.0.0", "1.4.0", "2.0.0"):
        packing.archive(shelf, "base", version)
    packing.archive(shelf, "middle", "1.1.0", requires=["base ^1.2"])
    top = packing.archive(tmp_path, "top", dependencies=[{"name": "middle", "version": ">=1.0.0", "type": "plugin"}])
    alone = host.plugin("install", top, status=65)
    assert "middle" in alone.stderr and host.asked("versions") == []
    done = host.asked("install", top, "--from", shelf)
    assert done["along"] == ["base 1.4.0", "middle 1.1.0"] and done["dependency_resolution"]["unresolved"] == 0
    assert host.says("top") == "1.0.0" and host.says("base") == "1.4.0"
    for name in ("top", "middle", "base"):
        host.plugin("uninstall", name)
    assert host.asked("install", "base@>=1.0,<1.4", "--from", shelf)["version"] == "1.0.0", "the newest that fits"
    by_name = host.plugin("install", "base@^2", "--from", shelf, status=65)
    assert "already installed" in by_name.stderr
    assert "there is no package of 'nobody' to be had" in host.plugin("install", "nobody", "--from", shelf, status=66).stderr


@rows("O-30", "O-32")
def test_what_cannot_be_had_is_told_one_by_one_and_rule_by_rule(host, tmp_path):
    needs = [{"name": "nobody", "version": "^1.0", "type": "plugin"}, {"name": "no-such-program", "type": "system"}, "numpy"]
    done = host.asked("install", packing.archive(tmp_path, dependencies=needs), "--disabled")
    assert (done["dependency_resolution"]["total_dependencies"], done["dependency_resolution"]["unresolved"]) == (3, 2)
    details = {each["name"]: each for each in done["dependency_resolution"]["details"]}
    assert details["nobody"]["message"] == "Required plugin not installed or enabled" and details["numpy"]["resolved"]
    refused = host.plugin("enable", "speaks", status=65).stderr
    assert "Cannot enable plugin. Unresolved dependencies: nobody (" in refused and "no-such-program (" in refused

    packing.archive(tmp_path / "shelf", "left", requires=["base ^1"])
    packing.archive(tmp_path / "shelf", "right", requires=["base ^2"])
    packing.archive(tmp_path / "shelf", "base", "1.0.0")
    packing.archive(tmp_path / "shelf", "base", "2.0.0")
    torn = host.plugin("install", packing.archive(tmp_path, "both", requires=["left", "right"]), "--from", tmp_path / "shelf", status=65).stderr
    assert "base" in torn and "left" in torn and "right" in torn
    assert [listed["name"] for listed in host.asked("versions")] == ["speaks"]


def test_a_circle_is_named(host, tmp_path):
    packing.archive(tmp_path / "shelf", "one", requires=["two"])
    packing.archive(tmp_path / "shelf", "two", requires=["one"])
    told = host.plugin("install", "one", "--from", tmp_path / "shelf", status=65).stderr
    assert "one -> two -> one" in told or "two -> one -> two" in told


def test_an_update_takes_along_what_it_needs_and_keeps_others_satisfied(host, tmp_path):
    shelf = tmp_path / "shelf"
    for version in ("1.0.0", "2.0.0"):
        packing.archive(shelf, "base", version)
        packing.archive(shelf, "user", version, requires=[f"base ^{version}"])
    host.plugin("install", "user@^1", "--from", shelf)
    assert host.says("base") == "1.0.0"
    alone = host.plugin("update", "base", "--from", shelf, status=65).stderr
    assert "user" in alone and "base ^1.0.0" in alone and host.says("base") == "1.0.0"
    assert host.asked("update", "user", "--from", shelf)["along"] == ["base 2.0.0"]
    assert host.says("base") == host.says("user") == "2.0.0"


def test_a_lock_makes_another_host_the_same_and_refuses_other_content(host, make_server, tmp_path):
    shelf = tmp_path / "shelf"
    packing.archive(shelf, "base", "1.0.0")
    packing.archive(shelf, "base", "1.1.0")
    packing.archive(shelf, "user", requires=["base ^1"])
    host.plugin("install", "base@1.0.0", "user", "--from", shelf)
    host.plugin("lock", "--output", tmp_path / "mortise.lock")
    lock = json.loads((tmp_path / "mortise.lock").read_text())
    assert [(one["name"], one["version"]) for one in lock["plugins"]] == [("base", "1.0.0"), ("user", "1.0.0")]

    place = tmp_path / "second"
    place.mkdir()
    second = _with_words(make_server(folder=place, config=config_file(place, [])))
    second.plugin("install", "base", "--from", shelf)
    assert second.says("base") == "1.1.0"
    second.plugin("install", "--lock", tmp_path / "mortise.lock", "--from", shelf)
    assert second.says("base") == "1.0.0" and second.says("user") == "1.0.0"
    assert "everything is as the lock says" in second.plugin("install", "--lock", tmp_path / "mortise.lock").stdout
    second.plugin("uninstall", "user")
    packing.archive(shelf, "user", requires=["base ^1"], source=packing.NATIVE + "\n# other\n")
    refused = second.plugin("install", "--lock", tmp_path / "mortise.lock", "--from", shelf, status=77).stderr
    assert "'user' 1.0.0 has other content than the lock says" in refused and [one["name"] for one in second.asked("versions")] == ["base"]


# ---- signatures, tampering


@pytest.mark.parametrize(("signatures", "taken"), [("off", True), ("warn", False), ("required", False)])
def test_a_package_that_does_not_fit_its_signature_is_refused_unless_nobody_looks_at_signatures(make_server, tmp_path, mortise, signatures, taken):
    keys = json.loads(mortise("plugin", "keygen", tmp_path / "me", "--json").stdout)
    packed = json.loads(mortise("plugin", "pack", packing.folder(tmp_path / "src"), "--output", tmp_path, "--sign", keys["secret_key"], "--json").stdout)
    config = config_file(tmp_path, [], packages={"signatures": signatures, "trusted_keys": [keys["public_key"]]})
    host = _with_words(make_server(config=config))
    Path(packed["file"]).write_bytes(packing.archive_of(packing.files_of(author="Eve")))
    done = host.plugin("install", packed["file"], status=0 if taken else 77)
    assert taken or "does not fit its signature" in done.stderr
    assert [one["name"] for one in host.asked("versions")] == (["speaks"] if taken else [])


def test_only_what_a_trusted_key_signed_is_installed_and_loaded_where_that_is_required(make_server, tmp_path):
    host = _with_words(make_server(config=config_file(tmp_path, [])))
    keys = host.asked("keygen", tmp_path / "me")
    packed = host.asked("pack", packing.folder(tmp_path / "src"), "--output", tmp_path, "--sign", keys["secret_key"])
    told = host.asked("install", packed["file"])
    assert told["signature"]["state"] == "unknown_key" and told["warnings"], "warn: told, and installed"

    place = tmp_path / "strict"
    place.mkdir()
    config = config_file(place, [], packages={"signatures": "required", "trusted_keys": [keys["public_key"]]})
    strict = _with_words(make_server(folder=place, config=config))
    unsigned = packing.archive(tmp_path / "unsigned", "other")
    assert "is not signed" in strict.plugin("install", unsigned, status=77).stderr
    assert strict.asked("install", packed["file"])["signature"]["state"] == "verified"
    assert strict.says() == "1.0.0" and strict.asked("versions", "speaks")["versions"][0]["signer"] == keys["key_id"]
    forged = tmp_path / "forged.tar.gz"
    forged.write_bytes(packing.archive_of(packing.files_of(version="1.1.0")))
    Path(f"{forged}.minisig").write_bytes(Path(packed["signature"]).read_bytes())
    assert "does not fit its signature" in strict.plugin("update", "speaks", forged, status=77).stderr

    config_file(place, [], packages={"signatures": "required"})  # the key is trusted no more
    strict.stop()
    strict.start()
    assert "which is not trusted here" in strict.says()
    assert strict.asked("verify", status=1)["damaged"][0]["problems"]


def test_files_that_were_changed_are_named_and_not_loaded(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path))
    digest = host.asked("versions", "speaks")["versions"][0]["digest"]
    entry = host.data_dir / "packages" / digest / "speaks.py"
    original = entry.read_text()
    times = entry.stat()
    entry.chmod(0o644)
    entry.write_text(original.replace("1.0.0", "6.6.6"))
    os.utime(entry, ns=(times.st_atime_ns, times.st_mtime_ns))  # as somebody would who wants to hide it
    assert "changed: speaks.py" in host.says(), "a changed file was loaded"
    assert host.asked("verify", status=1)["damaged"] == [{"name": "speaks", "version": "1.0.0", "problems": ["changed: speaks.py"]}]
    (entry.parent / "__pycache__").mkdir()
    (entry.parent / "__pycache__" / "speaks.cpython-311.pyc").write_text("x")
    assert "added: __pycache__/speaks.cpython-311.pyc" in host.plugin("verify", status=1).stdout
    host.stop()
    host.start()
    assert "changed: speaks.py" in host.says()
    assert "an installed plugin cannot be used" in host.log.read_text()


# ---- two at once


def test_of_two_installs_at_once_one_is_told_that_the_other_was_first(host, tmp_path):
    package = packing.archive(tmp_path)
    ended = []

    def install():
        ended.append(host.plugin("install", package, status=None))

    threads = [threading.Thread(target=install) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done.returncode for done in ended) == [0, 65, 65, 65], [done.stderr for done in ended]
    assert all("already installed" in done.stderr for done in ended if done.returncode)
    assert host.says() == "1.0.0" and history(host) == [("install", None, "1.0.0")] and host.asked("verify")["whole"]


@rows("O-71", "O-72")
def test_updates_and_rollbacks_under_load_drop_no_call(host, tmp_path):
    answers, failures, switches = switching.under_load(host, tmp_path, clients=8, seconds=4)
    assert failures == [] and switches >= 2 and {"1.0.0", "1.1.0"} <= set(answers)
    if host.asked("versions", "speaks")["version"] == "1.1.0":
        host.plugin("rollback", "speaks")
    assert host.says() == "1.0.0"


# ---- who may


def test_a_token_that_may_only_run_installs_nothing(make_server, tmp_path):
    host = _with_words(make_server(config=config_file(tmp_path, [])))
    made = json.loads(host.cli("token", "create", "ci", "--scope", "run", "--json").stdout)
    token = {"Authorization": "Bearer " + made["token"]}
    package = packing.archive(tmp_path).read_bytes()
    for path in ("/api/plugins/install", "/api/v1/packages"):
        answer = host.http.post(host.url + path, files={"file": package}, headers=token, timeout=60)
        assert answer.status_code == 403, answer.text
    assert host.http.post(host.url + "/api/v1/packages", json={"path": "/etc"}, timeout=60).status_code == 403
    assert host.asked("versions") == []
