"""Model plugins of the Standard Model Interface, registered and asked over HTTP."""

import base64
import json
import os
import shutil
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
import requests
from outside import BUILD, REPOSITORY, alive, eventually, resident_bytes, run_program, step
from smi_plugins import FLAGS, FLAT, INCLUDE, SPARSE, compile_library, model_plugin

PYTHON_CLASS = '''
import logging

class Reverser:
    def __init__(self):
        self.models = {}
        self.logger = logging.getLogger("Reverser")
    def initialize(self, config=None):
        self.logger.info("config is %s", config)
        return 0
    def register_model(self, handle, metadata):
        self.models[handle] = {"metadata": metadata, "loaded": False}
        return 0
    def load_model(self, handle, model_path):
        if "bad" in model_path:
            return -5
        self.models[handle]["loaded"] = True
        return 0
    def inference(self, handle, input_data):
        if handle not in self.models or not self.models[handle]["loaded"]:
            return None, -3
        if isinstance(input_data, list):
            return {"sum": sum(input_data), "kind": "list"}, 0
        if input_data == b"large":
            return b"x" * 10_000_000, 0
        return bytes(reversed(input_data if isinstance(input_data, bytes) else input_data.encode())), 0
    def cleanup(self):
        print("python cleanup")
        return 0
    def get_plugin_name(self):
        return "My Python plugin"
    def get_plugin_version(self):
        return "1.0.0"
    def get_supported_frameworks(self):
        return "reversing,pytorch"
'''


@pytest.fixture
def host(make_server, tmp_path):
    server = make_server()
    (tmp_path / "m.bin").write_text("a model")

    def register(library, id="p", **more):
        return server.post("/plugins/register", {"id": id, "name": "Test Plugin", "version": "1.0.0", "endpoint": f"file://{library}", **more})

    def model(id="m", plugin="p", **more):
        return server.post("/models/register", {"model_id": id, "plugin_id": plugin, "name": "Test Model", "path": "./m.bin", **more})

    def infer(body, id="m", query="", **options):
        return server.post(f"/models/{quote(id, safe='')}/inference{query}", body, **options)

    server.register, server.model, server.infer = register, model, infer
    return server


@pytest.fixture
def serving(host, tmp_path):
    """A server with a plugin that echoes, and a model of it."""

    def serving(**parts):
        answer = host.register(model_plugin(tmp_path / "plugins", **parts))
        assert answer.status_code == 200, answer.text
        answer = host.model()
        assert answer.status_code == 200, answer.text
        return host

    return serving


def error_of(answer, status):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["status"] == "error" and body["message"]
    return body


# ---- the header


@pytest.mark.rows("S-02", "S-21", "S-26", "S-65")
def test_the_header_is_all_that_a_plugin_in_c_needs(tmp_path):
    assert model_plugin(tmp_path).exists()
    (tmp_path / "alone.c").write_text('#include "mlos/smi_spec.h"\nbool state; size_t size; int members = sizeof(smi_plugin_interface_t) / sizeof(void*);\n')
    for compiler in (["gcc", "-std=c99"], ["g++", "-x", "c++", "-std=c++20"]):
        done = subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", "-Wpedantic", f"-I{INCLUDE}", "-c", "alone.c"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    fill = '#include "mlos/smi_spec.h"\nstatic const char* name(void) { return "x"; }\nvoid fill(smi_plugin_t* plugin) { plugin->interface.get_plugin_name = name; }\n'
    (tmp_path / "alone.c").write_text(fill)
    (tmp_path / "fill.cc").write_text('#include "mlos/smi_spec.h"\nvoid fill(smi_plugin_t* p) { smi_plugin_interface_t made{}; made.cleanup = nullptr; p->interface = made; }\n')
    for compiler in (["gcc", "-std=c99", "alone.c"], ["g++", "-std=c++20", "fill.cc"]):
        done = subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", f"-I{INCLUDE}", "-c"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"functions are filled in one by one: {done.stderr}"
    (tmp_path / "count.c").write_text('#include "mlos/smi_spec.h"\nint main(void) { return (int)(sizeof(smi_plugin_interface_t) / sizeof(void*)); }\n')
    subprocess.run(["gcc", *FLAGS, "-o", "count", "count.c"], cwd=tmp_path, check=True)
    assert subprocess.run(["./count"], cwd=tmp_path).returncode == 15


