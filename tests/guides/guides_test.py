"""`make guides` can be believed: what it cuts out, what it makes of a sample that runs, fails, or never could run."""

import os
import shutil
import subprocess
import sys

import pytest
from outside import BUILD
from proof import catalogue, guides, samples, shared
from proof.catalogue import Entry
from proof.promises import Malformed
from proof.samples import Sample
from proof.workshop import Workshop

FEATURES = """
# 6. Every sample
5 samples: One 3, k-Two 2. "lines" and so on.
## 6.1 One (seed 000)
| id | lines | language | what |
|---|---|---|---|
| AC-01 | 3–4 | bash | two lines |
| AC-02…03 | 8, 12–12 | YAML | indented; one \\| line |
## 6.2 k-Two
| BC-01 | 3-4 | x | y |
""".replace("| BC-01 | 3-4 | x | y |", "| BC-01…02 | 3–4, 8 | x | y |")

GUIDE = "# One\n```bash\nfirst\nsecond\n```\n\n   ```\n   third: 3\n   ```\n\n```yaml\nfourth\n```\n"


def test_samples_are_found_by_id_and_cut_between_their_fences():
    found = samples.read_samples(FEATURES)
    assert [(s.id, s.guide, s.first, s.last) for s in found[:3]] == [
        ("AC-01", "one", 3, 4),
        ("AC-02", "one", 8, 8),
        ("AC-03", "one", 12, 12),
    ]
    assert [s.guide for s in found[3:]] == ["ktwo", "ktwo"]
    assert [samples.cut(s, GUIDE).text for s in found[:3]] == ["first\nsecond\n", "third: 3\n", "fourth\n"]


@pytest.mark.parametrize(
    "broken",
    [
        FEATURES.replace("One 3", "One 4"),
        FEATURES.replace("5 samples", "6 samples"),
        FEATURES.replace("| 8, 12–12 |", "| 8 |"),
        FEATURES.replace("AC-01", "AC-04"),
        "no samples at all",
    ],
)
def test_a_list_of_samples_that_is_not_whole_is_refused(broken):
    with pytest.raises(Malformed):
        samples.read_samples(broken)


@pytest.mark.parametrize("first, last", [(2, 4), (3, 3), (3, 5), (3, 8), (3, 99)])
def test_lines_that_are_no_code_block_are_not_cut(first, last):
    with pytest.raises(Malformed):
        samples.cut(Sample("AC-01", "one", first, last, "bash"), GUIDE)


@pytest.mark.parametrize(
    "text",
    [
        '[AC-01]\nclass = "maybe"\nrunner = "shell"\n',
        '[AC-01]\nclass = "with help"\nrunner = "shell"\n',
        '[AC-01]\nclass = "with help"\nrunner = "shell"\nhelp = ["rewriting: the whole of it"]\n',
        '[AC-01]\nclass = "as printed"\nrunner = "shell"\nhelp = ["path: here"]\n',
        '[AC-01]\nclass = "cannot"\nrunner = "go refuses"\n',
        '[[later]]\nsamples = ["AC-01..AC-03"]\nneeds = []\n[AC-02]\nclass = "checked"\nrunner = "comment"\n',
    ],
    ids=["no class", "help not named", "help not allowed", "help not needed", "no message", "twice"],
)
def test_the_catalogue_allows_no_other_classes_and_no_other_help(text):
    with pytest.raises(Malformed):
        catalogue.read_catalogue(text)


# ---- samples of our own, each with the verdict that it must get

YAML = """
// a comment
pipelines:
  - name: "P"
    steps:
      - {name: "S", plugin: "Data_Processing.%s", config: {x: "y"}, output: "z"}
"""
UNUSED = 'package main\n\nimport "fmt"\n\nfunc main() {}\n'
REFUSED_BY_GO = {"because": "imported (and|but) not used"}
HELP = ("stub: a plugin",)


def verdict_on(text, entry):
    with Workshop(BUILD) as workshop:
        return guides.judge(Sample("AC-01", "one", 1, 2, "x", text), entry, workshop, guides.Capabilities(workshop))


def entry_of(kind, runner, help=(), **options):
    return Entry("AC-01", kind, runner, help, (), options)


