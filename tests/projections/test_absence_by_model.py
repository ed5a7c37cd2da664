"""Runs, N and penalty windows in SQL, against the law walked day by day and entry by entry in a few lines of Python.

The model knows nothing of islands or running sums: it looks at every run, every window and every position.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.projections.facts_by_hand import Facts, mark_row, school_days

MONDAY = date(2025, 1, 6)
LAST_ASKED = MONDAY + timedelta(weeks=8)
HELD, CANCELLED, CLOSED = "held", "cancelled", "planned_closure"

Slot = tuple[date, int]
"""A session: its day, and 1 or 2."""


@dataclass(frozen=True)
class Line:
    """A pupil's line: place, the child it is, days on the roll, days of compulsory school age."""

    number: int
    place: int
    pupil: int
    child: int
    first: date
    last: date
    csa: tuple[date, date] | None


@dataclass(frozen=True)
class Said:
    """One entry of a register; None withdraws."""

    position: int
    line: Line
    slot: Slot
    code: str | None


@dataclass
class World:
    """Two places, perhaps one after the other, and what their registers said."""

    calendars: dict[int, dict[Slot, str]] = field(default_factory=dict)
    seam: date | None = None
    """From when place 2 takes over from place 1, with its registers."""
    chained: bool = False
    lines: list[Line] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def chain(self, place: int) -> int:
        return 2 if self.chained and self.seam and place == 1 else place

    def governs(self, chain: int, day: date) -> int:
        """Whose calendar counts on a day: before the seam the old one's, then the new one's; the other's if it is silent."""
        if not (self.chained and self.seam and chain == 2):
            return chain
        own, other = (1, 2) if day < self.seam else (2, 1)
        return own if any((day, s) in self.calendars[own] for s in (1, 2)) else other

    def school_days(self, chain: int) -> list[tuple[date, int, list[int]]]:
        """Its school days in order: the day, the place that governs, the sessions held."""
        days = sorted({day for calendar in self.calendars.values() for day, _ in calendar})
        found = []
        for day in days:
            place = self.governs(chain, day)
            held = [s for s in (1, 2) if self.calendars[place].get((day, s)) == HELD]
            if held:
                found.append((day, place, held))
        return found

    def cancelled_between(self, chain: int, first: date, last: date) -> int:
        found = 0
        day = first
        while day <= last:
            of_day = [self.calendars[self.governs(chain, day)].get((day, s)) for s in (1, 2)]
            found += CANCELLED in of_day and HELD not in of_day
            day += timedelta(days=1)
        return found

    def standing(self, upto: int) -> dict[tuple[Line, Slot], str]:
        """What the registers say after a position, of lines on the roll that day."""
        stands: dict[tuple[Line, Slot], str] = {}
        for entry in self.said:
            if entry.position <= upto:
                stands.pop((entry.line, entry.slot), None)
                if entry.code is not None:
                    stands[entry.line, entry.slot] = entry.code
        return {(line, slot): code for (line, slot), code in stands.items() if line.first <= slot[0] <= line.last}


def csa_of(line: Line, day: date) -> str:
    if line.csa is None:
        return "unknown"
    return "yes" if line.csa[0] <= day <= line.csa[1] else "no"


def codes_of(said: list[str]) -> list[str]:
    """The codes of the sessions that were held for a pupil: a session whose own entry is Y4 was not."""
    return [code for code in said if code != "Y4"]


def model_runs(world: World) -> set[tuple[object, ...]]:
    """(limb, chain, child, first, last, school days, cancelled days) of every run of ten or more."""
    found: set[tuple[object, ...]] = set()
    stands = world.standing(10**9)
    for limb in ("GNOU", "GNO"):
        for chain, child in {(world.chain(line.place), line.child) for line in world.lines}:
            run: list[date] = []
            off: list[date] = []
            for day, place, held in [*world.school_days(chain), (date.max, 0, [])]:
                mine = [line for line in world.lines if line.place == place and line.child == child]
                said = [[stands.get((line, (day, s)), "-") for s in held] for line in mine]
                if any(codes_of(held) and all(code in limb for code in codes_of(held)) for held in said):
                    run.append(day)
                    continue
                if held and any(not codes_of(held) for held in said):
                    off.append(day)
                    continue
                if len(run) >= 10:
                    skipped = sum(run[0] <= day <= run[-1] for day in off)
                    cancelled = world.cancelled_between(chain, run[0], run[-1]) + skipped
                    found.add((limb, chain, child, run[0], run[-1], len(run), cancelled))
                run, off = [], []
    return found


