"""What every room's tests may ask for: a real PostgreSQL."""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.main import silence
from tests.postgres import Database, Server

atexit.register(silence)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for each test process.

    Not in pytest's own folder: each run of pytest closes that folder to other accounts, and where root tests, the
    server runs as another account; a second run would end the server of the first.
    """
    with tempfile.TemporaryDirectory(prefix="rollbook-postgres-") as folder, Server(Path(folder)) as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: Server) -> Iterator[Database]:
    """A fresh database."""
    with postgres_server.database() as database:
        yield database
