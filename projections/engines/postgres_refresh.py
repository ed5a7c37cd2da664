"""What a change of facts makes of an answer, in PostgreSQL: keyed recomputation through analysed temporary tables.

Temporary tables and not views: PostgreSQL misjudges joins over several columns by orders of magnitude, and a view with
such a join is planned as if it held a thousand rows (reference/sql.md 1, change 4). Everything happens in the caller's
transaction, so that readers see all of a refresh or nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from projections.answers import Answer
from projections.engines.engine import Change

Cursor = psycopg.Cursor[Any]
TEMP = "pg_temp"
SAMPLED: Final = 10
"""Statistics target for temporary tables: 3,000 rows of each are looked at, not 30,000. Sizes are known exactly, and a
plan needs of their values only the order of magnitude."""

ONE_BY_ONE: Final = 100_000
"""Up to so many weeks of a line are looked up one by one: a second or so."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Whose rows are made anew: the values, each once, that some columns have in some changes.

    A refresh has one of these. By it rows go and come in, and what is read is looked up by it or by what `Steps.on`
    makes of it. Two sets of keys, one larger than the other, lose rows: those that go by one are not made by the other.
    """

    by: tuple[str, ...]
    relation: str
    """What stands after `from` to read them."""
    size: int
    of: tuple[str, ...]
    """The changes in which they are."""


class Steps:
    """The temporary tables of one refresh. The same rows are fetched once, whatever number of answers reads them."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._numbers = count(1)
        self._made: list[str] = []
        self._sizes: dict[str, int] = {}
        self._nulls: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}
        self._keys: dict[tuple[tuple[str, ...], tuple[str, ...]], Keys] = {}
        self._inside: dict[tuple[Keys, Keys], bool] = {}
        self._read: dict[tuple[str, tuple[str, ...]], dict[Keys, str]] = {}

    def forget(self) -> None:
        """Drop all of them."""
        if self._made:
            self._cursor.execute(SQL("DROP TABLE {}").format(SQL(", ").join(Identifier(TEMP, n) for n in self._made)))
            self._cursor.execute(SQL("SET LOCAL default_statistics_target TO DEFAULT"))
        self.lost()

    def lost(self) -> None:
        """They went with a transaction that was undone."""
        self._made.clear()
        self._sizes.clear()
        self._nulls.clear()
        self._keys.clear()
        self._inside.clear()
        self._read.clear()

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

    def keys(self, by: Sequence[str], changes: Sequence[Change]) -> Keys:
        """The distinct values of some columns; a key that came twice would double rows where it is joined."""
        each = "SELECT {} FROM {}" if len(changes) > 1 else "SELECT DISTINCT {} FROM {}"
        select = SQL(" UNION ").join(SQL(each).format(columns_of(by), raw(change.relation)) for change in changes)
        return self._keys_of(tuple(by), tuple(change.relation for change in changes), select)

    def on(self, keys: Keys, columns: Sequence[str]) -> Keys:
        """What some of the columns of these keys have: no key is lost and none comes in."""
        select = SQL("SELECT DISTINCT {} FROM {}").format(columns_of(columns), raw(keys.relation))
        return self._keys_of(tuple(columns), keys.of, select)

    def _keys_of(self, by: tuple[str, ...], of: tuple[str, ...], select: Composable) -> Keys:
        if (by, of) not in self._keys:
            relation = self.table(select)
            self._keys[by, of] = Keys(by, relation, self.size(relation), of)
        return self._keys[by, of]

    def rows(self, keys: Keys, name: str, source: Source) -> str:
        """The rows of an input that have these keys, or more: what was read for keys among which these are, and of
        which they are half or more, serves again."""
        read = self._read.setdefault((name, keys.by), {})
        if keys not in read:
            wider = (other for other in read if keys.size <= other.size <= 2 * keys.size and self._among(keys, other))
            if (other := next(wider, None)) is not None:
                return read[other]
            read[keys] = self.table(_of_keys(self, source.where(name), keys, source.columns(name)))
        return read[keys]

    def _among(self, keys: Keys, others: Keys) -> bool:
        if (keys, others) not in self._inside:
            beyond = SQL("SELECT {0} FROM {1} EXCEPT SELECT {0} FROM {2}").format(
                columns_of(keys.by), raw(keys.relation), raw(others.relation)
            )
            some = self._cursor.execute(SQL("SELECT EXISTS ({})").format(beyond)).fetchall()[0][0]
            self._inside[keys, others] = not some
        return self._inside[keys, others]

    def size(self, relation: str) -> int:
        """How many rows one of these tables has."""
        return self._sizes[relation]

    def equal(self, left: str, right: str, relation: str, columns: Sequence[str]) -> Composed:
        """That two aliases agree in columns, of which `relation` has the right side: nulls agree as well."""
        nulls = self._with_nulls(relation, tuple(columns))
        return SQL(" AND ").join(
            SQL("{} IS NOT DISTINCT FROM {}" if column in nulls else "{} = {}").format(
                Identifier(left, column), Identifier(right, column)
            )
            for column in columns
        )

    def _with_nulls(self, relation: str, columns: tuple[str, ...]) -> frozenset[str]:
        """Which columns hold a null there: only those are compared in the way that no index serves."""
        known = (relation, columns)
        if known not in self._nulls:
            asked = SQL(", ").join(SQL("coalesce(bool_or({} IS NULL), false)").format(Identifier(c)) for c in columns)
            row = self._cursor.execute(SQL("SELECT {} FROM {}").format(asked, raw(relation))).fetchall()[0]
            self._nulls[known] = frozenset(c for c, yes in zip(columns, row, strict=True) if yes)
        return self._nulls[known]


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
    keys = steps.keys(by, changes) if by else None
    new = steps.table(raw(_over(steps, answer, keys, source)), analysed=False)
    cursor.execute(by_bytes(new))
    stands = source.where(answer.name)
    of_key: Composable = SQL("")
    if keys is None:
        old = steps.table(SQL("SELECT * FROM {}").format(raw(stands)), analysed=False)
    else:
        same = steps.equal("i", "k", keys.relation, by)
        old = steps.table(_of_keys(steps, stands, keys, answer.columns), analysed=False)
        of_key = SQL(" AND EXISTS (SELECT 1 FROM {} k WHERE {})").format(raw(keys.relation), same)
    gone, come = steps.size(old), steps.size(new)
    # Rows are compared whole, nulls as equal; this hashes, where a list of IS NOT DISTINCT FROM would not.
    differ = SQL("SELECT i.* FROM {} i WHERE NOT EXISTS (SELECT 1 FROM {} j WHERE j.*::record = i.*::record){}")
    if gone and come:
        old, new = (
            steps.table(differ.format(raw(old), raw(new), SQL("")), analysed=False),
            steps.table(differ.format(raw(new), raw(old), of_key), analysed=False),
        )
    elif come and keys is not None:
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


