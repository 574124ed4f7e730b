"""`mortise doctor FOLDER`: which of three causes keeps a plugin from being found."""

import json

import pytest

MANIFEST = {"name": "Data_Processing.mine", "version": "1.0.0", "author": "a", "description": "d", "language": "python",
            "entry_point": "mine.py", "extension_points": ["Data_Processing"]}  # fmt: skip


@pytest.fixture
def diagnose(mortise, tmp_path):
    def diagnose(place="plugins/mine", manifest=MANIFEST, files=None):
        folder = tmp_path / place
        folder.mkdir(parents=True, exist_ok=True)
        if manifest is not None:
            (folder / "manifest.json").write_text(manifest if isinstance(manifest, str) else json.dumps(manifest))
        for name, content in (files if files is not None else {"mine.py": "from mortise import Plugin\n"}).items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        result = mortise("doctor", place, "--json")
        report = json.loads(result.stdout)
        wrong = {group["name"] for group in report["groups"] for check in group["checks"] if check["status"] == "problem"}
        assert (result.returncode == 0) == (not wrong) == report["healthy"]
        return wrong, result.stdout

    return diagnose


@pytest.mark.rows("M-70")
def test_nothing_is_wrong_with_a_plugin_that_is_found(diagnose, mortise):
    assert diagnose()[0] == set()
    assert "Data_Processing.mine" in mortise("plugin", "list").stdout


@pytest.mark.rows("M-70")
def test_a_plugin_in_the_wrong_place_is_a_matter_of_the_directory_structure(diagnose, mortise):
    for place, word in (("elsewhere/mine", "plugins.directories"), ("plugins/a/b/c/mine", "4 folders below"), ("plugins/.mine", "hidden")):
        wrong, text = diagnose(place)
        assert wrong == {"Directory structure"} and word in text, (place, text)
        assert "Data_Processing.mine" not in mortise("plugin", "list").stdout
    assert "no folder" in mortise("doctor", "plugins/nothing").stdout


@pytest.mark.rows("M-70")
def test_a_wrong_manifest_is_a_matter_of_type_and_name(diagnose):
    assert diagnose(manifest={**MANIFEST, "extension_points": ["Data_Procesing"]})[0] == {"Type and name"}
    wrong, text = diagnose(manifest={**MANIFEST, "name": "two words"})
    assert wrong == {"Type and name"} and "two words" in text
    wrong, text = diagnose(manifest='{"name": "x",\n}')
    assert wrong == {"Type and name"} and "manifest.json" in text
    wrong, text = diagnose("plugins/empty", manifest=None)
    assert wrong == {"Type and name"} and "there is no" in text
    wrong, text = diagnose("plugins/twin", manifest={**MANIFEST, "name": "Input.file"})
    assert wrong == {"Type and name"} and "found first" in text


@pytest.mark.rows("M-70")
def test_a_missing_or_wrong_file_is_a_matter_of_compiling(diagnose):
    native = {**MANIFEST, "language": "c++", "entry_point": "libmine.so"}
    wrong, text = diagnose("plugins/a", native, {})
    assert wrong == {"Compiled"} and "build it" in text
    wrong, text = diagnose("plugins/a", native, {"libmine.so": "int main() {}"})
    assert wrong == {"Compiled"} and "no shared object" in text
    wrong, text = diagnose("plugins/b", {**native, "name": "Test.b"}, {"libmine.so": open("/lib/x86_64-linux-gnu/libc.so.6", "rb").read()})
    assert wrong == {"Compiled"} and "MORTISE_PLUGIN" in text
    wrong, text = diagnose("plugins/c", {**MANIFEST, "name": "Test.c"}, {"mine.py": "def broken(:\n"})
    assert wrong == {"Compiled"} and "line 1" in text
