"""Plugins under test without a host, and how a plugin is found in its file."""

import logging
import types

import pytest

from mortise import Cancelled, Conflict, Invalid, NotFound, Plugin, Table, Unsupported
from mortise.errors import MortiseError, from_wire, to_wire
from mortise.loading import find_plugin, load_entry
from mortise.testing import run_call, run_step


class Shout(Plugin):
    def validate(self, config):
        if config.get("mark", "!") not in "!?":
            raise Invalid("mark is ! or ?", details={"key": "mark"})
        return {"mark": "!", **config}

    def step(self, step):
        rows = step.input
        step.log.info("shouting", rows=len(rows))
        step.progress(0.5, "half")
        return [{**row, "name": row["name"].upper() + step.config["mark"]} for row in rows]


NAMES = {"names": [{"name": "ada"}, {"name": "grace"}]}


def test_a_step_reads_its_input_and_returns_a_value():
    done = run_step(Shout, context=NAMES, input="names", output="loud")
    assert done.result == {"outputs": {"loud": [{"name": "ADA!"}, {"name": "GRACE!"}]}, "rows": 2}
    assert done.value == done.outputs["loud"]
    assert done.logs == [("info", "shouting", {"rows": 2})]
    assert done.progress == [(0.5, "half")]


def test_the_key_input_of_a_configuration_goes_before_the_previous_step():
    done = run_step(Shout, {"input": "names", "mark": "?"}, NAMES, input="other")
    assert done.value[0] == {"name": "ADA?"}


def test_a_wrong_configuration_is_refused_before_the_step():
    with pytest.raises(Invalid) as refused:
        run_step(Shout, {"mark": "."}, NAMES, input="names")
    assert refused.value.details == {"key": "mark"}


def test_a_step_without_input_says_what_to_do():
    with pytest.raises(Invalid) as missing:
        run_step(Shout)
    assert "has no input" in missing.value.message and "input: KEY" in missing.value.hint


def test_a_missing_key_is_not_a_null():
    seen = []

    class Reads(Plugin):
        def step(self, step):
            seen.append(step.context("null"))
            seen.append(step.context("gone", "default"))
            with pytest.raises(NotFound):
                step.context("gone")

    assert run_step(Reads, context={"null": None}).outputs == {"result": None}
    assert seen == [None, "default"]


def test_several_outputs_and_a_count():
    class Both(Plugin):
        def step(self, step):
            step.put("a b", 1)
            step.rows(7)
            return Table.from_columns({"x": [1]})

    assert run_step(Both).result["rows"] == 7
    assert set(run_step(Both).outputs) == {"a b", "result"}
    assert set(run_step(Both, output="").outputs) == {"a b"}


def test_an_input_that_is_not_there_or_is_no_key():
    class Gives(Plugin):
        def step(self, step):
            return step.input

    assert run_step(Gives, {"input": [1, 2]}).value == [1, 2]
    with pytest.raises(NotFound) as missing:
        run_step(Gives, {"input": "gone"})
    assert missing.value.details == {"key": "gone"} and "`output`" in missing.value.hint


def test_a_result_that_cannot_cross_fails_here_too():
    class Sets(Plugin):
        def step(self, step):
            return {"items": [1, {2}]}

    with pytest.raises(Invalid, match=r"outputs\.result\.items\[1\]: a 'set' cannot cross"):
        run_step(Sets)


def test_services_and_cancelling():
    class Asks(Plugin):
        def step(self, step):
            total = 0
            while True:
                step.stop_if_cancelled()
                total += step.service("adder", "add", [total, 1])
                if total == 3:
                    return total

    services = {"adder": lambda method, input: sum(input)}
    assert run_step(Asks, services={"adder": lambda method, input: 1}).value == 3
    with pytest.raises(NotFound, match="no service 'adder'"):
        run_step(Asks)
    with pytest.raises(Cancelled):
        run_step(Asks, services=services, cancel_after=1)


def test_a_call_that_saw_it_was_cancelled_is_cancelled_whatever_it_returns():
    class Polite(Plugin):
        def call(self, method, input):
            while not self.current.cancelled:
                pass
            return "partial"

    with pytest.raises(Cancelled):
        run_call(Polite, "call", cancel_after=3)


def test_every_operation_reaches_its_method():
    class All(Plugin):
        def execute(self, input):
            return {"data": input["data"]}

        def poll(self):
            return {"label": "x"}

        def aggregate(self, items):
            return len(items)

        def infer(self, input):
            return {"outputs": input["inputs"]}

        def call(self, method, input):
            return [method, input]

        def health(self):
            return False

    assert run_call(All, "execute", {"data": 1}).result == {"data": 1}
    assert run_call(All, "poll").result == {"label": "x"}
    assert run_call(All, "aggregate", {"items": [1, 2]}).result == 2
    assert run_call(All, "infer", {"inputs": [1]}).result == {"outputs": [1]}
    assert run_call(All, "call", 5, method="m").result == ["m", 5]
    assert run_call(All, "health").result == {"healthy": False, "message": ""}
    with pytest.raises(Invalid, match="'aggregate' has a list 'items'"):
        run_call(All, "aggregate", {})


def test_an_operation_that_a_plugin_lacks_is_unsupported():
    class Nothing(Plugin):
        pass

    assert run_call(Nothing, "health").result["healthy"]
    assert run_call(Nothing, "validate", {"config": {"a": 1}}).result == {"config": {"a": 1}}
    for operation in ("execute", "poll", "infer", "call"):
        with pytest.raises(Unsupported, match=operation):
            run_call(Nothing, operation)


