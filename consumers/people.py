"""Messages about people: staff, pupils on the roll, and leavers. What is new in them is recorded.

Each row counts once: as a statement if it said anything new, as a duplicate if not, or as held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from consumers.hearing import Hearing, day_of, shown
from consumers.pupil_rows import Row, dates_of, other_school, parents_said, pupil_said, unknown_in
from consumers.statements import count, hold_dates
from domain.admission_register import decide as admission
from domain.admission_register import line as lines
from domain.admission_register.decide import DESTINATIONS, GROUNDS, PupilSaid, Saying
from domain.admission_register.particulars import NOTHING
from domain.events import Event, Person
from domain.identifiers import normalise_upn
from domain.ledger.arrangements import carry_arrangements
from domain.ledger.caches import Found
from domain.ledger.turning import carry_late
from domain.ledger.unit import Unit
from domain.moments import academic_year_before, academic_year_of
from domain.people import OFFICES
from domain.people import evolve as evolve_people
from domain.place.place import Place
from domain.pupil import (
    identified,
    line_opened,
    line_scope,
    local_id_given,
    names_nobody,
    upn_given,
)
from domain.pupil import stream_of as pupil_stream
from domain.pupil.pupil import Pupil
from domain.pupil.pupil import evolve as evolve_pupil

ROWS: Mapping[str, str] = {"StaffStated": "staff", "PupilsStated": "pupils", "PupilLeft": "leavers"}
"""Where each of these messages has its rows."""


def hear_staff(hearing: Hearing) -> None:
    """StaffStated."""
    rows = hearing.message["staff"]
    place = hearing.known_place(hearing.today, tuple(range(len(rows))))
    if place is None:
        return
    for number, row in enumerate(rows):
        before = hearing.unit.events_recorded
        from_day, to = day_of(row["office_from"]), day_of(row["office_to"])
        if (row["office_from"] and from_day is None) or (row["office_to"] and to is None):
            hold_dates(hearing, (number,), place.id)
            continue
        person, _ = hearing.person_of(place.id, row["user_id"], row["kind"], row["name"])
        if row["office"] in OFFICES and from_day is not None:
            people = hearing.unit.people(place.id)
            if people.offices.get((person, row["office"])) != (from_day, to):
                fields = {"person": person, "office": row["office"], "from": from_day, "to": to}
                fields |= {**hearing.origin.fields(), "reason_state": "not_given"}
                hearing.unit.record([Event(people.stream, "OfficeHeld", fields)], evolve_people, people)
        count(hearing, hearing.unit.events_recorded > before)


Keep = Callable[[Hearing, Place, bytes, Row, PupilSaid, Saying, bool], None]
"""Takes what is said of one pupil into his lines; the last says whether the pupil is new here."""


def hear_pupils(hearing: Hearing, keep: Keep | None = None) -> None:
    """PupilsStated. A pupil missing from a whole snapshot is not a deletion."""
    rows = hearing.message["pupils"]
    place = hearing.known_place(hearing.today, tuple(range(len(rows))))
    if place is None:
        return
    _look_up_together(hearing, place, rows)
    for number, row in enumerate(rows):
        _pupil(hearing, place, number, row, keep or _keep)


def _look_up_together(hearing: Hearing, place: Place, rows: Sequence[Row]) -> None:
    """What the rows will ask for one by one, asked for at once: a look-up of one is a look-up of all."""
    unit = hearing.unit
    known = unit.find_many("mis_pupil", hearing.source.hex(), [row["mis_pupil"] for row in rows])
    unit.find_many("upn", "", [normalise_upn(row["upn"]) for row in rows if row["upn"]])
    pupils = {found[-1].id for found in known.values()}
    scope = line_scope(place.id, place.school_year_on(hearing.said_on))
    stays = unit.find_many("line", scope, [pupil.hex() for pupil in pupils])
    of_lines = (lines.stream_of(place.id, stay.id) for found in stays.values() for stay in found)
    unit.preload(of_lines, lines.Line, lines.evolve)
    if any(row["parents"] for row in rows):
        unit.preload(map(pupil_stream, pupils), Pupil, evolve_pupil)


def _pupil(hearing: Hearing, place: Place, number: int, row: Row, keep: Keep) -> None:
    unit = hearing.unit
    dates = dates_of(row)
    if dates is None:
        hold_dates(hearing, (number,), place.id)
        return
    if names_nobody(row["mis_pupil"]):
        sentence = (
            f"{hearing.rows((number,))}: it gives its pupil no id; give each pupil one of their own and send it again."
        )
        hearing.taken.hold("g4", (number,), sentence, place.id)
        return
    before = unit.events_recorded
    said = pupil_said(hearing, place, row, dates)
    pupil, is_new = _who(hearing, place, row, said)
    if row["parents"] is not None:
        parents = parents_said(hearing, place, unit.pupil(pupil), row)
        said = replace(said, beside=said.beside._replace(parents=parents))
    saying = Saying(
        hearing.origin,
        hearing.person(place.id, row["by"]),
        hearing.today,
        place.carries(hearing.source, "reason"),
    )
    keep(hearing, place, pupil, row, said, saying, is_new)
    unknown = unknown_in(row)
    if unknown is None:
        count(hearing, unit.events_recorded > before)
        return
    sentence = (
        f"{hearing.rows((number,))}: it names {unknown} that is not known here; everything else in it was recorded; "
        "send it again as it should be, or dismiss this."
    )
    hearing.taken.hold("g4", (number,), sentence, place.id)


def _keep(
    hearing: Hearing, place: Place, pupil: bytes, row: Row, said: PupilSaid, saying: Saying, is_new: bool
) -> None:
    """What is said now of a pupil: a place agreed, or not taken up; else the pupil is on the roll."""
    match row["stage"]:
        case "agreed":
            _place_agreed(hearing, place, pupil, said, saying, is_new)
        case "not_taken_up":
            _place_not_taken_up(hearing, place, pupil, said, saying, is_new)
        case _:
            _on_roll(hearing, place, pupil, said, saying, is_new)


def _on_roll(hearing: Hearing, place: Place, pupil: bytes, said: PupilSaid, saying: Saying, is_new: bool) -> None:
    """A new line, or the year's own: entered, if a place was agreed until now, else restated."""
    unit = hearing.unit
    year = max(academic_year_of(said.starting_day), place.school_year_on(hearing.said_on))
    line = None if is_new else _line_of(hearing, place, pupil, year, said)
    if line is None or _is_new_stay(line, said):
        line = _enter(hearing, place, pupil, year, said, saying, is_new)
    elif not line.entry_version:
        old_line = _line_at_old_place(hearing, place, pupil, year, said)
        unit.record(admission.enter(line, line.school_year, said, saying, old_line), lines.evolve, line)
    else:
        unit.record(admission.restate(line, said, saying), lines.evolve, line)
    carry_late(unit, place.id, line, hearing.today)


