"""Exactly the published counts of an authority: one mark per counted session, dealt without keeping a deck.

Whoever counts is 5 to 15 on 31 August, as the published figures have it (law.md 4), and is marked on days on which
the place meets; 15-year-olds are not marked from the spring bank holiday on. Who must not count stands beside them
(uncounted.py).

For each phase the marks of the morning and of the afternoon are two stacks, known only by how many of each code are
left. Each register takes its share from the stack; what it may take is bounded so that the last register takes the
last mark. So memory does not grow with the number of marks, and no code comes out once too often. Who in a class is
absent is drawn so that some pupils are absent far more often than others, as in life.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from schemas.flat import zigzag
from simulation.authority import AM, PM, Authority, Group, Kind, Place, Pupil, share
from simulation.messages import pupil_row
from simulation.post import Post
from simulation.sources import COUNTS
from simulation.summary import Summary, write_planted
from simulation.terms import MINUTE, SECOND, Term, bank_holidays, midnight, school_days, spring_bank_holiday, terms
from simulation.uncounted import YEAR_11, Says, Uncounted, Year, uncounted
from simulation.writing import (
    NULL,
    Deliveries,
    array,
    code_part,
    framing,
    nullable_long,
    nullable_string,
    place_part,
    pupil_part,
    string,
)
from simulation.year import introduce

SCHOOL_DAYS = 195
BEGIN_LATE = 4
"""Pupils of a phase who count and begin at the end of May, or in June."""
_COLUMNS = {
    "L": "reason_l_present_late_before_registers_closed",
    "B": "reason_b_aea_education_off_site",
    "J": "reason_j_aea_interview",
    "K": "reason_k_aea_education_arranged_by_la",
    "P": "reason_p_aea_approved_sporting_activity",
    "V": "reason_v_aea_educational_visit_trip",
    "W": "reason_w_aea_work_experience",
    "C": "reason_c_authorised_other",
    "C1": "reason_c1_authorised_regulated_performance",
    "C2": "reason_c2_authorised_temp_reduced_timetable",
    "E": "reason_e_authorised_excluded",
    "H": "reason_h_authorised_holiday",
    "I": "reason_i_authorised_illness",
    "J1": "reason_j1_authorised_interview",
    "M": "reason_m_authorised_medical_dental",
    "R": "reason_r_authorised_religious_observance",
    "S": "reason_s_authorised_study_leave",
    "T": "reason_t_authorised_mobile_child",
    "G": "reason_g_unauthorised_holiday",
    "N": "reason_n_no_reason_yet",
    "O": "reason_o_other_unauthorised",
    "U": "reason_u_unauthorised_late_after_registers_closed",
}
_AUTHORISED = ("C", "C1", "C2", "E", "H", "I", "J1", "M", "R", "S", "T")
_MOSTLY_MORNING = {"L": 0.85, "U": 0.85}
_WEEKDAY = (1.0, 0.96, 0.90, 0.97, 1.17)
_PHASES = ("Primary", "Secondary", "Special")


Rows = dict[str, dict[str, str]]
"""Published rows by phase."""


class CountsNotFound(ValueError):
    """The file has no row for what was asked."""


def counts_of(row: Mapping[str, str]) -> dict[str, int]:
    """Sessions by code of one published row. Authorised absence beyond the listed codes is F, which is retired."""
    counts = {AM: int(row["reason_present_am"]), PM: int(row["reason_present_pm"])}
    counts.update({code: int(row[column]) for code, column in _COLUMNS.items()})
    counts["F"] = int(row["authorised_absence"]) - sum(counts[code] for code in _AUTHORISED)
    if counts["F"] < 0 or sum(counts.values()) != int(row["possible_sessions"]):
        raise ValueError(
            f"{row['la_name']} {row['education_phase']}: the counts by reason do not add up to "
            f"{row['possible_sessions']} possible sessions"
        )
    return counts


def read_counts(counts_csv: Path, authority: str, phase: str | None) -> tuple[date, dict[str, dict[str, int]], Rows]:
    """The start of the year, and by phase the counts and the rows of an authority."""
    with counts_csv.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["old_la_code"] == authority]
    found = {row["education_phase"]: row for row in rows if row["education_phase"] in _PHASES}
    if phase is not None:
        found = {name: row for name, row in found.items() if name.casefold() == phase.casefold()}
    if not found:
        wanted = f"authority {authority}" + ("" if phase is None else f", phase {phase}")
        raise CountsNotFound(f"{counts_csv} has no row for {wanted}")
    periods = {row["time_period"] for row in found.values()}
    if len(periods) > 1 or len(rows) != len({(r["time_period"], r["education_phase"]) for r in rows}):
        raise ValueError(
            f"{counts_csv} has more than one row for a phase of authority {authority}: keep one year of it"
        )
    first = date(int(periods.pop()[:4]), 9, 1)
    start = first + timedelta(days=-first.weekday() % 7)
    return start, {name: counts_of(row) for name, row in found.items()}, found


def halves(counts: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """The marks of all mornings, and of all afternoons: as near to one another as the present marks let them be."""
    rest = sum(n for code, n in counts.items() if code not in (AM, PM) and code not in _MOSTLY_MORNING)
    early = {code: round(counts.get(code, 0) * part) for code, part in _MOSTLY_MORNING.items()}
    wanted = sum(counts.values()) / 2 - counts[AM] - sum(early.values())
    part = min(0.7, max(0.3, wanted / rest)) if rest else 0.5
    morning = {AM: counts[AM]}
    afternoon = {PM: counts[PM]}
    for code, n in counts.items():
        if code in (AM, PM):
            continue
        first = early[code] if code in early else round(n * part)
        morning[code] = first
        afternoon[code] = n - first
    return morning, afternoon


class Stack:
    """The marks of one session of the day that are still to be dealt."""

    __slots__ = ("absent", "capacity", "codes", "left", "present", "remaining")

    def __init__(self, counts: Mapping[str, int], present: str, capacity: int) -> None:
        self.present = code_part(present)
        self.remaining = sum(counts.values())
        """Marks of all codes."""
        self.absent = self.remaining - counts[present]
        """Marks of other codes than the present one."""
        others = sorted(((n, code) for code, n in counts.items() if code != present and n), reverse=True)
        self.codes = [code_part(code) for _, code in others]
        self.left = [n for n, _ in others]
        self.capacity = capacity
        """Pupil sessions still to come: never fewer than the marks."""
        if self.remaining > capacity:
            raise ValueError(f"{self.remaining} marks do not fit into {capacity} pupil sessions")

    def take(self, pupils: int, factor: float, chance: float) -> tuple[int, int]:
        """How many marks a class gets, and how many of them are of other codes. `chance` is uniform in [0, 1)."""
        remaining = self.remaining
        if not remaining:
            self.capacity -= pupils
            return 0, 0
        marks = min(pupils, (remaining * pupils + self.capacity // 2) // self.capacity)
        others = int(marks * self.absent / remaining * factor + chance)
        others = max(marks - (remaining - self.absent), min(others, self.absent, marks))
        self.capacity -= pupils
        self.remaining = remaining - marks
        return marks, others

    def draw(self, drawn: float) -> bytes:
        """One mark of another code: each of those left is as likely. `drawn` is uniform in [0, 1)."""
        at = int(drawn * self.absent)
        self.absent -= 1
        for n, left in enumerate(self.left):
            if at < left:
                self.left[n] = left - 1
                return self.codes[n]
            at -= left
        raise AssertionError("the stack holds as many marks as it says")


@dataclass(slots=True)
class _Sheet:
    """A class's registers, with everything of their messages that never changes."""

    source: str
    key: str
    source_id: bytes
    place: bytes
    people: bytes
    opens: tuple[int, int]
    """Microseconds after midnight."""
    sequence: list[int]
    """Of the source: one number, shared by its classes."""
    rows: Callable[[date, int, int, Random], list[bytes]]
    """Of a day, a half of it, and its number among the school days. None: no register is taken."""
    counts: bool
    """Else it stands beside those that count, and may be taken on other days than school days."""


