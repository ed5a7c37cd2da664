"""Facts in PostgreSQL: their tables, and rows into them by COPY from columns.

All tables are logged: an unlogged one is empty after the server's crash, and what was published must stand then too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, LiteralString, NamedTuple

import polars as pl
import psycopg
from psycopg.sql import SQL, Composed, Identifier

from projections.ahead import ahead
from projections.answers import Answer
from projections.engines import postgres_binary
from projections.facts.tables import DICTIONARIES, TABLES, Table

Cursor = psycopg.Cursor[Any]

CHUNK: Final = 200_000
"""From this many rows on, a load changes what the planner must know."""
PIECE: Final = 50_000
"""Rows sent at a time: some 8 MB."""

TYPED: Final[Mapping[str, LiteralString]] = {"text": 'text COLLATE "C"'}

OFTEN: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {"line": (("pupil",),), "mark": (("place",),)}
"""Looked up by what no refresh names: restricted pupils' lines, and a place as at a past moment."""


def make_tables(
    cursor: Cursor, schema: str, tables: Mapping[str, Table] = TABLES, parameters: LiteralString = ""
) -> None:
    """Every fact, rule and dictionary, empty; `parameters` of storage are the statement's last words. Text is compared
    by its bytes, as DuckDB compares it, whatever the order of the database is."""
    for name, table in tables.items():
        if name == "asked":
            continue
        cursor.execute(
            SQL("CREATE TABLE {} ({}){}").format(
                Identifier(schema, name),
                SQL(", ").join(
                    SQL("{} {}").format(Identifier(c.name), SQL(TYPED.get(c.type, c.type))) for c in table.columns
                ),
                SQL(parameters),
            )
        )


def settle(
    cursor: Cursor,
    schema: str,
    answers: Mapping[str, Answer],
    tables: Mapping[str, Table] = TABLES,
    later: Callable[[Composed], object] | None = None,
) -> None:
    """After a load: the statistics of every table that has grown since, and the indexes that are missing; those by
    `later`, if they may come later than this."""
    indexed, grown = _indexed(cursor, schema), _grown(cursor, schema)
    for name in tables:
        if name in grown:
            cursor.execute(SQL("ANALYZE {}").format(Identifier(schema, name)))
    for name, table in tables.items():
        if name == "asked":
            continue
        found: list[Index] = []
        if name in DICTIONARIES:
            found += (Index((column,), unique=column != "first_position") for column in table.names)
        elif table.dated:
            # The rows beyond a position: tiny, as rows lie in that order.
            found.append(Index(("position",), method="brin"))
        found += map(Index, wanted(name, answers, OFTEN.get(name, ()) if tables is TABLES else ()))
        for index in found:
            if index.name(name) not in indexed:
                (later or cursor.execute)(index.statement(schema, name))


def _indexed(cursor: Cursor, schema: str) -> frozenset[str]:
    """The names of the indexes that stand in a schema."""
    found = cursor.execute("SELECT indexname FROM pg_indexes WHERE schemaname = %s", (schema,))
    return frozenset(name for (name,) in found.fetchall())


def _grown(cursor: Cursor, schema: str) -> frozenset[str]:
    """The tables that were never analysed, or grew by a tenth since."""
    found = cursor.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND"
        " c.relkind = 'r' AND (c.reltuples < 0 OR pg_relation_size(c.oid) > c.relpages::bigint * 9011)",
        (schema,),
    )
    return frozenset(name for (name,) in found.fetchall())


class Index(NamedTuple):
    """An index of a table; it goes with its table wherever that goes."""

    columns: tuple[str, ...]
    unique: bool = False
    method: str = "btree"

    def name(self, table: str) -> str:
        """As the database knows it."""
        return "_".join((table, *self.columns))[:58] + ("_key" if self.unique else "_idx")

    def statement(self, schema: str, table: str) -> Composed:
        """What makes it, unless the table has it."""
        return SQL("CREATE {} IF NOT EXISTS {} ON {} USING {} ({})").format(
            SQL("UNIQUE INDEX" if self.unique else "INDEX"),
            Identifier(self.name(table)),
            Identifier(schema, table),
            SQL("brin" if self.method == "brin" else "btree"),
            SQL(", ").join(map(Identifier, self.columns)),
        )


def indexes(schema: str, name: str, answers: Mapping[str, Answer]) -> list[Composed]:
    """What makes the indexes of an answer: its key, and what refreshes and analysts look it up by."""
    answer = answers[name]
    found = [answer.key]
    more: list[tuple[str, ...]] = (
        [("place", "session_date")] if {"place", "session_date"} <= set(answer.columns) else []
    )
    more += [("place",)] if "place" in answer.columns and not more else []
    for columns in wanted(name, answers, more):
        if not set(columns) >= set(answer.key) and set(columns) != set(answer.key[: len(columns)]):
            found.append(columns)
    return [Index(columns).statement(schema, name) for columns in found]


def wanted(name: str, answers: Mapping[str, Answer], more: Iterable[tuple[str, ...]] = ()) -> list[tuple[str, ...]]:
    """The fewest indexes that find the rows of a table by whatever columns a refresh narrows it: one that begins with
    them serves. A line has one place, so the place is left out beside it."""
    asked = [tuple(a.refresh[name]) for a in answers.values() if a.refresh.get(name)] + list(more)
    sets = {
        frozenset(_found_by(name, columns, answers)) - ({"place"} if "line" in columns else set()) for columns in asked
    }
    found: list[tuple[str, ...]] = []
    for columns in sorted(sets, key=lambda s: (-len(s), sorted(s))):
        if not any(set(one[: len(columns)]) == columns for one in found):
            found.append(tuple(sorted(columns, key=lambda column: (_RANK.get(column, len(_RANK)), column))))
    return found


def _found_by(name: str, columns: Collection[str], answers: Mapping[str, Answer]) -> Iterator[str]:
    """A week is looked up by its days, where a table has them: `postgres_refresh` asks for both."""
    days = "session_date" in (
        answers[name].columns if name in answers else TABLES[name].names if name in TABLES else ()
    )
    for column in columns:
        yield "session_date" if days and column == "week_start" else column


_RANK: Final = {
    column: rank for rank, column in enumerate("line pupil child chain arrangement place session_date session".split())
}
"""What comes first in an index: what few rows share."""


def copy(cursor: Cursor, schema: str, frames: Mapping[str, pl.DataFrame], tables: Mapping[str, Table] = TABLES) -> int:
    """Add rows to tables by name, in the order of their frames. Returns how many. Refuses a frame of other columns."""
    return sum(copy_one(cursor, Identifier(schema, name), tables[name], frame) for name, frame in frames.items())


def copy_one(cursor: Cursor, into: Identifier, table: Table, frame: pl.DataFrame) -> int:
    """Add rows to a table that has the columns of `table`, whatever it is called."""
    if tuple(frame.columns) != table.names:
        raise ValueError(f"The columns of {table.name} are {', '.join(table.names)}, not {', '.join(frame.columns)}.")
    if not len(frame):
        return 0
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        into, SQL(", ").join(map(Identifier, table.names))
    )
    with cursor.copy(statement) as into_server:
        into_server.write(postgres_binary.HEAD)
        for piece in ahead(postgres_binary.rows(piece, table) for piece in frame.iter_slices(PIECE)):
            into_server.write(piece)
        into_server.write(postgres_binary.TAIL)
    return len(frame)
