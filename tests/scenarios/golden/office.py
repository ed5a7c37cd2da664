"""What an attendance officer asks of a ledger, in few words: `asks.of("Ann", "absence_run", limb="GNOU")`.

Behind it stand the real ledger, the facts read from it, the SQL of the answers, and the runner that brings them up to
date: where the ledger went on, the next question catches up first, by a refresh. `on_postgres` asks all that was asked
once more on a server, which must say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from domain.moments import local_date, parse_moment
from projections.answers import Answer, arranged, parse
from projections.engines.duck_reader import DuckReader
from projections.engines.engine import Asked
from projections.engines.postgres_reader import PostgresReader
from projections.facts.load import Loader
from projections.facts.rules import rules
from projections.facts.tables import TABLES, Table
from projections.runner import Head, Runner
from tests.answering import new_engine
from tests.making import TERMS, School
from tests.projections.facts_by_hand import in_order, text_of
from tests.projections.postgres_county import PROJECTOR, Place

Row = dict[str, Any]
PRESENT = ("/", "\\")


@cache
def _arranged(*answers: str) -> dict[str, Answer]:
    """These, and those that they stand on: read once, whoever asks."""
    return arranged(parse(name, text_of(name)) for name in in_order(*answers))


class Asks:
    """Answers over one school's ledger, now or as at a moment: those that are named are made at the first question,
    others when they are asked."""

    def __init__(self, school: School, folder: Path, *answers: str) -> None:
        self._school = school
        self._engine = new_engine(folder)
        self._loader = Loader(school.ledger)
        self._asked: list[tuple[Asked, bool, str, list[Row]]] = []
        self._named: tuple[str, ...] = ("line_now",)
        self._reader: DuckReader | None = None
        """On what was published last, until the ledger goes on."""
        self._head = 0
        """The entry up to which it was told."""
        self._sees: tuple[Asked, bool] | None = None
        """The moment at which it looks, and whether that is now."""
        self._include(*answers)

    def _include(self, *answers: str) -> None:
        self._named += answers
        self._answers = _arranged(*self._named)
        self._runner = Runner(self._engine, self._answers, rules())
        self._let_go()

    def _let_go(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = self._sees = None

    def close(self) -> None:
        """Let go of the files."""
        self._let_go()
        self._engine.close()

    def all(self, answer: str, as_at: str | None = None, today: str | None = None, **where: Any) -> list[Row]:
        """The rows of an answer, ordered by its key, with pupils by name; `where` by column."""
        if answer not in self._answers:
            self._include(answer)
        reader, asked = self._at(as_at, today)
        names = self._names(reader)
        rows = reader.ask(self._all_of(answer)).to_dicts()
        self._asked.append((asked, as_at is None, answer, [dict(row) for row in rows]))
        for row in rows:
            row["name"] = names.get(row.get("pupil", row.get("child"))) or names.get(-(row.get("line") or 0))
        return [row for row in rows if all(row[column] == value for column, value in where.items())]

    def _all_of(self, answer: str) -> str:
        return f"select * from {answer} order by {', '.join(self._answers[answer].key)}"

    def on_postgres(self, place: Place) -> None:
        """All that was asked, asked once more of answers made in PostgreSQL: row for row the same.

        What was asked as now before the ledger went on is asked as at that position.
        """
        position, recorded_at = self._school.ledger.store.head()
        head = Head(position, _utc(recorded_at))
        tables = self._tables_read()
        engine = place.engine(self._answers, tables, anew=True)
        try:
            windows = (
                (window.last, {name: frame for name, frame in window.facts.items() if name in tables})
                for window in Loader(self._school.ledger).windows(1, head.position)
            )
            stated = {name: frame for name, frame in rules().items() if name in tables}
            Runner(engine, self._answers, stated, tables).catch_up(windows, head)
            engine.publish()
        finally:
            engine.close()
        reader = PostgresReader(place.conninfo, tables=tables, answers=self._answers, user=PROJECTOR)
        try:
            for asked, now, answer, rows in self._asked:
                if now and asked.position == head.position:
                    reader.current(asked)
                else:
                    reader.as_at(asked)
                assert reader.ask(self._all_of(answer)).to_dicts() == rows, (answer, asked)
        finally:
            reader.close()

    def _tables_read(self) -> dict[str, Table]:
        """Those that the answers stand on: to make the others as well takes a server longer than the answers."""
        read = {name for answer in self._answers.values() for name in answer.inputs}
        return {name: table for name, table in TABLES.items() if name in read or name == "asked"}

    def of(self, name: str, answer: str, as_at: str | None = None, today: str | None = None, **where: Any) -> list[Row]:
        """The rows of one pupil."""
        return self.all(answer, as_at, today, name=name, **where)

    def one(self, name: str, answer: str, as_at: str | None = None, today: str | None = None, **where: Any) -> Row:
        """The one row of one pupil."""
        (row,) = self.of(name, answer, as_at, today, **where)
        return row

    def _at(self, as_at: str | None, today: str | None) -> tuple[DuckReader, Asked]:
        store = self._school.ledger.store
        head, recorded_at = store.head()
        if self._reader is None or head > self._head:
            self._let_go()
            self._catch_up(Head(head, _utc(recorded_at)))
            self._head = head
            self._reader = DuckReader(self._engine.published, self._answers, config={"threads": 1})
        instant = recorded_at if as_at is None else parse_moment(as_at)
        position = head if as_at is None else store.last_position_at(instant)
        asked = Asked(position, _utc(instant), date.fromisoformat(today) if today else local_date(instant))
        if self._sees != (asked, as_at is None):
            self._sees = (asked, as_at is None)
            if as_at is None:
                self._reader.current(asked)
            else:
                self._reader.as_at(asked)
        return self._reader, asked

    def _catch_up(self, head: Head) -> None:
        windows = self._loader.windows(self._runner.loaded() + 1, head.position)
        self._runner.catch_up(((window.last, window.facts) for window in windows), head)
        self._engine.publish()

    def _names(self, reader: DuckReader) -> dict[Any, str]:
        """Names by pupil, and by line as a negative number: answers hold none."""
        told = self._school.name_of()
        names: dict[Any, str] = {}
        rows = reader.ask("select n.line, n.pupil, n.child, i.id from line_now n join line_id i on i.line = n.line")
        for line, pupil, child, id_ in rows.iter_rows():
            names[-line] = told[bytes.fromhex(id_)]
            for known in (child, pupil):
                names.setdefault(known, names[-line])
        return names


def _utc(instant: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)).replace(tzinfo=None)


def days(first: str, last: str, terms: tuple[tuple[str, str, str, str], ...] = TERMS) -> list[str]:
    """Mondays to Fridays of term time."""
    day, found = date.fromisoformat(first), []
    while day <= date.fromisoformat(last):
        in_term = any(begins <= day.isoformat() <= ends for _, _, begins, ends in terms)
        if day.weekday() < 5 and in_term:
            found.append(day.isoformat())
        day += timedelta(days=1)
    return found


def registers(
    school: School, first: str, last: str, *, but: tuple[str, ...] = (), **codes: str | tuple[str, str]
) -> None:
    """The registers of all days from first to last in term time, taken as they should be: Ann="O", Ben=("/", "U")."""
    for day in days(first, last):
        if day not in but:
            one_day(school, day, **codes)


def one_day(school: School, day: str, **codes: str | tuple[str, str]) -> None:
    """The registers of one day, morning and afternoon."""
    for number, (session, at) in enumerate((("AM", "09:05"), ("PM", "13:05"))):
        said: Mapping[str, str] = {
            name: code if isinstance(code, str) else code[number] for name, code in codes.items()
        }
        school.takes("7B", f"{day} {session}", at, **said)


def on(day: str) -> date:
    """A date."""
    return date.fromisoformat(day)


def picked(row: Row, *columns: str) -> tuple[Any, ...]:
    """Some columns of a row."""
    return tuple(row[column] for column in columns)
