"""Samples in Go: plugins that the host builds and runs, declarations and tests that the compiler and `go test` judge."""

import json
import os
import re
import subprocess

from proof.runners.evidence import require, succeeded
from proof.shared import REPOSITORY
from proof.workshop import tool

GUIDE = REPOSITORY / "sdk" / "dialects" / "mimir"
MODULES = {
    "mortise": REPOSITORY / "sdk" / "go",
    "github.com/Mimir-AIP/Mimir-AIP-Go": GUIDE,
    "github.com/stretchr/testify": GUIDE / "testify",
}


def _go(arguments, folder):
    environment = {
        **os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOSUMDB": "off", "CGO_ENABLED": "0",
    }  # fmt: skip
    return subprocess.run(
        [tool("go"), *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def _write(sample, options, folder, name):
    """The sample between what is written around it, and the files beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = options.get("before", "").lstrip() + sample.text + options.get("after", "")
    (folder / name).write_text(text, encoding="utf-8")
    for path, content in options.get("files", {}).items():
        (folder / path).write_text(content.lstrip(), encoding="utf-8")


def plugin(sample, options, workshop):
    """A plugin in the guide's place, found, built and run by the host: `output` is in the context, or `error` in what is said."""
    tool("go")
    folder = workshop.folder(sample.id)
    path = options.get("path", "my_plugin/my_plugin.go")
    place = folder / "plugins" / path
    _write(sample, options, place.parent, place.name)
    step = {"name": "Step", "plugin": options["plugin"], "config": options.get("config", {}), "output": "result"}
    (folder / "use.json").write_text(json.dumps({"name": "Use", "steps": [step]}), encoding="utf-8")
    given = [word for key, value in options.get("context", {}).items() for word in ("--set", f"{key}={json.dumps(value)}")]
    done = workshop.mortise("run", "use.json", "--json", *given, cwd=folder)
    require(done.stdout, f"mortise run said: {done.stderr.strip()[-300:]}")
    answer = json.loads(done.stdout)
    data = answer.get("data", answer)
    if "error" in options:
        said = str(data.get("error"))
        require(said.endswith(options["error"]), f"the error is {said}")
        return f"mortise run: {said}"
    require(data.get("success") is True, f"the run did not succeed: {data.get('error')}")
    wrong = _differs(options["output"], data["context"].get("result"))
    require(not wrong, f"the result is {data['context'].get('result')}")
    return f"mortise run: {options['plugin']} was built and gave {json.dumps(data['context']['result'])[:60]}"


def _differs(expected, got):
    """A map is compared key by key, so that a time may be anything."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return any(key not in got or _differs(value, got[key]) for key, value in expected.items())
    return expected not in ("...", got)


def _module(folder):
    lines = ["module sample.invalid/sample", "", "go 1.19", ""]
    for module, path in MODULES.items():
        lines += [f"require {module} v0.0.0", f"replace {module} => {path}"]
    (folder / "go.mod").write_text("\n".join(lines) + "\n", encoding="utf-8")


def builds(sample, options, workshop):
    """The compiler takes it, with what stands around it; `same` names what must be identical to the host's own."""
    folder = workshop.folder(sample.id)
    _write(sample, options, folder, "sample.go")
    _module(folder)
    done = _go(["vet", "./..."], folder)
    require(done.returncode == 0, f"go vet: {(done.stdout + done.stderr).strip()[-300:]}")
    return "go vet: it builds against the packages of sdk/dialects/mimir"


def tests(sample, options, workshop):
    """`go test` runs it and it passes."""
    folder = workshop.folder(sample.id)
    _write(sample, options, folder, "sample_test.go")
    _module(folder)
    done = _go(["test", "-count=1", "-v", "./..."], folder)
    require(done.returncode == 0, f"go test: {(done.stdout + done.stderr).strip()[-300:]}")
    passed = re.findall(r"^--- PASS: (\w+)", done.stdout, re.MULTILINE)
    require(passed, "go test ran nothing")
    return f"go test: {', '.join(passed)} passed"


def typed(sample, options, workshop):
    """Commands of the guide in a folder with its files; `then` looks at what they did."""
    tool("go")
    folder = workshop.folder(sample.id)
    for source, name in options.get("copies", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text((REPOSITORY / source).read_text(encoding="utf-8"), encoding="utf-8")
    for path, content in options.get("files", {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content.lstrip(), encoding="utf-8")
    where = folder / options.get("inside", ".")
    replaces = " ".join(f"-replace {module}={path} -require {module}@v0.0.0" for module, path in MODULES.items())
    text = sample.text
    for old, new in options.get("put", {}).items():
        require(old in text, f"it has no {old!r}")
        text = text.replace(old, new.replace("{replaces}", replaces))
    environment = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOSUMDB": "off"}
    succeeded(workshop.type(text, where, **environment), "the commands")
    succeeded(workshop.type(options["then"], folder, **environment), f"then `{options['then']}`")
    return "bash: every command ended with 0"


def tree(sample, options, workshop):
    """Plugins at the places of a tree of folders are all found."""
    folder = workshop.folder(sample.id)
    found = {}
    for kind, name in re.findall(r"(input|data_processing|output)/|(\w+)\.go", sample.text):
        if kind:
            current = kind
        else:
            found[name] = current
    require(found, "the tree names no plugin")
    template = (REPOSITORY / "examples/mimir/plugin_template.go").read_text(encoding="utf-8")
    types = {"input": "Input", "data_processing": "Data_Processing", "output": "Output"}
    for name, kind in found.items():
        place = folder / "plugins" / kind / name
        place.mkdir(parents=True)
        source = template.replace('"my_plugin"', f'"{name}"').replace('"Data_Processing"', f'"{types[kind]}"')
        (place / f"{name}.go").write_text(source, encoding="utf-8")
        (place / "README.md").write_text("# It\n", encoding="utf-8")
    (folder / "mortise.yaml").write_text("plugins: {directories: [./plugins], first_party: false}\n", encoding="utf-8")
    done = workshop.mortise("--config", "mortise.yaml", "plugin", "list", "--json", cwd=folder)
    succeeded(done, "mortise plugin list")
    listed = {f"{plugin['type']}.{plugin['name']}" for plugin in json.loads(done.stdout)}
    wanted = {f"{types[kind]}.{name}" for name, kind in found.items()}
    require(wanted <= listed, f"not all are listed: {sorted(wanted - listed)}")
    return f"mortise plugin list: {', '.join(sorted(wanted))}"
