"""Tells which tests there are and which rows they carry: pytest --collect-only -p proof.collect."""

import json
import os
from pathlib import Path


def pytest_collection_finish(session):
    tests = [
        {"id": item.nodeid, "rows": sorted({row for mark in item.iter_markers("rows") for row in mark.args})}
        for item in session.items
    ]
    Path(os.environ["MORTISE_PROOF_TESTS"]).write_text(json.dumps(tests), encoding="utf-8")
