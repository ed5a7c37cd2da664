"""The school that these tests speak of: every scenario is told to both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

import pytest

from domain.ledger.rebuild import compare
from tests.examples import TIMES
from tests.making import School
from tests.projections.loading import differing_in_windows
from tests.server_schools import ServerSchools

SOME: Final = 8
"""Of so many scenarios one has its facts read in windows beside: it takes longer than most scenarios. `make soak` reads
those of all; those of PostgreSQL's ledgers are read in test_both_stores.py."""


@pytest.fixture(params=["sqlite", "postgres"])
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[School]:
    """A school with Ann, Ben and Cal on its roll. Whatever a scenario does, its index can be rebuilt from its log, and
    its facts are the same in whatever windows they are read."""
    schools: ServerSchools | None = None if request.param == "sqlite" else request.getfixturevalue("server_schools")
    made = (schools or School).ready(tmp_path)
    yield made
    made.close()
    after = made.beside()
    assert compare(after.ledger.store, after.ledger.keys).agree, "the identity index is not what the log says"
    if TIMES > 1 or (request.param == "sqlite" and crc32(request.node.name.encode()) % SOME == 0):
        size = 31 if TIMES > 1 else max(31, after.head // 4)
        assert differing_in_windows(after.ledger, size) == [], "the facts of this ledger depend on how it was read"
    after.close()
    if schools:
        schools.take_back(made)
