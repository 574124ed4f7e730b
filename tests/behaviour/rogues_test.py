"""Plugins that misbehave, one misdeed each (tests/rogues). Whatever they do, the host lives, answers in bounded time, keeps
its memory, tells what happened in words and a code, and the next plugin works."""

import json
import os
import time
from dataclasses import dataclass, field

import outside
import pytest
from outside import PATIENCE, alive, eventually, step

DESCRIPTORS = 40  # a warm worker may keep some memory files; what leaks has no bound
MEMORY = 64 << 20  # bytes by which a misdeed may raise the host's memory


@dataclass
class Fate:
    """What becomes of a step with this rogue."""

    code: str  # of the error, or "ok"
    words: list = field(default_factory=list)  # in the error's text; with "ok": in the result's
    config: dict = field(default_factory=dict)
    timeout: str = "20s"
    within: float = 15.0  # seconds


FATES = {
    # -- it does not come back
    "never_returns": Fate("timeout", ["1"], timeout="1s", within=6),
    "never_returns_py": Fate("timeout", ["1"], timeout="1s", within=6),
    "sleeps_deaf": Fate("timeout", ["1"], timeout="1s", within=6),
    "ignores_signals": Fate("timeout", ["1"], timeout="1s", within=6),
    "stops_itself": Fate("timeout", ["1"], timeout="1s", within=6),
    "half_frame_py": Fate("timeout", ["1"], timeout="1s", within=6),
    "initialize_hangs": Fate("timeout", [], timeout="1s", within=6),
    "import_hangs_py": Fate("timeout", [], timeout="1s", within=15),
    "starts_slowly": Fate("ok", ["at last"]),
    # -- it dies
    "kills_itself": Fate("plugin", ["signal 9", "SIGKILL"]),
    "aborts": Fate("plugin", ["signal 6", "SIGABRT"]),
    "dereferences_null": Fate("plugin", ["signal 11", "SIGSEGV"]),
    "recurses_forever": Fate("plugin", ["signal 11", "SIGSEGV"]),
    "throws_in_thread": Fate("plugin", ["signal 6", "SIGABRT"]),
    "exits_quietly": Fate("plugin", ["exited with status 0"]),
    "exits_quietly_py": Fate("plugin", ["exited with status 0"]),
    "validate_crashes": Fate("plugin", ["SIGABRT"]),
    # -- it fails in its own words
    "throws_no_exception": Fate("plugin", ["no std::exception"]),
    "exits_by_exception_py": Fate("plugin", ["enough of this"]),
    "load_fails": Fate("plugin", ["the licence server is closed on Sundays", "come back on Monday"]),
    "initialize_fails": Fate("plugin", ["no connection to the warehouse"]),
    "import_fails_py": Fate("plugin", ["no_module_of_this_name"]),
    "has_no_plugin_py": Fate("not_found", ["defines no plugin"]),
    "needs_missing_service": Fate("not_found", ["Oracle"]),
    "deep_causes": Fate("plugin", ["cause 1", "cause 2"]),
    "deep_causes_py": Fate("plugin", ["cause 1", "cause 2"]),
    "explains_at_length": Fate("plugin", ["it went wrong"]),
    "leaks_descriptors": Fate("plugin", ["refused after"]),
    "allocates_until_refused": Fate("busy", ["limits.memory"], within=30),
    "allocates_absurdly": Fate("busy", ["limits.memory"], config={"bytes": 1 << 60}),
    # -- it talks too much
    "prints_stdout": Fate("ok", ["printed"], timeout="60s", within=45),
    "prints_stdout_py": Fate("ok", ["printed"], timeout="60s", within=45),
    "prints_endless_line": Fate("ok", ["printed"], timeout="60s", within=45),
    "floods_log": Fate("ok", ["logged"], timeout="60s", within=45),
    "floods_progress": Fate("ok", ["reported"], timeout="60s", within=45),
    "logs_one_huge_record": Fate("ok", ["logged"]),
    # -- it breaks the protocol
    "writes_into_socket": Fate("plugin", ["protocol"]),
    "writes_into_socket_py": Fate("plugin", ["protocol"]),
    "closes_socket": Fate("timeout", ["1"], timeout="1s", within=6),
    "closes_socket_py": Fate("ok", ["heard all the same"]),
    "claims_absurd_header_py": Fate("plugin", ["protocol", "4294967295"]),
    "claims_absurd_segments_py": Fate("plugin", ["protocol", "4294967295"]),
    "claims_descriptors_py": Fate("plugin", ["protocol", "descriptors"]),
    "sends_descriptors_py": Fate("plugin", ["protocol", "descriptors"]),
    "segments_do_not_add_up_py": Fate("plugin", ["protocol"]),
    "header_is_no_json_py": Fate("plugin", ["protocol"]),
    "deep_json_py": Fate("plugin", ["protocol"]),
    "unknown_message_py": Fate("plugin", ["protocol", "surrender"]),
    "speaks_as_host_py": Fate("plugin", ["protocol", "call"]),
    "answers_unasked_py": Fate("plugin", ["protocol"]),
    "answers_twice_py": Fate("ok", ["first"]),
    "asks_after_the_end_py": Fate("ok", ["done"]),
    "asks_without_waiting_py": Fate("plugin", ["protocol"]),
    "asks_absurd_arena_py": Fate("plugin", [], config={"size": -1}),
    # -- it misuses the ring
    "ring_tail_lies_py": Fate("plugin", ["protocol", "broken ring"]),
    "ring_head_lies_py": Fate("plugin", ["protocol", "broken ring: its reader says"]),
    "ring_absurd_lengths_py": Fate("plugin", ["protocol", "4294967295"]),
    "ring_frame_cut_py": Fate("plugin", ["protocol", "broken ring: a frame in it is cut"]),
    "ring_speaks_at_socket_py": Fate("plugin", ["protocol", "over the socket while the ring was in use"]),
    "ring_million_frames_py": Fate("ok", ["sent"], timeout="60s", within=45),
    "ring_never_silent_py": Fate("timeout", ["1"], timeout="1s", within=6),
    "ring_rings_bells_py": Fate("timeout", ["1"], timeout="1s", within=6),
    "ring_scribbles_words_py": Fate("ok", ["done"]),
    "compact_answers_json_py": Fate("ok", ["asked compactly"]),
    "compact_lies_py": Fate("plugin", ["protocol", "are not its value"]),
    "compact_unasked_py": Fate("plugin", ["protocol", "kind 1 from the wrong side"]),
    "compact_no_utf8_py": Fate("plugin", ["protocol", "not UTF-8"]),
    # -- it returns nonsense
    "returns_object_py": Fate("plugin", ["Nonsense"]),
    "returns_itself_py": Fate("plugin", ["128"]),
    "nests_200_levels": Fate("plugin", ["128"]),
    "nests_200_levels_py": Fate("plugin", ["128"]),
    "returns_no_utf8": Fate("plugin", ["UTF-8"]),
    "returns_unknown_kind": Fate("plugin", ["99"]),
    "returns_unknown_status": Fate("plugin", ["did not say why"]),
    "returns_wrong_shape": Fate("plugin", ["outputs"]),
    "key_twice_py": Fate("plugin", ["a"]),
    "names_unknown_arena_py": Fate("plugin", ["breaks a rule"]),
    # -- it cannot be one of ours
    "comes_from_the_future": Fate("unsupported", ["2"]),
    "refuses_entry": Fate("plugin", ["mortise_plugin_entry"]),
}

