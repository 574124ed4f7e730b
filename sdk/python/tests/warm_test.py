"""Modules that were loaded before anybody asked for them."""

import os
import subprocess
import sys

SDK = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(folder, source):
    """What a fresh interpreter prints that has `folder` first on its path."""
    program = f"import sys\nsys.path[:0] = [{str(folder)!r}, {SDK!r}]\n{source}"
    done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


LAY_ASIDE = """
from mortise.warm import WarmModules
handed = []
sys.path.remove({folder!r})
WarmModules().lay_aside({names}, {{"wave": lambda module: handed.append(module.__name__)}})
sys.path.insert(0, {folder!r})
"""


def test_a_module_laid_aside_is_not_there_until_it_is_imported_and_then_is_not_loaded_again(tmp_path):
    source = LAY_ASIDE.format(folder=str(tmp_path), names=["wave", "not_a_module"]) + (
        "print('wave' in sys.modules, handed)\nimport wave\nprint(handed, wave.__spec__.name, wave.__spec__.loader is not None)\n"
        "import wave, importlib\nprint(importlib.reload(wave) is wave)\n"
    )
    assert run(tmp_path, source) == ["False", "[]", "['wave']", "wave", "True", "True"]


def test_a_file_that_an_import_would_have_found_first_is_what_it_gets(tmp_path):
    (tmp_path / "wave.py").write_text("mine = True\n")
    source = LAY_ASIDE.format(folder=str(tmp_path), names=["wave"]) + "import wave\nprint(wave.mine, handed)\n"
    assert run(tmp_path, source) == ["True", "[]"]


def test_a_package_comes_with_its_modules_and_without_those_of_others(tmp_path):
    source = LAY_ASIDE.format(folder=str(tmp_path), names=["xml.dom.minidom", "wave"]) + (
        "import xml.dom\nprint('xml.dom.minidom' in sys.modules, 'wave' in sys.modules, xml.dom.minidom.parseString('<a/>').nodeName)\n"
    )
    assert run(tmp_path, source) == ["True", "False", "#document"]
