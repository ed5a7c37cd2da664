"""What a change of facts makes of an answer, in PostgreSQL: keyed recomputation through analysed temporary tables.

Temporary tables and not views: PostgreSQL misjudges joins over several columns by orders of magnitude, and a view with
such a join is planned as if it held a thousand rows (reference/sql.md 1, change 4). Everything happens in the caller's
transaction, so that readers see all of a refresh or nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier

from projections.answers import Answer
from projections.engines.engine import Change

Cursor = psycopg.Cursor[Any]
Where = Callable[[str], str]
"""Where a table or answer stands, as text for a statement: `"fact"."mark"`."""

TEMP = "pg_temp"


class Steps:
    """The temporary tables of one refresh. The same rows are fetched once, whatever number of answers reads them."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._numbers = count(1)
        self._made: list[str] = []
        self._kept: dict[tuple[Any, ...], str] = {}
        self._nulls: dict[str, frozenset[str]] = {}

    def forget(self) -> None:
        """Drop all of them."""
        if self._made:
            self._cursor.execute(SQL("DROP TABLE {}").format(SQL(", ").join(Identifier(TEMP, n) for n in self._made)))
        self.lost()

    def lost(self) -> None:
        """They went with a transaction that was undone."""
        self._made.clear()
        self._kept.clear()
        self._nulls.clear()

    def table(self, select: Composable, *, analysed: bool = True) -> str:
        """A temporary table of what a `select` gives. Returns what stands after `from` to read it.

        `analysed`: the planner is told of its values, as it must be where answers join it; to compare it whole with
        another, its size is enough, and that is known."""
        name = f"step_{next(self._numbers)}"
        self._cursor.execute(SQL("CREATE TEMPORARY TABLE {} AS {}").format(Identifier(name), select))
        self._made.append(name)
        if analysed:
            self._cursor.execute(SQL("ANALYZE {}").format(Identifier(TEMP, name)))
        return f"{TEMP}.{name}"

    def once(self, known: tuple[Any, ...], select: Callable[[], Composable]) -> str:
        """The same, made the first time only."""
        if known not in self._kept:
            self._kept[known] = self.table(select())
        return self._kept[known]

    def keys(self, by: Sequence[str], changes: Sequence[Change]) -> str:
        """The distinct values of some columns; a key that came twice would double rows where it is joined."""
        tables = tuple(change.relation for change in changes)
        return self.once(
            ("keys", tables, tuple(by)),
            lambda: (
                SQL(" UNION ").join(SQL("SELECT {} FROM {}").format(columns_of(by), raw(table)) for table in tables)
                if len(tables) > 1
                else SQL("SELECT DISTINCT {} FROM {}").format(columns_of(by), raw(tables[0]))
            ),
        )

    def equal(self, left: str, right: str, relation: str, columns: Sequence[str]) -> Composed:
        """That two aliases agree in columns, of which `relation` has the right side: nulls agree as well."""
        nulls = self._with_nulls(relation, columns)
        return SQL(" AND ").join(
            SQL("{} IS NOT DISTINCT FROM {}" if column in nulls else "{} = {}").format(
                Identifier(left, column), Identifier(right, column)
            )
            for column in columns
        )

    def _with_nulls(self, relation: str, columns: Sequence[str]) -> frozenset[str]:
        """Which columns hold a null there: only those are compared in the way that no index serves."""
        if relation not in self._nulls:
            asked = SQL(", ").join(SQL("coalesce(bool_or({} IS NULL), false)").format(Identifier(c)) for c in columns)
            row = self._cursor.execute(SQL("SELECT {} FROM {}").format(asked, raw(relation))).fetchall()[0]
            self._nulls[relation] = frozenset(c for c, yes in zip(columns, row, strict=True) if yes)
        return self._nulls[relation]

    def any_row(self, relation: str) -> bool:
        """Whether there is one."""
        return bool(
            self._cursor.execute(SQL("SELECT EXISTS (SELECT 1 FROM {})").format(raw(relation))).fetchall()[0][0]
        )


