"""The samples of the guides, cut out by the ids and line ranges of features.md, section 6.

A sample is what stands between the fences of a code block. Both fences must be just around the range and the numbers of
samples must be those that the section announces, so a guide or a list that was edited is noticed, not cut crookedly.
"""

import re
import textwrap
from dataclasses import dataclass

from proof.promises import Malformed, cells_of

ANNOUNCED = re.compile(r"^(\d+) samples: (.+?)\. ")
HEADING = re.compile(r"^## 6\.\d+ (\S+)")
ROW = re.compile(r"^\| ([A-Z]C)-\d")
IDS = re.compile(r"^([A-Z]C)-(\d+)(?:…(\d+))?$")


@dataclass(frozen=True)
class Sample:
    id: str
    guide: str  # mimir, omniscope, mimolo, mlos, kbert: the name of its file
    first: int  # lines, 1-based, both inclusive
    last: int
    language: str  # as features.md calls it
    text: str = ""


def _guide_named(heading):
    return heading.lower().replace("-", "")


def _range(cell):
    first, _, last = cell.strip().partition("–")
    return int(first), int(last or first)


def _read_row(line, guide):
    ids, lines, language = cells_of(line)[:3]
    matched = IDS.match(ids)
    if not matched:
        raise Malformed(f"{ids} is no id of a sample")
    letters, first, last = matched[1], int(matched[2]), int(matched[3] or matched[2])
    names = [f"{letters}-{number:02}" for number in range(first, last + 1)]
    ranges = [_range(cell) for cell in lines.split(",")]
    if len(names) != len(ranges):
        raise Malformed(f"{ids} has {len(ranges)} ranges of lines")
    return [Sample(name, guide, *lines, language) for name, lines in zip(names, ranges)]


def _check_announced(samples, text):
    announced = next((match for line in text if (match := ANNOUNCED.match(line))), None)
    if announced is None:
        raise Malformed("section 6 does not say how many samples there are")
    for words in announced[2].split(", "):
        heading, count = words.rsplit(" ", 1)
        found = [sample.id for sample in samples if sample.guide == _guide_named(heading.split()[0])]
        numbers = [int(name.split("-")[1]) for name in found]
        if numbers != list(range(1, int(count) + 1)):
            raise Malformed(f"{heading}: expected {count} samples in order, found {found}")
    if len(samples) != int(announced[1]):
        raise Malformed(f"expected {announced[1]} samples, found {len(samples)}")


def read_samples(features_text):
    """All samples, without their text, in the order of the list."""
    lines = features_text.splitlines()
    begin = next((number for number, line in enumerate(lines) if line.startswith("# 6. ")), len(lines))
    samples, guide = [], None
    for line in lines[begin:]:
        heading = HEADING.match(line)
        guide = _guide_named(heading[1]) if heading else guide
        if ROW.match(line):
            samples += _read_row(line, guide)
    _check_announced(samples, lines[begin:])
    return samples


def cut(sample, guide_text):
    """The sample with its text."""
    lines = guide_text.splitlines()
    around = [lines[number].strip() if 0 <= number < len(lines) else "" for number in (sample.first - 2, sample.last)]
    inside = lines[sample.first - 1 : sample.last]
    if not (around[0].startswith("```") and around[1] == "```") or any(
        line.strip().startswith("```") for line in inside
    ):
        raise Malformed(f"{sample.id}: lines {sample.first} to {sample.last} of {sample.guide}.md are no code block")
    text = textwrap.dedent("\n".join(inside)) + "\n"
    return Sample(sample.id, sample.guide, sample.first, sample.last, sample.language, text)


def cut_all(folder):
    """Every sample of features.md and guides/ in this folder."""
    samples = read_samples((folder / "features.md").read_text(encoding="utf-8"))
    guides = {
        name: (folder / "guides" / f"{name}.md").read_text(encoding="utf-8") for name in {s.guide for s in samples}
    }
    return [cut(sample, guides[sample.guide]) for sample in samples]
