"""The guides' own plugins, as they are printed, in one pipeline of one host."""

import json
import re
import shutil
import textwrap

import golang
import pytest
from outside import REPOSITORY, config_file, eventually, step
from proof import catalogue, samples, shared
from smi_plugins import compile_library

pytestmark = pytest.mark.skipif(shared.shared_folder() is None, reason=shared.why_not())


@pytest.fixture
def printed():
    """The text of a sample; a fragment with what the catalogue puts around it."""
    texts = {sample.id: sample.text for sample in samples.cut_all(shared.shared_folder())}
    entries = catalogue.the_catalogue()

    def text(id):
        options = entries[id].options
        body = textwrap.indent(texts[id], " " * options.get("indent", 0))
        return f"{options.get('before', '')}{body}\n{options.get('after', '')}"

    return text


def place(folder, path, text):
    path = folder / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def place_analysis(folder, name, file, text, language):
    place(folder, f"plugins/{name}/{file}", text)
    manifest = {"name": name, "version": "1.0.0", "author": "A", "description": "d", "language": language, "entry_point": file,
                "category": "analysis", "extension_points": ["analysis"], "permissions": []}  # fmt: skip
    place(folder, f"plugins/{name}/manifest.json", json.dumps(manifest))


def test_the_guides_own_plugins_share_one_pipeline(make_server, tmp_path, printed):
    golang.go_program(REPOSITORY / "sdk" / "conformance" / "go")
    if shutil.which("R") is None:
        pytest.skip("there is no R here")
    place(tmp_path, "plugins/my_plugin/my_plugin.go", printed("MC-02"))
    place_analysis(tmp_path, "in_python", "sample.py", printed("OC-02"), "python")
    place_analysis(tmp_path, "in_r", "sample.R", printed("OC-03"), "r")
    place(tmp_path, "mimolo/plugins/mymonitor.py", printed("LC-02"))
    place(tmp_path, "src/plugins/custom.py", printed("KC-04"))
    place(tmp_path, "k-bert.yaml", "")
    compile_library(tmp_path, "mlos_my_plugin", printed("SC-02"))
    place(tmp_path, "model.bin", "a model")
    server = make_server(config=config_file(tmp_path, [tmp_path / "plugins", tmp_path / "mimolo" / "plugins"]))
    assert server.post("/plugins/register", {"id": "smi_sample", "endpoint": "file://./libmlos_my_plugin.so"}).status_code == 200
    assert server.post("/models/register", {"model_id": "m", "plugin_id": "smi_sample", "path": "model.bin"}).status_code == 200
    listed = {each["id"]: each["dialect"] for each in server.get("/api/v1/plugins").json()}
    expected = {"my_plugin": "mimir", "in_python": "omniscope", "in_r": "omniscope", "mymonitor": "mimolo", "custom_augmenter": "kbert", "smi_sample": "smi"}
    assert {id: listed.get(id) for id in expected} == expected
    run = server.execute([
        step("Data_Processing.my_plugin", "Go", "result"),
        step("in_python", "Python", "tripled", input=[1, 2], factor=3),
        step("in_r", "R", "twelve", input="tripled", factor=2),
        step("custom_augmenter", "Augment", "kept", method="augment", training=False, input="twelve"),
        step("smi_sample", "Infer", "echo", model="m", input="result"),
        step("Output.json", "Save", input="kept", path=str(tmp_path / "kept.json")),
    ])  # fmt: skip
    assert run["success"], run
    assert (run["context"]["result"], run["context"]["tripled"], run["context"]["twelve"]) == ("result", [3, 6], [6, 12])
    assert json.loads((tmp_path / "kept.json").read_text()) == [6, 12]
    begun = server.post("/api/v1/watches", {"monitors": [{"plugin": "mymonitor", "poll_interval_s": 0.2}]})
    assert begun.status_code == 201, begun.text

    def error():
        return server.get("/api/v1/watches/" + begun.json()["id"]).json()["monitors"][0]["last_error"]

    said = eventually(error, within=60, what="what the printed monitor fails by")
    assert re.search("name 'something_detected' is not defined", said)
