"""Random small counties, as facts in the order in which a ledger was told them: for tests of answers against the law.

A world has two places and a few children. What is drawn lies near what the law counts: nine, ten and eleven days, ages of
4, 5, 15 and 16, a tenth and a half of the sessions, words said late, taken back, and out of order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from tests.projections.facts_by_hand import FIRST_MOMENT
from tests.projections.law_model import Fact, Known, known

Row = dict[str, Any]
Pair = tuple[str, str]
"""What is said of a morning and an afternoon; empty: nothing."""

BEGINNINGS = (
    date(2025, 9, 1),  # an ordinary autumn
    date(2025, 11, 24),  # compulsory school age begins on 31 December
    date(2026, 5, 4),  # the spring bank holiday, the leaving date, the summer, a new school year
    date(2026, 6, 29),  # the summer
    date(2024, 7, 29),  # the first day that counts for penalty notices
    date(2022, 5, 9),  # a bank holiday that was moved
)
EARLY = -30.0
"""When most calendars and lines were told, in days from the beginning."""
DAYS: dict[str, tuple[tuple[float, str | None, str | None], ...]] = {
    # When, in days from the day itself (EARLY: long before), and what, of the morning and of the afternoon.
    "H": ((EARLY, "held", "held"),),
    "A": ((EARLY, "held", "planned_closure"),),
    "M": ((EARLY, "held", "no_such_session"),),
    "P": ((EARLY, "planned_closure", "planned_closure"),),
    "X": ((EARLY, "outside_term", "outside_term"),),
    "C": ((EARLY, "held", "held"), (0.1, "cancelled", "cancelled")),
    "c": ((EARLY, "held", "held"), (0.6, None, "cancelled")),
    "K": ((EARLY, "held", "held"), (25.0, "cancelled", "cancelled")),
    "V": ((EARLY, "held", "held"), (25.0, "planned_closure", "planned_closure")),
    "R": ((EARLY, "cancelled", "cancelled"), (12.0, "held", "held")),
    "k": ((EARLY, "not_known", "not_known"),),
    "h": ((EARLY, "held", None),),
    "u": ((EARLY, "held", "held"), (12.0, "not_known", "not_known")),
    "L": ((12.0, "held", "held"),),
    "l": ((12.0, "planned_closure", "planned_closure"),),
    "m": ((EARLY, "no_such_session", "held"),),
    "d": ((EARLY, "held", "held"), (0.1, "cancelled", "planned_closure")),
    "G": ((12.0, "held", "held"), (20.0, "cancelled", "cancelled")),
    "g": ((12.0, "cancelled", "cancelled"), (20.0, "held", "held")),
    "-": (),
}
WEEKS = (
    *("HHHHH",) * 30,
    *("HHHH", "HH", "HHHHHH", "PHHHH", "HHPPH", "HHHCH", "HCCHH", "HHHHc", "HHcHH", "AHHHH", "MMMMM", "mHHHH", "KKHHH"),
    *(
        "RHHHH",
        "VVVVV",
        "XXXXX",
        "HkkHH",
        "kHHHk",
        "HhHHH",
        "HHhHH",
        "HHu",
        "-----",
        "H-HHH",
        "LLLLL",
        "lLLLL",
        "GGGGG",
    ),
    *("gHHHH", "HHHHd", "", "", "PP"),
)
"""The days of a week from Monday on."""

PRESENT: Pair = ("/", "\\")
ABSENT_DAYS = [(("O", "O"),), (("G", "G"),), (("N", "N"),), (("O", "U"),), (("N", "O"),), (("U", "G"),)]
SICK_DAYS = [(("I", "I"),), (("I", "\\"),), (("/", "I"),), (("I", "O"),)]
HALF_DAYS = [(("O", "\\"),), (("/", "U"),), (("N", "\\"),), (("", "O"),), (("O", "C2"),)]
SHARES = [
    (("I", "\\"), *(PRESENT,) * 4),  # exactly 10 %
    (("/", "O"), *(PRESENT,) * 4),
    (("M", "\\"),),  # exactly 50 %
    (("O", "O"), PRESENT),
    (("O", "\\"), *(PRESENT,) * 4, ("/", "G"), *(PRESENT,) * 4),
]
OTHERS = [
    *((("Y4", "Y4"),), (("O", "Y4"),), (("Y4", "\\"),), (("I", "Y4"),), (("D", "D"),), (("D", "\\"),), (("X", "X"),)),
    *((("Z", "Z"),), (("#", "#"),), (("", ""),), (("?", "?"),), (("?", "O"),), (("C", "E"),), (("L", "V"),)),
    *((("K", "B"),), (("P", "W"),), (("Q", "Y1"),), (("Y7", "J1"),), (("T", "R"),), (("S", "C1"),), (("H", "Y"),)),
]
LENGTHS = [1, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 14, 15, 16, 19, 20, 21, 30, 50, 51]
PATTERNS: tuple[Sequence[tuple[Pair, ...]], ...] = (
    [(PRESENT,)],
    ABSENT_DAYS,
    ABSENT_DAYS,
    SICK_DAYS,
    HALF_DAYS,
    SHARES,
    OTHERS,
)
LAGS = (0.4, 0.4, 0.4, 0.4, 6.0, 40.0)
"""A stretch is so many school days, what is said of them (from the beginning again, until they end), and so many days
later it is said. A question mark stands for a code that nobody mapped."""


T = TypeVar("T")


class Chance(Protocol):
    """Where a world's choices come from."""

    def of(self, options: Sequence[T]) -> T:
        """One of them."""

    def number(self, low: int, high: int) -> int:
        """One of these, both included."""


