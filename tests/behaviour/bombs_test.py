"""Small texts that would become large, or never end, when they are believed."""

import json
import time

import outside
import pytest
import yaml_text
from outside import PATIENCE, step

DEEP = 100_000

YAML_BOMBS = {
    "aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)),
    "aliases in merges": "a: &a {k0: 1, k1: 1}\n"
    + "".join(f"{chr(98 + i)}: &{chr(98 + i)} {{<<: [*{chr(97 + i)}, *{chr(97 + i)}], m{i}: *{chr(97 + i)}}}\n" for i in range(22)),
    "an alias of itself": "pipelines: &a\n  - *a\n",
    "flow depth": "pipelines: " + "[" * DEEP,
    "map depth": "pipelines: " + '{"a":' * DEEP,
    "block depth": "".join(" " * i + "a:\n" for i in range(3000)),
    "dashes": "- " * DEEP,
    "questions": "? " * DEEP,
    "many nodes": "pipelines: [" + "1," * 3_000_000 + "1]",
    "one long text": 'name: "' + "x" * 20_000_000 + '"',
}
JSON_BOMBS = {
    "list depth": '{"pipelines":' + "[" * DEEP,
    "closed list depth": '{"pipelines":' + "[" * DEEP + "]" * DEEP + "}",
    "map depth": '{"a":' * DEEP,
    "many nodes": '{"pipelines":[' + "1," * 3_000_000 + "1]}",
    "a huge number": '{"name": 1' + "0" * 1_000_000 + "}",
    "half a surrogate": '{"name": "\\ud800"}',
}


@pytest.mark.parametrize("bomb", YAML_BOMBS)
def test_a_yaml_bomb_is_refused_quickly_on_the_command_line(bomb, mortise, tmp_path):
    (tmp_path / "bomb.yaml").write_text(YAML_BOMBS[bomb])
    begin = time.monotonic()
    refused = mortise("run", "bomb.yaml", timeout=20)
    assert refused.returncode == 64, refused.stderr[:2000]
    assert "bomb.yaml" in refused.stderr and len(refused.stderr) < 10_000
    assert time.monotonic() - begin < 10 * PATIENCE


@pytest.mark.parametrize("bomb", JSON_BOMBS)
def test_a_json_bomb_is_refused_quickly_on_the_command_line(bomb, mortise, tmp_path):
    (tmp_path / "bomb.json").write_text(JSON_BOMBS[bomb])
    begin = time.monotonic()
    refused = mortise("run", "bomb.json", timeout=20)
    assert refused.returncode == 64, refused.stderr[:2000]
    assert "bomb.json" in refused.stderr and len(refused.stderr) < 10_000
    assert time.monotonic() - begin < 10 * PATIENCE


@pytest.mark.parametrize("bomb", JSON_BOMBS)
@pytest.mark.parametrize("route", ["/api/v1/pipelines/execute", "/api/v1/pipelines/validate"])
def test_a_json_bomb_is_refused_quickly_over_http(bomb, route, shared_server):
    pid, before = shared_server.pid, outside.resident_bytes(shared_server.pid)
    begin = time.monotonic()
    answer = shared_server.http.post(
        shared_server.url + route, data=JSON_BOMBS[bomb], headers={"Content-Type": "application/json"}, timeout=20
    )
    assert answer.status_code in (400, 413), answer.text[:2000]
    assert len(answer.text) < 10_000
    assert time.monotonic() - begin < 10 * PATIENCE
    assert shared_server.pid == pid and shared_server.healthy()
    assert outside.resident_bytes(pid) < before + (200 << 20)


@pytest.mark.parametrize("bomb", YAML_BOMBS)
def test_a_yaml_bomb_in_a_file_is_refused_quickly_over_http(bomb, shared_server):
    folder = shared_server.folder
    (folder / "bomb.yaml").write_text(YAML_BOMBS[bomb])
    pid = shared_server.pid
    answer = shared_server.post("/api/v1/pipelines/execute", {"pipeline_file": str(folder / "bomb.yaml"), "folder": str(folder)})
    assert answer.status_code == 400, answer.text[:2000]
    assert len(answer.text) < 10_000
    assert shared_server.pid == pid and shared_server.healthy()


def test_a_manifest_bomb_is_a_broken_plugin_and_the_others_are_there(mortise, tmp_path):
    (tmp_path / "plugins" / "bomb").mkdir(parents=True)
    (tmp_path / "plugins" / "bomb" / "manifest.json").write_text(JSON_BOMBS["list depth"])
    config = outside.config_file(tmp_path, [outside.BUILD / "specimens", tmp_path / "plugins"])
    listed = mortise("plugin", "list", "--json", "--config", config)
    assert listed.returncode == 0, listed.stderr
    assert "Test.give" in listed.stdout
    examined = mortise("doctor", "--config", config)
    assert str(tmp_path / "plugins" / "bomb") in examined.stdout, "nobody says that a plugin is broken"


def test_a_nested_value_up_to_the_limit_passes_and_one_more_does_not(shared_server):
    def nested(levels):
        value = "x"
        for _ in range(levels - 1):
            value = [value]
        return value

    given = shared_server.execute([step("Test.give", output="x", value=nested(100))])
    assert given["success"] and given["context"]["x"] == nested(100)
    path = shared_server.folder / "deep.json"
    path.write_text(json.dumps({"name": "Deep", "steps": [step("Test.give", output="x", value=nested(200))]}))
    refused = shared_server.post("/api/v1/pipelines/execute", {"pipeline_file": str(path), "folder": str(shared_server.folder)})
    assert refused.status_code == 400 and "128" in refused.text


def test_a_thousand_steps_run_and_one_more_is_refused(mortise, config, tmp_path):
    steps = [step("Test.give", f"Step {number}", value=number, needs=[]) for number in range(1001)]
    yaml_text.write(tmp_path / "many.yaml", steps)
    refused = mortise("run", "--dry-run", "many.yaml", "--config", config)
    assert refused.returncode == 64 and "1000" in refused.stderr
    yaml_text.write(tmp_path / "many.yaml", steps[:1000])
    done = mortise("run", "many.yaml", "--config", config, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
