# ruff: noqa: S608 -- every name in these statements is of our own tables and answers, read by `projections.answers`
"""The published answers in DuckDB, as readers open them: as they stand, or as at any past moment.

As at a moment, every fact and every answer has a temporary view of its own in the reader's session, with the moment in
it as a literal: there is no setting that could be left unset, and no name that would lead back to the present.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

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
        settings: dict[str, str | bool | int | float | list[str]] = {"autoinstall_known_extensions": False}
        self.connection = open_published(published, {**settings, **(config or {})})
        self._answers = answers
        self._tables = tables
        self._made: list[tuple[str, str]] = []
        self.connection.execute(f"set search_path = '{PATH}'").fetchall()

    def state(self) -> State:
        return read_state(lambda statement: self.connection.execute(statement).fetchall(), f"{CATALOG}.state")

    def current(self, asked: Asked) -> None:
        self._clear()
        for column in self._tables["asked"].columns if "asked" in self._tables else ():
            self.connection.execute(f"set variable asked_{column.name} = {_literal(asked, column.name)}").fetchall()

    def as_at(self, asked: Asked, place: int | None = None) -> None:
        """See `Reader`. Of a place: its rows, made from all that is known of its pupils anywhere, and of the calendars
        that count for them. Answers without a column `place` may then hold more than the place, and less than all.
        """
        self._clear()
        if place is not None:
            self._scope(asked.position, place)
        inner = WITHIN if place is not None else ""
        for table in self._tables.values():
            where = self._cut(table, asked.position) if table.name != "asked" else ""
            limit = self._limit(table) if place is not None else ""
            whole = " where " + " and ".join(filter(None, (where, limit))) if where or limit else ""
            if table.name == "asked":
                told = (f"{_literal(asked, column.name)} as {column.name}" for column in table.columns)
                self._view(f"{inner}asked", f"select {', '.join(told)}")
            else:
                self._view(inner + table.name, f"select * from {CATALOG}.fact.{table.name}{whole}")
            if place is not None:
                only = f" where place = {place:d}" if _in_register(table) else ""
                self._view(table.name, f"select * from temp.main.{inner}{table.name}{only}")
        for answer in self._answers.values():
            text = answer.pointed(lambda name: f"temp.main.{inner}{name}")
            self._view(inner + answer.name, text)
            if place is not None:
                only = f" where place = {place:d}" if "place" in answer.columns else ""
                self._view(answer.name, f"select * from temp.main.{inner}{answer.name}{only}")

    def ask(self, statement: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        """See `Reader`. By rows, and not by DuckDB's stream of Arrow: a stream that Polars has read leaves objects of
        DuckDB's behind, and a program that ends then complains of them, at length, on stderr."""
        self.connection.execute(statement, list(parameters) or None)
        named = [(str(name), FRAME_OF.get(str(type_))) for name, type_, *_ in self.connection.description or ()]
        rows = self.connection.fetchall()
        columns = zip(*rows, strict=True) if rows else ([] for _ in named)
        return pl.DataFrame(
            [pl.Series(name, values, type_) for (name, type_), values in zip(named, columns, strict=True)]
        )

    def lock_down(self) -> None:
        """For statements that somebody else wrote: no file, no extension, no setting from here on (reference/sql.md 7).

        What is asked may still make temporary tables, and may ask for long: the caller bounds memory and time.
        """
        for setting in ("enable_external_access = false", "autoload_known_extensions = false"):
            self.connection.execute(f"set {setting}").fetchall()
        self.connection.execute("set lock_configuration = true").fetchall()

    def close(self) -> None:
        self.connection.close()

    def _view(self, name: str, select: str) -> None:
        self.connection.execute(f"create temp view {name} as {select}").fetchall()
        self._made.append(("view", name))

    def _table(self, name: str, select: str) -> None:
        self.connection.execute(f"create temp table {name} as {select}").fetchall()
        self._made.append(("table", name))

    def _clear(self) -> None:
        for kind, name in reversed(self._made):
            self.connection.execute(f"drop {kind} if exists temp.main.{name}").fetchall()
        self._made.clear()

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
        self._table("scope_pupil", f"select distinct pupil from {fact}.line where {known} and place = {place:d}")
        if joined:
            named = "select pupil from temp.main.scope_pupil"
            children = f"{named} union select child from ({joined}) where pupil in ({named})"
            self._table(
                "scope_child",
                f"{children} union select pupil from ({joined}) where child in ({children})",
            )
        pupils = "scope_child" if joined else "scope_pupil"
        self._table(
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
        self._table("scope_place", named)


def _in_register(table: Table) -> bool:
    """Whether `place` is the place whose register or roll it is; of an arrangement it is the other one."""
    return table.dated and "place" in table.names and ("session_date" in table.names or table.name == "line")


def _literal(asked: Asked, column: str) -> str:
    if column == "position":
        return f"{asked.position:d}::bigint"
    if column == "moment":
        return f"timestamp {quoted(asked.moment.isoformat(' '))}"
    return f"date {quoted(asked.today.isoformat())}"
