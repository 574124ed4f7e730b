"""Samples of the guide for model plugins: compiled, loaded by a server, and asked."""

import json
import os
import shutil
import subprocess
import sysconfig

from proof.runners.evidence import require, succeeded
from proof.samples import cut_all
from proof.shared import REPOSITORY, shared_folder
from proof.workshop import STUBS, Unavailable, enter_own_network, tool

INCLUDE = REPOSITORY / "include"
C99 = ["-Wall", "-Wextra", "-std=c99", "-fPIC", "-O2", f"-I{INCLUDE}"]


def _text(id):
    """Another sample that this one works on."""
    return next(sample.text for sample in cut_all(shared_folder()) if sample.id == id)


def _compile(folder, source, target, *flags):
    libraries = [flag for flag in flags if flag.startswith("-l")]
    command = [tool("gcc"), *(flag for flag in flags if flag not in libraries), "-o", target, source, *libraries]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    succeeded(done, f"gcc {source}")
    return done.stderr


def _ask(workshop, folder, method, path, body=None):
    """(status, JSON) of a request to the server of this folder."""
    data = ["-H", "Content-Type: application/json", "--data-binary", "@-"] if body is not None else []
    tool("curl")
    command = ["nsenter", f"--net=/proc/{workshop.server(folder)}/ns/net", "curl", "-sS", "-w", "\n%{http_code}", "-X", method, *data]
    done = subprocess.run(
        [*command, f"http://localhost:8080{path}"], input=json.dumps(body), capture_output=True, text=True, timeout=120
    )
    answer, _, status = done.stdout.rpartition("\n")
    require(done.returncode == 0, f"curl {path}: {done.stderr.strip()}")
    return int(status), json.loads(answer)


def _register(workshop, folder, file):
    status, answer = _ask(workshop, folder, "POST", "/plugins/register", {"id": "sample", "endpoint": f"file://./plugins/{file}"})
    require(status == 200, f"registering it was answered with {status}: {answer.get('message')}")
    return answer["plugin"]


def _model(workshop, folder, path="model.bin"):
    (folder / path).write_bytes(b"a model")
    body = {"model_id": "m", "plugin_id": "sample", "name": "M", "path": path}
    status, answer = _ask(workshop, folder, "POST", "/models/register", body)
    require(status == 200, f"registering a model was answered with {status}: {answer.get('message')}")


def _place(workshop, sample):
    folder = workshop.folder(sample.id)
    (folder / "plugins").mkdir(exist_ok=True)
    return folder


def interface(sample, options, workshop):
    """The interface as it is printed: each of its members has the type that it has in the header."""
    folder = _place(workshop, sample)
    names = [part.split(")")[0] for part in sample.text.split("(*")[1:]]
    checks = "".join(
        f"_Static_assert(__builtin_types_compatible_p(__typeof__(((printed_t*)0)->{name}), "
        f'__typeof__(((smi_plugin_interface_t*)0)->{name})), "{name}");\n'
        for name in names
    )
    renamed = sample.text.replace("smi_plugin_interface_t", "printed_t")
    (folder / "sample.c").write_text(f'#include "mlos/smi_spec.h"\n{renamed}\n{checks}', encoding="utf-8")
    _compile(folder, "sample.c", "sample.o", "-c", f"-I{INCLUDE}")
    return f"gcc: its {len(names)} members have the types of the header"


def library(sample, options, workshop):
    """A plugin in C: compiled without a warning, registered, and asked."""
    folder = _place(workshop, sample)
    (folder / "my_plugin.c").write_text(sample.text, encoding="utf-8")
    said = _compile(folder, "my_plugin.c", "plugins/libmlos_my_plugin.so", *C99, "-shared")
    require(not said, f"gcc warns: {said.strip().splitlines()[:1]}")
    plugin = _register(workshop, folder, "libmlos_my_plugin.so")
    _model(workshop, folder)
    status, answer = _ask(workshop, folder, "POST", "/models/m/inference", {"input": "test data"})
    require(status == 200 and answer["output"] == "test data", f"its inference was answered with {status}: {answer}")
    return f"gcc -std=c99: no warning; registered as {plugin['plugin_name']} {plugin['plugin_version']}, its inference echoes"


