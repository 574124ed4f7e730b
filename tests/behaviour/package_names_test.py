"""Two plugins of one name, from different people, side by side: `mortise plugin install --as NAME`. And what `mortise plugin list` says of plugins
that nobody may use."""

import json
import os

import packing
import pytest
from outside import config_file, step

OTHER = packing.NATIVE.replace('"version": VERSION', '"version": VERSION, "by": "them"')


@pytest.fixture
def host(make_server, tmp_path):
    return _with_words(make_server(config=config_file(tmp_path, [])))


def _with_words(server):
    packing.operated(server)
    server.answer = lambda name: server.execute([step(name, output="x")])
    server.says = lambda name: server.answer(name)["context"]["x"]
    return server


def theirs(tmp_path, version="1.0.0", **more):
    return packing.archive(tmp_path / "theirs", version=version, source=OTHER, **more)


def test_two_plugins_of_one_name_live_side_by_side_each_with_a_life_of_its_own(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path))
    clash = host.plugin("install", theirs(tmp_path), status=65).stderr
    assert "already installed" in clash and "--as NAME" in clash
    done = host.asked("install", theirs(tmp_path), "--as", "their_speaks")
    assert (done["plugin"], done["version"], done["enabled"]) == ("their_speaks", "1.0.0", True)
    assert "by" not in host.says("speaks") and host.says("their_speaks")["by"] == "them"
    assert host.says("Data_Processing.their_speaks")["by"] == "them", "its other names go with it"
    assert "by" not in host.says("Data_Processing.speaks")

    assert host.asked("update", "their_speaks", theirs(tmp_path, "1.1.0"))["plugin"] == "their_speaks"
    assert host.says("their_speaks") == {"plugin": "speaks", "version": "1.1.0", "by": "them"} and host.says("speaks")["version"] == "1.0.0"
    wrong = host.plugin("update", "their_speaks", packing.archive(tmp_path, "other", "2.0.0"), status=64).stderr
    assert "the package is 'other', not 'speaks'" in wrong
    host.plugin("disable", "speaks")
    assert not host.answer("speaks")["success"] and host.says("their_speaks")["version"] == "1.1.0"

    host.stop()
    host.start()
    assert host.says("their_speaks") == {"plugin": "speaks", "version": "1.1.0", "by": "them"}
    host.plugin("rollback", "their_speaks", "--reason", "second thoughts")
    assert host.says("their_speaks")["version"] == "1.0.0"
    assert [(event["action"], event["reason"]) for event in host.asked("history", "their_speaks")][0] == ("rollback", "second thoughts")
    assert host.asked("versions", "their_speaks")["package"] == "speaks"
    assert "their_speaks (speaks)" in host.plugin("versions").stdout
    host.plugin("uninstall", "speaks")
    assert host.says("their_speaks")["by"] == "them" and host.asked("verify")["whole"]


def test_the_same_package_twice_under_two_names_and_one_goes(host, tmp_path):
    package = packing.archive(tmp_path)
    host.plugin("install", package)
    host.plugin("install", package, "--as", "again")
    host.plugin("uninstall", "speaks")
    host.plugin("gc")
    assert host.says("again") == {"plugin": "speaks", "version": "1.0.0"} and host.asked("verify")["whole"]


def test_a_name_of_a_plugin_in_a_folder_is_free_under_another_name(make_server, tmp_path):
    packing.folder(tmp_path / "plugins")
    host = _with_words(make_server(config=config_file(tmp_path, [tmp_path / "plugins"])))
    refused = host.plugin("install", theirs(tmp_path), status=65).stderr
    assert "'speaks' is already registered" in refused and "--as" in refused
    host.plugin("install", theirs(tmp_path), "--as", "other")
    assert "by" not in host.says("speaks") and host.says("other")["by"] == "them"


def test_another_name_is_a_name_and_is_free(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path))
    assert "cannot be the name of a plugin" in host.plugin("install", theirs(tmp_path), "--as", "../x", status=64).stderr
    assert "Plugin 'speaks' already installed" in host.plugin("install", packing.archive(tmp_path, "other"), "--as", "speaks", status=65).stderr
    several = host.plugin("install", theirs(tmp_path), packing.archive(tmp_path, "other"), "--as", "x", status=64).stderr
    assert "--as names one plugin" in several
    assert [one["name"] for one in host.asked("versions")] == ["speaks"]


def test_an_update_by_name_takes_what_the_package_is_called_of_the_folder_that_is_named(host, tmp_path):
    theirs(tmp_path)
    host.plugin("install", "speaks", "--from", tmp_path / "theirs", "--as", "their_speaks")
    theirs(tmp_path, "1.2.0")
    packing.archive(tmp_path / "theirs", "their_speaks", "9.0.0")  # somebody else's, who chose this name
    assert host.asked("update", "their_speaks", "--from", tmp_path / "theirs")["version"] == "1.2.0"
    assert host.says("their_speaks") == {"plugin": "speaks", "version": "1.2.0", "by": "them"}


