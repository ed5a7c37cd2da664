"""How far the answers in PostgreSQL are, and what "now" means there: kept beside the facts, and swapped with them."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from projections.engines.engine import Built, State

Cursor = psycopg.Cursor[Any]

MAKE = (
    "CREATE TABLE {}.reached (loaded bigint NOT NULL, position bigint NOT NULL, recorded_at timestamp,"
    ' head text COLLATE "C", facts text COLLATE "C" NOT NULL, simulated smallint NOT NULL,'
    ' views text COLLATE "C" NOT NULL)',
    'CREATE TABLE {}.built (answer text COLLATE "C" PRIMARY KEY, digest text COLLATE "C" NOT NULL,'
    ' lineage text COLLATE "C" NOT NULL, position bigint NOT NULL, built_at timestamp NOT NULL)',
)

ASKED = (
    "SELECT coalesce(nullif(current_setting('rollbook.position', true), '')::bigint, r.position) AS position,"
    " coalesce(nullif(current_setting('rollbook.moment', true), '')::timestamp, CASE WHEN r.simulated = 1"
    " THEN r.recorded_at ELSE (statement_timestamp() AT TIME ZONE 'UTC')::timestamp END) AS moment,"
    " coalesce(nullif(current_setting('rollbook.today', true), '')::date, CASE WHEN r.simulated = 1"
    " THEN ((r.recorded_at AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/London')::date"
    " ELSE (statement_timestamp() AT TIME ZONE 'Europe/London')::date END) AS today FROM {reached} r"
)
"""The moment of asking: what the session says, else this moment, else the last entry's where the ledger's clock is
simulated. Only views read it."""

ASKED_AS_AT = (
    "SELECT coalesce(nullif(current_setting('rollbook.position', true), '')::bigint, r.position) AS position,"
    " current_setting('rollbook.as_at')::timestamp AS moment,"
    " coalesce(nullif(current_setting('rollbook.today', true), '')::date,"
    " ((current_setting('rollbook.as_at')::timestamp AT TIME ZONE 'UTC') AT TIME ZONE 'Europe/London')::date) AS today"
    " FROM {reached} r"
)


def make(cursor: Cursor, schema: str, *, simulated: bool) -> None:
    """The tables, of a store that has nothing yet."""
    for statement in MAKE:
        cursor.execute(SQL(statement).format(Identifier(schema)))
    cursor.execute(
        SQL("INSERT INTO {} VALUES (0, 0, NULL, NULL, '', %s, '')").format(Identifier(schema, "reached")),
        (int(simulated),),
    )


def read(cursor: Cursor, schema: str) -> State:
    """How far a store is; of one that is not there, an empty state."""
    there = cursor.execute("SELECT to_regclass(%s)", (f'"{schema}".reached',)).fetchall()[0][0]
    if there is None:
        return State()
    loaded, position, recorded_at, head, facts = cursor.execute(
        SQL("SELECT loaded, position, recorded_at, head, facts FROM {}").format(Identifier(schema, "reached"))
    ).fetchall()[0]
    built = {
        name: Built(digest, lineage, at, when)
        for name, digest, lineage, at, when in cursor.execute(
            SQL("SELECT answer, digest, lineage, position, built_at FROM {} ORDER BY answer").format(
                Identifier(schema, "built")
            )
        ).fetchall()
    }
    return State(loaded, position, recorded_at, head, facts, built)


def save(cursor: Cursor, schema: str, state: State) -> None:
    """Keep a state, in the transaction under way."""
    cursor.execute(
        SQL("UPDATE {} SET loaded = %s, position = %s, recorded_at = %s, head = %s, facts = %s").format(
            Identifier(schema, "reached")
        ),
        (state.loaded, state.position, state.recorded_at, state.head, state.facts),
    )
    cursor.execute(SQL("DELETE FROM {}").format(Identifier(schema, "built")))
    cursor.executemany(
        SQL("INSERT INTO {} VALUES (%s, %s, %s, %s, %s)").format(Identifier(schema, "built")),
        [(name, b.digest, b.lineage, b.position, b.at) for name, b in state.built.items()],
    )
