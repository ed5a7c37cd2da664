"""Exactly the published counts of an authority: one mark per counted session, dealt without keeping a deck.

For each phase the marks of the morning and of the afternoon are two stacks, known only by how many of each code are
left. Each register takes its share from the stack; what it may take is bounded so that the last register takes the
last mark. So memory does not grow with the number of marks, and no code comes out once too often. Who in a class is
absent is drawn so that some pupils are absent far more often than others, as in life.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from schemas.flat import zigzag
from simulation.authority import AM, PM, Authority, Group, Kind, Place, share
from simulation.messages import pupil_row
from simulation.post import Post
from simulation.sources import COUNTS
from simulation.summary import Summary, write_planted
from simulation.terms import MINUTE, SECOND, Term, bank_holidays, midnight, school_days, terms
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
class _Class:
    """A class, with everything of its messages that never changes."""

    source: str
    key: str
    source_id: bytes
    place: bytes
    people: bytes
    pupils: list[bytes]
    """First halves of rows, twice over, so that a slice can begin anywhere."""
    plain: tuple[list[bytes], list[bytes]]
    """Whole rows of those present, mornings and afternoons; twice over."""
    size: int
    opens: tuple[int, int]
    """Microseconds after midnight."""
    sequence: list[int]
    """Of the source: one number, shared by its classes."""
    stacks: tuple[Stack, Stack]


def _make_class(place: Place, group: Group, offset: int, sequence: list[int], stacks: tuple[Stack, Stack]) -> _Class:
    pupils = [pupil_part(pupil.mis) for pupil in group.pupils] * 2
    return _Class(
        source=place.source.hex(),
        key=place.local_id,
        source_id=place.source,
        place=place_part(None, place.local_id),
        people=nullable_string(group.name) + nullable_string(group.taker) + nullable_string("named"),
        pupils=pupils,
        plain=([p + code_part(AM) for p in pupils], [p + code_part(PM) for p in pupils]),
        size=len(group.pupils),
        opens=(place.times[0] * MINUTE + offset, place.times[3] * MINUTE + offset),
        sequence=sequence,
        stacks=stacks,
    )


_HEAD = framing("RegisterTaken")
_END = NULL + nullable_string("electronic") + NULL + NULL + string("typed")


def _session(deliveries: Deliveries, classes: list[_Class], day: date, half: int, rng: Random, day_number: int) -> int:
    """Every class's register of one session, in order of arrival. Answers the marks written."""
    base = midnight(day)
    when = string(day.isoformat()) + string("AM" if half == 0 else "PM")
    factor = _WEEKDAY[day.weekday()] * (1.03 if half and day.weekday() == 4 else 1.0)
    random, randbytes, put = rng.random, rng.randbytes, deliveries.put
    written = 0
    for one in classes:
        stack = one.stacks[half]
        size = one.size
        marks, others = stack.take(size, factor, random())
        if not marks:
            continue
        first = (day_number * 7 + half * 3) % size
        rows = one.plain[half][first : first + marks]
        if others:
            taken: set[int] = set()
            for _ in range(others):
                chance = random()
                at = (int(size * chance * chance) - first) % size
                while at >= marks or at in taken:
                    at = (at + 1) % size
                taken.add(at)
                rows[at] = one.pupils[first + at] + stack.draw(random())
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
                array(rows, marks),
            )
        )
        put(one.source, one.key, saved + 3 * SECOND, value)
        written += marks
    return written


def _calendar(start: date) -> tuple[list[Term], dict[date, str], list[date]]:
    """Terms with 195 school days: the last one is a day longer for each bank holiday in term."""
    of = terms(start)
    shut = dict.fromkeys(bank_holidays(of), "bank_holiday")
    while len(school_days(of, shut)) < SCHOOL_DAYS:
        last = of[-1]
        later = last.last + timedelta(days=3 if last.last.weekday() == 4 else 1)
        of[-1] = Term(last.name, last.first, later)
    return of, shut, school_days(of, shut)[:SCHOOL_DAYS]


def simulate_counts(
    out: Path,
    counts_csv: Path,
    authority: str,
    phase: str | None = None,
    seed: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Write to `out` one mark for each counted session of an authority (of one phase, if named), and nothing else.

    `progress` is called after each day with the marks written so far. Raises CountsNotFound where the file has no such
    row, and ValueError where its counts contradict one another.
    """
    rng = Random(seed)
    start, by_phase, published = read_counts(counts_csv, authority, phase)
    of, shut, days = _calendar(start)
    made = Authority(authority, days[0], rng)
    places: list[Place] = []
    classes: list[_Class] = []
    for name, counts in by_phase.items():
        morning, afternoon = halves(counts)
        fullest = max(sum(morning.values()), sum(afternoon.values()))
        row = published[name]
        pupils = max(math.ceil(float(row["enrolments"])), -(-fullest // SCHOOL_DAYS))
        number = min(pupils, math.ceil(float(row["num_schools"])))
        rolls = share(pupils - number, [rng.uniform(0.5, 1.5) for _ in range(number)])
        stacks = (Stack(morning, AM, pupils * SCHOOL_DAYS), Stack(afternoon, PM, pupils * SCHOOL_DAYS))
        for roll in rolls:
            place = made.place(Kind(name, COUNTS), roll + 1)
            places.append(place)
            sequence = [5]  # times, calendar, codes, staff and roll come first
            for group in place.groups:
                offset = rng.randrange(10 * MINUTE)
                classes.append(_make_class(place, group, offset, sequence, stacks))
    with Deliveries(out, rng.randbytes(16)) as deliveries:
        post = Post(deliveries, rng)
        introduce(post, places, of, dict.fromkeys((p.number for p in places), shut), days[0], row=pupil_row)
        post.deliver(None)
        marks = 0
        orders = (sorted(classes, key=lambda one: one.opens[0]), sorted(classes, key=lambda one: one.opens[1]))
        for number, day in enumerate(days):
            for half in (0, 1):
                marks += _session(deliveries, orders[half], day, half, rng, number)
            if progress is not None:
                progress(marks)
    summary = Summary(out, deliveries.count, marks, post.rows + marks, [], by_phase)
    write_planted(summary)
    return summary
