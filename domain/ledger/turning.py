"""The turn of the school year: lines go on into the new register, by rule, before anything of the new year is decided.

At the first entry that belongs to the new school year, or on the first day of its first half term, whichever comes
first; never for a pupil who was deleted or whose stated leaving day has passed (events.md 2.2, LineCarriedForward).
"""

from __future__ import annotations

import random
from functools import partial

from domain.admission_register import line as lines
from domain.admission_register.decide import carry_forward, goes_on
from domain.ledger.arrangements import carry_arrangements
from domain.ledger.unit import Unit
from domain.moments import academic_year_before, academic_year_of
from domain.place.decide import begin_year
from domain.place.place import evolve as evolve_place
from domain.pupil import line_opened


def turn_of_the_year(unit: Unit, place: bytes, day: int) -> None:
    """Carry the lines of a place into the school year of a day, if that was not done yet.

    `day` (days since 1970) is that of an entry, or today once the first half term has begun.
    """
    year = academic_year_of(day)
    if unit.year_begun(place, year):
        return
    told = unit.place(place)
    first_told = told.first_day_of(year)
    first_day = day if first_told is None else min(day, first_told)
    if told.closed_on is not None and told.closed_on < first_day:
        return  # nobody goes on into the new year of a school that has closed; if the closure is undone, they do
    # Recorded even where no line goes on: that the lines were gone through is what later decisions count on.
    unit.record([begin_year(told, year, first_day)], evolve_place, told)
    unit.counts_on_all = True  # a line that another writer adds meanwhile would be in neither year's going through
    names = unit.stream_names(f"admission-register/{place.hex()}/")
    last_year = academic_year_before(year)
    olds = unit.preload(names, lines.Line, lines.evolve, lambda entered: entered.get("school_year") == last_year)
    # By the order of their names, or of their entries, the new lines would be tied to the old ones in clear.
    random.SystemRandom().shuffle(olds)
    # Asked for together: a look-up of one is a look-up of all.
    unit.find_many("arrangement", "", [lines.parts_of(old.stream)[1].hex() for old in olds])
    for old in _one_line_each(unit, olds):
        if not old.version or old.school_year != last_year or not goes_on(old, first_day):
            continue
        _carry(unit, place, old, year, first_day)


def _one_line_each(unit: Unit, olds: list[lines.Line]) -> list[lines.Line]:
    """Lines in the order in which they go on: of a child who was entered twice, that of the identity that stays first,
    so that it is the one which is carried."""
    if not unit.ever_joined:
        return olds
    pupils = unit.find_many("pupil_of_line", "", [lines.parts_of(old.stream)[1].hex() for old in olds])
    merged = {line for line, found in pupils.items() if unit.staying(found[-1].id) != found[-1].id}
    return sorted(olds, key=lambda old: lines.parts_of(old.stream)[1].hex() in merged)


def carry_late(unit: Unit, place: bytes, old: lines.Line, today: int) -> None:
    """Carry one line that was not there, or not on the roll, when the place's lines went into the year of today."""
    told = unit.place(place)
    year = told.school_year_on(today)
    if told.closed_on is not None and told.closed_on < today:
        return
    if old.version and old.school_year == academic_year_before(year) and unit.year_begun(place, year):
        first_told = told.first_day_of(year)
        first_day = today if first_told is None else first_told
        if goes_on(old, first_day):
            _carry(unit, place, old, year, first_day)


def _carry(unit: Unit, place: bytes, old: lines.Line, year: int, first_day: int) -> None:
    _, old_id = lines.parts_of(old.stream)
    pupil = unit.find("pupil_of_line", "", old_id.hex())[-1].id
    there = [unit.line(place, stay.id) for stay in unit.stays(place, year, pupil)]
    if any(line.entry_version for line in there):
        return  # entered in the new year already, or carried as the same child
    # A place that was agreed for the new year (from nursery to reception) has a line there, and one is enough.
    new_id = lines.parts_of(there[-1].stream)[1] if there else unit.new_id(partial(lines.stream_of, place))
    new = unit.line(place, new_id)
    unit.record(carry_forward(old, new, year, first_day), lines.evolve, new)
    if not there:
        unit.record_of_pupil(line_opened(pupil, new_id, place, year, first_day, old_id))
    carry_arrangements(unit, place, old_id, new_id, first_day)