@pytest.mark.rows("S-17")
def test_the_header_names_the_statuses(tmp_path):
    names = ["SMI_SUCCESS", "SMI_ERROR_INVALID_PARAM", "SMI_ERROR_OUT_OF_MEMORY", "SMI_ERROR_NOT_FOUND", "SMI_ERROR_RUNTIME"]
    prints = "".join(f'printf("%d ", {name});' for name in names)
    (tmp_path / "s.c").write_text(f'#include "mlos/smi_spec.h"\nint main(void) {{ {prints} return 0; }}\n')
    subprocess.run(["gcc", *FLAGS, "-o", "s", "s.c"], cwd=tmp_path, check=True)
    assert subprocess.run(["./s"], cwd=tmp_path, capture_output=True, text=True).stdout.split() == ["0", "-1", "-2", "-3", "-5"]


# ---- registration and lists


@pytest.mark.rows("S-14", "S-18", "S-20", "S-46", "S-66")
def test_a_registered_plugin_is_listed_under_its_registered_id_with_what_it_says_of_itself(host, tmp_path):
    library = model_plugin(tmp_path / "plugins")
    answer = host.post("/plugins/register", {"id": "test-plugin", "name": "Test Plugin", "version": "1.0.0", "endpoint": "file://./plugins/libmodel.so"})
    assert answer.status_code == 200, answer.text
    (listed,) = host.get("/plugins").json()["plugins"]
    assert listed["id"] == "test-plugin" and listed["name"] == "Test Plugin"
    assert (listed["plugin_id"], listed["plugin_name"], listed["plugin_version"]) == ("own-id", "Test model plugin", "2.3.4")
    assert listed["concurrency"] == 1 and listed["memory_bytes"] > 0 and listed["processes"] == 1
    assert host.model(plugin="own-id").status_code == 404, "models use the id of the registration"
    assert host.model(plugin="test-plugin").status_code == 200
    assert library.exists()


@pytest.mark.rows("S-05", "S-47", "S-48", "S-24")
def test_models_are_registered_loaded_and_asked(serving):
    host = serving()
    answer = host.infer({"input": "test data"}).json()
    assert answer["status"] == "success" and answer["model_id"] == "m" and answer["output"] == "test data"
    assert answer["output_size"] == 9 and answer["inference_time_us"] >= 0
    assert host.model("second").status_code == 200, "equal handles do not matter"
    assert host.infer({"input": "b"}, "second").json()["output"] == "b"
    assert {model["model_id"] for model in host.get("/models").json()["models"]} == {"m", "second"}
    assert "load 0x12345678" in host.log.read_text() and str(host.folder / "m.bin") in host.log.read_text()


def test_a_model_whose_id_has_slashes_and_at_signs_is_found_by_its_encoded_id(serving):
    host = serving()
    assert host.model("hf/gpt2@latest").status_code == 200
    assert host.infer({"input": "x"}, "hf/gpt2@latest").json()["model_id"] == "hf/gpt2@latest"
    assert host.get("/models/hf%2Fgpt2%40latest").json()["name"] == "Test Model"


def test_plugins_and_models_are_there_after_a_restart_and_after_the_death_of_their_process(serving):
    host = serving()
    for pid in host.worker_pids():
        subprocess.run(["kill", "-KILL", str(pid)], check=False)
        eventually(lambda pid=pid: not alive(pid))
    eventually(lambda: host.infer({"input": "again"}).status_code == 200)
    host.stop()
    host.start()
    assert host.infer({"input": "once more"}).json()["output"] == "once more"


@pytest.mark.rows("S-64", "S-23")
def test_a_model_has_a_framework_even_where_nobody_says_one(serving, tmp_path):
    host = serving()
    assert "register Test Model custom" in host.log.read_text()
    (tmp_path / "net.onnx").write_text("")
    assert host.model("n", path="./net.onnx", name=None).status_code == 200
    assert "register n onnx" in host.log.read_text()


@pytest.mark.rows("S-15")
def test_the_plugin_is_chosen_by_the_framework_that_it_supports(host, tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "reverser.py").write_text(PYTHON_CLASS)
    assert host.register(tmp_path / "plugins" / "reverser.py", "py").status_code == 200
    answer = host.model(plugin=None, framework="pytorch")
    assert answer.status_code == 200 and answer.json()["model"]["plugin_id"] == "py"
    body = error_of(host.model("other", plugin=None, framework="fortran"), 404)
    assert "fortran" in body["message"]


@pytest.mark.rows("S-03", "S-04", "S-49", "S-51")
def test_initialize_comes_once_and_first_and_cleanup_at_the_end(serving):
    host = serving()
    host.infer({"input": "x"})
    host.stop()
    said = [line for line in host.log.read_text().splitlines() if "plugin=p" in line]
    order = [word for line in said for word in ("initialize NULL", "register Test", "load 0x", "unregister 0x", "cleanup") if word in line]
    assert order == ["initialize NULL", "register Test", "load 0x", "unregister 0x", "cleanup"], said


