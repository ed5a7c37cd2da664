"""Facts written by hand in DuckDB, and answers over them: for tests of one answer's SQL, without a ledger.

Scenarios that tell of an office go through a real ledger; here stand a few rows, or many random ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

import projections
from projections.facts.columns import schema_of
from projections.facts.rules import rules
from projections.facts.tables import TABLES

SQL = Path(projections.__file__).parent / "sql"
FIRST_MOMENT = datetime.fromisoformat("2025-09-01T06:00")
"""When the entry at position 0 would have been recorded; each further position is a minute later."""
MANY = 10
"""From here on rows are written as a file: a statement with a thousand parameters takes long to read."""


@cache
def text_of(answer: str) -> str:
    """The SQL of an answer."""
    return (SQL / f"{answer}.sql").read_text(encoding="utf-8")


@cache
def inputs_of(answer: str) -> frozenset[str]:
    """The facts, rules and answers that an answer reads."""
    select = "\n".join(line for line in text_of(answer).splitlines() if not line.startswith("--"))
    named = set(re.findall(r"\b(?:from|join)\s+([a-z][a-z0-9_]*)", select))
    return frozenset(name for name in named if name in TABLES or (SQL / f"{name}.sql").exists())


@cache
def in_order(*answers: str) -> tuple[str, ...]:
    """These answers and those that they stand on, each after what it reads."""
    found: dict[str, None] = {}

    def add(name: str) -> None:
        if name not in TABLES and name not in found:
            for below in sorted(inputs_of(name)):
                add(below)
            found[name] = None

    for answer in answers:
        add(answer)
    return tuple(found)


class Facts:
    """Tables of facts, empty but for what is put in."""

    def __init__(self) -> None:
        self.database = duckdb.connect(":memory:", config={"threads": 1})
        for table in TABLES.values():
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            self.database.execute(f"create table {table.name} ({columns})")
        self.position = 0
        self._filled: set[str] = set()
        self.put_frames(rules())
        self._filled.clear()

    def clear(self) -> None:
        """Empty again, but for the rules: quicker than a new one, for many examples."""
        for name in self._filled:
            self.database.execute(f"delete from {name}")
        self._filled.clear()
        self.position = 0

    def close(self) -> None:
        """Let go of the memory."""
        self.database.close()

    def put(self, table: str, *rows: Mapping[str, Any]) -> int:
        """Rows of a fact; position and moment are given here, unless said. The last position comes back."""
        given = []
        dated = TABLES[table].dated
        for row in rows:
            self.position = row.get("position", self.position + dated)
            at = row.get("recorded_at", FIRST_MOMENT + timedelta(minutes=self.position))
            beside = {"position": self.position, "recorded_at": at, "recorded_on": at.date()} if dated else {}
            given.append({**beside, **row})
        if len(given) > MANY:
            self.put_frames({table: pl.DataFrame(given, schema=schema_of(TABLES[table]))})
        elif given:
            names = list(given[0])
            marks = ", ".join(f"({', '.join('?' for _ in names)})" for _ in given)
            insert = f"insert into {table} ({', '.join(names)}) values {marks}"
            self.database.execute(insert, [row[name] for row in given for name in names])
            self._filled.add(table)
        return self.position

    def put_frames(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Many rows at once, by table, as they are: with their own positions and moments."""
        with TemporaryDirectory(prefix="rollbook-facts-") as folder:
            for name, rows in frames.items():
                rows.write_parquet(Path(folder) / name)
                self.database.execute(f"insert into {name} by name select * from read_parquet('{folder}/{name}')")
                self._filled.add(name)

    def place(self, place: int, held: Iterable[date], cancelled: Iterable[date] = (), **about: Any) -> None:
        """A place and the days on which it meets, morning and afternoon, and those that were cancelled."""
        self.put("place", {"place": place, "boarding": "none", **about})
        days = [(day, "held") for day in held] + [(day, "cancelled") for day in cancelled]
        self.put(
            "school_session",
            *({"place": place, "session_date": d, "session": s, "status": st} for d, st in days for s in (1, 2)),
        )

    def line(self, line: int, place: int = 1, **about: Any) -> None:
        """A line on the roll from 1 September 2024 to the end of August 2026, unless said."""
        usual = {
            "line": line,
            "place": place,
            "pupil": line,
            "school_year": 202526,
            "entered": 1,
            "in_error": 0,
            "guest": 0,
            "on_roll": 1,
            "from_date": date(2024, 8, 1),
            "to_date": date(2026, 8, 31),
            "csa_from": date(2015, 8, 31),
            "csa_until": date(2027, 6, 25),
        }
        self.put("line", {**usual, **about})

    def mark(self, line: int, day: date, session: int, code: str | None, kind: str = "mark", place: int = 1) -> int:
        """A mark, an amendment, or a withdrawal (code None)."""
        return self.put("mark", mark_row(line, day, session, code, kind, place))

    def build(self, *answers: str) -> None:
        """Make these answers, and those that they stand on, anew."""
        for name in in_order(*answers):
            self.database.execute(f"create or replace table {name} as {text_of(name)}")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows."""
        return self.database.execute(query).fetchall()


def mark_row(line: int, day: date, session: int, code: str | None, kind: str, place: int) -> dict[str, Any]:
    """A row of marks, for many at once: see `Facts.mark`."""
    monday = day - timedelta(days=day.weekday())
    row = {"place": place, "session_date": day, "session": session, "line": line, "kind": kind, "code": code}
    return {**row, "week_start": monday} if "week_start" in TABLES["mark"].names else row


def school_days(first: date, number: int) -> Iterator[date]:
    """So many days from Monday to Friday."""
    day = first
    while number:
        if day.weekday() < 5:
            yield day
            number -= 1
        day += timedelta(days=1)
