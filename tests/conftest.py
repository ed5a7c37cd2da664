"""What every room's tests may ask for: a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Database, Server


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for each test process."""
    with Server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: Server) -> Iterator[Database]:
    """A fresh database."""
    with postgres_server.database() as database:
        yield database
