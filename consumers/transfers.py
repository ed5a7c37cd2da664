"""What a common transfer file says of attendance at an earlier school (SI 2005/1437 Schedule 2): kept, in no count."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from consumers.hearing import Hearing, day_of
from consumers.pupil_rows import Row, other_school
from consumers.statements import count, hold_dates
from domain.admission_register import line as lines
from domain.admission_register.particulars import PriorSaid, Saying, prior_totals
from domain.events import NOBODY
from domain.moments import academic_year_before, parse_academic_year
from domain.place.place import Place

ROWS: Mapping[str, str] = {"TransferReceived": "transfers"}
"""Where each of these messages has its rows."""
_COUNTS = ("possible", "authorised", "unauthorised", "attended")


def hear_transfers(hearing: Hearing) -> None:
    """TransferReceived. A pupil who is on no register of the place yet waits (g3), as a file may come before him."""
    rows = hearing.message["transfers"]
    place = hearing.known_place(hearing.today, tuple(range(len(rows))))
    if place is None:
        return
    for number, row in enumerate(rows):
        _transfer(hearing, place, number, row)


def _transfer(hearing: Hearing, place: Place, number: int, row: Row) -> None:
    marks_from = day_of(row["marks_from"])
    year = parse_academic_year(row["year"])
    if year is None or any(row[name] < 0 for name in _COUNTS) or (row["marks_from"] and marks_from is None):
        hold_dates(hearing, (number,), place.id)
        return
    line = _line(hearing, place, row)
    if line is None:
        hearing.hold_unknown((number,), hearing.odd_number(row), place.id)
        return
    day = hearing.today if marks_from is None else marks_from
    from_place = other_school(hearing, place, row["from_laestab"], day)
    said = PriorSaid(
        from_place=from_place,
        school=None if from_place is not None else row["school"] or row["from_laestab"],
        year=year,
        **{name: row[name] for name in _COUNTS},
        marks_from=marks_from,
        marks=row["marks"],
    )
    saying = Saying(hearing.origin, NOBODY, hearing.today)
    events = prior_totals(line.stream, line.beside, [said], saying)
    hearing.unit.record(events, lines.evolve, line)
    count(hearing, bool(events))


def _line(hearing: Hearing, place: Place, row: Row) -> lines.Line | None:
    """The pupil's line of this school year, else of the next (a place is agreed), else of the one before."""
    pupil = hearing.pupil_called(row["mis_pupil"], row["upn"])
    if pupil is None:
        return None
    year = place.school_year_on(hearing.said_on)
    for school_year in (year, academic_year_before(year, -1), academic_year_before(year)):
        stays = hearing.unit.stays(place.id, school_year, pupil)
        if stays:
            return hearing.unit.line(place.id, stays[-1].id)
    return None


HEAR: Mapping[str, Callable[[Hearing], None]] = {"TransferReceived": hear_transfers}
"""Which of these hears which message."""
