"""Random small counties, as facts in the order in which a ledger was told them: for tests of answers against the law.

A world has two places and a few children. What is drawn lies near what the law counts: nine, ten and eleven days, ages of
4, 5, 15 and 16, a tenth and a half of the sessions, words said late, taken back, and out of order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.projections.facts_by_hand import FIRST_MOMENT
from tests.projections.law_model import Fact

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
    "-": (),
}
WEEK = st.sampled_from(
    ["HHHHH"] * 40
    + ["HHHH", "HH", "HHHHHH", "PHHHH", "HHPPH", "HHHCH", "HCCHH", "HHHHc", "AHHHH", "MMMMM", "KKHHH", "RHHHH"]
    + ["VVVVV", "XXXXX", "HkkHH", "HhHHH", "HHu", "-----", "H-HHH", "LLLLL", "lLLLL", "", "", "PP"]
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
STRETCH = st.tuples(
    st.sampled_from(LENGTHS),
    st.one_of(
        st.just((PRESENT,)),
        st.sampled_from(ABSENT_DAYS),
        st.sampled_from(ABSENT_DAYS),
        st.sampled_from(SICK_DAYS),
        st.sampled_from(HALF_DAYS),
        st.sampled_from(SHARES),
        st.sampled_from(OTHERS),
    ),
    st.sampled_from([0.4, 0.4, 0.4, 0.4, 6.0, 40.0]),
)
"""School days, what is said of them (again from the beginning, until they end), and how many days later it is said.
A question mark stands for a code that nobody mapped."""


@dataclass(frozen=True)
class World:
    """What a ledger was told, in order, and the day on which it is asked."""

    facts: tuple[Fact, ...] = field(repr=False)
    beginning: date
    today: date

    def upto(self, position: int) -> World:
        """The same, had the ledger ended there."""
        return replace(self, facts=tuple(fact for fact in self.facts if fact[1]["position"] <= position))

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


def together(worlds: Sequence[World], chained: int | None, today: date) -> World:
    """Worlds side by side in one ledger, told at the same pace, with one setting for all (None: none was made).

    Positions and moments are the ledger's; the day on which an entry was recorded stays that of its world.
    """
    told: list[tuple[timedelta, int, int, Fact]] = []
    for number, world in enumerate(worlds):
        start = datetime.combine(world.beginning, datetime.min.time())
        for table, row in world.facts:
            moved = {
                name: value + number * STEPS.get(name, 0) if name in STEPS else value for name, value in row.items()
            }
            told.append((row["recorded_at"] - start, number, row["position"], (table, moved)))
    if chained is not None:
        at = datetime.combine(worlds[0].beginning, datetime.min.time()) + timedelta(days=EARLY - 2)
        row = {"setting": "window_over_succession", "value_int": chained, "applies_from": date(2020, 9, 1)}
        told.append(
            (timedelta(days=EARLY - 2), -1, 0, ("setting", {**row, "recorded_at": at, "recorded_on": at.date()}))
        )
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


HALF_TERMS = ((9, 1, 10, 24), (10, 27, 12, 19), (1, 5, 2, 13), (2, 23, 3, 27), (4, 13, 5, 22), (6, 1, 7, 21))


def say_terms(telling: Telling, place: int, which: str) -> None:
    """The half terms of the years round about: all, none, all but one said to stand no more, or two that overlap."""
    year = telling.beginning.year - (telling.beginning.month < 8)
    for first in (year, year + 1) if which != "none" else ():
        school_year = first * 100 + (first + 1) % 100
        for number, (m, d, last_m, last_d) in enumerate(HALF_TERMS, 1):
            of = first + (number > 2)
            rows = {"place": place, "school_year": school_year, "half_term": number}
            begins = date(of, m, d) - timedelta(days=14 * (which == "overlapping" and number == 6))
            row: Row = {**rows, "from_date": begins, "to_date": date(of, last_m, last_d), "stands": 1}
            telling.say(EARLY, "half_term", **row)
            if which == "one withdrawn" and number in (1, 6):
                telling.say(20.0, "half_term", **{**row, "stands": 0})


# --- children


def school_year_of(day: date) -> int:
    first = day.year - (day.month < 8)
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


def births(beginning: date) -> st.SearchStrategy[date | None]:
    """Children of nine, of nobody knows what age, and on either side of every age that the law asks for."""
    year = beginning.year - (beginning.month < 8)
    edges = [date(year - age, month, day) for age in (4, 5, 6, 15, 16) for month, day in ((8, 31), (9, 1))]
    begin_inside = [date(2020, 10, 10), date(2021, 3, 31), date(2020, 9, 1), date(2021, 6, 1), date(2019, 8, 20)]
    end_inside = [date(year - 15, 6, 1), date(year - 16, 12, 1)]
    nine = date(year - 9, 1, 15)
    return st.one_of(
        st.just(nine), st.just(nine), st.none(), st.sampled_from(edges), st.sampled_from(begin_inside + end_inside)
    )


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
    *("whole", "whole", "whole", "whole", "late", "leaves", "leaves", "returns", "moves", "succeeds", "succeeds"),
    *("guest", "agreed", "in error", "twice", "joined", "joined", "age told late"),
)
LATER = st.sampled_from([None, None, 2.0, 30.0])


@st.composite
def stays(draw: st.DrawFn, kind: str, pupil: int, seam: date, end: date, beginning: date) -> list[list[tuple[int, date, date, Row]]]:  # fmt: skip
    """The stays of a child: lists of (place, first day, last day, about), each list with marks of its own."""
    some_day = st.integers(0, (end - beginning).days).map(lambda n: beginning + timedelta(days=n))
    before = beginning - timedelta(days=draw(st.sampled_from([0, 60])))
    place = draw(st.sampled_from([1, 1, 2]))
    day = timedelta(days=1)
    match kind:
        case "late":
            bank = date(beginning.year, 5, 31)
            bank -= timedelta(days=bank.weekday())
            edges = [
                d for d in (bank - day, bank, bank + day, date(2022, 6, 2), date(2022, 6, 1)) if beginning <= d < end
            ]
            first = draw(st.one_of(some_day, st.sampled_from(edges))) if edges else draw(some_day)
            admission = draw(st.sampled_from(["in_year", "in_year", "transferred_on_succession"]))
            return [[(place, first, end, {"admission": admission, "carried": draw(st.sampled_from([0, 0, 1]))})]]
        case "leaves":
            return [[(place, before, draw(some_day), {})]]
        case "returns":
            left = draw(some_day)
            return [[(place, before, left, {}), (place, left + draw(st.sampled_from([1, 3, 15])) * day, end, {})]]
        case "moves":
            left = draw(some_day)
            return [[(place, before, left, {}), (3 - place, left + day, end, {})]]
        case "succeeds":
            return [[(1, before, seam - day, {}), (2, seam, end, {"admission": "transferred_on_succession"})]]
        case "guest":
            return [[(place, before, end, {"guest": 1})]]
        case "agreed":
            return [[(place, before, end, {"entered": 0, "entry_position": None})]]
        case "twice":
            return [[(1, before, end, {})], [(2, draw(some_day), end, {})]]
        case "joined":
            other = draw(st.sampled_from([place, place, 3 - place]))
            return [[(place, before, draw(st.sampled_from([end, end, seam])), {})], [(other, draw(some_day), end, {})]]
        case _:
            return [[(place, before, end, {"junior_class_first_day": draw(st.sampled_from([0, 0, 1]))})]]


@st.composite
def worlds(draw: st.DrawFn, children: int = 7) -> World:
    """A small county."""
    beginning = draw(st.sampled_from(BEGINNINGS))
    weeks = draw(st.integers(4, 17))
    end = beginning + timedelta(weeks=weeks)
    telling = Telling(beginning)
    days = {}
    for place in (1, 2):
        telling.say(EARLY - 1, "place", place=place, boarding="none")
        days[place] = say_calendar(telling, place, draw(st.lists(WEEK, min_size=weeks, max_size=weeks)))
        say_terms(telling, place, draw(st.sampled_from(["all", "all", "none", "one withdrawn", "overlapping"])))
    seam = beginning + timedelta(days=draw(st.integers(7, weeks * 7 - 3)))
    if draw(st.booleans()):
        stands = {"old_place": 1, "new_place": 2, "on_date": seam, "registers_move": draw(st.sampled_from([1, 1, 0]))}
        telling.say(draw(st.sampled_from([EARLY, telling.on(seam)])), "succession", **stands, stands=1)
        if draw(st.integers(0, 5)) == 0:
            telling.say(telling.on(end), "succession", **stands, stands=0)
    numbers = iter(range(1, 100))
    for number in range(1, draw(st.integers(2, children)) + 1):
        _say_child(draw, telling, number, numbers, days, seam, end)
    for _ in range(draw(st.integers(0, 2))):
        day = beginning + timedelta(days=draw(st.integers(-1, weeks * 7)))
        telling.say(
            draw(st.sampled_from([EARLY, telling.on(end)])),
            "return_asked",
            place=draw(st.sampled_from([1, 2])),
            kind=draw(st.sampled_from(["new_pupil", "deletion"])),
            asked_on=draw(st.sampled_from([beginning - timedelta(days=1), beginning, day, seam])),
        )
    facts = telling.in_order()
    today = beginning + timedelta(days=draw(st.integers(0, weeks * 7)))
    return World(facts, beginning, today)


def _say_child(
    draw: st.DrawFn,
    telling: Telling,
    number: int,
    numbers: Iterator[int],
    days: dict[int, list[date]],
    seam: date,
    end: date,
) -> None:
    beginning, pupil = telling.beginning, number * 2
    kind = draw(st.sampled_from(KINDS))
    birth = draw(births(beginning))
    for row, of in enumerate(draw(stays(kind, pupil, seam, end, beginning))):
        whose = pupil + 1 if kind == "joined" and row else pupil
        lines = [
            stay
            for place, first, last, about in of
            if first <= last
            for stay in by_years(Stay(0, place, whose, first, last, about), numbers)
        ]
        _say_lines(draw, telling, kind, lines, birth, end)
        if lines:
            _say_marks(draw, telling, lines, days)
            _say_boarding(draw, telling, lines)
    if kind == "joined":
        joined = draw(st.sampled_from([EARLY, 20.0, telling.on(end)]))
        stays_on, other = draw(st.permutations([pupil, pupil + 1]))
        telling.say(joined, "same_child", pupil=other, child=stays_on)
        if draw(st.integers(0, 4)) == 0:
            telling.say(joined + 5, "same_child", pupil=other, child=other)
    if draw(st.integers(0, 3)) == 0:
        _say_characteristics(draw, telling, number)


def _say_lines(draw: st.DrawFn, telling: Telling, kind: str, lines: list[Stay], birth: date | None, end: date) -> None:
    later = draw(LATER)
    known_birth = None if kind == "age told late" else birth
    nc_year = draw(st.sampled_from([6, 6, 7, None]))
    for stay in lines:
        stays_till = date(school_year_of(stay.first) // 100 + 1, 8, 31)
        leaves = stay.last < min(end, stays_till)
        about: Row = {"nc_year": nc_year, "imported": int(draw(st.integers(0, 9)) == 0)}
        if draw(st.integers(0, 4)) == 0:
            about["entered_on"] = stay.first + timedelta(days=draw(st.sampled_from([-1, 0, 2])))
        open_end = {"to_date": stays_till} if leaves or stay.last == end else {}
        row = line_row(stay, known_birth, **about)
        first_told = min(EARLY + stay.line / 100, telling.on(stay.first))
        telling.say(first_told, "line", **{**row, **open_end})
        if leaves:
            when = telling.on(stay.last) + (later or 0.9)
            gone = {"deletion_position": 1, "deletion_recorded_on": stay.last, "ground": "r9_1g"}
            telling.say(when, "line", **{**row, **gone})
            row = {**row, **gone}
        elif open_end:
            row = {**row, **open_end}
        if kind == "in error":
            telling.say(telling.on(stay.last) - 3, "line", **{**row, "in_error": 1, "on_roll": 0})
        if kind == "age told late":
            told = {**row, **age_facts(birth, school_year_of(stay.first))}
            telling.say(telling.on(end) - 10 + stay.line / 100, "line", **told)


def _say_boarding(draw: st.DrawFn, telling: Telling, lines: list[Stay]) -> None:
    sort = draw(st.sampled_from(["none"] * 5 + ["all", "from", "until", "weekly", "taken back"]))
    for stay in lines:
        span = max(1, (min(stay.last, telling.beginning + timedelta(weeks=17)) - telling.beginning).days)
        day = telling.beginning + timedelta(days=draw(st.integers(0, span)) if sort in ("from", "until") else 3)
        told = draw(LATER)
        when = telling.on(day) + told if told else max(EARLY + 0.5, telling.on(stay.first) - 1)

        def say(on: date, boarder: int, at: float, line: int = stay.line) -> None:
            telling.say(at, "boarding", line=line, from_date=on, boarder=boarder)

        match sort:
            case "all":
                say(stay.first, 1, when)
            case "from":
                say(day, 1, when)
            case "until":
                say(stay.first, 1, when)
                say(day, 0, when + 1)
            case "taken back":
                say(stay.first, 1, when)
                say(stay.first, 0, when + 20)
            case "weekly":
                monday = telling.beginning
                while monday <= stay.last and monday < telling.beginning + timedelta(weeks=17):
                    say(monday, 1, when)
                    say(monday + timedelta(days=2), 0, when)
                    monday += timedelta(weeks=1)


def _say_marks(draw: st.DrawFn, telling: Telling, lines: list[Stay], days: dict[int, list[date]]) -> None:
    near = timedelta(days=4)
    on: list[tuple[date, Stay]] = []
    for stay, after in zip(lines, [*lines[1:], None], strict=True):
        until = after.first - timedelta(days=1) if after else stay.last + near
        since = stay.first - (near if stay is lines[0] else timedelta(0))
        on += [(day, stay) for day in sorted(set(days[stay.place])) if since <= day <= until]
    said: list[tuple[float, Stay, date, int, str]] = []
    skip = draw(st.sampled_from([0, 0, 0, 2, 7]))
    rest = iter(on[skip:])
    for length, pattern, lag in draw(st.lists(STRETCH, max_size=6)):
        for number, (day, stay) in zip(range(length), rest, strict=False):
            for session, code in enumerate(pattern[number % len(pattern)], 1):
                if code:
                    when = telling.on(day) + lag + session / 10 + stay.line / 10_000
                    said.append((when, stay, day, session, "" if code == "?" else code))
    if not said:
        return
    stands: dict[tuple[int, date, int], tuple[float, str | None]] = {}
    was: dict[tuple[int, date, int], str | None] = {}
    for when, stay, day, session, first in said:
        _say_mark(telling, when, stay, day, session, "mark", first)
        stands[stay.line, day, session] = (when, first)
        was[stay.line, day, session] = first
    changes = st.tuples(
        st.integers(0, 10**6), st.sampled_from([1.0, 5.0, 7.0, 8.0, 30.0]), st.sampled_from("O N I / Y4 G X -".split())
    )
    for index, lag, new in sorted(draw(st.lists(changes, max_size=8)), key=lambda change: change[1]):
        _, stay, day, session, _ = said[index % len(said)]
        (before, stood), original = stands[stay.line, day, session], was[stay.line, day, session]
        code = None if new == "-" else new
        if code == stood:
            continue
        when = before + lag + index % 97 / 10_000
        # After a withdrawal too a code is an amendment of the entry that was, and a withdrawal does not repeat it.
        kind = "withdrawal" if code is None else "amendment"
        _say_mark(telling, when, stay, day, session, kind, code, original if code else None, index)
        stands[stay.line, day, session] = (when, code)
        was[stay.line, day, session] = code or original


def _say_mark(
    telling: Telling,
    when: float,
    stay: Stay,
    day: date,
    session: int,
    kind: str,
    code: str | None,
    original: str | None = None,
    index: int = 0,
) -> None:
    where = {"place": stay.place, "session_date": day, "session": session, "line": stay.line, "kind": kind}
    telling.say(when, "mark", **where, week_start=day - timedelta(days=day.weekday()), code=code)
    if kind != "mark":
        # A school may say when it amended, or a feed when the entry was made: another day than it comes in.
        said = day + timedelta(days=[6, 7, 8, 9, 10][index % 5])
        dates = {"amended_on": said if index % 3 == 0 else None, "said_on": said if index % 3 == 1 else None}
        if index % 7 == 0:
            dates = {"amended_on": day, "said_on": said}
        telling.say(when, "change", **where, original=original, new=code, **dates)


def _say_characteristics(draw: st.DrawFn, telling: Telling, number: int) -> None:
    for turn in range(draw(st.integers(1, 3))):
        first = telling.beginning + timedelta(days=draw(st.integers(-5, 60)))
        last = first + timedelta(days=draw(st.sampled_from([0, 10, 40])))
        row = {
            "line": number,
            "kind": "ehcp",
            "value": "yes",
            "from_date": draw(st.sampled_from([first, None])) if turn == 0 else first,
            "to_date": draw(st.sampled_from([last, None])),
        }
        telling.say(EARLY + turn, "characteristic", **row)


@st.composite
def counties(draw: st.DrawFn, most: int = 4) -> World:
    """Up to so many worlds in one ledger."""
    found = draw(st.lists(worlds(), min_size=1, max_size=most))
    return together(found, draw(st.sampled_from([1, 1, 0, None])), found[0].today)
