"""Answers and facts made up to try the runner: few columns, every sort of dependence, and random histories of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from projections.answers import Answer, arranged, parse
from projections.engines.duck import DuckEngine
from projections.engines.duck_reader import DuckReader
from projections.engines.engine import Asked
from projections.facts.columns import schema_of
from projections.facts.tables import ASKED, Column, Table
from projections.runner import Done, Head, Runner

POSITION = Column("position", "bigint", "Where.")


def _table(name: str, columns: str, *, dated: bool = True) -> Table:
    made = tuple(
        Column(column, "text" if column in ("code", "worth_of") else "integer", "Said.") for column in columns.split()
    )
    return Table(name, "Made up.", ((POSITION, *made) if dated else made), (), dated)


TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        _table("entry", "place line day code"),
        _table("line", "line place pupil"),
        _table("shop", "place open"),
        _table("worth", "worth_of value", dated=False),
        ASKED,
    )
}
RULES = {
    "worth": pl.DataFrame({"worth_of": ["A", "B"], "value": [1, 2]}, schema={"worth_of": pl.String, "value": pl.Int32})
}

TEXTS: Mapping[str, str] = {
    # The last word, exact keys.
    "standing": """
-- key: line, day
-- refresh: line, day of entry
-- column place: .
-- column line: .
-- column day: .
-- column code: .
select place, line, day, code
from (
  select e.place, e.line, e.day, e.code, row_number() over (partition by e.line, e.day order by e.position desc) as age
  from entry e
) as w
where age = 1 and coalesce(code, 'x') <> 'W'""",
    "roll": """
-- key: line
-- refresh: line of line
-- column line: .
-- column place: .
-- column pupil: .
select line, place, pupil
from (
  select line.line, line.place, line.pupil, row_number() over (partition by line.line order by line.position desc) as age
  from line
) as w
where age = 1""",
    # Two inputs, carried by different columns; a rule beside.
    "placed": """
-- key: line, day
-- refresh: line, day of standing; line of roll
-- column place: .
-- column line: .
-- column pupil: .
-- column day: .
-- column code: .
-- column value: .
select e.place, s.line, e.pupil, s.day, s.code, w.value
from standing s
join roll e on e.line = s.line
left join worth w on w.worth_of = s.code""",
    # Looks along all days of a place.
    "numbered": """
-- key: place, day
-- refresh: place of placed
-- column place: .
-- column day: .
-- column number: .
select place, day, cast(row_number() over (partition by place order by day) as integer) as number
from (select distinct place, day from placed) as d""",
    # A row depends on another day of its place: change 2 of reference/sql.md.
    "later": """
-- key: line, day
-- refresh: place, line, day of placed; place of numbered
-- column place: .
-- column line: .
-- column day: .
-- column due: .
select p.place, p.line, p.day, due.day as due
from placed p
join numbered n on n.place = p.place and n.day = p.day
left join numbered due on due.place = p.place and due.number = n.number + 2""",
    # A view between stored answers.
    "total": """
-- key: place
-- kind: view
-- refresh: place of placed
-- column place: .
-- column rows: .
select place, count(*) as rows from placed group by place""",
    "selling": """
-- key: place
-- refresh: place of total; place of shop
-- column place: .
-- column rows: .
-- column open: .
select t.place, t.rows, s.open
from total t
left join (
  select place, open, row_number() over (partition by place order by position desc) as age from shop
) as s on s.place = t.place and s.age = 1""",
    # Depends on everything there is.
    "rank": """
-- key: place
-- refresh: all of total
-- column place: .
-- column better: .
select a.place, count(*) filter (where b.rows > a.rows) as better
from total a
cross join total b
group by a.place""",
    # Keys that are null; keys that no other input has.
    "by_code": """
-- key: code
-- refresh: code of placed
-- column code: .
-- column rows: .
-- column worth: .
select code, count(*) as rows, cast(sum(value) as bigint) as worth from placed group by code""",
    # The same child in two places.
    "twice": """