def refresh(
    cursor: Cursor, steps: Steps, answer: Answer, by: Sequence[str], changes: Sequence[Change], where: Where
) -> Change | None:
    """As `Engine.refresh` promises. Rows that are the same stay where they are: what changes is what is written."""
    key = steps.keys(by, changes) if by else None
    found = dict(_narrowed(steps, answer, by, changes, where)) if key else {}
    with _called_by_name(cursor, answer, found) as at:
        new = steps.table(raw(answer.pointed(lambda name: at.get(name) or where(name))), analysed=False)
    stands = where(answer.name)
    of_key: Composable = SQL("")
    if key is None:
        old = steps.table(SQL("SELECT * FROM {}").format(raw(stands)), analysed=False)
    else:
        same = steps.equal("i", "k", key, by)
        old = steps.table(
            SQL("SELECT i.* FROM {} i JOIN {} k ON {}").format(raw(stands), raw(key), same), analysed=False
        )
        of_key = SQL(" AND EXISTS (SELECT 1 FROM {} k WHERE {})").format(raw(key), same)
    # Rows are compared whole, nulls as equal; this hashes, where a list of IS NOT DISTINCT FROM would not.
    differ = SQL("SELECT i.* FROM {} i WHERE NOT EXISTS (SELECT 1 FROM {} j WHERE j.*::record = i.*::record){}")
    gone = steps.table(differ.format(raw(old), raw(new), SQL("")), analysed=False)
    come = steps.table(differ.format(raw(new), raw(old), of_key), analysed=False)
    lost, won = steps.any_row(gone), steps.any_row(come)
    if lost:
        cursor.execute(
            SQL("DELETE FROM {} i USING {} g WHERE {} AND i.*::record = g.*::record").format(
                raw(stands), raw(gone), steps.equal("i", "g", gone, answer.key)
            )
        )
    if won:
        cursor.execute(SQL("INSERT INTO {} SELECT * FROM {}").format(raw(stands), raw(come)))
    if not lost and not won:
        return None
    if not (lost and won):
        return Change(gone if lost else come, frozenset(answer.columns))
    together = SQL("SELECT * FROM {} UNION ALL SELECT * FROM {}").format(raw(gone), raw(come))
    both = steps.table(together, analysed=False)
    return Change(both, frozenset(answer.columns))


def _narrowed(
    steps: Steps, answer: Answer, by: Sequence[str], changes: Sequence[Change], where: Where
) -> Iterator[tuple[str, str]]:
    """Each input at the rows that these keys can come from, or a few more."""
    for name, listed in answer.refresh.items():
        # A line has one place: without it, the same rows serve more answers.
        shared = tuple(column for column in by if column in listed and not (column == "place" and "line" in listed))
        if not shared:
            continue
        some = steps.keys(shared, changes)

        def rows(name: str = name, some: str = some, shared: tuple[str, ...] = shared) -> Composed:
            return SQL("SELECT i.* FROM {} i JOIN {} k ON {}").format(
                raw(where(name)), raw(some), steps.equal("i", "k", some, shared)
            )

        yield name, steps.once(("input", name, some), rows)


@contextmanager
def _called_by_name(cursor: Cursor, answer: Answer, found: dict[str, str]) -> Iterator[dict[str, str]]:
    """Narrowed inputs under their own names, where the text calls columns by the name of the input (`mark.code`)."""
    renamed = {name: table for name, table in found.items() if re.search(rf"\b{name}\s*\.\s*[a-z]", answer.text)}
    for name, table in renamed.items():
        cursor.execute(SQL("ALTER TABLE {} RENAME TO {}").format(raw(table), Identifier(name)))
    yield found | {name: f"{TEMP}.{name}" for name in renamed}
    for name, table in renamed.items():
        cursor.execute(
            SQL("ALTER TABLE {} RENAME TO {}").format(Identifier(TEMP, name), Identifier(table.split(".")[1]))
        )


def raw(text: str) -> SQL:
    """Text of ours as part of a statement: names and answers from `projections/sql`, never a value."""
    return SQL(text)


def columns_of(names: Collection[str]) -> Composed:
    """Names of columns, with commas between."""
    return SQL(", ").join(map(Identifier, names))
