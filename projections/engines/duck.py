# ruff: noqa: S608 -- every name in these statements is of our own tables and answers, read by `projections.answers`
"""Facts and answers in DuckDB: a file of the projector's own, and beside it the published copy that readers open.

While a process holds a DuckDB file for writing nobody else may open it, and a reader would keep the projector out. So
the projector works in `work.duckdb`, and `answers.duckdb` is a copy of it, replaced by renaming: a reader keeps the
file that it opened, whole, and the next one sees the new (reference/sql.md 1, change 15).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from projections.answers import Answer
from projections.engines import duck_files
from projections.engines.duck_layout import (
    PATH,
    comments,
    comments_of_facts,
    layout,
    read_state,
    state_statements,
    where_stands,
)
from projections.engines.engine import Change, State
from projections.facts.tables import DICTIONARIES, TABLES, Table

WORK: Final = "work.duckdb"
PUBLISHED: Final = "answers.duckdb"

log = logging.getLogger(__name__)


class AnswersInUse(RuntimeError):
    """Another process holds the projector's file."""


class _Stream:
    """A frame as DuckDB scans it without pyarrow: an object with this one method and no other."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


class DuckEngine:
    """The projector's hands on `work.duckdb` in a folder; see `Engine` for what each method promises.

    Refused: a folder in which another projector is at work (AnswersInUse).
    """

    def __init__(
        self,
        folder: Path,
        tables: Mapping[str, Table] = TABLES,
        *,
        threads: int | None = None,
        memory_limit: str | None = None,
    ) -> None:
        """`threads` and `memory_limit` ("8GB") are DuckDB's own; without them it takes what the machine has."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._tables = tables
        self._kept: list[tuple[str, str]] = []
        self._stands: dict[str, str] | None = None
        """What stands under each answer's name, a table or a view; None: nobody has looked yet."""
        self._put: tuple[tuple[int, int, int] | None, tuple[str, int]] | None = None
        """The file that was published last, and what it is."""
        config: dict[str, str | bool | int | float | list[str]] = {"autoinstall_known_extensions": False}
        if threads:
            config["threads"] = threads
        if memory_limit:
            config["memory_limit"] = memory_limit
        try:
            self._connection = duckdb.connect(str(folder / WORK), config=config)
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise
            raise AnswersInUse(
                f"Another process works on the answers in {folder}: let it end first, or stop it"
            ) from error
        (folder / WORK).chmod(0o600)
        duck_files.sweep(folder)
        if not self._one("select count(*) from duckdb_schemas() where schema_name = 'state' and not internal"):
            with self.transaction():
                self._run(";\n".join(layout(tables)))
                self._run(";\n".join(comments_of_facts(tables)))
        self._run(f"set search_path = '{PATH}'")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @property
    def published(self) -> Path:
        """What readers open."""
        return self.folder / PUBLISHED

    def state(self) -> State:
        return read_state(self.rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._kept.clear()
            self._stands = None
            self._connection.rollback()
            raise
        self._connection.commit()

    def append(self, frames: Mapping[str, pl.DataFrame]) -> None:
        for name, frame in frames.items():
            self._insert(name, frame)

    def put_rules(self, frames: Mapping[str, pl.DataFrame]) -> None:
        for name, frame in frames.items():
            self._run(f"delete from fact.{name}")
            self._insert(name, frame)

    def _insert(self, name: str, frame: pl.DataFrame) -> None:
        columns = ", ".join(self._tables[name].names)
        self._connection.register("incoming", _Stream(frame))
        try:
            self._run(f"insert into fact.{name} ({columns}) select {columns} from incoming")
        finally:
            self._connection.unregister("incoming")

    def save(self, state: State) -> None:
        for statement, parameters in state_statements(state):
            self._connection.execute(statement, parameters)

    def new_rows(self, table: str, after: int) -> Change | None:
        counted_by = "position" if table not in DICTIONARIES else "first_position"
        if not self._one(f"select count(*) from (select 1 from fact.{table} where {counted_by} > {after:d} limit 1)"):
            return None
        select = f"select * from fact.{table} where {counted_by} > {after:d}"
        return Change(self._keep("view", select), frozenset(self._tables[table].names))

    def rebuild(self, answer: Answer, told: Callable[[str], None] = lambda _: None) -> None:
        told(answer.name)
        self.drop(answer.name)
        text = answer.pointed(lambda name: where_stands(name, self._tables))
        self._run(f"create {answer.kind} ans.{answer.name} as {text}")
        self._standing()[answer.name] = answer.kind
        self._run(";\n".join(comments(answer)))

    def refresh(
        self, answer: Answer, by: Sequence[str], changes: Sequence[Change], views: Mapping[str, Answer]
    ) -> Change | None:
        narrowed: dict[tuple[str, tuple[str, ...]], str] = {}
        tables: list[str] = []
        only = ""
        if by:
            key = self._keep("table", _distinct(by, changes))
            nullable = self._nullable(key, by)
            only = _semi(key, by, nullable)
            for (name, shared), times in _read(answer, by, views).items():
                where = _semi(key, shared, nullable)
                select = f"select * from {where_stands(name, self._tables)} as kept where {where}"
                narrowed[name, shared] = f"({select})"
                if times > 1:
                    # What is read twice is looked for once.
                    tables.append(f"temp.main.twice_{len(tables)}")
                    self._run(f"create temp table {tables[-1]} as {select}")
                    narrowed[name, shared] = tables[-1]
        text = answer.narrowed(
            by, lambda name, shared: narrowed.get((name, shared)) or where_stands(name, self._tables), views
        )
        limit = f" where {only}" if only else ""
        new = self._keep("table", f"select * from ({text}) as kept{limit}")
        for table in tables:
            self._run(f"drop table {table}")
        columns = ", ".join(answer.columns)
        differ = self._keep(
            "table",
            f"select {columns}, sum(came) as came from (select {columns}, 1 as came from {new} union all"
            f" select {columns}, -1 from ans.{answer.name} as kept{limit}) as two group by {columns}"
            " having sum(came) <> 0",
        )
        lost, won = self.rows(
            f"select count(*) filter (where came < 0), count(*) filter (where came > 0) from {differ}"
        )[0]
        if not lost and not won:
            return None
        if lost:
            gone = self._keep("view", f"select {', '.join(answer.key)} from {differ} where came < 0")
            nullable = self._nullable(gone, answer.key)
            self._run(f"delete from ans.{answer.name} as kept where {_semi(gone, answer.key, nullable)}")
        if won:
            self._run(f"insert into ans.{answer.name} ({columns}) select {columns} from {differ} where came > 0")
        return Change(differ, frozenset(answer.columns))

    def keys(self, by: Sequence[str], changes: Sequence[Change]) -> Change:
        return Change(self._keep("table", _distinct(by, changes)), frozenset(by))

    def drop(self, name: str) -> None:
        kind = self._standing().pop(name, None)
        if kind is not None:
            self._run(f"drop {kind} ans.{name}")

    def _standing(self) -> dict[str, str]:
        """Asked of the catalogue once: each look takes as long as dropping twenty, and nobody else writes this file."""
        if self._stands is None:
            kinds = "select table_name, table_type from information_schema.tables where table_schema = 'ans'"
            self._stands = {name: "view" if kind == "VIEW" else "table" for name, kind in self.rows(kinds)}
        return self._stands

    def forget(self) -> None:
        for kind, name in reversed(self._kept):
            self._run(f"drop {kind} if exists temp.main.{name}")
        self._kept.clear()

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, list(parameters)).fetchall()

    def publish(self) -> None:
        """Copy, make durable, rename; where the published file is this very state, nothing."""
        serial = self._one("select serial from state.reached") or 0
        store = self._one("select store from state.reached")
        if self._published_before() == (store, serial):
            return
        self._run("checkpoint")
        duck_files.publish(self.folder / WORK, self.published)
        self._put = (duck_files.which(self.published), (store, serial))

    def _published_before(self) -> tuple[str, int] | None:
        """What the published file is; if it is still the one that we put there, without a look into it."""
        if self._put and self._put[0] == duck_files.which(self.published):
            return self._put[1]
        return duck_files.stamp(self.published)

    def _keep(self, kind: str, select: str) -> str:
        name = f"kept_{len(self._kept)}"
        self._run(f"create temp {kind} {name} as {select}")
        self._kept.append((kind, name))
        return f"temp.main.{name}"

    def _nullable(self, relation: str, columns: Sequence[str]) -> frozenset[str]:
        """The columns that hold a null there: equality would not find those."""
        missing = self.rows(f"select {', '.join(f'count(*) - count({column})' for column in columns)} from {relation}")
        return frozenset(column for column, nulls in zip(columns, missing[0], strict=True) if nulls)

    def _one(self, statement: str) -> Any:
        found = self.rows(statement)
        return found[0][0] if found else None

    def _run(self, statement: str) -> None:
        log.debug("%s", statement)
        self._connection.execute(statement).fetchall()


def _read(answer: Answer, by: Sequence[str], views: Mapping[str, Answer]) -> Counter[tuple[str, tuple[str, ...]]]:
    """What a refresh reads of its inputs, by which columns, and how often."""
    found: Counter[tuple[str, tuple[str, ...]]] = Counter()

    def read(name: str, shared: tuple[str, ...]) -> str:
        if shared:
            found[name, shared] += 1
        return name

    answer.narrowed(by, read, views)
    return found


def _distinct(by: Sequence[str], changes: Sequence[Change]) -> str:
    """Each key once: one that stands twice would double rows where it is joined."""
    columns = ", ".join(by)
    return " union ".join(f"select {columns} from {change.relation}" for change in changes)


def _semi(relation: str, columns: Sequence[str], nullable: frozenset[str]) -> str:
    same = " and ".join(
        f"one.{column} is not distinct from kept.{column}" if column in nullable else f"one.{column} = kept.{column}"
        for column in columns
    )
    return f"exists (select 1 from {relation} as one where {same})"