@pytest.mark.rows("S-11")
def test_requirements_of_a_registration_reach_the_plugin(serving):
    host = serving()
    assert host.model("r", requirements=[{"type": "memory", "amount": 1048576}]).status_code == 200
    assert "allocate 0x12345678 memory 1048576" in host.log.read_text()
    assert "requirements" in error_of(host.model("r", requirements=[{"type": "memory"}]), 400)["message"]


@pytest.mark.rows("S-06", "S-07", "S-08", "S-12", "S-13", "A-15")
def test_every_function_but_inference_may_be_missing(host, tmp_path):
    assert host.register(compile_library(tmp_path, "sparse", SPARSE)).status_code == 200
    assert host.model().status_code == 200
    assert host.infer({"input": "still"}).json()["output"] == "still"
    assert host.get("/models/m").json()["info"] is None
    assert host.http.delete(host.url + "/models/m").status_code == 200
    assert host.http.delete(host.url + "/plugins/p").status_code == 200
    assert host.stop() == 0


@pytest.mark.rows("S-13")
def test_what_a_plugin_knows_of_a_model_is_on_the_models_page(host, tmp_path):
    info = 'static smi_status_t info(smi_model_handle_t h, char* text, size_t* size) { (void)h; *size = (size_t)snprintf(text, *size, "{\\"layers\\": 3}"); return SMI_SUCCESS; }'
    host.register(model_plugin(tmp_path, more=info, members=", .get_model_info = info"))
    host.model()
    assert json.loads(host.get("/models/m").json()["info"]) == {"layers": 3}


@pytest.mark.rows("S-39")
def test_a_config_is_given_as_text_or_as_json(host, tmp_path):
    library = model_plugin(tmp_path)
    assert host.register(library, "a", config="free text").status_code == 200
    assert host.register(library, "b", config={"device": "cpu"}).status_code == 200
    assert "initialize free text" in host.log.read_text()
    assert 'initialize {"device":"cpu"}' in host.log.read_text().replace(": ", ":").replace("\\", "")


@pytest.mark.rows("S-52")
def test_what_fails_to_register_leaves_nothing_behind(host, tmp_path):
    host.register(model_plugin(tmp_path, "refusing", load="return SMI_ERROR_RUNTIME;"))
    body = error_of(host.model(), 500)
    assert "load_model returned SMI_ERROR_RUNTIME (-5)" in body["message"]
    assert "unregister 0x12345678" in host.log.read_text(), "what was registered was given back"
    assert host.get("/models").json()["models"] == []
    body = error_of(host.register(model_plugin(tmp_path, "no", initialize="return -1;"), "no"), 400)
    assert "initialize returned SMI_ERROR_INVALID_PARAM (-1)" in body["message"]
    assert [plugin["id"] for plugin in host.get("/plugins").json()["plugins"]] == ["p"]


@pytest.mark.rows("S-27", "S-43")
def test_libraries_in_a_folder_of_plugins_are_found_by_themselves(make_server, tmp_path):
    from outside import config_file

    model_plugin(tmp_path / "plugins", "mlos_found")
    (tmp_path / "plugins" / "libother.so").write_bytes(b"no library at all")
    server = make_server(config=config_file(tmp_path, [tmp_path / "plugins"]))
    (listed,) = server.get("/plugins").json()["plugins"]
    assert (listed["id"], listed["name"], listed["version"]) == ("own-id", "Test model plugin", "2.3.4")
    shown = json.loads(server.cli("plugin", "show", "own-id", "--json").stdout)
    assert shown["dialect"] == "smi" and shown["version"] == "2.3.4"
    assert server.post("/models/register", {"model_id": "m", "plugin_id": "own-id"}).status_code == 200


# ---- inference


@pytest.mark.rows("S-35", "A-17")
def test_numbers_are_float32_for_a_library(serving):
    host = serving()
    answer = host.infer({"input": [1, 2]}).json()
    assert answer["output_size"] == 8 and answer["output"] == [1.0, 2.0] and answer["output_format"] == "float32"
    raw = host.infer({"input": [1, 2]}, headers={"Accept": "application/octet-stream"}).content
    assert struct.unpack("<2f", raw) == (1.0, 2.0)


