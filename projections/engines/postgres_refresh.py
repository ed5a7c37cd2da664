"""What a change of facts makes of an answer, in PostgreSQL: keyed recomputation through analysed temporary tables.

Temporary tables and not views: PostgreSQL misjudges joins over several columns by orders of magnitude, and a view with
such a join is planned as if it held a thousand rows (reference/sql.md 1, change 4). Everything happens in the caller's
transaction, so that readers see all of a refresh or nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier

from projections.answers import Answer
from projections.engines.engine import Change

Cursor = psycopg.Cursor[Any]
TEMP = "pg_temp"
SAMPLED: Final = 10
"""Statistics target for temporary tables: 3,000 rows of each are looked at, not 30,000. Sizes are known exactly, and a
plan needs of their values only the order of magnitude."""

ONE_BY_ONE: Final = 100_000
"""Up to so many weeks of a line are looked up one by one: a second or so."""


class Steps:
    """The temporary tables of one refresh. The same rows are fetched once, whatever number of answers reads them."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._numbers = count(1)
        self._made: list[str] = []
        self._kept: dict[tuple[Any, ...], str] = {}
        self._nulls: dict[str, frozenset[str]] = {}
        self._sizes: dict[str, int] = {}
        self._keyed: dict[tuple[str, ...], list[str]] = {}

    def forget(self) -> None:
        """Drop all of them."""
        if self._made:
            self._cursor.execute(SQL("DROP TABLE {}").format(SQL(", ").join(Identifier(TEMP, n) for n in self._made)))
            self._cursor.execute(SQL("SET LOCAL default_statistics_target TO DEFAULT"))
        self.lost()

    def lost(self) -> None:
        """They went with a transaction that was undone."""
        self._made.clear()
        self._kept.clear()
        self._nulls.clear()
        self._sizes.clear()
        self._keyed.clear()

    def table(self, select: Composable, *, analysed: bool = True) -> str:
        """A temporary table of what a `select` gives. Returns what stands after `from` to read it.

        `analysed`: the planner is told of its values, as it must be where answers join it; to compare it whole with
        another, its size is enough, and that is known."""
        name = f"step_{next(self._numbers)}"
        if not self._made:
            self._cursor.execute(SQL("SET LOCAL default_statistics_target = {}").format(SAMPLED))
        self._cursor.execute(SQL("CREATE TEMPORARY TABLE {} AS {}").format(Identifier(name), select))
        self._made.append(name)
        self._sizes[f"{TEMP}.{name}"] = self._cursor.rowcount
        if analysed:
            self._cursor.execute(SQL("ANALYZE {}").format(Identifier(TEMP, name)))
        return f"{TEMP}.{name}"

    def once(self, known: tuple[Any, ...], select: Callable[[], Composable]) -> str:
        """The same, made the first time only."""
        if known not in self._kept:
            self._kept[known] = self.table(select())
        return self._kept[known]

    def keys(self, by: Sequence[str], changes: Sequence[Change]) -> str:
        """The distinct values of some columns; a key that came twice would double rows where it is joined.

        Keys that are all among those of an earlier table, and make up half of it or more, are that table: to make a
        few more keys anew changes nothing, and what was read for them once serves again."""
        known = ("keys", tuple(change.relation for change in changes), tuple(by))
        if known not in self._kept:
            self._kept[known] = self._among(tuple(by), self.table(self._distinct(by, changes)))
        return self._kept[known]

    @staticmethod
    def _distinct(by: Sequence[str], changes: Sequence[Change]) -> Composed:
        each = "SELECT {} FROM {}" if len(changes) > 1 else "SELECT DISTINCT {} FROM {}"
        return SQL(" UNION ").join(SQL(each).format(columns_of(by), raw(change.relation)) for change in changes)

    def _among(self, by: tuple[str, ...], found: str) -> str:
        for earlier in self._keyed.setdefault(by, []):
            if self.size(found) <= self.size(earlier) <= 2 * self.size(found):
                differ = SQL("SELECT {} FROM {} EXCEPT SELECT {} FROM {}").format(
                    columns_of(by), raw(found), columns_of(by), raw(earlier)
                )
                if not self._cursor.execute(SQL("SELECT EXISTS ({})").format(differ)).fetchall()[0][0]:
                    return earlier
        self._keyed[by].append(found)
        return found

    def size(self, relation: str) -> int:
        """How many rows one of these tables has."""
        return self._sizes[relation]

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


