"""Proof: which promises of the five guides hold today, and which samples run. See docs/proof.md.

    shared.py     where the guides and features.md lie, which are no part of this repository
    promises.py   the rows of features.md
    ledger.py     docs/rows.md: the test that shows a row, or the reason why none does
    evidence.py   which tests carry which row, and how they end
    features.py   `make features`

The samples of the guides are in tests/guides.
"""
