"""Whatever a fact may hold arrives in PostgreSQL as it was: nulls, empty texts, marks, ends of every range."""

from __future__ import annotations

from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.sql import Identifier

from projections.engines.postgres_facts import copy_one
from projections.facts.tables import Column, Table, Type
from tests.examples import examples
from tests.postgres import Database

TYPES: dict[Type, tuple[Any, Any]] = {
    "bigint": (pl.Int64, st.integers(-(2**63), 2**63 - 1)),
    "integer": (pl.Int32, st.integers(-(2**31), 2**31 - 1)),
    "smallint": (pl.Int16, st.integers(-(2**15), 2**15 - 1)),
    "date": (pl.Date, st.dates()),
    "timestamp": (pl.Datetime("us"), st.datetimes()),
    "text": (pl.String, st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12)),
}
TABLE = Table("sent", "Of every type, twice.", tuple(Column(f"{t}_{n}", t, "") for t in TYPES for n in (1, 2)))
SCHEMA = {column.name: TYPES[column.type][0] for column in TABLE.columns}
ROWS = st.lists(st.tuples(*(st.none() | TYPES[column.type][1] for column in TABLE.columns)), max_size=30)


@pytest.fixture
def sent(postgres_database: Database) -> psycopg.Connection[Any]:
    connection = psycopg.connect(**postgres_database.arguments, autocommit=True)
    connection.execute(f"CREATE TABLE sent ({', '.join(f'{c.name} {c.type}' for c in TABLE.columns)})")
    return connection


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_rows_arrive_as_they_were_sent_and_in_their_order(sent: psycopg.Connection[Any], rows: list[Any]) -> None:
    sent.execute("TRUNCATE sent")
    with sent.cursor() as cursor:
        assert copy_one(cursor, Identifier("sent"), TABLE, pl.DataFrame(rows, schema=SCHEMA, orient="row")) == len(rows)
    assert sent.execute("SELECT * FROM sent ORDER BY ctid").fetchall() == rows
