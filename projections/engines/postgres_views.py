# ruff: noqa: S608 - what is put into the text of a statement is names of ours
"""Views over what stands: answers that are not stored, and every fact as at a moment that a session names.

A view finds its tables when it is made, by what they are and not by what they are called. So all of them are taken away
and made again in the transaction that puts other tables in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from projections.answers import Answer
from projections.engines import postgres_state
from projections.engines.duck_layout import NEVER_CUT
from projections.engines.postgres_layout import Layout
from projections.engines.postgres_refresh import raw
from projections.facts.tables import DICTIONARIES, Table

Cursor = psycopg.Cursor[Any]


def standing(schema: str, name: str) -> str:
    """A table or view as text for a statement."""
    return f'"{schema}"."{name}"'


def make_asked(cursor: Cursor, schema: str, facts: str) -> None:
    """`asked` in a schema of answers."""
    text = SQL(postgres_state.ASKED).format(reached=Identifier(facts, "reached"))
    cursor.execute(SQL("CREATE VIEW {} AS {}").format(Identifier(schema, "asked"), text))


def make_answer_views(
    cursor: Cursor, layout: Layout, answers: Mapping[str, Answer], tables: Mapping[str, Table]
) -> None:
    """The answers that are worked out when asked, over what stands."""

    def where(name: str) -> str:
        return standing(layout.fact if name in tables and name != "asked" else layout.ans, name)

    for answer in answers.values():
        if answer.kind == "view":
            make_answer_view(cursor, layout.ans, answer.name, answer.pointed(where))


def make_view(cursor: Cursor, schema: str, name: str, text: str) -> None:
    """One view."""
    cursor.execute(SQL("CREATE VIEW {} AS {}").format(Identifier(schema, name), raw(text)))


def make_answer_view(cursor: Cursor, schema: str, name: str, text: str) -> None:
    """The view of one answer. All its text is compared by bytes: to what is made of literals alone PostgreSQL gives the
    order of the database."""
    make_view(cursor, schema, name, text)
    columns = columns_of(cursor, standing(schema, name))
    if False in columns.values():
        before, after = by_bytes_around(columns)
        cursor.execute(SQL("DROP VIEW {}").format(Identifier(schema, name)))
        make_view(cursor, schema, name, f"{before}{text}{after}")


def columns_of(cursor: Cursor, table: str) -> dict[str, bool | None]:
    """The columns of a table or view, in order, each with whether it is compared by bytes; null: it is no text."""
    return dict(
        cursor.execute(
            "SELECT attname, nullif(attcollation, 0) = '\"C\"'::regcollation FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (table,),
        ).fetchall()
    )


def by_bytes_around(columns: Mapping[str, bool | None]) -> tuple[str, str]:
    """What stands before and after a `select` of these columns, so that all its text is compared by bytes."""
    named = (name if by is None else f'{name} COLLATE "C" AS {name}' for name, by in columns.items())
    return f"SELECT {', '.join(named)} FROM (", ") AS by_bytes"


def all_by_bytes(cursor: Cursor, *schemas: str) -> bool:
    """Whether all text of the tables in schemas is compared by bytes: earlier versions of Rollbook made others."""
    found = cursor.execute(
        "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(%s) AND c.relkind = 'r'"
        " AND a.attnum > 0 AND NOT a.attisdropped AND a.attcollation NOT IN (0, '\"C\"'::regcollation)",
        (list(schemas),),
    ).fetchall()
    return not found[0][0]


def make_as_at(cursor: Cursor, layout: Layout, tables: Mapping[str, Table]) -> None:
    """Every fact as known at `rollbook.as_at` (and no later than `rollbook.position`, where that is set); and those of
    them that matter to one place: of its pupils (`rollbook.lines`) and of the calendars that count for them
    (`rollbook.places`). A session that has not said a moment gets an error and not an empty answer.

    Answers have no such views: PostgreSQL plans a chain of them as if each held a row, and never ends. Whoever asks
    makes those that the question needs (`postgres_reader`)."""
    for schema, limited in ((layout.asat, False), (layout.asat_within, True)):
        for name, table in tables.items():
            if name == "asked":
                text = SQL(postgres_state.ASKED_AS_AT).format(reached=Identifier(layout.fact, "reached"))
                cursor.execute(SQL("CREATE VIEW {} AS {}").format(Identifier(schema, name), text))
                continue
            conditions = [*_known(table), *(_of_scope(table) if limited else ())]
            where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
            make_view(cursor, schema, name, f"SELECT * FROM {standing(layout.fact, name)}{where}")


def _known(table: Table) -> Iterator[str]:
    """What was known at the moment. In sub-selects, so that the settings are read once and not for each row."""
    position = "(SELECT coalesce(nullif(current_setting('rollbook.position', true), '')::bigint, 9223372036854775807))"
    if table.name in DICTIONARIES:
        yield f"first_position <= {position}"
    elif table.dated and table.name not in NEVER_CUT:
        if "recorded_at" in table.names:
            yield "recorded_at <= (SELECT current_setting('rollbook.as_at')::timestamp)"
        yield f"position <= {position}"


def _of_scope(table: Table) -> Iterator[str]:
    """As in `duck_reader`: which rows of a fact matter to a place."""
    if not table.dated or table.name in NEVER_CUT:
        return
    if "line" in table.names:
        yield "(line = ANY ((SELECT current_setting('rollbook.lines')::integer[])::integer[]) OR line IS NULL)"
    elif "place" in table.names and "session_date" in table.names:
        yield "place = ANY ((SELECT current_setting('rollbook.places')::integer[])::integer[])"


LEFT_ALONE: Final = " WITH (autovacuum_enabled = false)"
"""Of tables made beside: they are analysed when they are whole, and to vacuum them meanwhile would take a core away."""


def look_after(cursor: Cursor, *schemas: str) -> None:
    """End that for every table of schemas."""
    for schema, table in _tables(cursor, *schemas):
        cursor.execute(SQL("ALTER TABLE {} RESET (autovacuum_enabled)").format(Identifier(schema, table)))


def _tables(cursor: Cursor, *schemas: str) -> list[tuple[str, str]]:
    return cursor.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY(%s) AND c.relkind = 'r' ORDER BY c.oid",
        (list(schemas),),
    ).fetchall()


def drop_views(cursor: Cursor, *schemas: str) -> None:
    """Take every view of schemas away."""
    found = cursor.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = ANY(%s) AND c.relkind = 'v' ORDER BY c.oid DESC",
        (list(schemas),),
    ).fetchall()
    if found:
        cursor.execute(SQL("DROP VIEW {} CASCADE").format(SQL(", ").join(Identifier(s, v) for s, v in found)))


def drop_tables(cursor: Cursor, *schemas: str) -> None:
    """Take every table of schemas away."""
    found = _tables(cursor, *schemas)
    if found:
        cursor.execute(SQL("DROP TABLE {}").format(SQL(", ").join(Identifier(s, t) for s, t in found)))


def move_tables(cursor: Cursor, source: str, target: str) -> None:
    """All tables of a schema to another, with their indexes."""
    for _, name in _tables(cursor, source):
        cursor.execute(SQL("ALTER TABLE {} SET SCHEMA {}").format(Identifier(source, name), Identifier(target)))