def _place_agreed(hearing: Hearing, place: Place, pupil: bytes, said: PupilSaid, saying: Saying, is_new: bool) -> None:
    """The line of the year in which the pupil is to start, opened if need be. A day that moves into another school
    year moves on the line of the first year too, so that nobody waits for the pupil there."""
    unit = hearing.unit
    year = academic_year_of(said.starting_day)
    line = None if is_new else _last_stay(unit, place, pupil, year)
    if line is not None and not _is_new_stay(line, said):
        unit.record(admission.agree(line, year, said, saying), lines.evolve, line)
        return
    line = unit.line(place.id, unit.new_id(partial(lines.stream_of, place.id)))
    unit.record(admission.agree(line, year, said, saying), lines.evolve, line)
    unit.record_of_pupil(line_opened(pupil, lines.parts_of(line.stream)[1], place.id, year, said.starting_day, None))
    if not is_new:
        _moved(hearing, place, pupil, (academic_year_before(year), academic_year_before(year, -1)), said, saying)


def _moved(hearing: Hearing, place: Place, pupil: bytes, years: Iterable[int], said: PupilSaid, saying: Saying) -> None:
    """Say on lines of other years, where a place is agreed and nobody was entered, which day is agreed now."""
    for year in years:
        line = _last_stay(hearing.unit, place, pupil, year)
        if line is not None and not line.entry_version and not line.not_taken_up:
            moved = admission.agree(line, year, replace(said, beside=NOTHING), saying)
            hearing.unit.record(moved, lines.evolve, line)


def _place_not_taken_up(
    hearing: Hearing, place: Place, pupil: bytes, said: PupilSaid, saying: Saying, is_new: bool
) -> None:
    """On the line of the year of the starting day, and on this year's if the pupil went on into it. Of a place of which
    nothing was known before, that it was agreed is recorded as well."""
    unit = hearing.unit
    year = academic_year_of(said.starting_day)
    found = None if is_new else _last_stay(unit, place, pupil, year)
    if found is None or _is_new_stay(found, said):
        _place_agreed(hearing, place, pupil, said, saying, is_new)
        found = _last_stay(unit, place, pupil, year)
    now = place.school_year_on(hearing.said_on)
    later = None if is_new or now <= year else _last_stay(unit, place, pupil, now)
    for line in (found, later if later is not None and later.carried else None):
        if line is not None:
            unit.record(admission.not_taken_up(line, None, said.reason, saying), lines.evolve, line)


