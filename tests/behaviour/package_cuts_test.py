"""A server that is killed in the middle of changing what is installed; `make kill-test` cuts at every write."""

import cutting
import pytest


@pytest.mark.rows("O-31", "O-63", "O-71", "O-72")
@pytest.mark.parametrize("change", cutting.CHANGES)
def test_a_change_that_is_cut_off_leaves_the_old_state_or_the_new(tmp_path, change):
    work = cutting.Cutting(tmp_path)
    prepared = work.prepare(change)
    done, writes, _ = work.attempt(change, prepared, 0)
    assert done and writes >= 3, f"only {writes} writes were seen"
    count = cutting.Count()
    for at in (2, writes // 2, writes - 1):
        work.cut(change, prepared, max(at, 1), count)
    assert count.failures == []
    assert count.points == 3 and count.cut >= 2, "it was not cut"