def test_named_arrays_are_int64_or_float32_of_up_to_four_dimensions(serving):
    host = serving()
    accept = {"Accept": "application/octet-stream"}
    assert struct.unpack("<4q", host.infer({"ids": [[1, 2], [3, 4]]}, headers=accept).content) == (1, 2, 3, 4)
    assert struct.unpack("<2f", host.infer({"x": [1, 2.5]}, headers=accept).content) == (1.0, 2.5)
    assert json.loads(host.infer({"a": [1], "b": [2]}).json()["output"]) == {"a": [1], "b": [2]}, "several go as they came"
    answer = host.infer({"x": [1.5]}, query="?include_outputs=true").json()
    assert answer["outputs"] == {"output": [1.5]}
    for wrong in ([[1], [2, 3]], [[[[[1]]]]], [1, "a"]):
        assert "'x'" in error_of(host.infer({"x": wrong}), 400)["error"]


@pytest.mark.rows("S-60")
def test_bytes_go_in_and_come_out_as_they_are(serving):
    host = serving()
    sent = bytes(range(256)) * 10
    answer = host.http.post(host.url + "/models/m/inference", data=sent, headers={"Content-Type": "application/octet-stream"})
    assert answer.content == sent and answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Model-Id"] == "m"
    as_json = host.http.post(host.url + "/models/m/inference", data=sent, headers={"Content-Type": "application/octet-stream", "Accept": "application/json"})
    assert base64.b64decode(as_json.json()["output"]) == sent


@pytest.mark.rows("S-59")
def test_what_is_copied_between_memories_is_counted(serving):
    sent = b"0123456789" * 2_000_000
    host = serving()
    answer = host.http.post(host.url + "/models/m/inference", data=sent, headers={"Content-Type": "application/octet-stream"})
    assert answer.content == sent
    assert int(answer.headers["X-Bytes-Copied"]) <= 4 * len(sent), "in and out, once each on either side"


@pytest.mark.rows("S-36")
def test_a_class_that_asks_for_a_gpu_runs_where_there_is_none(host, tmp_path):
    (tmp_path / "plugins").mkdir()
    shutil.copy(REPOSITORY / "tests" / "guides" / "stubs" / "python" / "torch.py", tmp_path / "plugins" / "torch.py")
    asking = PYTHON_CLASS.replace("import logging", "import logging\nimport torch")
    asking = asking.replace("self.models = {}", "self.models = {}\n        self.device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')")
    asking = asking.replace('print("python cleanup")', 'print("python cleanup on", self.device.name)\n        if torch.cuda.is_available():\n            torch.cuda.empty_cache()')
    (tmp_path / "plugins" / "asking.py").write_text(asking)
    assert host.register(tmp_path / "plugins" / "asking.py", "py").status_code == 200
    assert host.model("m", "py").status_code == 200
    assert host.infer({"input": "abc"}).json()["output"] == "cba"
    assert host.stop() == 0
    assert "python cleanup on cpu" in host.log.read_text()


@pytest.mark.rows("S-09", "S-31", "A-18")
def test_an_answer_that_is_larger_than_its_room_gets_more(serving):
    grown = """
      if (*output_size < 10000000) return SMI_ERROR_OUT_OF_MEMORY;
      memset(output, 'x', 10000000); *output_size = 10000000; return SMI_SUCCESS;"""
    host = serving(inference=grown)
    assert host.infer({"input": "x"}, headers={"Accept": "application/octet-stream"}).content == b"x" * 10_000_000


@pytest.mark.rows("S-09")
def test_a_plugin_that_says_how_much_it_wants_gets_just_that(serving):
    wanting = """
      if (*output_size != 3000001) { *output_size = 3000001; return SMI_ERROR_OUT_OF_MEMORY; }
      memset(output, 'y', 3000001); return SMI_SUCCESS;"""
    answer = serving(inference=wanting).infer({"input": "x"}).json()
    assert answer["output_size"] == 3_000_001


@pytest.mark.rows("S-56", "A-18")
def test_a_plugin_that_never_has_enough_room_is_answered_with_507(serving):
    body = error_of(serving(inference="return SMI_ERROR_OUT_OF_MEMORY;").infer({"input": "x"}), 507)
    assert body["message"] == "Inference execution failed" and body["model_id"] == "m"
    assert "SMI_ERROR_OUT_OF_MEMORY (-2)" in body["error"] and "268435456" in body["error"]


@pytest.mark.rows("S-25")
def test_an_answer_that_was_cut_is_told(serving):
    answer = serving().infer({"input": "0123456789"}, query="?output_capacity=4").json()
    assert answer["output"] == "0123" and answer["output_size"] == 4 and answer["output_may_be_cut"] is True


