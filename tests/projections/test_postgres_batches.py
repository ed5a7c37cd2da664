"""Batch after batch of what two schools say, brought up to date on PostgreSQL: after each, every answer is the one that
DuckDB makes anew of the same facts.

The batches are small, and in each there is something of several sorts: what is put right beside what is new, on other
days and at the other place. A refresh finds its rows by keys of several sorts, and goes wrong where they meet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from consumers.deliveries import Delivery
from consumers.outcome import Counts
from domain.ledger.commands import Done, SucceedPlace, UndoSuccession, carry_out
from projections.facts.load import Loader
from projections.facts.rules import rules
from projections.projector import instant, known_names
from projections.runner import Head, Runner
from tests.answering import new_engine
from tests.making import TIMES, School, moment
from tests.postgres import Server
from tests.projections import postgres_county
from tests.projections.facts_by_hand import Facts
from tests.projections.postgres_county import ANSWERS, Place
from tests.projections.stories import CODES, DAYS, SESSIONS, Act, do
from tests.projections.test_random_histories import differing, stored

LONG = bool(os.environ.get("ROLLBOOK_SOAK"))
"""`make soak`: ten histories, each begun with other days, and both engines made anew after each batch."""
HISTORIES, BATCHES = (10, 20) if LONG else (1, 20)
CHILDREN = ("Ann", "Ben", "Cal", "Fay", "Gus", "Hal")
UPN = "A805200017129"
"""Of Ann, who goes to both schools."""
UNIT = b"U" * 16
LOCAL_ID, LAESTAB = "unit", "8059999"
USUAL = ("/", "/", "/", "/", "L", "N", "O", "I", "C")
ELSE = (
    "spell foresees leaves enters closes reopens cancels terms boards boards year describes part_time nightly".split()
)
DECIDED = "succeeds succeeds returned closes_return believes asks agrees sets".split()
ALWAYS = ("register_gap", "label_mark", "amendments", "attendance_week", "persistent_absence", "dual_registration")
"""Answers that hold something in every history."""
BEGUN = 8
"""School days of which the registers are there before the first batch."""


Session = tuple[School, str, str]
"""A school, a session, a child."""


@dataclass
class Unit(School):
    """Another school of the same ledger, whose messages go in with those of the first."""

    first: School | None = None

    def delivery(self, schema: str, sent: str, arrives: str | None = None, /, **fields: Any) -> Delivery:
        return super().delivery(schema, sent, arrives, **{"local_id": LOCAL_ID, **fields})

    def take(self, *deliveries: Delivery) -> Counts:
        assert self.first is not None
        return self.first.take(*deliveries)


class Schools:
    """Two schools, the day that it is, and what they say next."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.first = first = School.ready(folder, ())
        first.describes_place("2025-08-28 09:00", laestab=LAESTAB, urn="109999", name="Dune Unit", kind="pru")
        spoken_for = [{"laestab": LAESTAB, "local_id": LOCAL_ID}]
        first.registers_source("2025-08-28 09:01", UNIT, places=spoken_for)
        self.unit = Unit(folder, first.ledger, first.intake, first.open_store, UNIT, first.framed, first=first)
        self._both: tuple[School, School] = (first, self.unit)
        self._random = random
        self._day, self._hour = 0, 0
        self._taken: list[Session] = []
        self.unit.says("SessionTimesStated", "2025-08-28 09:02", times=[TIMES])
        self.unit.plans("2025-08-28 09:03")
        for school in self._both:
            school.enters("Ann", upn=UPN, birth_date="2012-05-01")
            school.enters(*CHILDREN[1:], birth_date="2013-05-01")
        while self._day < BEGUN:
            for school in self._both:
                self._registers(school, "AM")
                self._registers(school, "PM")
            self._day += 1
        first.changes(f"{DAYS[0]} AM", self._at, by="K", Ann="D")

    def batch(self) -> list[str]:
        """What comes in at once: registers of now, what is put right of days before, and something else now and then."""
        random = self._random
        self._hour = self._hour + random.randrange(1, 9)
        if self._hour > 16:
            self._day, self._hour = min(self._day + 1, len(DAYS) - 1), 9
        told: list[str] = []
        with self.first.one_batch():
            for school in self._both:
                for _ in range(random.randrange(3)):
                    told.append(self._registers(school, random.choice(("AM", "PM"))))
            for _ in range(random.randrange(4)):
                told.append(self._puts_right())
            if random.randrange(2):
                told.append(self._says_else())
        if not random.randrange(3):
            told.append(self._decides())
        return told

    @property
    def _at(self) -> str:
        return f"{DAYS[self._day]} {self._hour or 9:02d}:20"

    def _registers(self, school: School, half: str) -> str:
        """A class of which somebody is left out, mostly."""
        present = self._random.sample(CHILDREN, self._random.randrange(3, len(CHILDREN) + 1))
        when = f"{DAYS[self._day]} {half}"
        codes = {name: self._random.choice(USUAL) for name in present}
        school.takes("7B", when, self._at, **codes)
        self._taken += ((school, when, name) for name in present)
        return f"register {when}"

    def _puts_right(self) -> str:
        school, when, name = self._random.choice(self._taken[-60:])
        match self._random.randrange(6):
            case 0:
                school.removes(when, self._at, name)
            case 1:
                school.takes("7C", when, self._at, **{name: self._random.choice(CODES)})
            case _:
                about = {"reason": "As we now know."} if self._random.randrange(2) else {}
                school.changes(when, self._at, by="K", **{name: self._random.choice(CODES)}, **about)
        return f"put right {when} {name}"

    def _says_else(self) -> str:
        random = self._random
        session = min(max(2 * self._day - random.randrange(8) + 2, 0), len(SESSIONS) - 1)
        act = Act(random.choice(ELSE), session, random.randrange(1, 10), random.randrange(5), _codes(random), 0)
        do(random.choice(self._both), act, self._at)
        return f"{act.kind} {SESSIONS[session]}"

    def _decides(self) -> str:
        """What a person says at the console, of the first school; or that it takes the unit's registers over."""
        random = self._random
        kind = random.choice(DECIDED)
        if kind == "succeeds":
            old, new = self._places()[::-1]
            on = date.fromisoformat(DAYS[self._day]) - timedelta(random.randrange(4))
            taken_over = SucceedPlace(
                old_place=old, new_place=new, on=on, kind="merger", registers_move=True, custody_with=new
            )
            ended = carry_out(self.first.ledger, taken_over, moment(self._at))
            if not isinstance(ended, Done):
                carry_out(self.first.ledger, UndoSuccession(place=old), moment(self._at))
        else:
            day = random.randrange(max(0, 2 * self._day - 10), 2 * self._day + 1)
            do(self.first, Act(kind, day, random.randrange(1, 10), random.randrange(3), _codes(random), 0), self._at)
        return kind

    def _places(self) -> list[bytes]:
        return list(dict.fromkeys(entry["place"] for entry in self.first.entries("PlaceDescribed")))


