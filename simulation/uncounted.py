"""Who must not count: sessions beside the published ones that no published figure may hold (law.md 4).

They stand in the registers of one more class, in the first place of a phase and in its last. Each has one reason only,
and what is sent is counted by it, so that whoever reads the file can be held to it exactly. A stay that has ended has
ended by a leaving day stated: a deletion told in the file is rightly not believed by a ledger that takes it in later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import cycle
from typing import Any

from simulation.authority import AM, PM, Authority, Group, Place, Pupil
from simulation.terms import Term
from simulation.writing import code_part, pupil_part

YEAR_11 = 11
"""Fifteen on 31 August."""
Says = dict[str, dict[str, Any]]
"""What the roll says of a pupil (by the source's id) beside what it says of everyone."""

_EVERY = 5
"""They come on every fifth school day. One session in ten million is seen in the fifth decimal."""
_SOME = 10
"""Of those who count on other days."""
_ANY = ("O", AM, "I", "U", "O")
"""Not in the proportions of a school, or they could be counted and move no percentage. Present is of either half."""
_NOT_POSSIBLE = ("X", "D", "Q", "Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7")
_NO_MARK = ("Z", "#")
_UNMAPPED = ("ABS", "??", "A-1")
_NOT_FIFTEEN = {"Primary": range(1, 7), "Secondary": range(7, YEAR_11), "Special": range(1, YEAR_11)}
"""Curriculum years of those who would count whenever they come."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Year:
    """A school year: of every place that tells a calendar, and of the one that tells none."""

    of: list[Term]
    shut: dict[date, str]
    days: list[date]
    """Those on which every place meets."""
    holiday: date
    """The spring bank holiday: from it on no session of a 15-year-old counts."""

    @property
    def not_held(self) -> list[date]:
        """Before that holiday: the days shut, Saturdays, and two days of the autumn's half term."""
        saturdays = [term.first + (5 - term.first.weekday()) * _DAY for term in self.of[:5]]
        away = [self.of[0].last + n * _DAY for n in (5, 6)]
        return sorted(day for day in {*self.shut, *saturdays, *away} if day < self.holiday)


@dataclass(frozen=True, slots=True)
class _Other:
    """A pupil, and the days on which their sessions must not count."""

    why: str
    pupil: Pupil
    days: frozenset[date]
    codes: Iterator[str]


@dataclass(slots=True)
class Uncounted:
    """One more class of a place, and what its registers have sent."""

    group: Group
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By reason and national code (empty: the code sent stands for none)."""
    by_day: dict[date, list[_Other]] = field(default_factory=dict)

    def rows(self, day: date, half: int, *_: object) -> list[bytes]:
        """Its register of a session; empty: none is taken. Whoever comes, comes to both halves of the day."""
        found = []
        for other in self.by_day.get(day, ()):
            code = next(other.codes)
            code = PM if code == AM and half else code
            self.sent[other.why, "" if code in _UNMAPPED else code] += 1
            found.append(pupil_part(other.pupil.mis) + code_part(code))
        return found


def uncounted(made: Authority, place: Place, year: Year, says: Says, *, calendar: bool) -> Uncounted:
    """A class of those who must not count, on the roll of a place. `calendar`: the place tells one."""
    first, middle, ages = year.days[0], year.days[len(year.days) // 2], _NOT_FIFTEEN[place.phase]
    usual = [pupil for pupil in place.pupils if pupil.nc_year != YEAR_11 and pupil.starting_day <= first]
    others: list[_Other] = []
    drawn = cycle(ages)

    def add(why: str, pupil: Pupil, days: Iterable[date], codes: Sequence[str] = _ANY, **more: Any) -> None:
        others.append(_Other(why, pupil, frozenset(days), cycle(codes)))
        if more:
            says[pupil.mis] = more

    def anyone() -> Pupil:
        return made.pupil(next(drawn))

    def some(begin: date = first, end: date = date.max) -> list[date]:
        return [day for day in year.days if begin <= day < end][::_EVERY]

    if place.phase != "Secondary":
        young = [made.pupil(nc_year) for nc_year in (0, 0, -1)]
        young[0].birth_date = date(first.year - 5, 9, 1)  # five on the day after 31 August
        for pupil in young:
            add("under_five", pupil, some())
    if place.phase != "Primary":
        old = [made.pupil(nc_year) for nc_year in (12, 12, 13)]
        old[0].birth_date = date(first.year - 16, 8, 31)  # sixteen on that very day
        for pupil in old:
            add("over_fifteen", pupil, some())
        week = [] if calendar else [year.holiday + n * _DAY for n in range(5)]
        for pupil in [pupil for pupil in place.pupils if pupil.nc_year == YEAR_11][:_SOME]:
            add("year_11", pupil, {*week, *some(year.holiday)})
    for weeks in range(3):
        pupil = anyone()
        pupil.starting_day = year.holiday + 7 * weeks * _DAY
        add("late_joiner", pupil, some(pupil.starting_day), admission="in_year")
    for nights, begin in (("boarder", first), ("six_nights", first), ("seven_nights", middle)):
        pupil = anyone()
        pupil.boarder = nights
        add("boarder", pupil, some(begin), boarder=nights, boarder_from=begin.isoformat())
    for _ in range(2):
        pupil = anyone()
        pupil.status = "G"
        add("guest", pupil, some())
    pupil = anyone()
    pupil.starting_day = middle
    add("off_roll", pupil, {*some(end=middle), max(day for day in year.days if day < middle)}, admission="in_year")
    add("off_roll", anyone(), some(middle + _DAY), leaving_on=middle.isoformat())
    add("no_mark", anyone(), some(), _NO_MARK)
    add("not_possible", anyone(), some(), _NOT_POSSIBLE)
    add("unmapped", anyone(), some(), _UNMAPPED)
    if calendar:
        for pupil in usual[:_SOME]:
            add("not_held", pupil, year.not_held)
    return _entered(place, others)


def _entered(place: Place, others: Sequence[_Other]) -> Uncounted:
    """Those of the others who are new come onto the place's roll: boarders into a house, the rest into a class."""
    here = {pupil.mis for pupil in place.pupils}
    new = [other.pupil for other in others if other.pupil.mis not in here]
    found = Uncounted(Group("Extra", place.officer, [pupil for pupil in new if pupil.boarder is None]))
    place.groups.append(found.group)
    place.houses.append(Group("House", place.officer, [pupil for pupil in new if pupil.boarder is not None]))
    for other in others:
        for day in other.days:
            found.by_day.setdefault(day, []).append(other)
    return found
