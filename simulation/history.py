"""A school's past as its old system would export it: tables of pupils, terms, marks as they stand, and the audit log.

For trying `rollbook import --history` and for its tests. The school is made up as everywhere here; its pupils come,
move up and leave over the years, and some of their marks were changed, once or twice, as such marks are: N to a reason,
a reason to another, a mark taken back. What the tables should come to is returned beside them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

from simulation.authority import AM, PM, ROUND, Authority, Kind, Place, Pupil
from simulation.behaviour import Behaviour
from simulation.terms import Term, bank_holidays, school_days, terms

LAST_START = date(2024, 9, 2)
"""The first day of the last year: a past, seen from whenever somebody tries this."""
MOST_YEARS = 12
LEAVE_EARLY = 0.04
"""The share of pupils who leave in the middle of a year, and of those who come then."""
DOUBTFUL = 0.45
"""The share of absences that stood as N first."""
SECOND = 0.15
"""Of the changed ones, those that were changed once more; a doctor's letter."""
WRONG = 0.004
"""The share of other marks that were wrong first."""

Spot = tuple[str, str, str]
"""The old system's id of a pupil, the date, the session."""


@dataclass(frozen=True, slots=True)
class Past:
    """What was written, and what it should come to."""

    folder: Path
    place: Place
    years: int
    pupils: int
    marks: int
    changes: int
    chains: Mapping[Spot, Sequence[str]] = field(repr=False, default_factory=dict)
    """The codes that ever stood in a session, first to current, where there was more than one. An empty last one: the
    mark was taken back."""

    @property
    def files(self) -> list[Path]:
        """The tables."""
        return [self.folder / f"{name}.csv" for name in _COLUMNS]


_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "calendar": ("what", "from", "to"),
    "pupils": (
        "pupil", "upn", "full_name", "name_used", "sex", "birth_date", "address", "starting_day", "leaving_on",
        "year_group", "class", "leaving_reason",
    ),
    "marks": ("pupil", "date", "session", "code", "minutes_late", "comment"),
    "changes": ("pupil", "date", "session", "old", "new", "changed_at", "changed_by", "reason"),
}  # fmt: skip


@dataclass(slots=True, eq=False)
class _Stay:
    pupil: Pupil
    starting_day: date
    group: str
    leaving_on: date | None = None
    year_group: int = 0


def simulate_history(
    folder: Path,
    *,
    pupils: int = 60,
    years: int = 3,
    seed: int = 805,
    authority: str = "805",
    progress: Callable[[int], None] | None = None,
) -> Past:
    """Write the tables of one secondary school into a folder, which is made if it is not there.

    ValueError with a sentence for more years than a school's pupils could have been there.
    """
    if not 1 <= years <= MOST_YEARS:
        raise ValueError(f"a history is of 1 to {MOST_YEARS} years, not {years}")
    folder.mkdir(parents=True, exist_ok=True)
    rng = Random(seed)
    starts = [date(LAST_START.year - back, 9, 2) for back in range(years - 1, -1, -1)]
    made = Authority(authority, starts[0], rng)
    place = made.place(_secondary(), pupils)
    behaviour = Behaviour(place.phase)
    stays = [_Stay(p, p.starting_day, g.name, year_group=p.nc_year) for p, g in place.roll]
    chains: dict[Spot, list[str]] = {}
    marks = changes = 0
    with _Tables(folder) as out:
        on_roll = list(stays)
        for year, start in enumerate(starts):
            of = terms(start)
            shut = bank_holidays(of)
            _write_calendar(out, of, shut)
            on_roll = _turn(made, stays, on_roll, start, rng) if year else on_roll
            leavers = _leavers(on_roll, of, rng)
            for day in school_days(of, shut):
                for stay in on_roll:
                    if stay.starting_day <= day and not (stay in leavers and leavers[stay] < day):
                        for session, code in zip(("AM", "PM"), behaviour.day(stay.pupil, day, rng), strict=True):
                            spot = (stay.pupil.mis, day.isoformat(), session)
                            marks += 1
                            changes += _write_mark(out, spot, code, place, chains, rng)
                if progress is not None:
                    progress(marks)
            for stay, left in leavers.items():
                stay.leaving_on = left
            on_roll = [stay for stay in on_roll if stay.leaving_on is None]
        _write_pupils(out, stays)
    return Past(folder, place, years, len(stays), marks, changes, chains)