@pytest.mark.rows("S-34", "S-50", "S-53")
def test_statuses_become_http_statuses_with_their_names(serving):
    coded = "return input_size == 0 ? SMI_SUCCESS : -(int)(*(const char*)input - '0') * (input_size == 1 ? 1 : 21);"
    host = serving(inference=coded)
    wanted = {"1": (400, "INVALID_PARAM"), "3": (404, "NOT_FOUND"), "5": (500, "RUNTIME"), "2x": (500, "-42")}
    for input, (status, word) in wanted.items():
        assert word in error_of(host.infer({"input": input}), status)["error"], input
    body = error_of(host.infer({"input": "x"}, "nobody"), 404)
    assert "'nobody'" in body["message"]


@pytest.mark.rows("S-10", "S-61")
def test_several_inputs_go_in_one_call(host, tmp_path):
    batch = """
static smi_status_t batch(smi_model_handle_t h, const void* const* in, const size_t* sizes, void* const* out, size_t* out_sizes, size_t count) {
  (void)h;
  printf("batch of %d\\n", (int)count);
  for (size_t i = 0; i < count; ++i) { memcpy(out[i], in[i], sizes[i]); out_sizes[i] = sizes[i]; }
  return SMI_SUCCESS;
}"""
    host.register(model_plugin(tmp_path, "together", more=batch, members=", .batch_inference = batch"), "together")
    host.register(model_plugin(tmp_path, "single"), "single")
    for plugin in ("together", "single"):
        assert host.model(plugin, plugin).status_code == 200
        answer = host.post(f"/models/{plugin}/inference/batch", {"inputs": ["a", "bb", "ccc"]}).json()
        assert answer["outputs"] == ["a", "bb", "ccc"] and answer["count"] == 3, plugin
    assert host.log.read_text().count("batch of 3") == 1


@pytest.mark.rows("S-57", "S-58")
def test_calls_of_one_plugin_come_one_at_a_time(serving):
    racing = """
      static volatile int inside = 0;
      if (inside++) return SMI_ERROR_RUNTIME;
      for (volatile int i = 0; i < 300000; ++i) {}
      inside--;
      *output_size = 0;
      return SMI_SUCCESS;"""
    host = serving(inference=racing)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: requests.post(host.url + "/models/m/inference", json={"input": "x"}, timeout=60).status_code, range(64)))
    assert answers == [200] * 64


@pytest.mark.rows("S-62", "S-55")
def test_stats_tell_latencies_and_memory(serving):
    host = serving()
    for _ in range(5):
        host.infer({"input": "x"})
    stats = host.get("/stats").json()
    (model,) = stats["models"]
    assert model["inferences"] == 5 and model["failures"] == 0
    assert 0 < model["latency_ms"]["p50"] <= model["latency_ms"]["p95"] <= model["latency_ms"]["p99"] <= model["latency_ms"]["max"]
    assert stats["plugins"][0]["memory_bytes"] > 100_000 and stats["plugins"][0]["calls"] >= 5


@pytest.mark.rows("S-54", "S-41")
def test_models_that_come_and_go_leave_no_memory_behind(serving):
    host = serving(register="*handle = malloc(1000000); memset(*handle, 1, 1000000); return SMI_SUCCESS;", unregister="free(handle); return SMI_SUCCESS;")
    used = []
    for number in range(120):
        assert host.model("m", version=str(number)).status_code == 200
        used.append(max(resident_bytes(pid) for pid in host.worker_pids()))
    assert used[-1] < used[20] + 5_000_000, "a hundred models of a megabyte each came and went"


@pytest.mark.rows("S-22")
def test_a_cleanup_that_refuses_is_told_and_harms_nothing(serving):
    host = serving(cleanup="return SMI_ERROR_INVALID_PARAM;")
    assert host.stop() == 0
    assert "cleanup returned SMI_ERROR_INVALID_PARAM (-1)" in host.log.read_text()


def test_a_model_is_asked_by_a_step_of_a_pipeline_and_by_other_plugins(serving, tmp_path):
    host = serving()
    given = step("Test.give", "Give", "given", value="from a step")
    run = host.execute([given, step("p", "Infer", "answer", input="given", model="m")])
    assert run["success"], run
    assert base64.b64decode(run["context"]["answer"]["outputs"] if isinstance(run["context"]["answer"], dict) else run["context"]["answer"]) == b"from a step"
    asked = step("Test.ask_py", "Ask", "answer", service="Models", method="infer", input={"model": "m", "inputs": "from a plugin"})
    run = host.execute([asked])
    assert run["success"] and base64.b64decode(run["context"]["answer"]["outputs"]) == b"from a plugin", run
    (tmp_path / "plugins" / "reverser.py").write_text(PYTHON_CLASS)
    assert host.register(tmp_path / "plugins" / "reverser.py", "py").status_code == 200
    assert host.model("r", "py").status_code == 200
    assert host.execute([given, step("py", "Infer", "answer", input="given", model="r")])["success"]
    failed = host.execute([given, step("p", "Infer", "answer", input="given", model="nobody", on_failure="stop")])
    assert not failed["success"] and "there is no model 'nobody'" in failed["error"]


