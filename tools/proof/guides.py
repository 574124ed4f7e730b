"""`make guides`: every sample of the guides, run the way the guide means it, and what became of it.

    as printed, with help   it ran; counted in the last line, "N of 120 samples run"
    cannot                  nobody can run it as printed: its compiler or interpreter said so again
    checked                 a tree, a document or a comment, of which everything is true here
    not yet                 the host lacks what it needs
    skipped                 this machine lacks a tool that it needs
    failing                 none of that is true

Exit status 0 when none is failing.
"""

import json
import sys
from dataclasses import asdict, dataclass

from proof import catalogue, samples, shared
from proof.capabilities import Capabilities
from proof.promises import Malformed
from proof.runners import RUNNERS
from proof.runners.evidence import Broken
from proof.workshop import Unavailable, Workshop

STATES = ("as printed", "with help", "cannot", "checked", "not yet", "skipped", "failing")
RUN = ("as printed", "with help")


@dataclass(frozen=True)
class Verdict:
    sample: str
    state: str
    said: str


def judge(sample, entry, workshop, capabilities):
    """Runs one sample and says what became of it."""
    try:
        missing = capabilities.missing(entry.needs)
        tools = [need for need in missing if need.startswith("tool ")]
        if missing:
            return Verdict(sample.id, "skipped" if tools == missing else "not yet", "missing: " + ", ".join(missing))
        if not entry.runner:
            return Verdict(
                sample.id, "failing", f"what it needs is there ({', '.join(entry.needs)}): it needs a runner now"
            )
        said = RUNNERS[entry.runner](sample, entry.options, workshop)
    except Unavailable as lack:
        return Verdict(sample.id, "skipped", str(lack))
    except Broken as broken:
        return Verdict(sample.id, "failing", str(broken))
    except Exception as error:  # whatever a sample did to its runner, the others are still to be run
        return Verdict(sample.id, "failing", f"{type(error).__name__}: {error}")
    return Verdict(sample.id, entry.kind, "; ".join([said, *(f"help: {words}" for words in entry.help)]))


def chosen(everything, guide, ids):
    """Those of this guide (all for an empty name) or with these ids."""
    guides = sorted({sample.guide for sample in everything})
    if guide and guide not in guides:
        raise Malformed(f"there is no guide {guide}; there are {', '.join(guides)}")
    wanted = {word.upper() for word in ids.replace(",", " ").split()}
    unknown = wanted - {sample.id for sample in everything}
    if unknown:
        raise Malformed(f"there is no sample {', '.join(sorted(unknown))}; samples look like MC-04")
    return [s for s in everything if (not guide or s.guide == guide) and (not wanted or s.id in wanted)]


def check_complete(everything, entries):
    names = {sample.id for sample in everything}
    if names != set(entries):
        raise Malformed(f"the catalogue and features.md differ in: {sorted(names ^ set(entries))}")
    runners = {entry.runner for entry in entries.values() if entry.runner} - set(RUNNERS)
    if runners:
        raise Malformed(f"the catalogue names runners that are not there: {sorted(runners)}")


def print_text(verdicts, number):
    for verdict in verdicts:
        print(f"{verdict.sample}  {verdict.state:<10}  {verdict.said}")
    counts = {state: sum(verdict.state == state for verdict in verdicts) for state in STATES}
    print(f"\nof {len(verdicts)}: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    print(f"{sum(counts[state] for state in RUN)} of {number} samples run")


def print_json(verdicts, number):
    run = sum(verdict.state in RUN for verdict in verdicts)
    print(json.dumps({"samples": [asdict(each) for each in verdicts], "run": run, "of": number}, indent=1))


def main(arguments=None):
    parser = shared.command_line("tools/guides", __doc__)
    parser.add_argument("--guide", default="", help="mimir, omniscope, mimolo, mlos or kbert; default all")
    parser.add_argument("--sample", default="", help="MC-04; several with commas; default all")
    options = parser.parse_args(arguments)
    folder = shared.shared_folder()
    if folder is None:
        print(shared.why_not())
        return 0
    try:
        everything, entries = samples.cut_all(folder), catalogue.the_catalogue()
        check_complete(everything, entries)
        asked = chosen(everything, options.guide, options.sample)
    except (Malformed, OSError) as error:
        print(f"tools/guides: {error}", file=sys.stderr)
        return 2
    with Workshop(options.build.resolve()) as workshop:
        capabilities = Capabilities(workshop)
        verdicts = [judge(sample, entries[sample.id], workshop, capabilities) for sample in asked]
    (print_json if options.json else print_text)(verdicts, len(everything))
    return 0 if all(verdict.state != "failing" for verdict in verdicts) else 1