def _last_stay(unit: Unit, place: Place, pupil: bytes, year: int) -> lines.Line | None:
    """The pupil's last line at a place in a school year."""
    stays = unit.stays(place.id, year, pupil)
    return unit.line(place.id, stays[-1].id) if stays else None


def _line_of(hearing: Hearing, place: Place, pupil: bytes, year: int, said: PupilSaid) -> lines.Line | None:
    """The line that a statement restates: the year's own; last year's, until the turn of the year carries it.

    A line on which a place is agreed is the year's own only if last year's does not go on: whoever moves from nursery
    to reception is on last year's line until the turn of the year, and then on the one agreed.
    """
    unit = hearing.unit
    line = _last_stay(unit, place, pupil, year)
    if (line is not None and line.entry_version) or academic_year_of(said.starting_day) >= year:
        return line
    last = _last_stay(unit, place, pupil, academic_year_before(year))
    if last is None or not last.on_roll():
        return line
    if not unit.year_begun(place.id, year):
        return last
    carry_late(unit, place.id, last, hearing.today)
    return _last_stay(unit, place, pupil, year)


def _is_new_stay(line: lines.Line, said: PupilSaid) -> bool:
    """A deleted line, and a starting day after the pupil left; or an entry made in error, and another starting day: a
    second stay is a second line."""
    if line.entered_in_error:
        first = line.text.get("first_starting_day") if line.carried else line.starting_day
        return said.starting_day != first
    left = line.left_on if line.left_on is not None else line.entry.get("starting_day")
    return bool(line.deletion_version) and left is not None and said.starting_day > left


def _who(hearing: Hearing, place: Place, row: Row, said: PupilSaid) -> tuple[bytes, bool]:
    """The child of a row: by MIS id, else by UPN, else new. Nothing is joined by name and birth date.

    Where MIS id and UPN lead to two children the MIS id wins, and the number is recorded as given to this one too. A
    number that was this child's before is recorded again where the source had said another meanwhile: it is a
    correction, and ends what was odd about that other one.
    """
    unit, source = hearing.unit, hearing.source
    upn = normalise_upn(row["upn"]) if row["upn"] else None
    by_mis = unit.find("mis_pupil", source.hex(), row["mis_pupil"])
    found = by_mis or _by_upn(hearing, place, upn, said)
    pupil = found[-1].id if found else unit.new_id(pupil_stream)
    if not found:
        unit.record_of_pupil(identified(pupil, upn, said.full_name, said.birth_date))
    for number, former in ((upn, False), (row["former_upn"] and normalise_upn(row["former_upn"]), True)):
        if number and (_is_new_to(unit, pupil, number) or _is_said_again(hearing, pupil, number, former)):
            said_on = hearing.said_on if found else None
            unit.record_of_number(upn_given(pupil, number, former, hearing.origin, said_on))
            unit.mend(place.id)
    if not by_mis:
        unit.record_of_pupil(local_id_given(pupil, source, row["mis_pupil"], hearing.origin))
        unit.mend(place.id)
    return pupil, not found


def _is_new_to(unit: Unit, pupil: bytes, number: str) -> bool:
    return all(found.id != pupil for found in unit.find("upn", "", number))


def _is_said_again(hearing: Hearing, pupil: bytes, number: str, former: bool) -> bool:
    """True if the source says a number of a child of whom another was said since. Nearly no child ever had another, so
    nearly none is looked up."""
    unit, sent_at = hearing.unit, hearing.origin.sent_at
    return pupil in unit.ever_renumbered and unit.pupil(pupil).is_news(hearing.source, former, number, sent_at)


def _by_upn(hearing: Hearing, place: Place, upn: str | None, said: PupilSaid) -> list[Found]:
    """The child of a UPN, unless it cannot tell: it has not the shape of one, two children have it, or this
    source knows the child by another id who is on this very roll. Two ids of one system are two children."""
    unit = hearing.unit
    pupil = unit.numbered(upn) if upn else None
    if pupil is None:
        return []
    years = {academic_year_of(said.starting_day), place.school_year_on(hearing.said_on)}
    stays = [stay for year in years for stay in unit.stays(place.id, year, pupil)]
    here = any(unit.line(place.id, stay.id).on_roll() for stay in stays)
    return [] if here and unit.has_id_from(pupil, hearing.source) else [Found(pupil, 0)]


