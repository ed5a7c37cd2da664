"""The school of the golden scenarios, and whom they ask. One store is enough: both hold the same entries.

`ask_both` asks in DuckDB, and when the scenario is told, all of it once more in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.making import School
from tests.postgres import Server
from tests.projections import postgres_county
from tests.scenarios.golden.office import Asks

AskFor = Callable[..., Asks]


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """A school with Ann, Ben and Cal on its roll, whose birth dates say that they are in Year 7."""
    made = School.ready(tmp_path, ())
    made.enters("Ann", "Ben", "Cal", birth_date="2014-02-03", nc_year=7, group="7B")
    yield made
    made.close()


@pytest.fixture
def ask_for(school: School, tmp_path: Path) -> Iterator[AskFor]:
    """`ask_for("absence_run")`: that answer, and those that it stands on."""
    made: list[Asks] = []

    def of(*answers: str) -> Asks:
        made.append(Asks(school, tmp_path / f"answers{len(made)}", *answers))
        return made[-1]

    yield of
    for asks in made:
        asks.close()


@pytest.fixture(scope="module")
def server_place(postgres_server: Server) -> Iterator[postgres_county.Place]:
    """One database for the scenarios of a file, one after the other."""
    with postgres_county.set_up_place(postgres_server) as made:
        yield made


@pytest.fixture
def ask_both(ask_for: AskFor, server_place: postgres_county.Place) -> Iterator[AskFor]:
    """As `ask_for`; at the end PostgreSQL has said the same to every question."""
    made: list[Asks] = []

    def of(*answers: str) -> Asks:
        made.append(ask_for(*answers))
        return made[-1]

    yield of
    for asks in made:
        asks.on_postgres(server_place)