def makefile(sample, options, workshop):
    """A Makefile, typed as `make` and `make clean`."""
    folder = _place(workshop, sample)
    (folder / "Makefile").write_text(sample.text, encoding="utf-8")
    source = options["file"]
    (folder / source).write_text(_with_preamble(_text(options["source"]), options), encoding="utf-8")
    tool("make")
    environment = {"CPATH": str(INCLUDE), "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "GOTOOLCHAIN": "local", "GOPROXY": "off"}
    done = workshop.type("make", folder, **environment)
    succeeded(done, "make")
    require("warning" not in done.stderr, f"make warns: {done.stderr.strip()}")
    require((folder / options["makes"]).exists(), f"make did not make {options['makes']}")
    succeeded(workshop.type("make clean", folder, **environment), "make clean")
    require(not (folder / options["makes"]).exists(), "make clean left it there")
    return f"make: makes {options['makes']}, and make clean takes it away"


def wrapper(sample, options, workshop):
    """A plugin in C around Python: its initialisation imports the guide's class and makes one."""
    folder = _place(workshop, sample)
    (folder / "wrapper.c").write_text(sample.text, encoding="utf-8")
    (folder / "plugins" / "my_python_plugin.py").write_text(_text(options["module"]), encoding="utf-8")
    _stand_in(folder / "plugins", "torch", "numpy")
    include, library = sysconfig.get_path("include"), f"python{sysconfig.get_config_var('LDVERSION')}"
    if not os.path.exists(os.path.join(include, "Python.h")):
        raise Unavailable(f"there is no Python.h in {include} (python3-dev)")
    _compile(folder, "wrapper.c", "plugins/libwrapper.so", "-fPIC", "-shared", f"-I{INCLUDE}", f"-I{include}", f"-l{library}")
    plugin = _register(workshop, folder, "libwrapper.so")
    return f"gcc with Python's flags: registered as {plugin['plugin_id']}, its initialize made a MyPythonPlugin"


def python_class(sample, options, workshop):
    """A plugin as a Python class, registered by its file alone."""
    folder = _place(workshop, sample)
    (folder / "plugins" / "my_python_plugin.py").write_text(sample.text, encoding="utf-8")
    _stand_in(folder / "plugins", "torch")
    plugin = _register(workshop, folder, "my_python_plugin.py")
    _model(workshop, folder)
    body = {"input": [1.5, 2.5], "input_format": "float32"}
    status, answer = _ask(workshop, folder, "POST", "/models/m/inference", body)
    require(status == 200 and answer["output"] == [3.0, 5.0], f"its inference was answered with {status}: {answer}")
    return f"registered by its file as {plugin['plugin_name']}: initialize, register_model, load_model, inference"


def go_library(sample, options, workshop):
    """A plugin in Go: its bogus descriptor is refused, its flat exports are used."""
    folder = _place(workshop, sample)
    (folder / "my_go_plugin.go").write_text(_with_preamble(sample.text, options), encoding="utf-8")
    environment = {**os.environ, "GOPROXY": "off", "GOTOOLCHAIN": "local", "GO111MODULE": "off"}
    command = [tool("go"), "build", "-buildmode=c-shared", "-o", "plugins/libmlos_go_plugin.so", "my_go_plugin.go"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    succeeded(done, "go build")
    plugin = _register(workshop, folder, "libmlos_go_plugin.so")
    require(plugin["plugin_name"] == "My Go ML Plugin", f"it says it is {plugin['plugin_name']}")
    _model(workshop, folder)
    status, answer = _ask(workshop, folder, "POST", "/models/m/inference", {"input": "x"})
    require(status == 404, f"a model that nothing can load was answered with {status}: {answer}")
    return "go build -buildmode=c-shared: registered as My Go ML Plugin by its exports; its inference finds no loaded model"


def unit_test(sample, options, workshop):
    """A test program in C, run on the guide's own plugin."""
    folder = _place(workshop, sample)
    (folder / "my_plugin.c").write_text(_text(options["plugin"]), encoding="utf-8")
    (folder / "test_plugin.c").write_text(sample.text, encoding="utf-8")
    _compile(folder, "my_plugin.c", "libmlos_my_plugin.so", *C99, "-shared")
    _compile(folder, "test_plugin.c", "test_plugin", f"-I{INCLUDE}", "-ldl")
    done = workshop.type("./test_plugin ./libmlos_my_plugin.so", folder)
    succeeded(done, "test_plugin")
    require("Plugin loading test passed" in done.stdout, f"it says {done.stdout.strip()[-200:]}")
    usage = workshop.type("./test_plugin || true", folder).stdout
    require("Usage:" in usage, f"without an argument it says {usage!r}")
    return "test_plugin ./libmlos_my_plugin.so: passed"


def integration(sample, options, workshop):
    """The script that starts the server, registers a plugin and a model, asks it, and kills the server."""
    folder = _place(workshop, sample)
    (folder / "my_plugin.c").write_text(_text(options["plugin"]), encoding="utf-8")
    _compile(folder, "my_plugin.c", "plugins/libtest_plugin.so", *C99, "-shared")
    for place in ("build", "models"):
        (folder / place).mkdir(exist_ok=True)
    (folder / "models" / "test_model.bin").write_bytes(b"a model")
    (folder / "build" / "mlos_core").symlink_to(workshop.program)
    (folder / "test_plugin_integration.sh").write_text(sample.text, encoding="utf-8")
    if os.geteuid() != 0:
        raise Unavailable("a server on the guides' ports needs a network of its own, and that needs root")
    done = subprocess.run(
        ["bash", "test_plugin_integration.sh"],
        cwd=folder,
        env=workshop.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=enter_own_network,
    )
    succeeded(done, "the script")
    require(done.stdout.count('"status":"success"') == 3, f"its three requests were answered with: {done.stdout.strip()[-600:]}")
    require('"output":"test data"' in done.stdout, "the inference did not give back its input")
    return "bash: the server was ready after 3 s, plugin and model were registered, the inference echoes"


def _with_preamble(text, options):
    """A Go file needs C's declarations before `import "C"`."""
    if "preamble" not in options:
        return text
    return text.replace('import "C"', f"/*\n{options['preamble'].strip()}\n*/\nimport \"C\"", 1)


def _stand_in(folder, *modules):
    """Stand-ins for modules that this machine's Python may lack: those of the stubs, beside the plugin."""
    for name in modules:
        source = STUBS / "python" / f"{name}.py"
        if source.exists():
            shutil.copy(source, folder / f"{name}.py")
