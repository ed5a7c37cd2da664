"""The answers in PostgreSQL as readers of the command line open them: as they stand, or as at any past moment.

Every question is a read-only transaction of its own. As at a moment, facts are those of the schema `asat`, whose views
read the moment from the session's settings; a session that has set none gets an error. The answers that a question
names are made first, in temporary tables of the session, from the same texts and in the same order as ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from domain.ledger.postgres_connection import connect
from projections.answers import Answer, read
from projections.engines import postgres_state
from projections.engines.engine import Asked, State
from projections.engines.postgres_layout import Layout
from projections.engines.postgres_refresh import by_bytes, raw
from projections.engines.postgres_views import make_answer_view, standing
from projections.facts.tables import TABLES, Table

WITHIN = "within_"
"""Before the names of what holds more than the place asked for: what its pupils have elsewhere."""

FRAME_OF: dict[int, pl.DataType] = {
    20: pl.Int64(),
    21: pl.Int16(),
    23: pl.Int32(),
    25: pl.String(),
    1082: pl.Date(),
    1114: pl.Datetime("us"),
}
"""The type of a frame's column by PostgreSQL's number of a type; of others, what the values are."""


class NoAnswersYet(FileNotFoundError):
    """Nothing was published here."""


class PostgresReader:
    """A session that reads; see `Reader`. Refused: a database in which nothing was published (NoAnswersYet)."""

    def __init__(
        self,
        conninfo: str,
        layout: Layout | None = None,
        answers: Mapping[str, Answer] | None = None,
        tables: Mapping[str, Table] = TABLES,
        *,
        user: str | None = None,
        whole: bool = False,
    ) -> None:
        """`answers`: those whose texts are run as at a moment; all that there are, unless said. `whole`: what is asked
        reads nearly all rows."""
        self._layout = layout or Layout()
        self._answers = read() if answers is None else answers
        self._tables = tables
        self._as_at = False
        self._place: int | None = None
        self._made: set[str] = set()
        self._inside: set[str] = set()
        self._connection = connect(conninfo, user)
        self._cursor = self._connection.cursor(row_factory=tuple_row)
        self._cursor.execute("SET TimeZone = 'UTC'")
        self._cursor.execute("SET jit = off")
        if whole:
            # As in a rebuild: a loop that was misjudged would not end.
            self._cursor.execute("SET work_mem = '256MB'")
            self._cursor.execute("SET enable_nestloop = off")
        if not self.state().built:
            self._connection.close()
            raise NoAnswersYet("There are no answers in the database yet: run rollbook project first")

    def state(self) -> State:
        return postgres_state.read(self._cursor, self._layout.fact)

    def current(self, asked: Asked) -> None:
        self._say(asked)
        self._forget()
        self._as_at = False
        self._path(self._layout.ans, self._layout.fact)

    def as_at(self, asked: Asked, place: int | None = None) -> None:
        """See `Reader`. Of a place: its rows, made from all that is known of its pupils anywhere, and of the calendars
        that count for them."""
        self._say(asked)
        self._forget()
        self._as_at, self._place = True, place
        self._path(self._layout.asat)
        if place is not None:
            lines, places = self._scope(place)
            self._set("lines", _array(lines))
            self._set("places", _array(places))

    def ask(self, statement: str, parameters: Sequence[Any] = (), *, seconds: float = 0) -> pl.DataFrame:
        """See `Reader`. It is stopped after so many seconds, if any are given."""
        if self._as_at:
            self._make(set(re.findall(r"[a-z_][a-z0-9_]*", statement.lower())))
        with self._connection.transaction():
            self._cursor.execute("SET TRANSACTION READ ONLY")
            if seconds:
                self._cursor.execute(SQL("SET LOCAL statement_timeout = {}").format(round(seconds * 1000)))
            # As one statement, never several: the extended protocol takes no more.
            self._cursor.execute(raw(statement), list(parameters), binary=True)
            columns = self._cursor.description or []
            schema = {column.name: FRAME_OF.get(column.type_code) for column in columns}
            return pl.DataFrame(self._cursor.fetchall(), schema=schema, orient="row")

    def _make(self, words: set[str]) -> None:
        """The answers that a question names, and those that they stand on, as at the moment."""
        asked = [name for name in (*self._tables, *self._answers) if name in words and name not in self._made]
        if not asked:
            return
        with self._connection.transaction():
            # One snapshot: what restricts who may be seen counts as it is now, and the same for all.
            self._cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for name in asked:
                self._made.add(name)
                inner = self._inner(name)
                if self._place is not None:
                    only = SQL(" WHERE place = {}").format(self._place) if self._of_place(name) else SQL("")
                    self._cursor.execute(
                        SQL("CREATE TEMPORARY VIEW {} AS SELECT * FROM {}{}").format(Identifier(name), raw(inner), only)
                    )

    def _inner(self, name: str) -> str:
        """Where a fact or answer stands for other answers, made if it is not there yet."""
        whole = self._place is None
        if name in self._tables and (whole or not self._tables[name].dated):
            return standing(self._layout.asat if whole else self._layout.asat_within, name)
        inner = name if whole else f"{WITHIN}{name}"
        if inner not in self._inside:
            self._inside.add(inner)
            if name in self._tables:
                text = f"SELECT * FROM {standing(self._layout.asat_within, name)}"  # noqa: S608
            else:
                text = self._answers[name].pointed(self._inner)
            if name in self._answers and self._answers[name].kind == "view":
                make_answer_view(self._cursor, "pg_temp", inner, text)
            else:
                temporary = Identifier("pg_temp", inner)
                self._cursor.execute(SQL("CREATE TEMPORARY TABLE {} AS {}").format(Identifier(inner), raw(text)))
                self._cursor.execute(by_bytes(f"pg_temp.{inner}"))
                self._cursor.execute(SQL("ANALYZE {}").format(temporary))
        return f"pg_temp.{inner}"

    def _of_place(self, name: str) -> bool:
        if name in self._answers:
            return "place" in self._answers[name].columns
        table = self._tables[name]
        # Of an arrangement it is the other place.
        return table.dated and "place" in table.names and ("session_date" in table.names or name == "line")

    def _forget(self) -> None:
        self._made.clear()
        self._inside.clear()
        self._cursor.execute("DISCARD TEMPORARY")

    def close(self) -> None:
        self._connection.close()

    def _say(self, asked: Asked) -> None:
        moment = asked.moment.isoformat(" ")
        for name, value in (
            ("position", str(asked.position)),
            ("moment", moment),
            ("as_at", moment),
            ("today", asked.today.isoformat()),
        ):
            self._set(name, value)

    def _set(self, name: str, value: str) -> None:
        self._cursor.execute("SELECT set_config(%s, %s, false)", (f"rollbook.{name}", value))

    def _path(self, *schemas: str) -> None:
        self._cursor.execute(SQL("SET search_path = {}").format(SQL(", ").join(map(Identifier, schemas))))

    def _scope(self, place: int) -> tuple[list[int], list[int]]:
        """Lines of all pupils who have a line at the place, and places whose calendars may matter to them: by the facts
        known at the moment (`asat`), as in `duck_reader`."""
        lines = [
            line
            for (line,) in self._cursor.execute(
                "WITH at_place AS (SELECT DISTINCT pupil FROM line WHERE place = %s),"
                " children AS (SELECT pupil FROM at_place UNION SELECT c.child FROM same_child c"
                " JOIN at_place p ON p.pupil = c.pupil),"
                " pupils AS (SELECT pupil FROM children UNION SELECT c.pupil FROM same_child c"
                " JOIN children p ON p.pupil = c.child)"
                " SELECT DISTINCT line FROM line WHERE pupil IN (SELECT pupil FROM pupils)",
                (place,),
            ).fetchall()
        ]
        places = self._cursor.execute(
            "WITH RECURSIVE linked (one, other) AS (SELECT old_place, new_place FROM succession"
            " UNION SELECT new_place, old_place FROM succession),"
            " near (place) AS (SELECT n.place FROM (SELECT %(place)s::integer AS place"
            " UNION SELECT place FROM line WHERE line = ANY (%(lines)s)"
            " UNION SELECT place FROM arrangement WHERE line = ANY (%(lines)s) AND place IS NOT NULL"
            " UNION SELECT other_place FROM enrolment_status WHERE line = ANY (%(lines)s)"
            " AND other_place IS NOT NULL) AS n"
            " UNION SELECT l.other FROM near n JOIN linked l ON l.one = n.place) SELECT place FROM near",
            {"place": place, "lines": lines},
        ).fetchall()
        return lines, [near for (near,) in places]


def _array(numbers: Sequence[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"