class Drawn:
    """Hypothesis's choices, which it can make simpler again."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def of(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))


class Seeded:
    """The same choices for the same seed, on every machine."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def of(self, options: Sequence[T]) -> T:
        return options[int(self.random.random() * len(options))]

    def number(self, low: int, high: int) -> int:
        return low + int(self.random.random() * (high - low + 1))


@dataclass(frozen=True)
class World:
    """What a ledger was told, in order, and the day on which it is asked."""

    facts: tuple[Fact, ...] = field(repr=False)
    beginning: date
    today: date

    def upto(self, position: int) -> World:
        """The same, had the ledger ended there."""
        return replace(self, facts=tuple(fact for fact in self.facts if fact[1]["position"] <= position))

    @cached_property
    def known(self) -> Known:
        """What the model knows after all of it."""
        return known(self.facts)

    @cached_property
    def apart(self) -> list[World]:
        """Of a county the worlds, each with what was told to all."""
        found: dict[int, list[Fact]] = {}
        to_all: list[Fact] = []
        for table, row in self.facts:
            owner = next(((row[name] - 1) // step for name, step in STEPS.items() if name in row), None)
            (to_all if owner is None else found.setdefault(owner, [])).append((table, row))
        order = [sorted([*to_all, *facts], key=lambda fact: int(fact[1]["position"])) for facts in found.values()]
        return [replace(self, facts=tuple(facts)) for facts in order] or [self]


STEPS = {"place": 10, "old_place": 10, "new_place": 10, "line": 100, "pupil": 100, "child": 100}
"""How far the ids of one world of a county are from those of the next."""


SETTINGS: tuple[dict[str, int], ...] = (
    {"window_over_succession": 1},
    {"window_over_succession": 1, "sickness_prompt_days": 25, "sickness_prompt_sessions": 20},
    {"window_over_succession": 0, "sickness_prompt_days": 12},
    {},
)


def together(worlds: Sequence[World], settings: Mapping[str, int], today: date) -> World:
    """Worlds side by side in one ledger, told at the same pace, with the same settings for all.

    Positions and moments are the ledger's; the day on which an entry was recorded stays that of its world.
    """
    told: list[tuple[timedelta, int, int, Fact]] = []
    for number, world in enumerate(worlds):
        start = datetime.combine(world.beginning, datetime.min.time())
        for table, row in world.facts:
            moved = {name: value + number * STEPS.get(name, 0) for name, value in row.items() if name in STEPS}
            told.append((row["recorded_at"] - start, number, row["position"], (table, {**row, **moved})))
    for number, (setting, value) in enumerate(settings.items()):
        row = {"setting": setting, "value_int": value, "applies_from": date(2020, 9, 1)}
        told.append((timedelta(days=EARLY - 2), -1, number, ("setting", {**row, "recorded_on": worlds[0].beginning})))
    facts: list[Fact] = []
    position, before = 0, None
    for when, number, within, (table, row) in sorted(told, key=lambda one: one[:3]):
        position += (when, number, within) != before
        before = (when, number, within)
        facts.append((table, {**row, "position": position, "recorded_at": FIRST_MOMENT + timedelta(minutes=position)}))
    return World(tuple(facts), worlds[0].beginning, today)


@dataclass
class Telling:
    """Words, each with when it was said in days from the beginning; words said at once have one position."""

    beginning: date
    words: list[tuple[float, str, Row]] = field(default_factory=list)

    def say(self, when: float, table: str, **row: Any) -> None:
        self.words.append((when, table, row))

    def on(self, day: date) -> float:
        return float((day - self.beginning).days)

    def in_order(self) -> tuple[Fact, ...]:
        found: list[Fact] = []
        position, before = 0, None
        for when, table, row in sorted(self.words, key=lambda word: word[0]):
            at_once = (when, table, row.get("place")) if table == "school_session" else None
            position += at_once is None or at_once != before
            before = at_once
            at = datetime.combine(self.beginning, datetime.min.time()) + timedelta(days=when)
            found.append((table, {"position": position, "recorded_at": at, "recorded_on": at.date(), **row}))
        return tuple(found)


# --- calendars


def say_calendar(telling: Telling, place: int, weeks: Sequence[str]) -> list[date]:
    """A place's calendar; the days of which something is said, and those of weeks of which nothing is."""
    days = []
    for number, week in enumerate(weeks):
        for weekday, sort in enumerate(week):
            day = telling.beginning + timedelta(weeks=number, days=weekday)
            days.append(day)
            for when, *halves in DAYS[sort]:
                # A closure of a week is told at once, from its Monday on.
                at = when if when == EARLY else telling.on(day - timedelta(days=weekday)) + when
                for session, status in enumerate(halves, 1):
                    if status:
                        telling.say(at, "school_session", place=place, session_date=day, session=session, status=status)
    return days


DAY = timedelta(days=1)
HALF_TERMS = ((9, 1, 10, 24), (10, 27, 12, 19), (1, 5, 2, 13), (2, 23, 3, 27), (4, 13, 5, 22), (6, 1, 7, 21))


def say_terms(telling: Telling, place: int, which: str) -> None:
    """The half terms of the years round about: all, none, all but one said to stand no more, or two that overlap."""
    year = telling.beginning.year - (telling.beginning.month < 8)
    for first in (year, year + 1) if which != "none" else ():
        school_year = first * 100 + (first + 1) % 100
        for number, (m, d, last_m, last_d) in enumerate(HALF_TERMS, 1):
            of = first + (number > 2)
            rows = {"place": place, "school_year": school_year, "half_term": number}
            begins = date(of, m, d) - timedelta(days=14 * (which == "overlapping"))
            row: Row = {**rows, "from_date": begins, "to_date": date(of, last_m, last_d), "stands": 1}
            telling.say(EARLY, "half_term", **row)
            if which == "one withdrawn" and number in (1, 6):
                telling.say(20.0, "half_term", **{**row, "stands": 0})


# --- children


def school_year_of(day: date) -> int:
    """As 202526, from 1 September."""
    first = day.year - (day.month < 9)
    return first * 100 + (first + 1) % 100


def at_age(birth: date, age: int) -> date:
    return date(birth.year + age, birth.month, birth.day)


def age_facts(birth: date | None, school_year: int) -> Row:
    """Age on 31 August, and the days of compulsory school age (EA96 s.8; law.md 0.3)."""
    if birth is None:
        return {"age_31_aug": None, "csa_from": None, "csa_until": None}
    age = school_year // 100 - birth.year - ((birth.month, birth.day) > (8, 31))
    fifth, sixteenth = at_age(birth, 5), at_age(birth, 16)
    prescribed = [date(fifth.year, 3, 31), date(fifth.year, 8, 31), date(fifth.year, 12, 31)]
    begins = min(day for day in prescribed if day >= fifth)
    last = date(sixteenth.year + (sixteenth.month > 8), 6, 30)
    while last.weekday() != 4:
        last -= timedelta(days=1)
    return {"age_31_aug": age, "csa_from": begins, "csa_until": last}


def births(beginning: date) -> tuple[date | None, ...]:
    """Children of nine, of nobody knows what age, and on either side of every age that the law asks for."""
    year = beginning.year - (beginning.month < 8)
    edges = [date(year - age, month, day) for age in (4, 5, 15, 16) for month, day in ((8, 31), (9, 1))]
    begin_inside = [date(2020, 10, 10), date(2021, 3, 31), date(2020, 9, 1), date(2021, 6, 1), date(2019, 8, 20)]
    end_inside = [date(year - 15, 6, 1), date(year - 16, 12, 1)] * 2
    return (*[date(year - 9, 1, 15)] * 8, None, None, None, *edges, *begin_inside, *end_inside)


@dataclass(frozen=True)
class Stay:
    """A line: a pupil, a place, a stay, a school year."""

    line: int
    place: int
    pupil: int
    first: date
    last: date
    about: Row = field(default_factory=dict)


def by_years(stay: Stay, numbers: Iterator[int]) -> list[Stay]:
    """A stay cut at each 31 August, carried forward."""
    found: list[Stay] = []
    first = stay.first
    while first <= stay.last:
        end = date(school_year_of(first) // 100 + 1, 8, 31)
        about = stay.about if not found else {**stay.about, "carried": 1}
        found.append(replace(stay, line=next(numbers), first=first, last=min(end, stay.last), about=about))
        first = end + timedelta(days=1)
    return found


def line_row(stay: Stay, birth: date | None, **said: Any) -> Row:
    """A row of an admission register."""
    year = school_year_of(stay.first)
    usual: Row = {
        "line": stay.line,
        "place": stay.place,
        "pupil": stay.pupil,
        "school_year": year,
        "entered": 1,
        "in_error": 0,
        "guest": 0,
        "from_date": stay.first,
        "to_date": stay.last,
        "carried": 0,
        "entry_position": 1,
        "entry_recorded_on": stay.first,
        "entered_on": None,
        "admission": "in_year",
        "junior_class_first_day": 0,
        "nc_year": 6,
        "deletion_position": None,
        "deletion_recorded_on": None,
        "ground": None,
        "imported": 0,
        **age_facts(birth, year),
    }
    row = {**usual, **stay.about, **said}
    return {**row, "on_roll": int(row["entered"] and not row["in_error"] and not row["guest"])}


KINDS = (
    *("whole", "whole", "whole", "whole", "late", "leaves", "leaves", "finishes", "returns", "moves", "succeeds"),
    *("succeeds", "guest", "agreed", "in error", "twice", "joined", "joined", "age told late"),
)
BOARDING = (*("none",) * 6, "all", "from", "until", "weekly", "taken back", "told again")


class Making:
    """A world that is being made up: two places, a seam at which one may take over from the other, a few children."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.beginning = chance.of(BEGINNINGS)
        self.weeks = chance.number(4, 17)
        self.end = self.beginning + timedelta(weeks=self.weeks)
        self.telling = Telling(self.beginning)
        self.on = self.telling.on
        self.numbers = iter(range(1, 100))
        self.days: dict[int, list[date]] = {}
        self.seam = self.some_day()

    def some_day(self) -> date:
        return self.beginning + timedelta(days=self.chance.number(0, self.weeks * 7 - 1))

    def made(self) -> World:
        holiday, long = self.chance.number(0, self.weeks), self.chance.of((0, 0, 0, 0, 1, 2, 6))
        for place in (1, 2):
            self.telling.say(EARLY - 1, "place", place=place, boarding="none")
            sorts = [self.chance.of(WEEKS) if number not in range(holiday, holiday + long) else "" for number in range(self.weeks)]  # fmt: skip
            self.days[place] = say_calendar(self.telling, place, sorts)
            say_terms(self.telling, place, self.chance.of(("all", "all", "none", "one withdrawn", "overlapping")))
        self.say_succession()
        for number in range(1, self.chance.number(2, 8) + 1):
            self.say_child(number)
        for _ in range(self.chance.number(0, 3)):
            self.telling.say(
                self.chance.of((EARLY, self.on(self.end))),
                "return_asked",
                place=self.chance.of((1, 2)),
                kind=self.chance.of(("new_pupil", "deletion")),
                asked_on=self.chance.of((self.beginning - DAY, self.beginning, self.seam, self.last_of_term())),
            )
        return World(self.telling.in_order(), self.beginning, self.some_day())

    def last_of_term(self) -> date:
        """The last school day of the summer term, where the world has it; else of the world."""
        days = [day for day in self.days[1] if day <= date(self.beginning.year, 7, 21)]
        return days[-1] if days else self.end

    def say_succession(self) -> None:
        sort = self.chance.of(("none", "stands", "stands", "undone", "redone", "without registers"))
        row = {"old_place": 1, "new_place": 2, "on_date": self.seam, "registers_move": int(sort != "without registers")}
        if sort != "none":
            self.telling.say(self.chance.of((EARLY, self.on(self.seam))), "succession", **row, stands=1)
        if sort in ("undone", "redone"):
            self.telling.say(self.on(self.end), "succession", **row, stands=0)
        if sort == "redone":
            self.telling.say(self.on(self.end) + 1, "succession", **row, stands=1)

    # --- a child

    def say_child(self, number: int) -> None:
        pupil, kind = number * 2, self.chance.of(KINDS)
        birth = self.chance.of(births(self.beginning))
        for row, of in enumerate(self.stays(kind)):
            whose = pupil + 1 if kind == "joined" and row else pupil
            lines = [
                stay
                for place, first, last, about in of
                if first <= last
                for stay in by_years(Stay(0, place, whose, first, last, about), self.numbers)
            ]
            self.say_lines(kind, lines, birth)
            if lines:
                self.say_marks(kind, lines)
                self.say_boarding(lines)
        if kind == "joined":
            joined = self.chance.of((EARLY, 20.0, self.on(self.end)))
            stays_on, other = self.chance.of(((pupil, pupil + 1), (pupil + 1, pupil)))
            self.telling.say(joined, "same_child", pupil=other, child=stays_on)
            if self.chance.number(0, 4) == 0:
                self.telling.say(joined + 5, "same_child", pupil=other, child=other)
        if self.chance.number(0, 3) == 0:
            self.say_characteristics(number)

    def stays(self, kind: str) -> list[list[tuple[int, date, date, Row]]]:
        """The stays of a child: lists of (place, first day, last day, about), each list with marks of its own."""
        before = self.beginning - self.chance.of((0, 60)) * DAY
        place = self.chance.of((1, 1, 2))
        match kind:
            case "late":
                year = self.beginning.year
                bank = date(2022, 6, 2) if year == 2022 else date(year, 5, 31)
                bank -= timedelta(days=bank.weekday() if year != 2022 else 0)
                near = [
                    day for day in (bank - DAY, bank, bank + DAY, bank - 2 * DAY) if self.beginning <= day < self.end
                ]
                first = self.chance.of([self.some_day(), *near])
                about = {
                    "admission": self.chance.of(("in_year", "in_year", "transferred_on_succession")),
                    "carried": self.chance.of((0, 0, 1)),
                }
                return [[(place, first, self.end, about)]]
            case "leaves":
                return [[(place, before, self.some_day(), {})]]
            case "finishes":
                return [[(place, before, self.last_of_term() - self.chance.of((0, 0, 1)) * DAY, {})]]
            case "returns":
                left = self.some_day()
                return [[(place, before, left, {}), (place, left + self.chance.of((1, 3, 15)) * DAY, self.end, {})]]
            case "moves":
                left = self.some_day()
                return [[(place, before, left, {}), (3 - place, left + DAY, self.end, {})]]
            case "succeeds":
                after = {"admission": "transferred_on_succession"}
                return [[(1, before, self.seam - DAY, {}), (2, self.seam, self.end, after)]]
            case "guest":
                return [[(place, before, self.end, {"guest": 1, "entered": self.chance.of((0, 1))})]]
            case "agreed":
                return [[(place, before, self.end, {"entered": 0, "entry_position": None})]]
            case "twice":
                return [[(1, before, self.end, {})], [(2, self.some_day(), self.end, {})]]
            case "joined":
                other, last = self.chance.of((place, place, 3 - place)), self.chance.of((self.end, self.end, self.seam))
                return [[(place, before, last, {})], [(other, self.some_day(), self.end, {})]]
            case _:
                junior = {"junior_class_first_day": self.chance.of((0, 1))}
                return [[(place, self.chance.of((before, self.beginning, self.some_day())), self.end, junior)]]

    def say_lines(self, kind: str, lines: list[Stay], birth: date | None) -> None:
        """The rows of the admission register, and what became of them."""
        later = self.chance.of((0.9, 0.9, 2.0, 30.0))
        known_birth = None if kind == "age told late" else birth
        nc_year = self.chance.of((6, 6, 7, None))
        for stay in lines:
            end_of_year = date(school_year_of(stay.first) // 100 + 1, 8, 31)
            leaves = stay.last < min(self.end, end_of_year)
            about: Row = {"nc_year": nc_year, "imported": int(self.chance.number(0, 9) == 0)}
            about["entry_recorded_on"] = stay.first + self.chance.of((-5, 0, 0, 3)) * DAY
            if self.chance.number(0, 2) == 0:
                about["entered_on"] = stay.first + self.chance.of((-6, -1, 0, 2, 4)) * DAY
            row = line_row(stay, known_birth, **about)
            open_end = {**row, "to_date": end_of_year}
            self.telling.say(min(EARLY + stay.line / 100, self.on(stay.first)), "line", **open_end)
            row = open_end if stay.last == self.end else row
            if leaves:
                gone = {"deletion_position": 1, "deletion_recorded_on": stay.last, "ground": "r9_1g"}
                row = {**row, **gone}
                self.telling.say(self.on(stay.last) + later, "line", **row)
            if kind == "in error":
                self.telling.say(self.on(stay.last) - 3, "line", **{**row, "in_error": 1, "on_roll": 0})
            if kind == "age told late":
                told = {**row, **age_facts(birth, school_year_of(stay.first))}
                self.telling.say(self.on(self.end) - 10 + stay.line / 100, "line", **told)

    def say_boarding(self, lines: list[Stay]) -> None:
        sort = self.chance.of(BOARDING)
        for stay in lines if sort != "none" else ():
            day, told = self.some_day(), self.chance.of((None, None, 2.0, 30.0))
            when = self.on(day) + told if told else max(EARLY + 0.5, self.on(stay.first) - 1)
            words: list[tuple[date, int, float]] = []
            match sort:
                case "all":
                    words = [(stay.first, 1, 0)]
                case "from":
                    words = [(day, 1, 0)]
                case "until":
                    words = [(stay.first, 1, 0), (day, 0, 1)]
                case "taken back":
                    words = [(stay.first, 1, 0), (stay.first, 0, 20)]
                case "told again":
                    words = [(stay.first, 0, 0), (self.beginning + 5 * DAY, 0, 0.5), (stay.first, 1, 15)]
                case _:
                    mondays = [self.beginning + timedelta(weeks=number) for number in range(self.weeks)]
                    words = [(monday + 2 * DAY * (not boarder), boarder, 0) for monday in mondays for boarder in (1, 0)]
            for first, boarder, after in words:
                self.telling.say(when + after, "boarding", line=stay.line, from_date=first, boarder=boarder)

    # --- marks

    def say_marks(self, kind: str, lines: list[Stay]) -> None:
        """Stretches of days along the child's lines, a few days beyond them too, and what was amended of them."""
        on: list[tuple[date, Stay]] = []
        for stay, after in zip(lines, [*lines[1:], None], strict=True):
            until = after.first - DAY if after else stay.last + 4 * DAY
            since = stay.first - 4 * DAY * (stay is lines[0])
            on += [(day, stay) for day in sorted(set(self.days[stay.place])) if since <= day <= until]
        rest = iter(on[self.chance.of((0, 0, 4, 6, 10)) :])
        said: list[tuple[float, Stay, date, int, str]] = []
        for _ in range(self.chance.number(1, 6)):
            length, lag = self.chance.of(LENGTHS), self.chance.of(LAGS)
            pattern = self.chance.of(self.chance.of(PATTERNS))
            if kind == "twice" and self.chance.number(0, 2) == 0:
                pattern = (("D", "D"),)
            for number, (day, stay) in zip(range(length), rest, strict=False):
                for session, code in enumerate(pattern[number % len(pattern)], 1):
                    if code:
                        when = self.on(day) + lag + session / 10 + stay.line / 10_000
                        said.append((when, stay, day, session, "" if code == "?" else code))
        stands: dict[tuple[int, date, int], tuple[float, str | None]] = {}
        was: dict[tuple[int, date, int], str] = {}
        for when, stay, day, session, first in said:
            self.say_mark(when, stay, day, session, "mark", first)
            stands[stay.line, day, session] = (when, first)
            was[stay.line, day, session] = first
        unresolved = [one for one in said if one[4] == "N"]
        for turn in range(self.chance.number(0, 8) if said else 0):
            _, stay, day, session, _ = self.chance.of(unresolved if unresolved and turn % 2 else said)
            (before, stood), original = stands[stay.line, day, session], was[stay.line, day, session]
            new: str | None = self.chance.of(("O", "N", "I", "/", "Y4", "G", "X", None))
            if (new == stood and new != "N") or (stood is None and new is None):
                continue
            when = before + self.chance.of((1.0, 5.0, 7.0, 8.0, 30.0)) + turn / 10_000
            # After a withdrawal too a code is an amendment of the entry that was, and a withdrawal does not repeat it.
            kind_of = "withdrawal" if new is None else "amendment"
            self.say_mark(when, stay, day, session, kind_of, new)
            self.say_change(when, stay, day, session, kind_of, original if new else None, new)
            stands[stay.line, day, session] = (when, new)
            was[stay.line, day, session] = original if new is None else new

    def say_mark(self, when: float, stay: Stay, day: date, session: int, kind: str, code: str | None) -> None:
        where = {"place": stay.place, "session_date": day, "session": session, "line": stay.line, "kind": kind}
        self.telling.say(when, "mark", **where, week_start=day - timedelta(days=day.weekday()), code=code)

    def say_change(
        self, when: float, stay: Stay, day: date, session: int, kind: str, original: str | None, new: str | None
    ) -> None:
        """A school may say when it amended, or a feed when the entry was made: another day than it comes in."""
        where = {"place": stay.place, "session_date": day, "session": session, "line": stay.line, "kind": kind}
        dates = {name: self.chance.of((None, 0, 6, 7, 8, 9)) for name in ("amended_on", "said_on")}
        said = {name: None if after is None else day + after * DAY for name, after in dates.items()}
        self.telling.say(when, "change", **where, original=original, new=new, **said)

    def say_characteristics(self, number: int) -> None:
        for turn in range(self.chance.number(1, 3)):
            first = self.beginning + self.chance.number(-5, 60) * DAY
            last = self.chance.of((None, first, first + 10 * DAY, first + 40 * DAY))
            begun = self.chance.of((first, None)) if turn == 0 else first
            row = {"line": number, "kind": "ehcp", "value": "yes", "from_date": begun, "to_date": last}
            self.telling.say(EARLY + turn, "characteristic", **row)


def world_of(seed: int) -> World:
    """The world of a seed."""
    return Making(Seeded(seed)).made()


@st.composite
def counties(draw: st.DrawFn, most: int = 4) -> World:
    """Up to so many worlds in one ledger."""
    chance = Drawn(draw)
    found = [Making(chance).made() for _ in range(chance.number(1, most))]
    return together(found, chance.of(SETTINGS), found[0].today)