def _sheet(place: Place, group: Group, offset: int, sequence: list[int], of: _Dealt | Uncounted) -> _Sheet:
    return _Sheet(
        source=place.source.hex(),
        key=place.local_id,
        source_id=place.source,
        place=place_part(None, place.local_id),
        people=nullable_string(group.name) + nullable_string(group.taker) + nullable_string("named"),
        opens=(place.times[0] * MINUTE + offset, place.times[3] * MINUTE + offset),
        sequence=sequence,
        rows=of.rows,
        counts=isinstance(of, _Dealt),
    )


class _Part:
    """Those of a class whose sessions count between two days."""

    __slots__ = ("days", "plain", "pupils", "size", "until")

    def __init__(self, pupils: Sequence[Pupil], days: int, until: date) -> None:
        self.pupils = [pupil_part(pupil.mis) for pupil in pupils] * 2
        """First halves of rows, twice over, so that a slice can begin anywhere."""
        self.plain = ([p + code_part(AM) for p in self.pupils], [p + code_part(PM) for p in self.pupils])
        """Whole rows of those present, mornings and afternoons; twice over."""
        self.size = len(pupils)
        self.days = days
        self.until = until
        """The day after the last one."""


def _parts(group: Group, year: Year) -> list[_Part]:
    """A class, cut where somebody's sessions begin to count, and where those of the 15-year-olds cease to."""
    edges = {pupil.starting_day for pupil in group.pupils if pupil.starting_day > year.days[0]}
    if any(pupil.nc_year == YEAR_11 for pupil in group.pupils):
        edges.add(year.holiday)
    found = []
    for first, until in pairwise([year.days[0], *sorted(edges), date.max]):
        pupils = [
            pupil
            for pupil in group.pupils
            if pupil.starting_day <= first and (pupil.nc_year != YEAR_11 or first < year.holiday)
        ]
        found.append(_Part(pupils, bisect_left(year.days, until) - bisect_left(year.days, first), until))
    return found


