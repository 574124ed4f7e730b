"""A house in which a plugin of each guide lives, our own examples, and beside each one that misbehaves when it is told to.

What misbehaves is told its deed: "well" (answers), "hang" (does not end), "shapes" (answers what no plugin of its kind may), "garbage"
(no frame, into the socket of its worker), "ids" (an answer to a call that never was).
"""

import json
import shutil
import struct

from outside import BUILD, REPOSITORY, config_file, eventually, step
from smi_plugins import compile_library

EXAMPLES = REPOSITORY / "examples"
FRAME_HEADER = b'{"t":"result","id":987654321,"status":"ok","value":1}'
WRONG_ID = b"MTSE" + struct.pack("<IIHH", len(FRAME_HEADER), 0, 0, 0) + FRAME_HEADER
GARBAGE = b"\xff" * 64
GARBAGE_BYTES, WRONG_ID_BYTES = ", ".join(map(str, GARBAGE)), ", ".join(map(str, WRONG_ID))

PYTHON_DEEDS = f"""
import os, time
def misbehave(deed):
    if deed == "hang":
        time.sleep(3600)
    if deed in ("garbage", "ids"):
        os.write(3, {GARBAGE!r} if deed == "garbage" else {WRONG_ID!r})
        time.sleep(3600)
"""

MIMIR = f"""package main

import (
	"context"
	"syscall"
	"time"

	"github.com/Mimir-AIP/Mimir-AIP-Go/pipelines"
)

type Rogue struct{{}}

func NewRogue() *Rogue {{ return &Rogue{{}} }}

func (p *Rogue) GetPluginType() string                              {{ return "Data_Processing" }}
func (p *Rogue) GetPluginName() string                              {{ return "rogue_mimir" }}
func (p *Rogue) ValidateConfig(config map[string]interface{{}}) error {{ return nil }}

func (p *Rogue) ExecuteStep(ctx context.Context, stepConfig pipelines.StepConfig, globalContext pipelines.PluginContext) (pipelines.PluginContext, error) {{
	switch stepConfig.Config["deed"] {{
	case "hang":
		time.Sleep(time.Hour)
	case "garbage":
		syscall.Write(3, []byte{{ {GARBAGE_BYTES} }})
		time.Sleep(time.Hour)
	case "ids":
		syscall.Write(3, []byte{{ {WRONG_ID_BYTES} }})
		time.Sleep(time.Hour)
	case "shapes":
		return pipelines.PluginContext{{stepConfig.Output: func() {{}}}}, nil
	}}
	return pipelines.PluginContext{{stepConfig.Output: "well"}}, nil
}}
"""

OMNISCOPE = PYTHON_DEEDS + """
class Rogue:
    def execute(self, input_data):
        deed = input_data["parameters"]["deed"]
        misbehave(deed)
        return 5 if deed == "shapes" else {"data": "well"}
"""

MIMOLO = PYTHON_DEEDS + """
from datetime import UTC, datetime
from mimolo.core.event import Event
from mimolo.core.plugin import BaseMonitor, PluginSpec

class Rogue(BaseMonitor):
    spec = PluginSpec(label="rogue_mimolo", poll_interval_s=0.2)
    def __init__(self, deed="well"): self.deed = deed
    def emit_event(self):
        misbehave(self.deed)
        if self.deed == "shapes":
            return {"label": 5}
        return Event(timestamp=datetime.now(UTC), label="rogue_mimolo", event="well")
"""

KBERT = PYTHON_DEEDS + """
from infrastructure.plugins import PluginBase

class Rogue(PluginBase):
    NAME = "rogue_kbert"
    def act(self, deed):
        misbehave(deed)
        return object() if deed == "shapes" else "well"
"""

SMI = rf"""
#include <string.h>
#include <unistd.h>
#include "mlos/smi_spec.h"

static const unsigned char garbage[] = {{ {GARBAGE_BYTES} }}, wrong_id[] = {{ {WRONG_ID_BYTES} }};

static smi_status_t initialize(const char* config) {{ (void)config; return SMI_SUCCESS; }}

static void stay(const unsigned char* bytes, size_t size) {{
  if (size > 0 && write(3, bytes, size) < 0) return;
  for (;;) pause();
}}

static smi_status_t inference(smi_model_handle_t handle, const void* input, size_t size, void* output, size_t* output_size) {{
  (void)handle;
  if (size == 4 && memcmp(input, "hang", 4) == 0) stay(0, 0);
  if (size == 7 && memcmp(input, "garbage", 7) == 0) stay(garbage, sizeof garbage);
  if (size == 3 && memcmp(input, "ids", 3) == 0) stay(wrong_id, sizeof wrong_id);
  memcpy(output, "well", 4);
  *output_size = size == 6 && memcmp(input, "shapes", 6) == 0 ? (size_t)1 << 50 : 4;
  return SMI_SUCCESS;
}}

static smi_plugin_t plugin = {{.interface = {{.initialize = initialize, .inference = inference}}, .plugin_id = "rogue_smi", .smi_version = SMI_VERSION}};
smi_plugin_t* smi_plugin_init(void) {{ return &plugin; }}
"""