# Rogues in R, where there is R.
if (outside.BUILD / "r" / "mortise").exists():
    FATES |= {
        "never_returns_r": Fate("timeout", ["1"], timeout="1s", within=6),
        "sleeps_deaf_r": Fate("timeout", ["1"], timeout="1s", within=6),
        "catches_interrupts_r": Fate("timeout", ["1"], timeout="1s", within=6),
        "quits_r": Fate("plugin", ["exited with status 0"]),
        "crashes_r": Fate("plugin", ["signal 11", "SIGSEGV"]),
        "recurses_forever_r": Fate("plugin", ["nested too deeply"]),
        "overflows_c_stack_r": Fate("plugin", ["stack"]),
        "eats_memory_r": Fate("busy", ["cannot allocate", "limits.memory"]),
        "prints_flood_r": Fate("ok", ["printed"], timeout="60s", within=45),
        "warns_flood_r": Fate("ok", ["warned"], timeout="60s", within=45),
        "returns_function_r": Fate("plugin", ["items[[3]]", "'function' cannot cross"]),
        "fails_to_parse_r": Fate("plugin", ["plugin.R", "unexpected end of input"]),
        "breaks_tables_r": Fate("plugin", ["$b has 2 elements in a table of 3 rows"]),
    }

# Rogues with a test of their own below.
APART = {
    "cleanup_hangs", "changes_shared_memory", "crashes_first", "fails_twice", "forks_children_py", "leaves_child",
    "lies_about_tables_py", "ring_changes_frames_py", "validate_rewrites",
}  # fmt: skip


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    server = outside.Server(tmp_path_factory.mktemp("rogues"))
    assert server.execute([step("Test.pid")])["success"]  # warm
    yield server
    server.close()