def test_the_lifecycle_runs_in_order_and_cleanup_always():
    steps = []

    class Lives(Plugin):
        def __init__(self, config):
            self.log.info("made", config=config)
            steps.append("init")

        def initialize(self):
            steps.append("initialize")

        def start(self):
            steps.append("start")

        def step(self, step):
            steps.append("step")
            raise KeyError("lost")

        def stop(self):
            steps.append("stop")

        def cleanup(self):
            steps.append("cleanup")

    with pytest.raises(KeyError):
        run_step(Lives, plugin_config={"a": 1})
    assert steps == ["init", "initialize", "start", "step", "cleanup"]


def test_nobody_can_be_asked_outside_a_call():
    with pytest.raises(Conflict, match="no call is open"):
        Shout({}).current.progress(1)


# ---- errors


def test_a_chain_of_causes_crosses_both_ways():
    try:
        try:
            try:
                raise OSError("disk on fire")
            except OSError as inner:
                raise ValueError("cannot read") from inner
        except ValueError:
            raise Invalid("no input", "buy a disk", {"file": "a.csv", "line": 3})
    except Invalid as error:
        told = to_wire(error)
    assert told == {
        "message": "no input",
        "hint": "buy a disk",
        "details": {"file": "a.csv", "line": "3"},
        "cause": {"message": "ValueError: cannot read", "cause": {"message": "OSError: disk on fire"}},
    }
    back = from_wire("invalid", told)
    assert isinstance(back, Invalid) and back.hint == "buy a disk" and back.details["line"] == "3"
    assert isinstance(back.__cause__, MortiseError) and str(back.__cause__.__cause__) == "OSError: disk on fire"


def test_a_suppressed_context_is_not_told_and_a_circle_ends():
    error = ValueError("outer")
    error.__context__, error.__suppress_context__ = KeyError("inner"), True
    assert "cause" not in to_wire(error)
    loop = ValueError("a")
    loop.__cause__ = ValueError("b")
    loop.__cause__.__cause__ = loop
    assert to_wire(loop) == {"message": "ValueError: a", "cause": {"message": "ValueError: b"}}


def test_causes_are_told_32_deep():
    error = None
    for number in range(100):
        outer = ValueError(str(number))
        outer.__cause__ = error
        error = outer
    told, depth = to_wire(error), 0
    while told:
        told, depth = told.get("cause"), depth + 1
    assert depth == 32


def test_an_error_that_cannot_be_shown_is_still_told():
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError("no")

    assert to_wire(Broken()) == {"message": "Broken"}
    assert to_wire(ValueError("\ud800"))["message"] == "ValueError: \\ud800"
    assert len(to_wire(ValueError("x" * 100_000))["message"]) < 9000


def test_an_error_without_a_body_still_has_its_code():
    assert from_wire("denied", None).code == "denied"
    assert from_wire("nonsense", {"message": "m"}).code == "internal"


# ---- discovery


def module(source, name="entry"):
    made = types.ModuleType(name)
    made.__file__ = name + ".py"
    exec(compile("from mortise import Plugin\n" + source, name, "exec"), made.__dict__)
    return made


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("class A(Plugin): pass", "A"),
        ("class Base(Plugin): pass\nclass B(Base): pass", "B"),
        ("class _Hidden(Plugin): pass\nclass C(Plugin): pass", "C"),
        ("class A(Plugin): pass\nclass B(Plugin): pass\nplugin = A", "A"),
        ("class A(Plugin): pass\nAlias = A", "A"),
    ],
)
def test_the_plugin_of_a_file_is_found(source, found):
    assert find_plugin(module(source)).__name__ == found


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "entry.py defines no plugin"),
        ("from mortise import Call", "defines no plugin"),
        ("class A(Plugin): pass\nclass B(Plugin): pass", "defines 2 plugins: A, B"),
        ("class A(Plugin): pass\nplugin = A({})", "'plugin' in entry.py is a 'A'"),
        ("plugin = 5", "'plugin' in entry.py is a 'int'"),
    ],
)
def test_a_file_without_one_plugin_says_so(source, message):
    with pytest.raises(MortiseError, match=message):
        find_plugin(module(source))


def test_an_entry_file_imports_its_neighbours(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    (tmp_path / "neighbour_of_entry.py").write_text("WORD = 'hello'\n")
    (tmp_path / "json.py").write_text(
        "from mortise import Plugin\nfrom neighbour_of_entry import WORD\n"
        "class Entry(Plugin):\n    def call(self, method, input): return WORD\n"
    )
    found = load_entry(str(tmp_path), "json.py")
    assert run_call(found, "call").result == "hello" and found.__module__ == "plugin_json"
    with pytest.raises(NotFound, match="no entry file"):
        load_entry(str(tmp_path), "gone.py")


def test_a_factory_makes_the_plugin():
    made = module(
        "class A(Plugin):\n    def call(self, m, i): return self.config\n"
        "def plugin(config): return A({'by': 'factory'})"
    )
    assert run_call(find_plugin(made), "call").result == {"by": "factory"}
    with pytest.raises(Conflict, match="made a 'int'"):
        run_call(lambda config: 5, "call")


def test_logging_levels_map_to_the_hosts():
    from mortise.logs import level_of

    assert [level_of(n) for n in (1, 10, 20, 30, 40, 50)] == ["debug", "debug", "info", "warning", "error", "error"]
    assert level_of(logging.INFO - 1) == "debug"