class Source(NamedTuple):
    """What a refresh reads."""

    where: Callable[[str], str]
    """Where a table or answer stands, as text for a statement: `"fact"."mark"`."""
    columns: Callable[[str], Collection[str]]
    """Which columns it has."""
    views: Mapping[str, Answer]
    """Answers that stand nowhere: their text is read in their place."""


def refresh(
    cursor: Cursor,
    steps: Steps,
    answer: Answer,
    by: Sequence[str],
    changes: Sequence[Change],
    source: Source,
) -> Change | None:
    """As `Engine.refresh` promises. Rows that are the same stay where they are: what changes is what is written."""
    key = steps.keys(by, changes) if by else None
    new = steps.table(raw(_narrowed(steps, answer, by, changes, source)), analysed=False)
    stands = source.where(answer.name)
    of_key: Composable = SQL("")
    if key is None:
        old = steps.table(SQL("SELECT * FROM {}").format(raw(stands)), analysed=False)
    else:
        same = steps.equal("i", "k", key, by)
        old = steps.table(_of_keys(steps, stands, key, by, answer.columns), analysed=False)
        of_key = SQL(" AND EXISTS (SELECT 1 FROM {} k WHERE {})").format(raw(key), same)
    gone, come = steps.size(old), steps.size(new)
    # Rows are compared whole, nulls as equal; this hashes, where a list of IS NOT DISTINCT FROM would not.
    differ = SQL("SELECT i.* FROM {} i WHERE NOT EXISTS (SELECT 1 FROM {} j WHERE j.*::record = i.*::record){}")
    if gone and come:
        old, new = (
            steps.table(differ.format(raw(old), raw(new), SQL("")), analysed=False),
            steps.table(differ.format(raw(new), raw(old), of_key), analysed=False),
        )
    elif come and key is not None:
        new = steps.table(differ.format(raw(new), raw(old), of_key), analysed=False)
    gone, come = steps.size(old), steps.size(new)
    if gone:
        cursor.execute(
            SQL("DELETE FROM {} i USING {} g WHERE {} AND i.*::record = g.*::record").format(
                raw(stands), raw(old), steps.equal("i", "g", old, answer.key)
            )
        )
    if come:
        cursor.execute(SQL("INSERT INTO {} SELECT * FROM {}").format(raw(stands), raw(new)))
    if not gone and not come:
        return None
    if not (gone and come):
        return Change(old if gone else new, frozenset(answer.columns))
    together = SQL("SELECT * FROM {} UNION ALL SELECT * FROM {}").format(raw(old), raw(new))
    both = steps.table(together, analysed=False)
    return Change(both, frozenset(answer.columns))


def _narrowed(steps: Steps, answer: Answer, by: Sequence[str], changes: Sequence[Change], source: Source) -> str:
    """The text over each input at the rows that these keys can come from, or a few more."""

    def at(name: str, shared: tuple[str, ...]) -> str:
        # A line has one place: without it, the same rows serve more answers.
        shared = tuple(column for column in shared if not (column == "place" and "line" in shared))
        if not shared:
            return source.where(name)
        some = steps.keys(shared, changes)
        return steps.once(
            ("input", name, some), lambda: _of_keys(steps, source.where(name), some, shared, source.columns(name))
        )

    return answer.narrowed(by, at, source.views)


def _of_keys(steps: Steps, table: str, key: str, by: Sequence[str], has: Collection[str]) -> Composed:
    """The rows of some keys. A week is also said by its days, where rows have a day, so that the index by line and day
    finds it and the largest answer needs none by line and week. What a range finds PostgreSQL takes for a ninth of the
    table and reads all of it (12 million rows, 1.8 s), so few keys are looked up one by one (0.01 s)."""
    same = steps.equal("i", "k", key, by)
    if "week_start" not in by or "session_date" not in has or steps.size(key) > ONE_BY_ONE:
        return SQL("SELECT i.* FROM {} i JOIN {} k ON {}").format(raw(table), raw(key), same)
    return SQL(
        "SELECT i.* FROM {} k CROSS JOIN LATERAL (SELECT * FROM {} i WHERE {}"
        " AND i.session_date BETWEEN k.week_start AND k.week_start + 6 OFFSET 0) i"
    ).format(raw(key), raw(table), same)


def raw(text: str) -> SQL:
    """Text of ours as part of a statement: names and answers from `projections/sql`, never a value."""
    return SQL(text)


def columns_of(names: Collection[str]) -> Composed:
    """Names of columns, with commas between."""
    return SQL(", ").join(map(Identifier, names))
