"""Samples that the host reads: pipelines, configurations, manifests."""

import json
import re

from proof.runners.evidence import require, succeeded

QUOTED = re.compile(r'"([^"\n]*)"')


def _run(workshop, folder, file):
    done = workshop.mortise("run", file, "--json", cwd=folder)
    succeeded(done, f"mortise run {file}")
    data = json.loads(done.stdout)["data"]
    require(data["success"] is True, f"the run did not succeed: {data.get('error')}")
    return data


def _texts(value):
    if isinstance(value, dict):
        return {text for item in value.values() for text in _texts(item)}
    if isinstance(value, list):
        return {text for item in value for text in _texts(item)}
    return {value} if isinstance(value, str) else set()


def pipeline(sample, options, workshop):
    """A pipeline file, typed as `mortise run`. Every text in it must reach the plugin or the run log."""
    folder = workshop.folder(sample.id)
    workshop.stub_plugin(folder / "plugins", options["plugin"], "Data_Processing")
    (folder / "test.yaml").write_text(sample.text, encoding="utf-8")
    data = _run(workshop, folder, "test.yaml")
    record = json.loads(workshop.mortise("runs", "show", data["run_id"], "--json", cwd=folder).stdout)
    missing = set(QUOTED.findall(sample.text)) - _texts(data) - _texts(record) - set(data["context"])
    require(not missing, f"these texts of the file reached nobody: {sorted(missing)}")
    return f"mortise run: succeeded, {', '.join(data['context'])} is in its context"


def plugin_config(sample, options, workshop):
    """A plugin's name and its configuration, as they stand, within a step; the plugin must get exactly that."""
    name = re.search(r'"plugin_name": "([^"]+)"', sample.text)[1]
    expected = json.loads(re.search(r'"plugin_config": (\{.*\})', sample.text)[1])
    folder = workshop.folder(sample.id)
    workshop.stub_plugin(folder / "plugins", name, "Input")
    indented = "".join(f"          {line}\n" for line in sample.text.splitlines())
    (folder / "use.yaml").write_text(
        "pipelines:\n  - name: Use\n    steps:\n      - name: Ask\n"
        f"        plugin: Input.{name}\n        output: seen\n        config:\n{indented}",
        encoding="utf-8",
    )
    seen = _run(workshop, folder, "use.yaml")["context"]["seen"]["config"]
    require(seen == {"plugin_name": name, "plugin_config": expected}, f"the plugin got {seen}")
    return f"Input.{name} got its configuration unchanged"


def settings(sample, options, workshop):
    """The host's configuration file: only the plugins of the folder it names are there."""
    folder = workshop.folder(sample.id)
    workshop.stub_plugin(folder / "plugins", "inside", "Input")
    workshop.stub_plugin(folder / "elsewhere", "outside", "Input")
    (folder / options["file"]).write_text(sample.text, encoding="utf-8")
    done = workshop.mortise("--config", options["file"], "plugin", "list", "--json", cwd=folder)
    succeeded(done, f"mortise --config {options['file']} plugin list")
    names = {plugin["id"] for plugin in json.loads(done.stdout)}
    require("inside" in names, "the plugin in the folder that it names is not listed")
    require("outside" not in names, "a plugin outside of the folder that it names is listed")
    return f"mortise --config {options['file']}: lists the plugin in the folder that it names"


def manifest(sample, options, workshop):
    """A manifest of a package: what it says is what `mortise plugin show` shows."""
    folder = workshop.folder(sample.id)
    document = json.loads(sample.text)
    package = workshop.stub_plugin(folder / "plugins", document["name"], "analysis")
    (package / "echo.py").rename(package / options["entry_point"])
    (package / "manifest.json").write_text(sample.text, encoding="utf-8")
    done = workshop.mortise("plugin", "show", document["name"], "--json", cwd=folder)
    succeeded(done, f"mortise plugin show {document['name']}")
    shown = json.loads(done.stdout)
    keys = ("name", "version", "author", "author_email", "description", "language", "entry_point", "category", "tags")
    wrong = [key for key in (*keys, "extension_points") if shown.get(key) != document[key]]
    require(not wrong, f"shown otherwise than written: {wrong}")
    for name, parameter in document["config"].items():
        require(shown["config"][name]["default"] == parameter["default"], f"the default of {name} is another")
    return f"mortise plugin show {document['name']}: as it is written"