class _Dealt:
    """A class that gets its share of the stacks, day after day."""

    __slots__ = ("_later", "_part", "_stacks")

    def __init__(self, parts: Sequence[_Part], stacks: tuple[Stack, Stack]) -> None:
        self._part, *self._later = parts
        self._stacks = stacks

    def rows(self, day: date, half: int, number: int, rng: Random) -> list[bytes]:
        """Its register of a session."""
        while day >= self._part.until:
            self._part = self._later.pop(0)
        part, stack, random = self._part, self._stacks[half], rng.random
        size = part.size
        if not size:
            return []
        factor = _WEEKDAY[day.weekday()] * (1.03 if half and day.weekday() == 4 else 1.0)
        marks, others = stack.take(size, factor, random())
        first = (number * 7 + half * 3) % size
        rows = part.plain[half][first : first + marks]
        if others:
            taken: set[int] = set()
            for _ in range(others):
                chance = random()
                at = (int(size * chance * chance) - first) % size
                while at >= marks or at in taken:
                    at = (at + 1) % size
                taken.add(at)
                rows[at] = part.pupils[first + at] + stack.draw(random())
        return rows


_HEAD = framing("RegisterTaken")
_END = NULL + nullable_string("electronic") + NULL + NULL + string("typed")


def _session(deliveries: Deliveries, sheets: Sequence[_Sheet], day: date, half: int, rng: Random, number: int) -> int:
    """Every class's register of one session, in order of arrival. Answers the marks written."""
    base = midnight(day)
    when = string(day.isoformat()) + string("AM" if half == 0 else "PM")
    randbytes, put = rng.randbytes, deliveries.put
    written = 0
    for one in sheets:
        rows = one.rows(day, half, number, rng)
        if not rows:
            continue
        one.sequence[0] += 1
        opened = base + one.opens[half]
        saved = opened + 6 * MINUTE
        value = b"".join(
            (
                _HEAD,
                randbytes(16),
                one.source_id,
                nullable_long(one.sequence[0]),
                zigzag(saved + 2 * SECOND),
                one.place,
                when,
                one.people,
                nullable_long(opened),
                nullable_long(saved),
                _END,
                array(rows, len(rows)),
            )
        )
        put(one.source, one.key, saved + 3 * SECOND, value)
        written += len(rows)
    return written


def _year(start: date) -> Year:
    """Terms with 195 school days: the last one is a day longer for each bank holiday and INSET day in term."""
    of = terms(start)
    shut = dict.fromkeys(bank_holidays(of), "bank_holiday") | dict.fromkeys((term.first for term in of[1:5]), "inset")
    while len(school_days(of, shut)) < SCHOOL_DAYS:
        last = of[-1]
        later = last.last + timedelta(days=3 if last.last.weekday() == 4 else 1)
        of[-1] = Term(last.name, last.first, later)
    return Year(of, shut, school_days(of, shut)[:SCHOOL_DAYS], spring_bank_holiday(of))


