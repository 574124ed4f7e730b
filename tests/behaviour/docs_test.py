"""What the documentation tells people to type is typed here, in an empty folder, as it stands.

A fenced block with a second word is a file of that name (```yaml weather.yaml). A block in `sh` is run by sh -e; `sh fails` must fail.
A block in `text` is what the command before it said, where "..." stands for anything.
"""

import os
import re
import subprocess

import golang
import pytest
from outside import PATIENCE, PROGRAM, REPOSITORY

BLOCK = re.compile(r"^```(\w+)(?: ([\w./-]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks_of(page):
    return [(match[1], match[2], match[3]) for match in BLOCK.finditer((REPOSITORY / page).read_text())]


def shell(script, folder):
    environment = {**os.environ, "MORTISE": str(REPOSITORY), "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["sh", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=90 * PATIENCE,
    )  # fmt: skip


def assert_said(text, output):
    """Every line of the page is a line of the output, in order."""
    lines = iter(output.splitlines())
    for wanted in text.strip().splitlines():
        pattern = ".*".join(re.escape(part) for part in wanted.split("..."))
        assert any(re.search(pattern, line) for line in lines), f"{wanted!r} was not said: {output}"


@pytest.mark.rows("A-28")
def test_who_wants_to_contribute_finds_out_how_and_every_word_of_make_is_there():
    page = (REPOSITORY / "CONTRIBUTING.md").read_text()
    words = re.findall(r"^    make (\w+)", page, re.MULTILINE)
    assert {"test", "check", "bench", "soak", "fmt"} <= set(words)
    for word in words:
        command = ["make", "--dry-run", word]
        planned = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert planned.returncode == 0, planned.stderr
        assert word != "bench" or "bench/run" in planned.stdout.splitlines()
    for heading in ("Where things go", "How code reads", "Commits"):
        assert f"## {heading}" in page


PAGES = [
    "first-plugin-cpp", "first-plugin-python", "first-plugin-r", "first-plugin-go", "new", "configuration", "security", "operating",
    "coming-from-mimir", "coming-from-mimolo", "coming-from-kbert", "coming-from-mlos", "coming-from-omniscope", "permissions",
    "environments", "marketplace",
]  # fmt: skip


@pytest.mark.parametrize("page", [f"docs/{page}.md" for page in PAGES])
@pytest.mark.timeout(600)  # Go compiles its own library once
def test_the_page_can_be_followed_word_by_word(page, tmp_path):
    if page.endswith(("-go.md", "-mimir.md")):
        golang.go_program(REPOSITORY / "sdk" / "conformance" / "go")
    said = ""
    commands = 0
    for language, word, text in blocks_of(page):
        if language == "sh":
            done = shell(text, tmp_path)
            said = done.stdout + done.stderr
            assert (done.returncode != 0) == (word == "fails"), f"{text}\n{said}"
            commands += 1
        elif language == "text":
            assert_said(text, said)
        else:
            assert word is not None, f"a block in {language} that is no file"
            path = tmp_path / word
            assert path.parent.is_dir(), f"{word} comes before its folder is made"
            path.write_text(text)
    assert commands >= 1


def test_the_readme_s_ten_lines_work_in_both_languages(tmp_path):
    blocks = [(language, text) for language, _, text in blocks_of("README.md")]
    (cpp,) = (text for language, text in blocks if language == "cpp")
    (python,) = (text for language, text in blocks if language == "python")
    (pipeline,) = (text for language, text in blocks if language == "yaml")
    command = re.search(r"^    (mortise run double\.yaml .*)$", (REPOSITORY / "README.md").read_text(), re.MULTILINE)[1]
    for language, code, entry in (("c++", cpp, "libdoubler.so"), ("python", python, "doubler.py")):
        folder = tmp_path / language / "plugins" / "doubler"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(
            f"""{{"name": "Data_Processing.doubler", "version": "1.0.0", "author": "You", "description": "Doubles",
                 "language": "{language}", "entry_point": "{entry}", "extension_points": ["Data_Processing"]}}"""
        )
        (folder / ("doubler.cc" if language == "c++" else entry)).write_text(code)
        (tmp_path / language / "double.yaml").write_text(pipeline)
        script = f"{command} --json"
        if language == "c++":
            script = 'g++ -std=c++20 -shared -fPIC -I "$MORTISE/include" plugins/doubler/doubler.cc ' \
                     f"-o plugins/doubler/libdoubler.so\n{script}"  # fmt: skip
        done = shell(script, tmp_path / language)
        assert done.returncode == 0, done.stderr
        assert re.search(r'"doubled": ?42', done.stdout), done.stdout


def test_every_link_between_pages_leads_somewhere():
    pages = [REPOSITORY / "README.md", REPOSITORY / "ARCHITECTURE.md", REPOSITORY / "CONTRIBUTING.md"]
    pages += sorted((REPOSITORY / "docs").rglob("*.md")) + [REPOSITORY / "bench" / "README.md"]
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if not re.match(r"\w+:", target) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(REPOSITORY)}: {target}")
    assert broken == []
