"""`make features`: every promise of features.md with the test that holds it, run today, or the reason.

States: `held` (its tests pass), `failing` (one of them does not), `guidance` (advice to authors, nothing to test) and
`not held`. Exit status 0 when every row asked for is held or guidance. The last line is "N of 442 rows held".
"""

import json
import sys
from dataclasses import dataclass, field

from proof import evidence, ledger, promises, shared


@dataclass
class Verdict:
    row: str
    state: str
    reason: str = ""
    tests: dict = field(default_factory=dict)  # name -> Outcome


def judge(row, tests, book):
    """What is true of a row whose tests ended like this."""
    failed = [f"{name}: {outcome.reason}" for name, outcome in tests.items() if outcome.state == "failed"]
    skipped = [f"{name}: {outcome.reason}" for name, outcome in tests.items() if outcome.state == "skipped"]
    if failed:
        return Verdict(row, "failing", failed[0], tests)
    if len(skipped) < len(tests):
        return Verdict(row, "held", "", tests)
    if skipped:
        return Verdict(row, "not held", f"skipped here: {skipped[0]}", tests)
    if row in book.held:
        return Verdict(row, "not held", f"its test has no result: {book.held[row][0]}")
    if row in book.guidance:
        return Verdict(row, "guidance", book.guidance[row])
    return Verdict(row, "not held", book.later.get(row, "no test carries this row"))


def tests_of(rows, book, marked, cases):
    """(row -> ids of its pytest tests, row -> its doctest cases)."""
    by_mark = {row: [test for test, carried in marked.items() if row in carried] for row in rows}
    by_case = {row: [name for name in book.held.get(row, []) if name in cases] for row in rows}
    return by_mark, by_case


def gather(rows, book, build, run):
    """The verdict on each of the rows, in order."""
    marked, cases = evidence.marked_tests(), evidence.doctest_cases(build)
    by_mark, by_case = tests_of(rows, book, marked, cases)
    wanted = sorted({test for tests in by_mark.values() for test in tests})
    outcomes = {}
    if wanted:
        outcomes = evidence.run_pytest(wanted, build) if run else evidence.last_pytest(wanted, build)
    named = sorted({case for listed in by_case.values() for case in listed})
    unit = {case: evidence.run_doctest(cases[case], case) for case in named}
    verdicts = []
    for row in rows:
        tests = {test: outcomes[test] for test in by_mark[row] if test in outcomes}
        tests.update({f"{cases[case].name}: {case}": unit[case] for case in by_case[row]})
        verdicts.append(judge(row, tests, book))
    return verdicts


def line_of(verdict):
    if verdict.state != "held":
        return f"{verdict.row}  {verdict.state:<9} {verdict.reason}"
    shown = dict.fromkeys(evidence.function_of(name) for name, how in verdict.tests.items() if how.state == "passed")
    more = f" (and {len(shown) - 1} more)" if len(shown) > 1 else ""
    return f"{verdict.row}  held      {next(iter(shown))}{more}"


def count(verdicts, state):
    return sum(verdict.state == state for verdict in verdicts)


def as_json(verdicts, everything):
    says = {promise.id: promise.says for promise in everything}
    return {
        "rows": [
            {
                "row": each.row,
                "says": says[each.row],
                "state": each.state,
                "reason": each.reason,
                "tests": [
                    {"test": name, "outcome": how.state, "reason": how.reason} for name, how in each.tests.items()
                ],
            }
            for each in verdicts
        ],
        "held": count(verdicts, "held"),
        "of": len(everything),
    }


def print_text(verdicts, all_rows):
    for verdict in verdicts:
        print(line_of(verdict))
    states = [f"{count(verdicts, state)} {state}" for state in ("held", "failing", "guidance", "not held")]
    print(f"\nasked for {len(verdicts)}: {', '.join(states)}")
    print(f"{count(verdicts, 'held')} of {all_rows} rows held")


def main(arguments=None):
    parser = shared.command_line("tools/features", __doc__)
    parser.add_argument(
        "--rows", default="", help="M- (all of a letter), M-26, M-01..M-10; several with commas; default all"
    )
    parser.add_argument("--last", action="store_true", help="believe the last results instead of running the tests")
    options = parser.parse_args(arguments)
    folder = shared.shared_folder()
    if folder is None:
        print(shared.why_not())
        return 0
    try:
        everything = promises.read_promises((folder / "features.md").read_text(encoding="utf-8"))
        asked = [promise.id for promise in promises.choose(everything, options.rows)]
        verdicts = gather(asked, ledger.the_ledger(), options.build.resolve(), run=not options.last)
    except (promises.Malformed, RuntimeError) as error:
        print(f"tools/features: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(as_json(verdicts, everything), indent=1, ensure_ascii=False))
    else:
        print_text(verdicts, len(everything))
    return 0 if all(verdict.state in ("held", "guidance") for verdict in verdicts) else 1