def _secondary() -> Kind:
    return next(kind for kind in ROUND if kind.phase == "Secondary")


def _turn(made: Authority, stays: list[_Stay], on_roll: list[_Stay], start: date, rng: Random) -> list[_Stay]:
    """A new school year: everybody moves up, and a new Year 7 comes."""
    for stay in on_roll:
        stay.year_group += 1
        stay.group = f"{stay.year_group}{stay.group[-1]}"
    newcomers = max(1, len(stays) // 6)
    for n in range(newcomers):
        pupil = made.pupil(7)
        begins = start if rng.random() > LEAVE_EARLY else start + timedelta(days=70)
        new = _Stay(pupil, begins, f"7{'AB'[n % 2]}", year_group=7)
        stays.append(new)
        on_roll = [*on_roll, new]
    return on_roll


def _leavers(on_roll: Iterable[_Stay], of: Sequence[Term], rng: Random) -> dict[_Stay, date]:
    """Who leaves in this year, and on which day: Year 11 at its end, a few others before."""
    found: dict[_Stay, date] = {}
    for stay in on_roll:
        if stay.year_group >= 11:
            found[stay] = of[-1].last
        elif rng.random() < LEAVE_EARLY:
            found[stay] = of[rng.randrange(1, 5)].last
    return found


_REASONS = ("Mother rang: unwell.", "Note from home.", "Father wrote.", "Spoke to the pupil.")


def _write_mark(out: _Tables, spot: Spot, code: str, place: Place, chains: dict[Spot, list[str]], rng: Random) -> int:
    """The mark as it stands, and the steps by which it came to stand so. Answers how many steps."""
    steps = _steps(code, rng)
    minutes = str(rng.randrange(3, 40)) if code in ("L", "U") else ""
    if steps[-1]:
        out.write("marks", (*spot, code, minutes, ""))
    if len(steps) == 1:
        return 0
    chains[spot] = steps
    day = date.fromisoformat(spot[1])
    when = datetime(day.year, day.month, day.day, 11 if spot[2] == "AM" else 15, rng.randrange(60))  # noqa: DTZ001
    for old, new in pairwise(steps):
        out.write("changes", (*spot, old, new, f"{when:%d/%m/%Y %H:%M}", place.officer, rng.choice(_REASONS)))
        when += timedelta(days=rng.randrange(1, 30), minutes=rng.randrange(60))
    return len(steps) - 1


def _steps(code: str, rng: Random) -> list[str]:
    """The codes that stood, first to last."""
    if code in ("I", "M", "C", "O", "G", "L") and rng.random() < DOUBTFUL:
        if code == "M" or (code == "I" and rng.random() < SECOND):
            return ["N", "I" if code == "M" else "O", code]
        return ["N", code]
    drawn = rng.random()
    if drawn < WRONG:
        return ["N" if code in (AM, PM) else AM, code]
    if drawn < WRONG * 1.05:
        return [code, ""]  # marked, and taken back: the pupil was not due
    return [code]


def _write_calendar(out: _Tables, of: Sequence[Term], shut: Sequence[date]) -> None:
    for term in of:
        out.write("calendar", (term.name, term.first.isoformat(), term.last.isoformat()))
    for day in shut:
        out.write("calendar", ("bank_holiday", day.isoformat(), day.isoformat()))


def _write_pupils(out: _Tables, stays: Iterable[_Stay]) -> None:
    for stay in stays:
        pupil = stay.pupil
        left = "" if stay.leaving_on is None else stay.leaving_on.isoformat()
        born, began = pupil.birth_date.isoformat(), stay.starting_day.isoformat()
        cells = (pupil.mis, pupil.upn or "", pupil.full_name, pupil.name_used, pupil.sex, born, pupil.address, began)
        why = "Left at the end of Year 11" if stay.year_group >= 11 else "Moved away"
        out.write("pupils", (*cells, left, str(stay.year_group), stay.group, why if left else ""))


class _Tables:
    """The CSV files, open together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> _Tables:
        self._files = {
            name: (self._folder / f"{name}.csv").open("w", encoding="utf-8", newline="") for name in _COLUMNS
        }
        self._writers = {name: csv.writer(file) for name, file in self._files.items()}
        for name, columns in _COLUMNS.items():
            self._writers[name].writerow(columns)
        return self

    def write(self, table: str, cells: Sequence[str]) -> None:
        """One more row."""
        self._writers[table].writerow(cells)

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