# ---- what is refused


@pytest.mark.rows("S-16", "S-19")
def test_a_plugin_for_another_version_of_the_interface_is_refused(host, tmp_path):
    for name, version in (("major", "SMI_VERSION + (1 << 16)"), ("minor", "SMI_VERSION + (1 << 8)")):
        body = error_of(host.register(model_plugin(tmp_path, name, smi_version=version), name), 501)
        assert "was built for SMI" in body["message"]
    newer = "static uint32_t smi(void) { return SMI_VERSION + (1 << 16); }"
    error_of(host.register(model_plugin(tmp_path, "says", more=newer, members=", .get_smi_version = smi"), "says"), 501)
    assert host.register(model_plugin(tmp_path, "patch", smi_version="SMI_VERSION + 1"), "patch").status_code == 200


@pytest.mark.rows("S-37")
@pytest.mark.parametrize("init", ["return (smi_plugin_t*)(uintptr_t)0x87654321;", "return (smi_plugin_t*)(uintptr_t)8;", "return NULL;",
                                  "static char bytes[sizeof(smi_plugin_t)]; memset(bytes, 0x5a, sizeof bytes); return (smi_plugin_t*)(void*)bytes;"])  # fmt: skip
def test_a_descriptor_that_is_none_is_refused_and_not_followed(host, tmp_path, init):
    body = error_of(host.register(model_plugin(tmp_path, init=f"(void)plugin; {init}")), 400)
    assert "smi_plugin_init" in body["message"] and "returned" in body["message"]
    assert host.healthy() and host.get("/plugins").json()["plugins"] == []


@pytest.mark.rows("S-20")
def test_a_file_that_is_no_plugin_is_named(host, tmp_path):
    compile_library(tmp_path, "plain", "int nothing(void); int nothing(void) { return 0; }\n")
    assert "smi_plugin_init" in error_of(host.register(tmp_path / "libplain.so"), 501)["message"]
    assert "not/there.so" in error_of(host.register("./not/there.so"), 404)["message"]
    assert "http://x" in error_of(host.post("/plugins/register", {"id": "x", "endpoint": "http://x"}), 501)["message"]
    assert "lacks id" in error_of(host.post("/plugins/register", {"endpoint": "file://x"}), 400)["message"]


def test_a_caller_without_a_token_names_no_files_outside_of_the_servers_folder(host, tmp_path_factory):
    library = model_plugin(tmp_path_factory.mktemp("outside"))
    assert "outside of the folders" in error_of(host.register(library), 403)["message"]


def test_a_plugin_that_crashes_hangs_or_lies_harms_nobody(host, tmp_path):
    bad = {
        "crash": ("*(volatile int*)0 = 1; return SMI_SUCCESS;", 502),
        "hang": ("for (;;) {} return SMI_SUCCESS;", 504),
        "lie": ("*output_size = *output_size + 1000; return SMI_SUCCESS;", 502),
    }
    assert host.register(model_plugin(tmp_path, "good"), "good").status_code == 200
    assert host.model("good", "good").status_code == 200
    for name, (body, status) in bad.items():
        assert host.register(model_plugin(tmp_path, name, inference=body), name, timeout_ms=1500).status_code == 200
        assert host.model(name, name).status_code == 200
        error_of(host.infer({"input": "x"}, name), status)
        assert host.infer({"input": "fine"}, "good").json()["output"] == "fine", name


# ---- other forms


@pytest.mark.rows("S-01", "S-38", "S-40")
def test_flat_exports_stand_for_the_interface(host, tmp_path):
    library = compile_library(tmp_path, "flat", FLAT)
    assert host.register(library).status_code == 200
    (listed,) = host.get("/plugins").json()["plugins"]
    assert (listed["plugin_name"], listed["plugin_version"], listed["form"]) == ("My flat plugin", "3.2.1", "exports")
    assert host.model().status_code == 200
    assert "flat initialize []" in host.log.read_text() and "flat register 1 Test Model custom" in host.log.read_text()
    assert host.infer({"input": "hello"}).json()["output"] == "hello"
    assert "NOT_FOUND" in error_of(host.infer({"input": "seven77"}), 404)["error"]
    error_of(host.register(library, "again", config="no json"), 400)
    host.stop()
    assert "flat cleanup" in host.log.read_text()