def model_entries(world: World, upto: int) -> dict[tuple[int, int], list[tuple[int, Slot]]]:
    """By chain and child: (school week, session) of every relevant entry that stands after a position."""
    found: dict[tuple[int, int], set[tuple[int, Slot]]] = {}
    weeks: dict[int, dict[date, tuple[int, int]]] = {}
    for chain in {world.chain(line.place) for line in world.lines}:
        days = world.school_days(chain)
        mondays = sorted({day - timedelta(days=day.weekday()) for day, _, _ in days})
        weeks[chain] = {day: (mondays.index(day - timedelta(days=day.weekday())), place) for day, place, _ in days}
    for (line, slot), code in world.standing(upto).items():
        chain = world.chain(line.place)
        week, place = weeks[chain].get(slot[0], (0, None))
        held = world.calendars[line.place].get(slot) == HELD
        if code in "GNOU" and code and place == line.place and held and csa_of(line, slot[0]) != "no":
            found.setdefault((chain, line.child), set()).add((week, slot))
    return {key: sorted(entries) for key, entries in found.items()}


def most_in_ten_weeks(entries: list[tuple[int, Slot]]) -> int:
    return max((sum(first <= week <= first + 9 for week, _ in entries) for first in {w for w, _ in entries}), default=0)


def model_threshold(world: World, upto: int = 10**9) -> set[tuple[object, ...]]:
    """(chain, child, first met, last met, most) of whoever has ten in some ten school weeks."""
    found: set[tuple[object, ...]] = set()
    for (chain, child), entries in model_entries(world, upto).items():
        met = [
            slot[0]
            for week, slot in entries
            if sum(week - 9 <= other and when[0] <= slot[0] for other, when in entries) >= 10
        ]
        if met:
            found.add((chain, child, min(met), max(met), most_in_ten_weeks(entries)))
    return found


def model_known(world: World) -> dict[tuple[int, int], int]:
    """The first position after which some window held ten, by trying every position."""
    found: dict[tuple[int, int], int] = {}
    for entry in world.said:
        for key, entries in model_entries(world, entry.position).items():
            if key not in found and most_in_ten_weeks(entries) >= 10:
                found[key] = entry.position
    return found


def model_due(world: World) -> set[tuple[object, ...]]:
    """(line, day, session, fifth school day after) of every N that stands, but in a session that was not held."""
    found: set[tuple[object, ...]] = set()
    for (line, slot), code in world.standing(10**9).items():
        if code == "N" and world.calendars[line.place].get(slot, HELD) == HELD:
            days = [day for day, _, _ in world.school_days(world.chain(line.place))]
            after = [day for day in days if day > slot[0]] if slot[0] in days else []
            found.add((line.number, *slot, after[4] if len(after) > 4 else None))
    return found


# --- random worlds

DAY = st.sampled_from(
    [(HELD, HELD)] * 9 + [(HELD, CLOSED), (HELD, CANCELLED), (CANCELLED, CANCELLED), (CANCELLED, CLOSED)]
)
WEEK = st.lists(DAY, min_size=1, max_size=4)
WHOLE = [("O", "O"), ("N", "N"), ("G", "G"), ("Y4", "Y4")]
MIXED = [("O", "U"), ("U", "O"), ("/", "\\"), ("O", "I"), ("", "O"), ("O", "Y4"), ("Y4", "\\")]
OFF = st.one_of(st.none(), st.integers(0, 12))
"""The day of a stretch that the marks alone say was cancelled."""
STRETCH = st.tuples(st.integers(1, 14), st.sampled_from(WHOLE + MIXED), OFF)


@st.composite
def calendars(draw: st.DrawFn, weeks: int) -> dict[Slot, str]:
    """Up to four days a week, and now and then a week without any."""
    found: dict[Slot, str] = {}
    for number in range(weeks):
        for weekday, statuses in enumerate(draw(WEEK) if draw(st.integers(0, 6)) else []):
            for session, status in enumerate(statuses, 1):
                found[MONDAY + timedelta(weeks=number, days=weekday), session] = status
    return found