def test_a_lock_keeps_the_names(host, make_server, tmp_path):
    host.plugin("install", packing.archive(tmp_path / "ours"))
    host.plugin("install", theirs(tmp_path), "--as", "their_speaks")
    host.plugin("lock", "--output", tmp_path / "mortise.lock")
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for number, package in enumerate((tmp_path / "ours", tmp_path / "theirs")):
        place = tmp_path / f"second{number}"
        place.mkdir()
        second = _with_words(make_server(folder=place, config=config_file(place, [])))
        name, here = (("speaks", "speaks"), ("speaks", "their_speaks"))[number]
        lock = json.loads((tmp_path / "mortise.lock").read_text())
        lock["plugins"] = [one for one in lock["plugins"] if one["name"] == here]
        assert lock["plugins"][0]["package"] == name
        (place / "one.lock").write_text(json.dumps(lock))
        second.plugin("install", "--lock", place / "one.lock", "--from", package)
        assert ("by" in second.says(here)) == (here == "their_speaks")


def test_over_http_a_form_says_the_name(host, tmp_path):
    content = theirs(tmp_path, extension_points=["analysis"]).read_bytes()
    done = host.http.post(host.url + "/api/plugins/install", files={"file": content}, data={"as": "theirs"}, timeout=60)
    assert done.status_code == 200 and done.json()["name"] == "theirs", done.text
    assert host.get("/api/plugins/theirs").json()["name"] == "theirs"


# ---- the list


def test_the_list_shows_disabled_and_damaged_plugins_and_says_so(host, tmp_path):
    for name in ("works", "rests", "damaged"):
        host.plugin("install", packing.archive(tmp_path, name))
    host.plugin("disable", "rests")
    (kept,) = host.asked("versions", "damaged")["versions"]
    (host.data_dir / "packages" / kept["digest"] / "extra.py").write_text("x = 1\n")
    host.stop()
    host.start()
    listed = {one["id"]: one for one in host.asked("list")}
    assert listed["works"]["enabled"] and not listed["rests"]["enabled"] and not listed["damaged"]["enabled"]
    assert listed["rests"]["version"] == "1.0.0" and "Plugin is not enabled" in listed["rests"]["why"]
    assert "added: extra.py" in listed["damaged"]["why"]
    lines = {line.split()[0]: line for line in host.plugin("list").stdout.splitlines() if line}
    assert "disabled" in lines["rests"] and "cannot be used" in lines["damaged"] and "added: extra.py" in lines["damaged"]
    assert "disabled" not in lines["works"]
    assert "Plugin is not enabled" in host.plugin("show", "rests").stdout
    assert "rests" not in {one["id"] for one in host.get("/api/v1/plugins").json()}, "whoever wants to use plugins is shown those that can be"


# ---- the start


def test_a_start_reads_no_file_and_a_tampered_one_is_named_when_it_is_loaded(host, tmp_path):
    """Same size, same times: only reading finds it."""
    host.plugin("install", packing.archive(tmp_path))
    assert host.says("speaks")["version"] == "1.0.0"
    host.stop()
    (kept,) = (host.data_dir / "packages").iterdir()
    entry = kept / "speaks.py"
    times, text = entry.stat(), entry.read_text()
    entry.chmod(0o644)
    entry.write_text(text.replace("1.0.0", "6.6.6"))
    entry.chmod(0o444)
    os.utime(entry, ns=(times.st_atime_ns, times.st_mtime_ns))
    host.start()
    answer = host.answer("speaks")
    assert not answer["success"] and "changed: speaks.py" in answer["error"], answer
    assert host.asked("verify", status=1)["damaged"] == [{"name": "speaks", "version": "1.0.0", "problems": ["changed: speaks.py"]}]
    entry.chmod(0o644)
    entry.write_text(text)
    entry.chmod(0o444)
    assert host.says("speaks")["version"] == "1.0.0", "put right, it is loaded again"


def test_a_manifest_that_was_changed_is_believed_by_nobody(host, tmp_path):
    host.plugin("install", packing.archive(tmp_path, permissions=["read_data"]))
    host.stop()
    (kept,) = (host.data_dir / "packages").iterdir()
    manifest = kept / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace("read_data", "network  "[:9]))
    manifest.chmod(0o444)
    host.start()
    assert "changed: manifest.json" in host.answer("speaks")["error"]
    (listed,) = [one for one in host.asked("list") if one["id"] == "speaks"]
    assert listed["permissions"] == [] and not listed["enabled"]