def _over(steps: Steps, answer: Answer, keys: Keys | None, source: Source) -> str:
    """The text over each input at the rows that these keys can come from, or a few more."""

    def at(name: str, shared: tuple[str, ...]) -> str:
        if not shared or keys is None:
            return source.where(name)
        # A line has one place: without it, the same rows serve more answers.
        by = tuple(column for column in shared if not (column == "place" and "line" in shared))
        return steps.rows(steps.on(keys, by), name, source)

    return answer.narrowed(keys.by if keys else (), at, source.views)


def _of_keys(steps: Steps, table: str, keys: Keys, has: Collection[str]) -> Composed:
    """The rows of some keys. A week is also said by its days, where rows have a day, so that the index by line and day
    finds it and the largest answer needs none by line and week. What a range finds PostgreSQL takes for a ninth of the
    table and reads all of it (12 million rows, 1.8 s), so few keys are looked up one by one (0.01 s)."""
    same = steps.equal("i", "k", keys.relation, keys.by)
    if "week_start" not in keys.by or "session_date" not in has or keys.size > ONE_BY_ONE:
        return SQL("SELECT i.* FROM {} i JOIN {} k ON {}").format(raw(table), raw(keys.relation), same)
    return SQL(
        "SELECT i.* FROM {} k CROSS JOIN LATERAL (SELECT * FROM {} i WHERE {}"
        " AND i.session_date BETWEEN k.week_start AND k.week_start + 6 OFFSET 0) i"
    ).format(raw(keys.relation), raw(table), same)


def raw(text: str) -> SQL:
    """Text of ours as part of a statement: names and answers from `projections/sql`, never a value."""
    return SQL(text)


BY_BYTES: Final = SQL(
    "DECLARE those text; BEGIN"
    " SELECT string_agg(format('ALTER %I TYPE %s COLLATE \"C\"', attname, format_type(atttypid, atttypmod)), ', ')"
    " INTO those FROM pg_attribute WHERE attrelid = {table}::regclass AND attnum > 0 AND NOT attisdropped"
    " AND attcollation NOT IN (0, '\"C\"'::regcollation);"
    " IF those IS NOT NULL THEN EXECUTE 'ALTER TABLE ' || {table} || ' ' || those; END IF; END"
)


def by_bytes(table: str) -> Composed:
    """A statement by which all text of a new table is compared by bytes, as DuckDB compares it: to what is made of
    literals alone PostgreSQL gives the order of the database. Only the catalogue changes."""
    return SQL("DO {}").format(Literal(BY_BYTES.format(table=Literal(table)).as_string()))


def columns_of(names: Collection[str]) -> Composed:
    """Names of columns, with commas between."""
    return SQL(", ").join(map(Identifier, names))