def _enter(
    hearing: Hearing, place: Place, pupil: bytes, year: int, said: PupilSaid, saying: Saying, is_new: bool
) -> lines.Line:
    """PupilEntered on a new line; after a conversion, the line at the old place is named."""
    unit = hearing.unit
    old_line = None if is_new else _line_at_old_place(hearing, place, pupil, year, said)
    line_id = unit.new_id(partial(lines.stream_of, place.id))
    line = unit.line(place.id, line_id)
    unit.record(admission.enter(line, year, said, saying, old_line), lines.evolve, line)
    unit.record_of_pupil(line_opened(pupil, line_id, place.id, year, said.starting_day, old_line))
    if old_line is not None and said.admission == "transferred_on_succession":
        carry_arrangements(unit, place.id, old_line, line_id, said.starting_day, said.previous_place)
    if not is_new:
        _moved(hearing, place, pupil, (academic_year_before(year),), said, saying)
    return line


def _line_at_old_place(hearing: Hearing, place: Place, pupil: bytes, year: int, said: PupilSaid) -> bytes | None:
    if said.previous_place is None or said.previous_place == place.id:
        return None
    for school_year in (year, academic_year_before(year)):
        stays = hearing.unit.stays(said.previous_place, school_year, pupil)
        if stays:
            return stays[-1].id
    return None


FindLine = Callable[[Hearing, Place, Row, int], "lines.Line | None"]
"""The line that a leaver comes off, by the day on which he left."""


def hear_leavers(hearing: Hearing, line_left: FindLine | None = None) -> None:
    """PupilLeft."""
    rows = hearing.message["leavers"]
    place = hearing.known_place(hearing.today, tuple(range(len(rows))))
    if place is None:
        return
    for number, row in enumerate(rows):
        _leaver(hearing, place, number, row, line_left or _line_left)


def _line_left(hearing: Hearing, place: Place, row: Row, leaving_on: int) -> lines.Line | None:
    """The line that a leaver comes off: the newest whose stay had begun by the day that he left."""
    unit = hearing.unit
    pupil = hearing.pupil_called(row["mis_pupil"], row["upn"])
    if pupil is None:
        return None
    year = academic_year_of(leaving_on)
    years = {
        year,
        academic_year_before(year),
        place.school_year_on(hearing.said_on),
        place.school_year_on(hearing.today),
    }
    stays = [
        unit.line(place.id, stay.id)
        for school_year in sorted(years, reverse=True)
        for stay in reversed(unit.stays(place.id, school_year, pupil))
    ]
    entered = [line for line in stays if line.entry_version]
    begun = (line for line in entered if line.carried or line.starting_day <= leaving_on)
    return next(begun, next(iter(entered or stays), None))


def _leaver(hearing: Hearing, place: Place, number: int, row: Row, line_left: FindLine) -> None:
    unit = hearing.unit
    leaving_on, deleted_on = day_of(row["leaving_on"]), day_of(row["deleted_on"])
    if leaving_on is None or (row["deleted_on"] and deleted_on is None):
        hold_dates(hearing, (number,), place.id)
        return
    line = line_left(hearing, place, row, leaving_on)
    if line is None:
        otherwise = (
            "no pupil on any register of this place is known by this identifier "
            f"(leaving on {shown(leaving_on)}); send PupilsStated, or dismiss it."
        )
        hearing.hold_unknown((number,), hearing.odd_number(row), place.id, otherwise)
        return
    person: Person = hearing.person(place.id, row["by"])
    saying = Saying(hearing.origin, person, hearing.today, place.carries(hearing.source, "reason"))
    if admission.contradicted(line, saying):
        hearing.taken.hold(
            "g6",
            (number,),
            f"{hearing.rows((number,))}: a newer statement has this pupil on the roll; "
            "send the leaver again if it holds, "
            "or dismiss this.",
            place.id,
        )
        return
    events = admission.leave(
        line,
        leaving_on,
        deleted_on,
        GROUNDS.get(row["ground"] or "", row["ground"] if row["ground"] in GROUNDS.values() else "not_said"),
        row["destination"] if row["destination"] in DESTINATIONS else "not_said",
        other_school(hearing, place, row["destination_laestab"], leaving_on),
        row["destination_text"],
        row["mis_reason"],
        saying,
    )
    unit.record(events, lines.evolve, line)
    count(hearing, bool(events))


HEAR: Mapping[str, Callable[[Hearing], None]] = {
    "StaffStated": hear_staff,
    "PupilsStated": hear_pupils,
    "PupilLeft": hear_leavers,
}
"""Which of these hears which message."""
