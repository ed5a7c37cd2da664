"""Facts in PostgreSQL: their tables, and rows into them by COPY from columns.

All tables are logged: an unlogged one is empty after the server's crash, and what was published must stand then too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import polars as pl
import psycopg
from psycopg.sql import SQL, Identifier

from projections.answers import Answer
from projections.facts.tables import DICTIONARIES, TABLES, Table

Cursor = psycopg.Cursor[Any]

CHUNK: Final = 200_000
"""Rows written as text at a time: some 30 MB."""

OFTEN: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {"line": (("pupil",),), "mark": (("place",),)}
"""Looked up by what no refresh names: restricted pupils' lines, and a place as at a past moment."""


def make_tables(cursor: Cursor, schema: str, tables: Mapping[str, Table] = TABLES) -> None:
    """Every fact, rule and dictionary, empty, with its comments."""
    for name, table in tables.items():
        if name == "asked":
            continue
        cursor.execute(
            SQL("CREATE TABLE {} ({})").format(
                Identifier(schema, name),
                SQL(", ").join(SQL("{} {}").format(Identifier(c.name), SQL(c.type)) for c in table.columns),
            )
        )


def settle(cursor: Cursor, schema: str, answers: Mapping[str, Answer], tables: Mapping[str, Table] = TABLES) -> None:
    """After a load: the indexes that are missing, and the statistics of every table that has grown."""
    for name, table in tables.items():
        if name == "asked":
            continue
        if name in DICTIONARIES:
            for column in table.names:
                _make_index(cursor, schema, name, (column,), unique=column != "first_position")
        elif table.dated:
            # The rows beyond a position: tiny, as rows lie in that order.
            _make_index(cursor, schema, name, ("position",), method="brin")
        for columns in wanted(name, answers, OFTEN.get(name, ()) if tables is TABLES else ()):
            _make_index(cursor, schema, name, columns)
        cursor.execute(SQL("ANALYZE {}").format(Identifier(schema, name)))


def make_indexes(cursor: Cursor, schema: str, name: str, answers: Mapping[str, Answer]) -> None:
    """The indexes of an answer: its key, and what refreshes and analysts look it up by."""
    answer = answers[name]
    _make_index(cursor, schema, name, answer.key)
    more: list[tuple[str, ...]] = (
        [("place", "session_date")] if {"place", "session_date"} <= set(answer.columns) else []
    )
    more += [("place",)] if "place" in answer.columns and not more else []
    for columns in wanted(name, answers, more):
        if not set(columns) >= set(answer.key) and set(columns) != set(answer.key[: len(columns)]):
            _make_index(cursor, schema, name, columns)


def wanted(name: str, answers: Mapping[str, Answer], more: Iterable[tuple[str, ...]] = ()) -> list[tuple[str, ...]]:
    """The fewest indexes that find the rows of a table by whatever columns a refresh narrows it: one that begins with
    them serves. A line has one place, so the place is left out beside it."""
    asked = [tuple(a.refresh[name]) for a in answers.values() if a.refresh.get(name)] + list(more)
    sets = {frozenset(columns) - ({"place"} if "line" in columns else set()) for columns in asked}
    found: list[tuple[str, ...]] = []
    for columns in sorted(sets, key=lambda s: (-len(s), sorted(s))):
        if not any(set(one[: len(columns)]) == columns for one in found):
            found.append(tuple(sorted(columns, key=lambda column: (_RANK.get(column, len(_RANK)), column))))
    return found


_RANK: Final = {
    column: rank for rank, column in enumerate("line pupil child chain arrangement place session_date session".split())
}
"""What comes first in an index: what few rows share."""


def _make_index(
    cursor: Cursor, schema: str, table: str, columns: Sequence[str], *, unique: bool = False, method: str = "btree"
) -> None:
    """An index, unless the table has it; it goes with its table wherever that goes."""
    name = "_".join((table, *columns))[:58] + ("_key" if unique else "_idx")
    cursor.execute(
        SQL("CREATE {} IF NOT EXISTS {} ON {} USING {} ({})").format(
            SQL("UNIQUE INDEX" if unique else "INDEX"),
            Identifier(name),
            Identifier(schema, table),
            SQL("brin" if method == "brin" else "btree"),
            SQL(", ").join(map(Identifier, columns)),
        )
    )


def copy(cursor: Cursor, schema: str, frames: Mapping[str, pl.DataFrame], tables: Mapping[str, Table] = TABLES) -> int:
    """Add rows to tables by name, in the order of their frames. Returns how many. Refuses a frame of other columns."""
    return sum(copy_one(cursor, Identifier(schema, name), tables[name], frame) for name, frame in frames.items())


def copy_one(cursor: Cursor, into: Identifier, table: Table, frame: pl.DataFrame) -> int:
    """Add rows to a table that has the columns of `table`, whatever it is called."""
    if tuple(frame.columns) != table.names:
        raise ValueError(f"The columns of {table.name} are {', '.join(table.names)}, not {', '.join(frame.columns)}.")
    if not len(frame):
        return 0
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(into, SQL(", ").join(map(Identifier, table.names)))
    with cursor.copy(statement) as into_server:
        for piece in frame.iter_slices(CHUNK):
            # Texts are quoted and nulls are not, so that an empty text stays one, and the mark \ is no escape.
            into_server.write(
                piece.write_csv(
                    include_header=False,
                    quote_style="non_numeric",
                    datetime_format="%Y-%m-%d %H:%M:%S%.6f",
                ).encode()
            )
    return len(frame)
