"""What a worker may write to its host: lies about lengths, a million frames, memory that changes under the reader. No layer stands against
these, at no level: the host's own reading does, so they are tried by the tests of the host. Named here, because the matrix is to be whole.
"""

import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2] / "behaviour" / "rogues_test.py"
FRAMES = {
    "absurd_lengths": "claims_absurd_header_py claims_absurd_segments_py ring_absurd_lengths_py segments_do_not_add_up_py compact_lies_py",
    "a_million_tiny_frames": "ring_million_frames_py ring_never_silent_py floods_progress floods_log",
    "frames_cut_short": "half_frame_py ring_frame_cut_py",
    "lies_about_the_ring": "ring_tail_lies_py ring_head_lies_py ring_scribbles_words_py",
    "foreign_descriptors": "claims_descriptors_py sends_descriptors_py",
    "speaks_out_of_turn": "answers_unasked_py answers_twice_py speaks_as_host_py compact_unasked_py ring_speaks_at_socket_py",
    "frames_that_change_under_the_reader": "changes_after_it_was_sent frames_that_change",
    "endless_output": "prints_endless_line prints_stdout_py",
    "deep_values": "deep_json_py nests_200_levels_py returns_itself_py",
}


def run_frames(chosen):
    """How many are not as they must be."""
    wrong = 0
    for name, tests in FRAMES.items():
        if not chosen(f"frames:{name}"):
            continue
        words = " or ".join(tests.split())
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(TESTS), "-k", words], capture_output=True, text=True, check=False)
        found = re.search(r"(\d+) passed", done.stdout)
        fine = done.returncode == 0 and found is not None and int(found[1]) >= len(tests.split())
        wrong += not fine
        told = f"refused by the host's reading: {found[1]} rogues ({tests})" if fine else f"NOT REFUSED: {done.stdout[-2000:]}"
        print(f"  any   {'frames:' + name:34} {told}", flush=True)
    return wrong
