"""`mortise new`: every project that it makes builds, passes its tests and runs as it stands."""

import json
import subprocess
import sys
from pathlib import Path

import golang
import outside
import pytest
from outside import BUILD, PATIENCE, PROGRAM, REPOSITORY

TEMPLATES = REPOSITORY / "sdk" / "templates"
NATIVE = sorted(path.parent.name for path in (TEMPLATES / "native").glob("*/template.json"))
HEADINGS = ["## Setup", "## Usage", "## Configuration", "## Troubleshooting"]


def need(language):
    if language == "go":
        golang.toolchain()
    if language == "r" and not (BUILD / "r" / "mortise").exists():
        pytest.skip("the R package is not built: run tools/setup, which installs R, and make")


def new(mortise, *arguments):
    done = mortise("new", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def make(folder, *words, **options):
    environment = {**outside.os.environ, "PATH": f"{PROGRAM.parent}:{outside.os.environ['PATH']}"}
    return subprocess.run(
        ["make", "-C", folder, *words], capture_output=True, text=True, check=False, timeout=120 * PATIENCE,
        env={**environment, **options},
    )  # fmt: skip


@pytest.mark.rows("M-57")
@pytest.mark.parametrize("name", ["Data_Processing.z-score", "words"])
@pytest.mark.parametrize("language", NATIVE)
def test_a_new_project_builds_and_runs_its_pipeline_as_it_stands(mortise, tmp_path, language, name):
    need(language)
    made = new(mortise, "native", name, "--language", language, "--author", 'Ada "the first"', "--description", 'Scales \\ "all"')
    folder = tmp_path / name.split(".")[-1].replace("-", "_")
    assert made["folder"] == str(folder) and made["name"] == name
    assert sorted(made["files"]) == sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["name"], manifest["author"], manifest["description"]) == (name, 'Ada "the first"', 'Scales \\ "all"')
    readme = (folder / "README.md").read_text()
    assert all(heading in readme for heading in HEADINGS) and 'Scales \\ "all"' in readme
    assert (folder / ".gitignore").read_text().strip()
    if (folder / "Makefile").exists():
        built = make(folder)
        assert built.returncode == 0, built.stdout + built.stderr
    done = mortise("run", "example.yaml", cwd=folder, timeout=200)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "example.json").read_text()) == [10, 25, -30]
    shown = mortise("plugin", "show", name, cwd=folder)
    assert 'Scales \\ "all"' in shown.stdout


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_the_makefile_runs_the_tests_and_says_what_it_misses(mortise, tmp_path, language):
    folder = new(mortise, "native", "words", "--language", language)["folder"]
    done = make(folder, "test")
    assert done.returncode == 0 and "not ok" not in done.stdout and "ok 4 - " in done.stdout
    lost = make(folder, "-B", MORTISE_INCLUDE="/nowhere")
    assert lost.returncode != 0 and "headers of Mortise were not found" in lost.stderr


@pytest.mark.parametrize("language", NATIVE)
def test_a_plugin_of_a_new_project_refuses_wrong_input_in_its_own_words(mortise, tmp_path, language):
    need(language)
    folder = Path(new(mortise, "native", "words", "--language", language)["folder"])
    if (folder / "Makefile").exists():
        assert make(folder).returncode == 0
    pipeline = folder / "example.yaml"
    pipeline.write_text(pipeline.read_text().replace("[1, 2.5, -3]", "[1, two]"))
    done = mortise("run", "example.yaml", cwd=folder, timeout=200)
    assert done.returncode != 0 and "step 1 (Multiply) failed" in done.stderr and "number" in done.stderr, done.stderr