-- key: pupil, day
-- refresh: pupil, day of placed
-- column pupil: .
-- column day: .
-- column places: .
with here (pupil, day, place) as (
  select distinct pupil, day, place from placed
)
select pupil, day, count(*) as places from here group by pupil, day having count(*) > 1""",
    # Two inputs whose keys have nothing in common.
    "mixed": """
-- key: place, pupil
-- refresh: place of selling; pupil of twice
-- column place: .
-- column pupil: .
-- column open: .
-- column days: .
select s.place, t.pupil, max(s.open) as open, count(*) as days
from selling s
cross join twice t
group by s.place, t.pupil""",
    # A view and a view of it, read by fewer columns than they and their reader have, and beside what they stand on.
    "held": """
-- key: line, day
-- kind: view
-- refresh: line, day of standing; line of roll
-- column line: .
-- column day: .
-- column code: .
-- column place: .
select s.line, s.day, s.code, r.place from standing s left join roll r on r.line = s.line""",
    "held_known": """
-- key: line, day
-- kind: view
-- refresh: line, day of held
-- column line: .
-- column day: .
-- column place: .
select held.line, held.day, held.place from held where held.code is not null""",
    "so_far": """
-- key: line, day
-- refresh: line, day of later; line, day of standing; line of held_known
-- column line: .
-- column day: .
-- column code: .
-- column earlier: .
-- column place: .
select l.line, l.day, max(s.code) as code, count(held_known.day) as earlier, max(held_known.place) as place
from later l
join standing s on s.line = l.line and s.day = l.day
left join held_known on held_known.line = l.line and held_known.day < l.day
group by l.line, l.day""",
    # What only the moment of asking knows.
    "overdue": """
-- key: line, day
-- kind: view
-- refresh: line, day of later; all of asked
-- column line: .
-- column day: .
-- column position: .
select l.line, l.day, a.position
from later l
cross join asked a
where l.due < a.position""",
}


def answers(texts: Mapping[str, str] = TEXTS) -> dict[str, Answer]:
    """The made-up answers, in order."""
    head = "-- question: Which?\n-- source: made up"
    return arranged((parse(name, head + text) for name, text in texts.items()), TABLES)


Fact = tuple[str, dict[str, Any]]
"""Table and row."""


def frames(facts: Sequence[tuple[int, Fact]]) -> dict[str, pl.DataFrame]:
    """Facts with their positions, as the loader hands them over."""
    found: dict[str, list[dict[str, Any]]] = {}
    for position, (table, row) in facts:
        found.setdefault(table, []).append({"position": position, **row})
    return {name: pl.DataFrame(rows, schema=schema_of(TABLES[name])) for name, rows in found.items()}


def head(position: int) -> Head:
    """The entry at a position, a minute after the one before."""
    return Head(position, datetime.fromisoformat("2025-09-01T06:00") + timedelta(minutes=position))


def asked(position: int) -> Asked:
    """The same as a question's moment."""
    return Asked(position, head(position).recorded_at, date(2025, 9, 1))


class Store:
    """A folder with answers, and the runner that keeps them."""

    def __init__(self, folder: Path, texts: Mapping[str, str] = TEXTS) -> None:
        self.folder = folder
        self.answers = answers(texts)
        self.engine = DuckEngine(folder, TABLES, threads=1)
        self.runner = Runner(self.engine, self.answers, RULES, TABLES)

    def take(self, facts: Sequence[tuple[int, Fact]], position: int) -> Done:
        """One catch-up."""
        return self.runner.catch_up([(position, frames(facts))], head(position))

    def told(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every stored answer, sorted."""
        stored = [name for name, answer in self.answers.items() if answer.kind == "table"]
        return {name: ordered(self.engine.rows(f"select * from ans.{name}")) for name in stored}

    def publish(self) -> DuckReader:
        """Publish, and open what readers see."""
        self.engine.publish()
        return DuckReader(self.engine.published, self.answers, TABLES, config={"threads": 1})

    def close(self) -> None:
        """Let go of the file."""
        self.engine.close()


def seen(reader: DuckReader, names: Sequence[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Answers as a reader sees them, sorted."""
    return {name: ordered(reader.ask(f"select * from {name}").rows()) for name in names}


def ordered(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """In one order, nulls too."""
    return sorted(rows, key=repr)
