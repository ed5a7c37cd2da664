"""Pupils of an imported history: their lines in the school years that are past, and leavers of long ago.

A message that comes live speaks of today's register. A history speaks of years at once: a pupil who started in 2019
and left in 2023 had a line in each year's register between, and marks of those years hang on them. What a live source
has said of a line stands; a history adds the years before it, and amends nothing (`decide._overtaken`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from consumers.hearing import Hearing
from consumers.people import _enter, hear_leavers, hear_pupils
from consumers.pupil_rows import LEAST_NC_YEAR, Row
from domain.admission_register import decide as admission
from domain.admission_register import line as lines
from domain.admission_register.decide import PupilSaid, Saying
from domain.identifiers import normalise_upn
from domain.ledger.unit import Unit
from domain.moments import academic_year_before, academic_year_of, days, from_days
from domain.place.place import Place
from domain.pupil import line_opened, names_nobody

AUGUST = 8
"""Whoever leaves or is exported in August was last on the register of the school year that ended in July."""
MOST_YEARS = 30
"""Nobody is on one school's roll for longer: a starting day of 1900 opens no hundred registers."""


def hear_past_pupils(hearing: Hearing) -> None:
    """PupilsStated of a history: each pupil's lines from the starting day to the leaving day, or to the export."""
    hear_pupils(hearing, _keep)


def hear_past_leavers(hearing: Hearing) -> None:
    """PupilLeft of a history: off the line of the year in which the pupil left."""
    hear_leavers(hearing, _line_left)


def _keep(
    hearing: Hearing, place: Place, pupil: bytes, row: Row, said: PupilSaid, saying: Saying, is_new: bool
) -> None:
    """The lines of one stay. `said.nc_year` and the class are those of its last year: of the earlier ones the year
    group follows, and the class is not known."""
    unit = hearing.unit
    years = _years(place, said, hearing.said_on)
    current: lines.Line | None = None
    for back, year in zip(range(len(years) - 1, -1, -1), years, strict=True):
        known = None if is_new else _line_in(unit, place, pupil, year, said)
        if known is None and current is not None:
            if current.told_live:
                break  # whether he went on is for the live source to say
            known = _carry(unit, place, pupil, current, year)
        if known is None:
            then = replace(said, nc_year=_year_group(said, back), leaving_on=None)
            known = _enter(hearing, place, pupil, year, then, saying, is_new)
        current = known
    if current is None or current.told_live or current.deletion_version:
        return
    said = replace(said, group=hearing.group(place, row["group"], current.school_year))
    if current.carried:
        said = replace(said, entered_on=None, starting_day_basis="not_said", admission="other")
    unit.record(admission.restate(current, said, saying), lines.evolve, current)


def _years(place: Place, said: PupilSaid, exported_on: int) -> list[int]:
    """The school years of a stay, first to last."""
    left = said.leaving_on
    last = _register_of(place, exported_on if left is None or left > exported_on else left)
    first = academic_year_of(said.starting_day)
    years = [max(first, last)]
    while years[0] > first and len(years) < MOST_YEARS:
        years.insert(0, academic_year_before(years[0]))
    return years


def _register_of(place: Place, day: int) -> int:
    """The school year of whose register a day is the end of a stay."""
    year = place.school_year_on(day)
    in_august = from_days(day).month == AUGUST
    return academic_year_before(academic_year_of(day)) if in_august and place.first_day_of(year) is None else year


def _year_group(said: PupilSaid, back: int) -> int | None:
    """The year group so many years before the last; None where it is not said, and the birth date gives it."""
    then = None if said.nc_year is None else said.nc_year - back
    return None if then is None or then < LEAST_NC_YEAR else then


def _line_in(unit: Unit, place: Place, pupil: bytes, year: int, said: PupilSaid) -> lines.Line | None:
    """The line of a year that is already there and of the same stay."""
    for stay in unit.stays(place.id, year, pupil):
        line = unit.line(place.id, stay.id)
        left = line.left_on if line.left_on is not None else line.leaving_on
        begun_after = said.leaving_on is not None and said.leaving_on < line.starting_day
        ended_before = left is not None and left < said.starting_day
        if not begun_after and not ended_before:
            return line
    return None


def _carry(unit: Unit, place: Place, pupil: bytes, old: lines.Line, year: int) -> lines.Line:
    """The line of the year after, on the day on which that began as far as is known."""
    told = place.first_day_of(year)
    first_day = days(date(year // 100, 9, 1)) if told is None else told
    _, old_id = lines.parts_of(old.stream)
    new_id = unit.new_id(partial(lines.stream_of, place.id))
    new = unit.line(place.id, new_id)
    unit.record(admission.carry_forward(old, new, year, first_day), lines.evolve, new)
    unit.record_of_pupil(line_opened(pupil, new_id, place.id, year, first_day, old_id))
    return new


def _pupil_called(hearing: Hearing, row: Row) -> bytes | None:
    found = (
        [] if names_nobody(row["mis_pupil"]) else hearing.unit.find("mis_pupil", hearing.source.hex(), row["mis_pupil"])
    )
    if not found and row["upn"]:
        return hearing.unit.numbered(normalise_upn(row["upn"]))
    return found[-1].id if found else None


def _line_left(hearing: Hearing, place: Place, row: Row, leaving_on: int) -> lines.Line | None:
    """The last line of the stay in which a leaver left."""
    unit = hearing.unit
    pupil = _pupil_called(hearing, row)
    if pupil is None:
        return None
    year = academic_year_of(leaving_on)
    for school_year in (year, academic_year_before(year)):
        found = [unit.line(place.id, stay.id) for stay in unit.stays(place.id, school_year, pupil)]
        begun = [line for line in found if line.starting_day <= leaving_on]
        if begun:
            return begun[-1]
    return None


HEAR: Mapping[str, Callable[[Hearing], None]] = {
    "PupilsStated": hear_past_pupils,
    "PupilLeft": hear_past_leavers,
}
"""What is heard otherwise when it comes with a history."""