@pytest.mark.rows("M-57", "A-25")
@pytest.mark.parametrize("name", ["tripler", "Input.three-times"])
def test_a_new_plugin_of_mimir_passes_its_tests_and_runs_as_it_stands(mortise, tmp_path, name):
    golang.toolchain()
    folder = Path(new(mortise, "mimir", name, "--description", 'Says "three"')["folder"])
    word = folder.name
    tested = mortise("plugin", "test", f"plugins/{word}", cwd=folder, timeout=300)
    assert tested.returncode == 0 and "TestEveryNumberIsMultiplied" in tested.stdout and ", 0 failed" in tested.stdout, tested.stdout
    done = mortise("run", "pipeline.yaml", "--json", cwd=folder, timeout=200)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"]["context"]["multiplied"] == [10, 25, -30]
    listed = {each["id"]: each for each in json.loads(mortise("--config", "config.yaml", "plugin", "list", "--json", cwd=folder).stdout)}
    assert listed[word]["dialect"] == "mimir" and listed[word]["extension_points"] == [name.split(".")[0] if "." in name else "Data_Processing"]
    pipeline = folder / "pipeline.yaml"
    pipeline.write_text(pipeline.read_text().replace("[1, 2.5, -3]", "many"))
    refused = mortise("run", "pipeline.yaml", cwd=folder, timeout=200)
    assert refused.returncode != 0 and "numbers must be a list of numbers, got many" in refused.stderr
    assert all(heading in (folder / "README.md").read_text() for heading in HEADINGS)


def passes_its_tests(folder, dialect, *more):
    """Its tests are pytest's, with the guide's package on the module path."""
    path = ":".join(map(str, [REPOSITORY / "sdk" / "dialects" / dialect, *more, folder]))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=folder, env={**outside.os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, timeout=120 * PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.rows("A-25")
def test_a_new_monitor_is_registered_and_passes_its_tests(mortise, tmp_path):
    folder = Path(new(mortise, "mimolo", "lamp", "--description", 'Is it "on"?')["folder"])
    listed = mortise("mimolo", "register", cwd=folder)
    assert listed.returncode == 0 and [each["label"] for each in json.loads(listed.stdout)["plugins"]] == ["lamp"], listed.stderr
    polled = mortise("mimolo", "test", "--plugin", "lamp", "--count", "1", cwd=folder)
    assert json.loads(polled.stdout)["label"] == "lamp", polled.stderr
    assert "TemplateMonitor" in (folder / "mimolo" / "plugins" / "template.py").read_text()
    passes_its_tests(folder, "mimolo")


@pytest.mark.rows("A-25")
@pytest.mark.parametrize(("template", "point"), [("basic", "custom"), ("head", "head"), ("model", "model")])
def test_a_new_plugin_of_kbert_comes_up_and_passes_its_tests(mortise, tmp_path, template, point):
    pytest.importorskip("numpy")
    folder = Path(new(mortise, "kbert", "lamp", "--template", template, "--description", 'Is it "on"?', "--author", "Ada")["folder"])
    (page,) = json.loads(mortise("kbert", "list", "--json", cwd=folder).stdout)["plugins"]
    expected = {"name": "lamp", "class": "Lamp", "category": point, "state": "INITIALIZED", "description": 'Is it "on"?'}
    assert {key: page[key] for key in expected} == expected
    passes_its_tests(folder, "kbert")


@pytest.mark.rows("K-58")
def test_a_new_package_of_kbert_builds_and_its_plugins_are_found_where_it_is_installed(mortise, tmp_path):
    pytest.importorskip("numpy")
    pytest.importorskip("setuptools")
    folder = Path(new(mortise, "kbert", "lamps", "--template", "package")["folder"])
    for path in ("pyproject.toml", "src/lamps/__init__.py", "src/lamps/plugins.py", "src/lamps/heads.py", "tests/test_lamps.py"):
        assert (folder / path).stat().st_size > 0, path
    passes_its_tests(folder, "kbert", folder / "src")
    assert json.loads(mortise("kbert", "list", "--json", cwd=folder).stdout)["plugins"] == [], "it is not installed yet"
    place = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", place], check=True, timeout=120)
    (site,) = (place / "lib").glob("python3*/site-packages")
    built = subprocess.run(
        [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "install_lib", "-d", site, "install_egg_info", "-d", site],
        cwd=folder, capture_output=True, text=True, timeout=120 * PATIENCE, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "k-bert.yaml").write_text("")
    listed = mortise("kbert", "list", "--json", cwd=tmp_path / "elsewhere", env={"MORTISE_PYTHON": str(place / "bin" / "python")})
    told = json.loads(listed.stdout)
    states = {each["name"]: each["state"] for each in told["plugins"]}
    assert states.pop("lamps") == "INITIALIZED", listed.stderr
    # A worker sees the numpy of its own interpreter, which this one may lack.
    assert states == {"lamps_head": "INITIALIZED"} or "lamps.heads:LampsHead: No module named 'numpy'" in told["problems"][0]["error"], told


def test_what_is_made_from_a_file_of_the_sdk_has_nothing_of_that_file_s_own_name():
    for path in TEMPLATES.glob("*/*/template.json"):
        for taken in json.loads(path.read_text()).get("taken", {}).values():
            text = (path.parent / taken["from"]).read_text()
            for word, placeholder in taken.get("words", {}).items():
                assert word in text, f"{path}: nothing in {taken['from']} is called {word}"
                text = text.replace(word, placeholder)
            assert not taken.get("words") or "emplate" not in text, path


HOSTILE = ["", "../escape", "/etc/x", "a/b", "a b", "9", ".hidden", "a.b.c", "Nowhere.x", "x" * 65, "é", "a\nb", "json", "Input.class", "-x"]


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_a_name_that_cannot_be_used_is_refused_with_one_that_can_and_nothing_is_made(mortise, tmp_path, name):
    done = mortise("new", "native", "--language", "python", "--json", "--", name)
    assert done.returncode == 64
    assert list(tmp_path.iterdir()) == []
    proposed = json.loads(done.stdout)["hint"].removeprefix("such as: ")
    assert mortise("new", "native", proposed, "--language", "python").returncode == 0, proposed


def test_a_folder_that_holds_something_is_left_as_it_was(mortise, tmp_path):
    (tmp_path / "words").mkdir()
    assert mortise("new", "native", "words", "--language", "r").returncode == 0  # it was empty
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "words").rglob("*")}
    again = mortise("new", "native", "words", "--language", "python")
    assert again.returncode == 65 and "not an empty folder" in again.stderr and "--folder" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "words").rglob("*")} == before
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    for taken in ("file", "link"):
        assert mortise("new", "native", "other", "--language", "r", "--folder", taken).returncode == 65
    assert mortise("new", "native", "other", "--language", "r", "--folder", ".").returncode in (64, 65)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "words"]


