#!/usr/bin/env python3
"""Plays the host of docs/worker-protocol.md for any worker, and says which cases it passes.

    run.py --plugin FOLDER --worker "build/bin/mortise-worker"
    run.py --plugin FOLDER [--env NAME=VALUE] -- python3 -m mortise.worker

FOLDER holds a manifest.json and the plugin `conformance`, written with the SDK under test (README.md says what it
does). One line a case, then "N passed, N failed, N skipped"; the exit status is 0 when nothing failed.
"""

import argparse
import os
import shlex
import sys
import time
import traceback
from xml.sax.saxutils import escape, quoteattr

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases  # noqa: E402
import deaths  # noqa: E402
import rings  # noqa: E402
from host import Failure, WorkerCommand  # noqa: E402


def arguments(given):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugin", required=True, metavar="FOLDER", help="the package of the conformance plugin")
    parser.add_argument("--worker", metavar="COMMAND", help="what starts the worker, as one text")
    parser.add_argument("--transport", choices=["socket", "ring"], default="socket", help="how frames travel")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="one variable for the worker")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases with TEXT in 'file: name'")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    parser.add_argument("--junit", metavar="FILE", help="write the results as JUnit XML too")
    parser.add_argument("command", nargs="*", help="after --: what starts the worker")
    options = parser.parse_args(given)
    options.command = options.command or shlex.split(options.worker or "")
    if not options.command and not options.list:
        parser.error("no worker: give --worker COMMAND, or -- COMMAND")
    return options


def main(given):
    options = arguments(given)
    every = [*cases.load_all(), *deaths.load_all(), *(rings.load_all() if options.transport == "ring" else ())]
    chosen = [case for case in every if options.only in str(case)]
    if options.list:
        print(*chosen, sep="\n")
        return 0
    if not chosen:
        print(f"no case has {options.only!r} in its name", file=sys.stderr)
        return 2
    if os.sep in options.command[0]:
        options.command[0] = os.path.abspath(options.command[0])
    environment = dict(pair.partition("=")[::2] for pair in options.env)
    bench = cases.Bench(WorkerCommand(options.command, options.plugin, environment, options.transport))
    results = []
    for case in chosen:
        results.append(run_one(bench, case))
        print(f"{'passed' if results[-1][2] is None else 'FAILED'}  {case}", flush=True)
        if results[-1][2] is not None:
            print(*(f"        {line}" for line in results[-1][2].splitlines()), sep="\n", flush=True)
    bench.discard()
    failed = sum(problem is not None for _, _, problem in results)
    if options.junit:
        write_junit(options.junit, results, failed)
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def run_one(bench, case):
    """(case, seconds, None or what went wrong)"""
    begun = time.monotonic()
    problem = None
    try:
        case.play(bench)
    except Failure as failure:
        problem = str(failure)
    except Exception:  # the worker ended where it should not, or wrote what cannot be read
        problem = traceback.format_exc(limit=-4)
    if problem is not None:
        bench.discard()  # the next case begins with a worker of its own
    return case, time.monotonic() - begun, problem


def write_junit(path, results, failed):
    with open(path, "w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="utf-8"?>\n')
        out.write(f'<testsuite name="conformance" tests="{len(results)}" failures="{failed}">\n')
        for case, seconds, problem in results:
            out.write(f'  <testcase classname={quoteattr(case.file)} name={quoteattr(case.name)} time="{seconds:.3f}">')
            if problem is not None:
                out.write(f"<failure message={quoteattr(problem.splitlines()[0])}>{escape(problem)}</failure>")
            out.write("</testcase>\n")
        out.write("</testsuite>\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