def _needed(marks: int, phase: str, year: Year) -> int:
    """Pupils enough for so many marks of one half of the day: 15-year-olds, one year group of those that the phase
    takes, come no more from the spring bank holiday on, and some begin late."""
    years = Kind(phase, COUNTS, reception=False).years
    lost = sum(day >= year.holiday for day in year.days) if YEAR_11 in years else 0
    days = SCHOOL_DAYS * len(years) - lost
    return -(-(marks + BEGIN_LATE * SCHOOL_DAYS) * len(years) // days)


def _at_the_edges(place: Place, year: Year, says: Says) -> None:
    """Of those who count: the oldest and the youngest that each year group can hold; and some who begin late, but
    before the second half of the summer term, or not anew (a stay transferred on a succession)."""
    born = year.days[0].year - 5
    for nc_year in place.years:
        own = [pupil for pupil in place.pupils if pupil.nc_year == nc_year]
        for pupil in own[:1]:
            pupil.birth_date = date(born - nc_year, 9, 1)
        for pupil in own[1:][-1:]:
            pupil.birth_date = date(born + 1 - nc_year, 8, 31)
    at = bisect_left(year.days, year.holiday)
    begins = (("in_year", year.days[at - 1]), ("transferred_on_succession", year.days[at])) * (BEGIN_LATE // 2)
    late = [pupil for pupil in place.pupils if pupil.nc_year != YEAR_11][-BEGIN_LATE:]
    for pupil, (admission, day) in zip(late, begins, strict=False):
        pupil.starting_day = day
        says[pupil.mis] = {"admission": admission}


def simulate_counts(
    out: Path,
    counts_csv: Path,
    authority: str,
    phase: str | None = None,
    seed: int = 1,
    progress: Callable[[int], None] | None = None,
    *,
    others: bool = True,
) -> Summary:
    """Write to `out` one mark for each counted session of an authority (of one phase, if named).

    With `others`, those who must not count stand beside them (`Summary.left_out`), and the last place of a phase that
    has several tells no calendar. `progress` is called after each day with the marks written so far. Raises
    CountsNotFound where the file has no such row, and ValueError where its counts contradict one another.
    """
    rng = Random(seed)
    start, by_phase, published = read_counts(counts_csv, authority, phase)
    year = _year(start)
    made = Authority(authority, year.days[0], rng)
    says: Says = {}
    places: list[Place] = []
    shut: dict[int, dict[date, str]] = {}
    sheets: list[_Sheet] = []
    beside: dict[str, list[Uncounted]] = {}
    for name, counts in by_phase.items():
        morning, afternoon = halves(counts)
        row = published[name]
        fullest = max(sum(morning.values()), sum(afternoon.values()))
        pupils = max(math.ceil(float(row["enrolments"])), _needed(fullest, name, year))
        number = min(pupils, math.ceil(float(row["num_schools"])))
        rolls = share(pupils - number, [rng.uniform(0.5, 1.5) for _ in range(number)])
        here = [made.place(Kind(name, COUNTS, reception=False), roll + 1) for roll in rolls]
        _at_the_edges(here[0], year, says)
        parts = [[_parts(group, year) for group in place.groups] for place in here]
        capacity = sum(part.size * part.days for of_place in parts for of_group in of_place for part in of_group)
        stacks = (Stack(morning, AM, capacity), Stack(afternoon, PM, capacity))
        for nth, (place, of_place) in enumerate(zip(here, parts, strict=True)):
            tells = not others or nth == 0 or nth < number - 1
            if tells:
                shut[place.number] = year.shut
            sequence = [5 if tells else 4]  # times, calendar, codes, staff and roll come first
            for group, of_group in zip(place.groups, of_place, strict=True):
                sheets.append(_sheet(place, group, rng.randrange(10 * MINUTE), sequence, _Dealt(of_group, stacks)))
            if others and nth in (0, number - 1):
                extra = uncounted(made, place, year, says, calendar=tells)
                beside.setdefault(name, []).append(extra)
                sheets.append(_sheet(place, extra.group, rng.randrange(10 * MINUTE), sequence, extra))
        places += here

    def row_of(pupil: Pupil, group: str | None) -> dict[str, Any]:
        return pupil_row(pupil, group, **says.get(pupil.mis, {}))

    numbers = {day: number for number, day in enumerate(year.days)}
    extras = [extra for of_phase in beside.values() for extra in of_phase]
    with Deliveries(out, rng.randbytes(16)) as deliveries:
        post = Post(deliveries, rng)
        introduce(post, places, year.of, shut, year.days[0], row=row_of)
        post.deliver(None)
        marks = 0
        whole = [sorted(sheets, key=lambda one: one.opens[half]) for half in (0, 1)]
        apart = [[one for one in of_half if not one.counts] for of_half in whole]
        for day in sorted({*year.days, *(day for extra in extras for day in extra.by_day)}):
            for half in (0, 1):
                taken = whole[half] if day in numbers else apart[half]
                marks += _session(deliveries, taken, day, half, rng, numbers.get(day, 0))
            if progress is not None:
                progress(marks)
    left_out = {name: _left_out(of_phase) for name, of_phase in beside.items()}
    summary = Summary(out, deliveries.count, marks, post.rows + marks, [], by_phase, left_out)
    write_planted(summary)
    return summary


def _left_out(extras: Sequence[Uncounted]) -> dict[str, dict[str, int]]:
    """What those who must not count have sent, by reason and code."""
    found: dict[str, dict[str, int]] = {}
    for (why, code), sent in sorted(sum((extra.sent for extra in extras), Counter()).items()):
        found.setdefault(why, {})[code] = sent
    return found