def _codes(random: Random) -> tuple[str, ...]:
    return tuple(random.choice(CODES) for _ in CHILDREN[:3])


class Answers:
    """The answers of a ledger on PostgreSQL, brought up to date; and beside, made anew in DuckDB of the same facts."""

    def __init__(self, place: Place, school: School, folder: Path) -> None:
        self.engine = place.engine()
        self._ledger = school.ledger
        self._runner = Runner(self.engine, ANSWERS, rules())
        self._loader = Loader(school.ledger, known_names(self.engine))
        self._beside = Facts()
        self._steps = new_engine(folder / "steps") if LONG else None

    def catch_up(self) -> bool:
        """Take in what is new; whether that was a refresh."""
        position, recorded_at = self._ledger.store.head()
        windows = [(w.last, w.facts) for w in self._loader.windows(self._runner.loaded() + 1, position)]
        head = Head(position, instant(recorded_at))
        done = self._runner.catch_up(iter(windows), head)
        if self._steps:
            Runner(self._steps, ANSWERS, rules()).catch_up(iter(windows), head)
        for _, facts in windows:
            self._beside.put_frames(facts)
        return not done.rebuilt

    def differing(self) -> list[str]:
        """The answers that are not those made anew."""
        anew = self._anew()
        found = differing(stored(self.engine), anew)
        if self._steps:
            found += differing(stored(self._steps), anew)
            self._runner.rebuild()
            found += differing(stored(self.engine), anew)
        return found

    def _anew(self) -> dict[str, list[tuple[Any, ...]]]:
        made = self._beside.database
        for name, answer in ANSWERS.items():
            made.execute(f"create or replace {answer.kind} {name} as {answer.text}")
        stored = [name for name, answer in ANSWERS.items() if answer.kind == "table"]
        return {name: sorted(made.execute(f"select * from {name}").fetchall(), key=repr) for name in stored}

    def close(self) -> None:
        """Let go of the files."""
        self.engine.close()
        self._beside.close()
        if self._steps:
            self._steps.close()


@pytest.fixture
def place(postgres_server: Server) -> Iterator[Place]:
    with postgres_county.set_up_place(postgres_server) as made:
        yield made


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(st.integers(0, 1 << 32))
def test_after_each_batch_every_answer_on_postgresql_is_the_one_made_anew_in_duckdb(
    postgres_server: Server, seed: int
) -> None:
    with (
        TemporaryDirectory(prefix="rollbook-batches-") as text,
        postgres_county.set_up_place(postgres_server) as place,
    ):
        schools = Schools(Path(text), Random(seed))
        answers = Answers(place, schools.first, Path(text))
        try:
            answers.catch_up()
            refreshed = 0
            for number in range(BATCHES):
                said = schools.batch()
                refreshed += answers.catch_up()
                assert answers.differing() == [], f"after batch {number} of seed {seed}: {said}"
            assert refreshed > BATCHES * 3 // 4
            assert all(answers.engine.rows(f"select 1 from {name} limit 1") for name in ALWAYS)
        finally:
            answers.close()
            schools.first.close()


def test_an_amendment_beside_the_next_register_leaves_a_gap_of_another_day_where_it_stands(
    place: Place, tmp_path: Path
) -> None:
    school = School.ready(tmp_path)
    days = DAYS[:8]
    for day in days:
        school.takes("7B", f"{day} AM", "09:01", Ann="/", Ben="/")
    answers = Answers(place, school, tmp_path)
    answers.catch_up()
    with school.one_batch():
        school.changes(f"{days[0]} AM", f"{days[7]} 10:00", by="K", Ann="L")
        school.takes("7B", f"{days[7]} PM", f"{days[7]} 13:01", Ann="\\", Ben="\\", Cal="\\")
    assert answers.catch_up()
    first = date.fromisoformat(days[0])
    assert answers.engine.rows("select unmarked from register_gap where session_date = %s", [first]) == [(1,)]
    assert answers.differing() == []
    answers.close()
    school.close()
