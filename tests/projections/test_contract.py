"""What every answer promises, over a small made-up county that came through a real ledger: its key finds one row, and
one place's answers as at a moment are those of all places, with only that place's rows in sight.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consumers.file_import import import_file
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import found
from domain.ledger.sqlite_store import open_sqlite
from projections.answers import read
from projections.engines.duck import DuckEngine
from projections.engines.duck_reader import DuckReader
from projections.engines.engine import Asked
from projections.projector import Projector, instant
from simulation import simulate_year
from tests.making import founding

ANSWERS = read()
OF_PLACES = [name for name, answer in ANSWERS.items() if "place" in answer.columns]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckReader]:
    """What readers see of a county of some places."""
    folder = tmp_path_factory.mktemp("county")
    made = simulate_year(folder / "county.avro", places=8, pupils=200, weeks=4, seed=11)
    ledger = found(open_sqlite(folder / "ledger.sqlite"), KeyStore.create(folder / "keys.sqlite"), founding())
    import_file(ledger, made.path)
    engine = DuckEngine(folder / "answers", threads=1)
    Projector(ledger, engine).catch_up()
    ledger.store.close()
    ledger.keys.close()
    engine.close()
    reader = DuckReader(engine.published, ANSWERS, config={"threads": 1})
    yield reader
    reader.close()


def _asked(reader: DuckReader, part: float = 1) -> Asked:
    """A moment when the ledger had that part of its entries."""
    position = int(reader.state().position * part)
    marks = f"select max(recorded_at) as at from answers.fact.mark where position <= {position}"
    when = reader.ask(marks)["at"][0] or instant(0)
    return Asked(position, when, when.date())


@pytest.mark.parametrize("name", ANSWERS)
def test_a_key_finds_one_row(name: str, county: DuckReader) -> None:
    county.current(_asked(county))
    key = ", ".join(ANSWERS[name].key)
    assert county.ask(f"select {key}, count(*) as rows from {name} group by {key} having count(*) > 1").rows() == []


@pytest.fixture(scope="module")
def past(county: DuckReader) -> dict[str, dict[int, list[tuple[object, ...]]]]:
    """By answer and place, its rows as at the middle of the county's time, asked of all places at once."""
    county.as_at(_asked(county, 0.6))
    found: dict[str, dict[int, list[tuple[object, ...]]]] = {}
    for name in OF_PLACES:
        at = list(ANSWERS[name].columns).index("place")
        rows: dict[int, list[tuple[object, ...]]] = {}
        for row in county.ask(f"select * from {name}").rows():
            rows.setdefault(row[at], []).append(row)
        found[name] = rows
    return found


@pytest.mark.parametrize("place", [1, 2, 5])
def test_as_at_a_moment_one_place_is_answered_as_among_all(
    place: int, county: DuckReader, past: dict[str, dict[int, list[tuple[object, ...]]]]
) -> None:
    county.as_at(_asked(county, 0.6), place=place)
    differing = [
        name
        for name in OF_PLACES
        if sorted(county.ask(f"select * from {name}").rows(), key=repr) != sorted(past[name].get(place, []), key=repr)
    ]
    assert differing == []


def test_the_county_holds_enough_to_be_compared(past: dict[str, dict[int, list[tuple[object, ...]]]]) -> None:
    assert sum(len(rows) > 1 for rows in past.values()) > len(OF_PLACES) / 2


def test_every_table_and_column_of_the_file_says_what_it_is(county: DuckReader) -> None:
    """For whoever opens it with another tool; those of PostgreSQL are walked in test_postgres_analysts.py."""
    of_the_file = "database_name = 'answers' and schema_name in ('ans', 'fact')"
    columns = county.ask(f"select table_name, column_name, comment from duckdb_columns() where {of_the_file}").rows()
    assert {table for table, _, _ in columns} > {*ANSWERS}
    assert [(table, column) for table, column, says in columns if not says] == []
    for kind in ("table", "view"):
        silent = f"select {kind}_name from duckdb_{kind}s() where {of_the_file} and coalesce(comment, '') = ''"
        assert county.ask(silent).rows() == []
