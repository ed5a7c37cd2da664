# ruff: noqa: S608 -- every name in these statements is of our own tables and answers, read by `projections.answers`
"""The published answers in DuckDB, as readers open them: as they stand, or as at any past moment.

As at a moment, facts are temporary views of the reader's session with the moment in them as a literal, and the answers
that a question needs are made from them there and then: there is no setting that could be left unset, and no name that
would lead back to the present. Each answer is made once, as a temporary table: as views within views, register and
weekly sums would be worked out again wherever they are named, three to seven times over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from projections.answers import Answer
from projections.engines.duck_files import CATALOG, open_published
from projections.engines.duck_layout import NEVER_CUT, quoted, read_state
from projections.engines.engine import Asked, State
from projections.facts.tables import DICTIONARIES, TABLES, Table

PATH: Final = f"{CATALOG}.ans,{CATALOG}.fact"
"""Where bare names are looked for."""
FRAME_OF: Final[Mapping[str, pl.DataType]] = {
    "BIGINT": pl.Int64(),
    "INTEGER": pl.Int32(),
    "SMALLINT": pl.Int16(),
    "DATE": pl.Date(),
    "TIMESTAMP": pl.Datetime("us"),
    "VARCHAR": pl.String(),
}
"""The type of a frame's column by DuckDB's name of a type; of others, what the values are."""
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
WITHIN: Final = "within_"
"""Before the names of views that hold more than the place asked for: what its pupils have elsewhere."""


class NoAnswersYet(FileNotFoundError):
    """Nothing was published here."""


class DuckReader:
    """A session with a published file; it sees that file, whole, for as long as it lives.

    Refused: a file that is not there (NoAnswersYet).
    """

    def __init__(
        self,
        published: Path,
        answers: Mapping[str, Answer],
        tables: Mapping[str, Table] = TABLES,
        *,
        config: Mapping[str, str | bool | int | float | list[str]] | None = None,
    ) -> None:
        """`answers` are those whose texts views as at a moment are made of; `config` is DuckDB's own."""
        if not published.exists():
            raise NoAnswersYet(f"There are no answers in {published.parent} yet: run rollbook project first")
        # What does not fit into memory goes beside the answers, under a name of this process's own.
        settings: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False,
            "temp_directory": str(published.parent / f"spill-{os.getpid()}"),
        }
        self._session = open_published(published, {**settings, **(config or {})})
        self._answers = answers
        self._tables = tables
        self._made: list[tuple[str, str]] = []
        self._defined: set[str] = set()
        self._asked: Asked | None = None
        self._place: int | None = None
        self._run(f"set search_path = '{PATH}'")

    def state(self) -> State:
        return read_state(lambda statement: self._session.execute(statement).fetchall(), f"{CATALOG}.state")

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The session itself, with every name in it, for what `ask` does not do."""
        self._define([*self._tables, *self._answers])
        return self._session

    def current(self, asked: Asked) -> None:
        self._clear()
        self._run(f"set search_path = '{PATH}'")
        for column in self._tables["asked"].columns if "asked" in self._tables else ():
            self._run(f"set variable asked_{column.name} = {_literal(asked, column.name)}")

    def as_at(self, asked: Asked, place: int | None = None) -> None:
        """See `Reader`. Of a place: its rows, made from all that is known of its pupils anywhere, and of the calendars
        that count for them. Answers without a column `place` may then hold more than the place, and less than all.
        """
        self._clear()
        # A name that nobody defined is not found, rather than found in the present.
        self._run("set search_path = 'temp.main'")
        self._asked, self._place = asked, place
        if place is not None:
            self._scope(asked.position, place)

    def ask(self, statement: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        self._define(_NAME.findall(statement.lower()))
        return pl.DataFrame(self._session.sql(statement, params=list(parameters) or None))

    def _define(self, words: Iterable[str]) -> None:
        """As at a moment, make those words that are names of facts or answers, and what they stand on."""
        if self._asked is None:
            return
        inner = WITHIN if self._place is not None else ""
        named = {word for word in words if word in self._tables or word in self._answers}
        below = set(named)
        for name in reversed(list(self._answers)):
            if name in below:
                below.update(self._answers[name].inputs)
        for name in [*self._tables, *self._answers]:
            if name in below and inner + name not in self._defined:
                stored = name in self._answers and self._answers[name].kind == "table"
                self._make("table" if stored else "view", inner + name, self._as_at_text(name, inner))
            if inner and name in named and name not in self._defined:
                only = f" where place = {self._place:d}" if self._of_place(name) else ""
                self._make("view", name, f"select * from temp.main.{inner}{name}{only}")

    def _as_at_text(self, name: str, inner: str) -> str:
        assert self._asked is not None
        if name in self._answers:
            return self._answers[name].pointed(lambda other: f"temp.main.{inner}{other}")
        table = self._tables[name]
        if name == "asked":
            return "select " + ", ".join(f"{_literal(self._asked, c.name)} as {c.name}" for c in table.columns)
        limits = [self._cut(table, self._asked.position), self._limit(table) if inner else ""]
        where = " and ".join(filter(None, limits))
        return f"select * from {CATALOG}.fact.{name}" + (f" where {where}" if where else "")

    def _of_place(self, name: str) -> bool:
        """Whether its column `place` is the place whose register or roll it is; of an arrangement it is the other."""
        if name in self._answers:
            return "place" in self._answers[name].columns
        table = self._tables[name]
        return table.dated and "place" in table.names and ("session_date" in table.names or name == "line")

    def lock_down(self) -> None:
        """For statements that somebody else wrote: no file, no extension, no setting from here on (reference/sql.md 7).

        What is asked may still make temporary tables, and may ask for long: the caller bounds memory and time.
        """
        for setting in ("enable_external_access = false", "autoload_known_extensions = false"):
            self._run(f"set {setting}")
        self._run("set lock_configuration = true")

    def interrupt(self) -> None:
        """Stop what is being asked, from another thread: it fails there as interrupted."""
        self._session.interrupt()

    def close(self) -> None:
        self._session.close()

    def _make(self, kind: str, name: str, select: str) -> None:
        self._run(f"create temp {kind} {name} as {select}")
        self._made.append((kind, name))
        self._defined.add(name)

    def _clear(self) -> None:
        for kind, name in reversed(self._made):
            self._run(f"drop {kind} if exists temp.main.{name}")
        self._made.clear()
        self._defined.clear()
        self._asked = self._place = None

    def _run(self, statement: str) -> None:
        self._session.execute(statement).fetchall()

    def _cut(self, table: Table, position: int) -> str:
        if table.name in NEVER_CUT:
            return ""
        if table.name in DICTIONARIES:
            return f"first_position <= {position:d}"
        return f"position <= {position:d}" if table.dated else ""

    def _limit(self, table: Table) -> str:
        """Which rows of a fact matter to a place: of its pupils' lines, wherever they are; else of its calendars."""
        if not table.dated or table.name in NEVER_CUT:
            return ""
        if "line" in table.names:
            return "(line in (select line from temp.main.scope_line) or line is null)"
        if "place" in table.names and "session_date" in table.names:
            return "place in (select place from temp.main.scope_place)"
        return ""

    def _scope(self, position: int, place: int) -> None:
        """Lines of all pupils who have a line at the place, and places whose calendars may matter to them."""
        fact = f"{CATALOG}.fact"
        known = f"position <= {position:d}"
        joined = f"select pupil, child from {fact}.same_child where {known}" if "same_child" in self._tables else ""
        self._make(
            "table", "scope_pupil", f"select distinct pupil from {fact}.line where {known} and place = {place:d}"
        )
        if joined:
            named = "select pupil from temp.main.scope_pupil"
            children = f"{named} union select child from ({joined}) where pupil in ({named})"
            self._make(
                "table",
                "scope_child",
                f"{children} union select pupil from ({joined}) where child in ({children})",
            )
        pupils = "scope_child" if joined else "scope_pupil"
        self._make(
            "table",
            "scope_line",
            f"select distinct line from {fact}.line where {known} and pupil in (select pupil from temp.main.{pupils})",
        )
        of_lines = f"{known} and line in (select line from temp.main.scope_line)"
        places = [f"select {place:d} as place", f"select place from {fact}.line where {of_lines}"]
        if "arrangement" in self._tables:
            places.append(f"select place from {fact}.arrangement where {of_lines} and place is not null")
        if "enrolment_status" in self._tables:
            said = f"{of_lines} and other_place is not null"
            places.append(f"select other_place from {fact}.enrolment_status where {said}")
        named = " union ".join(places)
        if "succession" in self._tables:
            linked = f"select old_place as one, new_place as other from {fact}.succession where {known}"
            linked += f" union select new_place, old_place from {fact}.succession where {known}"
            named = (
                f"with recursive linked as ({linked}), near (place) as ({named} union"
                " select linked.other from near join linked on linked.one = near.place) select place from near"
            )
        self._make("table", "scope_place", named)


def _literal(asked: Asked, column: str) -> str:
    if column == "position":
        return f"{asked.position:d}::bigint"
    if column == "moment":
        return f"timestamp {quoted(asked.moment.isoformat(' '))}"
    return f"date {quoted(asked.today.isoformat())}"