def test_two_at_once_make_one_project(tmp_path):
    started = [
        subprocess.Popen([PROGRAM, "new", "native", "words", "--language", language], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for language in ("python", "r") * 4
    ]
    assert sorted(process.wait(60 * PATIENCE) for process in started) == [0] + [65] * 7
    assert [path.name for path in tmp_path.iterdir()] == ["words"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["native", "words"], "--language"),
        (["native", "words", "--language", "pyton"], "did you mean 'python'"),
        (["nativ", "words"], "did you mean 'native'"),
        (["native", "words", "--language", "python", "--extension-point", "Inptu"], "Input"),
        (["native", "words", "--language", "python", "--author", "a\nb"], "one line"),
        (["native", "words", "--language", "python", "--template", "odd"], "odd"),
        (["mimir", "analysis.words"], "it can as: Input, Data_Processing, AIModels, Output"),
    ],
    ids=str,
)
def test_what_cannot_be_made_is_refused_with_what_can(mortise, tmp_path, words, expected):
    done = mortise("new", *words)
    assert done.returncode != 0 and expected in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_writer_finds_the_folders_to_build_with(mortise):
    include = mortise("where", "include").stdout.strip()
    assert Path(include, "mortise", "plugin.h").exists()
    places = json.loads(mortise("where", "--json").stdout)
    assert places["include"] == include and Path(places["python"], "mortise", "__init__.py").exists()
    wrong = mortise("where", "includes")
    assert wrong.returncode == 64 and "did you mean 'include'" in wrong.stderr