@pytest.mark.rows("S-32", "S-33", "S-34", "A-16", "A-17", "S-31")
def test_a_python_class_alone_is_a_plugin(host, tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "my_python_plugin.py").write_text(PYTHON_CLASS)
    answer = host.register(tmp_path / "plugins" / "my_python_plugin.py", "py", config={"device": "cpu"})
    assert answer.status_code == 200, answer.text
    (listed,) = host.get("/plugins").json()["plugins"]
    assert (listed["plugin_name"], listed["frameworks"], listed["form"]) == ("My Python plugin", "reversing,pytorch", "class")
    assert host.model("m", "py").status_code == 200
    assert host.infer({"input": "abc"}).json()["output"] == "cba"
    assert host.infer({"input": [1, 2, 3]}).json()["output"] == {"sum": 6, "kind": "list"}
    raw = host.http.post(host.url + "/models/m/inference", data=b"large", headers={"Content-Type": "application/octet-stream"})
    assert len(raw.content) == 10_000_000
    (tmp_path / "bad.bin").write_text("")
    assert "SMI_ERROR_RUNTIME (-5)" in error_of(host.model("bad", "py", path="./bad.bin"), 500)["message"]
    assert "config is" in host.log.read_text() and "plugin=py" in host.log.read_text()
    assert host.model("unloaded", "py", path=None).status_code == 200
    error_of(host.infer({"input": "abc"}, "unloaded"), 404)


WRAPPER = r'''
#include "mlos/smi_spec.h"
#include <Python.h>
static PyObject* object = NULL;
static smi_status_t initialize(const char* config) {
  (void)config;
  Py_Initialize();
  PyObject* module = PyImport_ImportModule("wrapped_module");
  if (!module) { PyErr_Print(); return SMI_ERROR_RUNTIME; }
  object = PyObject_CallMethod(module, "Wrapped", NULL);
  return object ? SMI_SUCCESS : SMI_ERROR_RUNTIME;
}
static smi_status_t inference(smi_model_handle_t handle, const void* input, size_t input_size, void* output, size_t* output_size) {
  PyObject* bytes = PyBytes_FromStringAndSize((const char*)input, (Py_ssize_t)input_size);
  PyObject* result = PyObject_CallMethod(object, "inference", "KO", (unsigned long long)handle, bytes);
  Py_DECREF(bytes);
  if (!result) { PyErr_Print(); return SMI_ERROR_RUNTIME; }
  size_t size = (size_t)PyBytes_Size(result);
  if (size > *output_size) { Py_DECREF(result); return SMI_ERROR_OUT_OF_MEMORY; }
  memcpy(output, PyBytes_AsString(result), size);
  *output_size = size;
  Py_DECREF(result);
  return SMI_SUCCESS;
}
static smi_plugin_t plugin = {.interface = {.initialize = initialize, .inference = inference}, .plugin_id = "wrapper", .smi_version = SMI_VERSION};
smi_plugin_t* smi_plugin_init(void) { return &plugin; }
'''


@pytest.mark.rows("S-29", "S-30", "S-31")
def test_a_library_that_embeds_python_finds_the_module_beside_it(host, tmp_path):
    config = "/usr/bin/python3-config"  # workers see the system's libraries, not those of somebody's home
    if not os.path.exists(config):
        pytest.skip("there is no python3-config here (python3-dev)")
    words = subprocess.run([config, "--includes", "--ldflags", "--embed"], capture_output=True, text=True, check=True).stdout.split()
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "wrapped_module.py").write_text(
        "import _datetime, json\nclass Wrapped:\n    def inference(self, handle, data):\n        return data * 100000 if data == b'x' * 100 else data[::-1]\n"
    )
    library = compile_library(tmp_path / "plugins", "wrapper", WRAPPER, "-std=gnu99", *words)
    answer = host.register(library)
    assert answer.status_code == 200, answer.text
    assert host.model().status_code == 200
    assert host.infer({"input": "abc"}).json()["output"] == "cba"
    assert host.infer({"input": "x" * 100}).json()["output_size"] == 10_000_000


@pytest.mark.rows("S-42")
def test_a_plugin_is_replaced_by_registering_it_again(serving, tmp_path):
    host = serving()
    assert host.infer({"input": "x"}).json()["output"] == "x"
    other = model_plugin(tmp_path / "plugins", "other", inference="memcpy(output, \"new\", 3); *output_size = 3; return SMI_SUCCESS;")
    assert host.register(other).status_code == 200
    assert host.infer({"input": "x"}).json()["output"] == "new"