class Calm:
    """Before and after a misdeed: the same host, no more memory and descriptors, and it works."""

    def __init__(self, host):
        self.host = host
        self.pid = host.pid
        self.memory = outside.resident_bytes(self.pid)
        self.descriptors = outside.open_descriptors(self.pid)

    def check(self):
        assert self.host.pid == self.pid and self.host.healthy()
        assert self.host.execute([step("Test.give", value="calm", output="x")])["context"]["x"] == "calm"
        eventually(
            lambda: outside.resident_bytes(self.pid) < self.memory + MEMORY,
            what=f"memory below {self.memory + MEMORY} (it is {outside.resident_bytes(self.pid)})",
        )
        eventually(
            lambda: outside.open_descriptors(self.pid) < self.descriptors + DESCRIPTORS,
            what=f"descriptors below {self.descriptors + DESCRIPTORS} (they are {outside.open_descriptors(self.pid)})",
        )


def error_text(failure):
    """Everything that a person would see of it, as one text."""
    return json.dumps(failure, ensure_ascii=False)


def test_every_rogue_has_a_fate():
    folders = {folder.name for folder in (outside.BUILD / "rogues").iterdir() if (folder / "manifest.json").exists()}
    assert folders == set(FATES) | APART


@pytest.mark.parametrize("rogue", FATES)
def test_the_host_survives_a_rogue_and_says_what_it_did(rogue, host):
    fate = FATES[rogue]
    calm = Calm(host)
    begin = time.monotonic()
    answer = host.execute([step(f"Rogue.{rogue}", "Misdeed", "out", timeout=fate.timeout, **fate.config)])
    elapsed = time.monotonic() - begin

    if fate.code == "ok":
        assert answer["success"], answer
        told = str(answer["context"])
    else:
        assert not answer["success"], answer
        assert answer["failure"]["code"] == fate.code, answer["failure"]
        told = error_text(answer["failure"])
        assert "Misdeed" in told or "Misdeed" in answer["error"], "the step is not named"
    for word in fate.words:
        assert word in told, f"{word!r} is not in: {told[:2000]}"
    assert len(told) < 200_000, "an error that nobody can read"
    assert elapsed < fate.within * PATIENCE
    calm.check()


LIES = [
    "offsets beyond the data", "offsets that fall", "negative offsets", "too few offsets", "huge 64-bit offsets",
    "a huge length", "a negative length", "another length than the table", "nulls without validity",
    "a wrong null count", "more nulls than rows", "too short a validity", "an index beyond the dictionary",
    "a negative index into the dictionary", "a segment that is not there", "too few buffers", "an unknown format",
    "an absurd width", "a list without a child", "too deep a nesting",
]  # fmt: skip


def test_all_lies_about_tables_are_told(host):
    assert host.execute([step("Rogue.lies_about_tables_py", output="lies", lie="all")])["context"]["lies"] == LIES


@pytest.mark.parametrize("lie", LIES)
def test_a_table_that_lies_about_itself_is_refused(lie, host):
    calm = Calm(host)
    answer = host.execute([step("Rogue.lies_about_tables_py", output="t", lie=lie, timeout="10s")])
    assert not answer["success"]
    assert answer["failure"]["code"] == "plugin", answer["failure"]
    calm.check()


@pytest.mark.parametrize("size", [0, 2**62, 2**63 - 1, -(2**63), 1.5, "much", None])
def test_shared_memory_of_an_absurd_size_is_refused(size, host):
    host.cli("plugin", "release", "Rogue.asks_absurd_arena_py")  # it may rest, after what it did for other sizes
    calm = Calm(host)
    answer = host.execute([step("Rogue.asks_absurd_arena_py", size=size, timeout="1s")])
    assert not answer["success"] and answer["failure"]["code"] in ("plugin", "timeout"), answer
    calm.check()


