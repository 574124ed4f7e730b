"""What the README shows works as it stands."""

import json
import os
import re

from fake_host import SDK, WorkerProcess


def blocks(language):
    with open(os.path.join(SDK, "README.md"), encoding="utf-8") as readme:
        return re.findall(f"```{language}\n(.*?)```", readme.read(), re.S)


def test_the_first_plugin_fits_in_ten_lines_passes_its_test_and_runs_in_a_worker(tmp_path, monkeypatch):
    plugin, test = blocks("python")
    (manifest,) = blocks("json")
    assert len(plugin.strip().splitlines()) <= 10
    entry = json.loads(manifest)["entry_point"]
    (tmp_path / entry).write_text(plugin)
    monkeypatch.syspath_prepend(str(tmp_path))
    scope = {}
    exec(compile(test, "shout_test.py", "exec"), scope)
    scope["test_shouts"]()

    host = WorkerProcess(tmp_path, entry).begin()
    try:
        step = {"name": "s", "plugin": "shout", "config": {"input": [{"name": "ada"}]}, "output": "loud"}
        result = host.call("", {"step": step, "run": {}}, op="step")
        assert result["value"] == {"outputs": {"loud": [{"name": "ADA"}]}, "rows": 1}
        assert host.asides[0]["message"] == "shouting"
    finally:
        host.close()