def slots(line: Line, calendar: Mapping[Slot, str]) -> list[Slot]:
    """Sessions of a line's time in which something may be written, a few days beyond its roll too."""
    near = timedelta(days=3)
    return sorted(slot for slot in calendar if line.first - near <= slot[0] <= line.last + near)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A small county."""
    weeks = draw(st.integers(6, 24))
    last = MONDAY + timedelta(weeks=weeks)
    some_day = st.integers(0, weeks * 7).map(lambda n: MONDAY + timedelta(days=n))
    world = World({1: draw(calendars(weeks)), 2: draw(calendars(weeks))})
    if draw(st.booleans()):
        world.seam, world.chained = draw(some_day), draw(st.booleans())
    seam = world.seam or draw(some_day)
    csa = st.one_of(
        st.none(), st.just((date(2015, 1, 1), date(2027, 1, 1))), some_day.map(lambda d: (date(2015, 1, 1), d))
    )
    of_ann, of_ben = draw(csa), draw(csa)
    joined = draw(st.booleans())
    world.lines = [
        Line(1, 1, 1, 1, MONDAY, draw(st.sampled_from([last, seam - timedelta(days=1)])), of_ann),
        Line(2, 2, 1, 1, seam, last, of_ann),
        Line(3, 1, 2, 2, MONDAY, draw(some_day), of_ben),
        Line(4, 1, 3, 2 if joined else 3, draw(some_day), last, of_ben),
    ]
    positions = count(1)
    first_words: list[tuple[Line, Slot, str]] = []
    for line in world.lines:
        stretches = draw(st.lists(STRETCH, max_size=8))
        codes = [("Y4", "Y4") if n == off else pair for length, pair, off in stretches for n in range(length)]
        days = sorted({day for day, _ in slots(line, world.calendars[line.place])})
        for day, pair in zip(days, codes, strict=False):
            for session in (1, 2):
                if pair[session - 1]:
                    first_words.append((line, (day, session), pair[session - 1]))
    first_words.sort(key=lambda word: word[1])
    in_another_order = st.permutations(first_words)
    unsaid = list(draw(in_another_order) if draw(st.booleans()) else first_words)
    stands: dict[tuple[Line, Slot], str | None] = {}
    changes = draw(
        st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(["O", "N", "I", "/", "Y4", None])), max_size=12)
    )
    while unsaid or changes:
        if unsaid and (not changes or not stands or changes[-1][0] % 5):
            line, slot, code = unsaid.pop(0)
            stands[line, slot] = code
            world.said.append(Said(next(positions), line, slot, code))
            if changes:
                changes[-1] = (changes[-1][0] // 5, changes[-1][1])
        elif stands:
            number, new = changes.pop()
            line, slot = list(stands)[number % len(stands)]
            if new is None and stands[line, slot] is None:
                continue
            stands[line, slot] = new
            world.said.append(Said(next(positions), line, slot, new))
        else:
            changes.pop()
    return world


def told(world: World, facts: Facts, *answers: str) -> Facts:
    """The world as facts, and these answers."""
    facts.clear()
    for place, calendar in world.calendars.items():
        facts.put("place", {"place": place, "boarding": "none", "position": 0})
        rows = [
            {"place": place, "session_date": day, "session": s, "status": status, "position": 0}
            for (day, s), status in calendar.items()
        ]
        facts.put("school_session", *rows)
    if world.seam:
        seam = {"old_place": 1, "new_place": 2, "on_date": world.seam, "registers_move": 1, "stands": 1, "position": 0}
        facts.put("succession", seam)
        setting = {"setting": "window_over_succession", "value_int": int(world.chained), "applies_from": MONDAY}
        facts.put("setting", {**setting, "position": 0})
    for line in world.lines:
        csa_from, csa_until = line.csa or (None, None)
        about = {"pupil": line.pupil, "from_date": line.first, "to_date": line.last, "position": 0}
        facts.line(line.number, line.place, **about, csa_from=csa_from, csa_until=csa_until)
        if line.child != line.pupil:
            facts.put("same_child", {"pupil": line.pupil, "child": line.child, "position": 0})
    facts.position = 0
    seen: set[tuple[int, Slot]] = set()
    rows_said = []
    for entry in world.said:
        key = (entry.line.number, entry.slot)
        kind = "withdrawal" if entry.code is None else "amendment" if key in seen else "mark"
        seen.add(key)
        rows_said.append(mark_row(entry.line.number, *entry.slot, entry.code, kind, entry.line.place))
    facts.put("mark", *rows_said)
    assert not world.said or facts.position == world.said[-1].position
    facts.build(*answers)
    return facts


EXAMPLES = settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def facts() -> Iterator[Facts]:
    """One database for all examples."""
    made = Facts()
    yield made
    made.close()


@EXAMPLES
@given(world=worlds())
def test_runs_are_those_that_a_walk_along_the_school_days_finds(facts: Facts, world: World) -> None:
    rows = told(world, facts, "absence_run").ask(
        "select limb, chain, child, from_date, to_date, school_days, cancelled_days from absence_run"
    )
    assert len(rows) == len(set(rows))
    assert set(rows) == model_runs(world)


@EXAMPLES
@given(world=worlds())
def test_thresholds_are_those_that_every_window_tried_finds(facts: Facts, world: World) -> None:
    rows = told(world, facts, "penalty_threshold").ask(
        "select chain, child, first_met_on, last_met_on, most_in_window from penalty_threshold"
    )
    assert len(rows) == len(set(rows))
    assert set(rows) == model_threshold(world)


def test_a_session_said_on_two_lines_of_one_child_counts_once(facts: Facts) -> None:
    facts.clear()
    days = list(school_days(MONDAY, 6))
    facts.place(1, days)
    for line in (1, 2):
        facts.line(line)
    facts.put("same_child", {"pupil": 2, "child": 1})
    for line, whole in ((1, days), (2, days[:1])):
        for day in whole:
            facts.mark(line, day, 1, "O")  # mornings only: two on one day are not a morning and an afternoon
    for day in days[1:5]:
        facts.mark(1, day, 2, "O")
    facts.build("penalty_threshold")
    assert facts.ask("select child, most_in_window from penalty_threshold") == [(1, 10)]


@EXAMPLES
@given(world=worlds())
def test_what_could_be_known_first_is_the_first_position_at_which_a_window_holds_ten(
    facts: Facts, world: World
) -> None:
    rows = told(world, facts, "penalty_known").ask("select chain, child, known_position from penalty_known")
    assert {(chain, pupil): position for chain, pupil, position in rows} == model_known(world)


@EXAMPLES
@given(world=worlds())
def test_every_n_that_stands_has_the_fifth_school_day_after_it(facts: Facts, world: World) -> None:
    rows = told(world, facts, "unresolved_n").ask("select line, session_date, session, due_on from unresolved_n")
    assert set(rows) == model_due(world)


@settings(EXAMPLES, max_examples=examples(5))
@given(world=worlds())
def test_an_as_at_question_agrees_with_what_could_be_known_first(facts: Facts, world: World) -> None:
    told(world, facts, "penalty_known")
    known = {(c, p): at for c, p, at in facts.ask("select chain, child, known_position from penalty_known")}
    for position in sorted({at - step for at in known.values() for step in (0, 1)}, reverse=True):
        facts.database.execute(f"delete from mark where position > {position}")
        facts.build("penalty_threshold")
        met = set(facts.ask("select chain, child from penalty_threshold"))
        reached = {key for key, at in known.items() if at == position}
        not_yet = {key for key, at in known.items() if at > position}
        assert reached <= met
        assert not met & not_yet


def model_unmarked(world: World) -> set[tuple[object, ...]]:
    """(line, day, session) of whoever is on the roll and has no entry where somebody of the place has one."""
    stands: dict[tuple[Line, Slot], str | None] = {}
    for entry in world.said:
        stands[entry.line, entry.slot] = entry.code
    written = {key for key, code in stands.items() if code is not None}
    taken = {(line.place, slot) for line, slot in written}
    return {
        (line.number, *slot)
        for line in world.lines
        for slot, status in world.calendars[line.place].items()
        if status == HELD and line.first <= slot[0] <= line.last
        if (line.place, slot) in taken and (line, slot) not in written
    }


@EXAMPLES
@given(world=worlds())
def test_unmarked_is_who_has_no_entry_where_the_register_was_taken(facts: Facts, world: World) -> None:
    told(world, facts, "unmarked_session")
    rows = facts.ask("select line, session_date, session from unmarked_session")
    assert len(rows) == len(set(rows))
    assert set(rows) == model_unmarked(world)
    gaps = facts.ask("select cast(sum(unmarked) as bigint) from register_gap")
    assert (gaps[0][0] or 0) == len(rows), "nobody boards here"


@EXAMPLES
@given(world=worlds())
def test_every_session_held_has_a_register_or_is_listed(facts: Facts, world: World) -> None:
    facts.clear()
    told(world, facts)
    facts.put("asked", {"position": facts.position, "today": LAST_ASKED})
    facts.build("register_missing")
    rows = facts.ask("select place, session_date, session from register_missing")
    taken = {(place, day, s) for place, day, s in facts.ask("select place, session_date, session from register")}
    held = {
        (place, *slot)
        for place, calendar in world.calendars.items()
        for slot, status in calendar.items()
        if status == HELD and slot[0] <= LAST_ASKED
        if any(line.place == place and line.first <= slot[0] <= line.last for line in world.lines)
    }
    assert len(rows) == len(set(rows))
    assert set(rows) == held - taken