def test_a_table_that_changes_after_it_was_sent_is_copied_before_it_is_believed(host):
    calm = Calm(host)
    for _ in range(20):
        answer = host.execute([step("Rogue.changes_shared_memory", output="t", timeout="10s")])
        if answer["success"]:
            rows = answer["context"]["t"]
            assert len(rows) == 20_000 and all(row == {"text": "m"} for row in rows)
        else:
            assert answer["failure"]["code"] == "plugin", answer["failure"]
    calm.check()


def test_frames_that_change_while_the_host_reads_them_end_the_worker_or_nothing(host):
    calm = Calm(host)
    for seed in range(5):
        answer = host.execute([step("Rogue.ring_changes_frames_py", output="out", seed=seed, timeout="20s")])
        if answer["success"]:
            assert answer["context"]["out"] == "done"
        else:
            assert answer["failure"]["code"] == "plugin", answer["failure"]
    calm.check()


def test_an_answer_given_twice_ends_the_worker_and_not_the_next_call(host):
    calm = Calm(host)
    for _ in range(3):
        answer = host.execute([step("Rogue.answers_twice_py", output="out")])
        assert answer["success"] and answer["context"]["out"] == "first", answer
    calm.check()


def test_a_crash_is_over_when_the_step_may_retry(host, tmp_path):
    counted = tmp_path / "calls"
    answer = host.execute(
        [step("Rogue.crashes_first", output="calls", count=str(counted), retry={"attempts": 2, "delay": "10ms"})]
    )
    assert answer["success"] and answer["context"]["calls"] == 2
    assert counted.read_text() == "2"


def test_a_child_that_keeps_the_worker_s_socket_does_not_hide_its_death(host, tmp_path):
    calm = Calm(host)
    begin = time.monotonic()
    answer = host.execute([step("Rogue.leaves_child", pid_file=str(tmp_path / "pid"), timeout="30s")])
    assert time.monotonic() - begin < 5 * PATIENCE, "only the deadline ended it"
    assert answer["failure"]["code"] == "plugin" and "exited with status 0" in error_text(answer["failure"])
    assert (tmp_path / "pid").read_text().strip(), "there was no child"
    eventually(lambda: not processes_of("Rogue.leaves_child", host), within=5, what="the end of the child")
    calm.check()


def processes_of(plugin, host):
    """Everything below the host that a worker of this plugin is, or started."""
    found = []
    for pid in outside.descendants(host.pid):
        try:
            environment = open(f"/proc/{pid}/environ", "rb").read().split(b"\0")
        except OSError:
            continue
        if f"MORTISE_PLUGIN={plugin}".encode() in environment:
            found.append(pid)
    return found


def test_children_of_a_worker_end_with_it(host):
    own = host.execute([step("Rogue.forks_children_py", output="pids")])["context"]["pids"]
    sleepers = [outside.host_pid(pid, host.pid) for pid in own]
    assert len(sleepers) == 10 and all(map(alive, sleepers))
    (worker,) = {_parent(pid) for pid in sleepers}
    os.kill(worker, 9)
    eventually(lambda: not any(map(alive, sleepers)), within=5, what="the end of the worker's children")


def _parent(pid):
    return int(open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1])


def test_what_validate_returns_is_what_the_step_sees(host):
    answer = host.execute([step("Rogue.validate_rewrites", output="config", something="else")])
    assert answer["context"]["config"] == {"written_by": "validate"}


def test_a_plugin_that_does_not_end_does_not_keep_the_host_from_ending(server):
    assert server.execute([step("Rogue.cleanup_hangs", output="x")])["context"]["x"] == "fine"
    workers = server.worker_pids()
    assert workers
    assert server.stop(within=10) == 0
    eventually(lambda: not any(map(alive, workers)), within=2, what="the end of the worker")


def test_many_rogues_at_once_do_not_hurt_a_good_plugin(host):
    calm = Calm(host)
    bad = [step(f"Rogue.{rogue}", rogue, needs=[], on_failure="report", timeout="3s")
           for rogue in ("aborts", "never_returns", "writes_into_socket", "deep_causes", "kills_itself")]  # fmt: skip
    good = [step("Test.give", f"good {i}", f"good{i}", value=i, needs=[]) for i in range(10)]
    answer = host.execute(bad + good)
    assert [answer["context"][f"good{i}"] for i in range(10)] == list(range(10))
    calm.check()