@pytest.mark.parametrize(
    "text, entry, state",
    [
        (YAML % "given", entry_of("with help", "pipeline", HELP, plugin="given"), "with help"),
        (YAML % "other", entry_of("with help", "pipeline", HELP, plugin="given"), "failing"),
        ("plugins:\n  directories: [./plugins]\n", entry_of("as printed", "settings", file="c.yaml"), "as printed"),
        ("plugins:\n  directories: [./elsewhere]\n", entry_of("as printed", "settings", file="c.yaml"), "failing"),
        ("plugins:\n  directories: [.]\n  tiemout: 5\n", entry_of("as printed", "settings", file="c.yaml"), "failing"),
        ("// a\n\n// b\n", entry_of("checked", "comment", begins="//"), "checked"),
        ("// a\nb\n", entry_of("checked", "comment", begins="//"), "failing"),
        ("touch made\ntest -e made\n", entry_of("as printed", "shell"), "as printed"),
        ("false\ntrue\n", entry_of("as printed", "shell"), "failing"),
        ("true\n", entry_of("as printed", "shell", then="test -e made"), "failing"),
        ("1 + 'a'\n", entry_of("cannot", "python refuses", because="TypeError"), "cannot"),
        ("1 + 'a'\n", entry_of("cannot", "python refuses", because="NameError"), "failing"),
        ("1 + 1\n", entry_of("cannot", "python refuses", because="TypeError"), "failing"),
        ("true\n", entry_of("as printed", "no such runner"), "failing"),
        ("true\n", Entry("AC-01", needs=("dialect of_nobody", "tool sh")), "not yet"),
        ("true\n", Entry("AC-01", needs=("tool of_nobody", "tool sh")), "skipped"),
        ("true\n", Entry("AC-01", needs=("file README.md", "program mortise", "tool sh")), "failing"),
    ],
)
def test_a_sample_gets_the_verdict_that_it_deserves(text, entry, state):
    verdict = verdict_on(text, entry)
    assert verdict.state == state, verdict


@pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go here")
@pytest.mark.parametrize(
    "text, state",
    [
        (UNUSED, "cannot"),
        (UNUSED.replace("{}", "{ fmt.Println() }"), "failing"),
        (UNUSED.replace("{}", "{ nothing() }"), "failing"),
    ],
    ids=["as expected", "compiles", "another error too"],
)
def test_go_says_itself_why_a_sample_cannot_be_compiled(text, state):
    verdict = verdict_on(text, entry_of("cannot", "go refuses", **REFUSED_BY_GO))
    assert verdict.state == state, verdict


needs_own_network = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("nsenter") is None or shutil.which("curl") is None,
    reason="a server on the guides' ports needs root, nsenter and curl",
)


@needs_own_network
def test_commands_meet_a_server_on_the_guides_ports():
    calls = "".join(f"curl -fsS http://localhost:{port}/health | grep -q healthy\n" for port in (8080, 8001))
    verdict = verdict_on(calls, entry_of("as printed", "shell", server=True))
    assert verdict.state == "as printed", verdict


@needs_own_network
@pytest.mark.parametrize("text, state", [('{"a": {...}}', "cannot"), ('{"a": 1}', "failing")])
def test_the_host_s_reader_says_itself_why_a_body_is_refused(text, state):
    verdict = verdict_on(text, entry_of("cannot", "reader refuses", because="expected a key in quotes"))
    assert verdict.state == state, verdict


# ---- the real ones


def guides_tool(*arguments, **environment):
    return subprocess.run(
        [sys.executable, shared.REPOSITORY / "tools" / "guides", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_where_the_guides_are_not_it_says_skipped(tmp_path):
    done = guides_tool(MORTISE_SHARED=str(tmp_path))
    assert done.returncode == 0 and done.stdout.startswith("skipped: ")


needs_guides = pytest.mark.skipif(shared.shared_folder() is None, reason=shared.why_not())


@needs_guides
def test_all_120_samples_are_cut_out_and_each_has_its_place_in_the_catalogue():
    everything = samples.cut_all(shared.shared_folder())
    assert len(everything) == 120 and all(sample.text.strip() for sample in everything)
    guides.check_complete(everything, catalogue.the_catalogue())


@needs_guides
def test_a_pipeline_and_a_configuration_of_the_guides_run():
    done = guides_tool("--sample", "MC-04,MC-16,LC-16")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split("  ")[1].strip() for line in lines[:3]] == ["with help", "as printed", "cannot"]
    assert lines[-1] == "2 of 120 samples run"