# ---- the command line


@pytest.mark.rows("S-44", "S-63")
def test_smi_test_tries_a_library(mortise, tmp_path):
    done = mortise("smi-test", model_plugin(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "Plugin name: Test model plugin" in done.stdout and "initialize test-config" in done.stdout
    assert done.stdout.rstrip().endswith("Plugin loading test passed")
    assert mortise("smi-test").stdout == "Usage: mortise smi-test <plugin-path>\n" and mortise("smi-test").returncode == 1
    bogus = mortise("smi-test", model_plugin(tmp_path, "bogus", init="(void)plugin; return (smi_plugin_t*)(uintptr_t)0x87654321;"))
    assert bogus.returncode == 1 and "0x87654321" in bogus.stderr
    assert mortise("smi-test", model_plugin(tmp_path, "no", initialize="return SMI_ERROR_RUNTIME;")).returncode == 1


@pytest.mark.rows("A-22", "S-45")
def test_mlos_core_is_a_name_of_the_server(tmp_path):
    assert (BUILD / "bin" / "mlos_core").exists()
    done = subprocess.run([BUILD / "bin" / "mlos_core", "--help"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "serve" in done.stdout
    began = time.monotonic()
    process = subprocess.Popen([BUILD / "bin" / "mlos_core", "--http-port", "0", "--no-grpc"], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    try:
        assert "ready on http://127.0.0.1:" in process.stdout.readline()
        assert time.monotonic() - began < 30
    finally:
        process.terminate()
        assert process.wait(20) == 0


@pytest.mark.rows("A-25")
def test_mortise_new_makes_a_plugin_that_builds_and_passes(mortise, make_server, tmp_path):
    assert mortise("new", "smi", "tripler", "--language", "c").returncode == 0
    done = subprocess.run(["make", "test", f"MORTISE={BUILD / 'bin' / 'mortise'}"], cwd=tmp_path / "tripler", capture_output=True, text=True)
    assert done.returncode == 0 and "Plugin loading test passed" in done.stdout and "warning" not in done.stderr, done.stdout + done.stderr
    assert mortise("new", "smi", "counter", "--language", "python").returncode == 0
    server = make_server()
    (tmp_path / "three.txt").write_text("3")
    assert server.post("/plugins/register", {"id": "c", "endpoint": "file://./tripler/libmlos_tripler.so"}).status_code == 200
    assert server.post("/plugins/register", {"id": "py", "endpoint": "file://./counter/counter.py"}).status_code == 200
    assert server.post("/models/register", {"model_id": "three", "plugin_id": "c", "path": "three.txt"}).status_code == 200
    assert server.post("/models/three/inference", {"input": [2]}).json()["output"] == [6.0]


# ---- our own examples


@pytest.mark.rows("S-28")
def test_the_examples_run(make_server, tmp_path):
    shutil.copytree(REPOSITORY / "examples" / "smi", tmp_path / "plugins")
    subprocess.run(["make", f"CPATH={INCLUDE}"], cwd=tmp_path / "plugins", check=True, capture_output=True, env={"PATH": "/usr/bin:/bin", "CPATH": str(INCLUDE)})
    server = make_server()
    (tmp_path / "half.txt").write_text("0.5")
    (tmp_path / "words.txt").write_text("rain sun")
    assert server.post("/plugins/register", {"id": "scale", "endpoint": "file://./plugins/libmlos_scale.so"}).status_code == 200
    assert server.post("/plugins/register", {"id": "words", "endpoint": "file://./plugins/word_counter.py"}).status_code == 200
    assert server.post("/models/register", {"model_id": "half", "framework": "scale", "path": "half.txt"}).status_code == 200
    assert server.post("/models/register", {"model_id": "weather", "framework": "words", "path": "words.txt"}).status_code == 200
    assert server.post("/models/half/inference", {"input": [3, 5]}).json()["output"] == [1.5, 2.5]
    assert json.loads(server.post("/models/weather/inference", {"input": "rain rain go"}).json()["output"]) == {"rain": 2, "sun": 0}
    assert json.loads(server.get("/models/half").json()["info"])["factor"] == 0.5
    assert run_program("smi-test", tmp_path / "plugins" / "libmlos_scale.so", cwd=tmp_path).returncode == 0
    subprocess.run(["make", "clean"], cwd=tmp_path / "plugins", check=True, capture_output=True)
    assert not list((tmp_path / "plugins").glob("*.so")) and (tmp_path / "plugins" / "scale.c").exists()
