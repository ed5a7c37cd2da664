"""The school that these tests speak of: every scenario is told to both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.ledger.rebuild import compare
from tests.making import School, ServerSchools
from tests.postgres import Server


@pytest.fixture(scope="session")
def server_schools(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerSchools]:
    """Where the schools of the server profile are made."""
    with postgres_server.database() as database:
        yield ServerSchools(database, tmp_path_factory.mktemp("introduced"))


@pytest.fixture(params=["sqlite", "postgres"])
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[School]:
    """A school with Ann, Ben and Cal on its roll. Whatever a scenario does, its index can be rebuilt from its log."""
    if request.param == "sqlite":
        made = School.ready(tmp_path)
    else:
        schools: ServerSchools = request.getfixturevalue("server_schools")
        made = schools.ready(tmp_path)
    yield made
    made.close()
    after = made.beside()
    assert compare(after.ledger.store, after.ledger.keys).agree, "the identity index is not what the log says"
    after.close()