CLERK = '''
"""Another service, and a user of the gauge."""
import os
from infrastructure.plugins import PluginBase

class ClerkPlugin(PluginBase):
    NAME = "clerk"
    PROVIDES = ["ledger"]
    def _initialize(self, context): self._gauge = context.resolve("gauge")
    def stamp(self, word): return {"pid": os.getpid(), "stamped": word.upper()}
    def measure(self, data=None): return {"pid": os.getpid(), "reading": self._gauge.read()}
'''


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def furnish(folder):
    """Our examples of all five, and the services of the tests."""
    shutil.copytree(EXAMPLES / "mimir" / "plugins", folder / "plugins")
    shutil.copytree(EXAMPLES / "omniscope", folder / "plugins", dirs_exist_ok=True)
    shutil.copytree(EXAMPLES / "mimolo" / "mimolo", folder / "mimolo")
    shutil.copytree(EXAMPLES / "kbert" / "src", folder / "src")
    shutil.copy(EXAMPLES / "kbert" / "k-bert.yaml", folder)
    compile_library(folder, "mlos_scale", (EXAMPLES / "smi" / "scale.c").read_text())
    (folder / "half.txt").write_text("0.5")
    gauge = folder / "plugins" / "gauge"
    gauge.mkdir()
    shutil.copy(BUILD / "specimens" / "gauge" / "libspecimens_gauge.so", gauge)
    words = {"name": "gauge", "version": "1.0.0", "author": "a", "description": "d", "language": "c++", "entry_point": "libspecimens_gauge.so",
             "extension_points": ["Data_Processing", "callback"], "provides": ["gauge"]}  # fmt: skip
    (gauge / "manifest.json").write_text(json.dumps(words))
    write(folder / "src" / "plugins" / "clerk.py", CLERK)


def let_rogues_in(folder):
    write(folder / "plugins" / "rogue_mimir" / "rogue_mimir.go", MIMIR)
    write(folder / "plugins" / "rogue_omniscope" / "rogue.py", OMNISCOPE)
    manifest = {"name": "rogue_omniscope", "version": "1.0.0", "author": "a", "description": "d", "language": "python", "entry_point": "rogue.py",
                "category": "analysis", "extension_points": ["analysis"], "permissions": []}  # fmt: skip
    write(folder / "plugins" / "rogue_omniscope" / "manifest.json", json.dumps(manifest))
    write(folder / "mimolo" / "plugins" / "rogue.py", MIMOLO)
    write(folder / "src" / "plugins" / "rogue.py", KBERT)
    compile_library(folder, "rogue", SMI)


def open_house(make_server, folder):
    server = make_server(folder=folder, config=config_file(folder, [folder / "plugins", folder / "mimolo" / "plugins"]))
    for id, library, model, path in [("scale", "libmlos_scale.so", "half", "half.txt"), ("rogue_smi", "librogue.so", "rogue", "half.txt")]:
        if (folder / library).exists():
            answer = server.post("/plugins/register", {"id": id, "endpoint": f"file://./{library}"})
            assert answer.status_code == 200, answer.text
            answer = server.post("/models/register", {"model_id": model, "plugin_id": id, "path": path})
            assert answer.status_code == 200, answer.text
    return server


def instances(server, plugin):
    """What the host says of the plugin's processes, by the numbers of this machine."""
    return server.get(f"/api/v1/plugins/{plugin}").json()["instances"]


def pids(server, plugin):
    return {each["pid"] for each in instances(server, plugin)}


# ---- what each of them can


def tides(server):
    run = server.execute([step("Input.tides", "T", "t", begin="2026-01-31T00:00:00Z", hours=2)])
    return run["context"]["t"]["rows"][0]["height"] if run["success"] else run


def outliers(server):
    run = server.execute([step("outliers", "O", "o", input=[1, 2] * 5 + [90])])
    return run["context"]["o"]["outliers"] if run["success"] else run


def typos(server):
    run = server.execute([step("typos", "A", "a", method="augment", training=False, input=["as it was"])])
    return run["context"]["a"] if run["success"] else run


def scale(server):
    answer = server.post("/models/half/inference", {"input": [3, 5]})
    return answer.json().get("output", answer.text)


class Watch:
    """A monitor that is polled all the time."""

    def __init__(self, server, plugin, **arguments):
        self.server = server
        config = {"arguments": arguments} if arguments else {}
        body = {"name": plugin, "cooldown_s": 60, "monitors": [{"plugin": plugin, "config": config, "poll_interval_s": 0.2}]}
        begun = server.post("/api/v1/watches", body)
        assert begun.status_code == 201, begun.text
        self.path = "/api/v1/watches/" + begun.json()["id"]

    def monitor(self):
        return self.server.get(self.path).json()["monitors"][0]

    def goes_on(self, within=60):
        polls = self.monitor()["polls"]
        return eventually(lambda: self.monitor()["polls"] > polls, within=within, what="one more poll")

    def end(self):
        assert self.server.http.delete(self.server.url + self.path, timeout=60).status_code == 200
