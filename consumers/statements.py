"""Messages about places, sources, calendars, codes, staff and pupils: what is new in them is recorded.

Each row counts once: as a statement if it said anything new, as a duplicate if not, or as held.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from consumers.hearing import Hearing, day_of, pick, shown
from consumers.registers import MOST_SIGNS, SESSIONS
from domain.admission_register import decide as admission
from domain.admission_register import line as lines
from domain.admission_register.decide import ADMISSIONS, DESTINATIONS, GROUNDS, STATUSES, PupilSaid, Saying
from domain.events import NOBODY, Event, Person
from domain.identifiers import normalise_laestab, normalise_upn, normalise_urn
from domain.ledger.caches import Found
from domain.ledger.turning import carry_late
from domain.moments import academic_year_of
from domain.people import OFFICES, key_of
from domain.people import evolve as evolve_people
from domain.place import decide as placing
from domain.place.place import DESCRIPTION, Place
from domain.place.place import evolve as evolve_place
from domain.pupil import (
    Fact,
    can_identify,
    identified,
    line_facts,
    line_opened,
    line_scope,
    local_id_given,
    mis_fact,
    names_nobody,
    upn_fact,
    upn_given,
)
from domain.pupil import stream_of as pupil_stream

Row = Mapping[str, Any]

ROWS: Mapping[str, str] = {
    "CodesStated": "codes",
    "SessionTimesStated": "times",
    "StaffStated": "staff",
    "SourcesStated": "sources",
    "PupilsStated": "pupils",
    "PupilLeft": "leavers",
}
"""The messages with one array of rows. PlaceStated and ClosureStated are a row each; CalendarStated has two arrays."""


def _count(hearing: Hearing, new: bool) -> None:
    if new:
        hearing.taken.counts.statements += 1
    else:
        hearing.taken.counts.duplicate += 1


def _hold_dates(hearing: Hearing, rows: tuple[int, ...], place: bytes | None = None) -> None:
    which = f"Row {rows[0] + 1}" if rows else "This message"
    hearing.taken.hold("g4", rows, f"{which}: it names a date or value that does not exist; send it again.", place)


def _record(hearing: Hearing, place: Place, events: list[Event]) -> bool:
    hearing.unit.record(events, evolve_place, place)
    return bool(events)


# --- places and sources


def hear_place(hearing: Hearing) -> None:
    """PlaceStated. A new place comes from the operator only; what is known of one may be restated by its own source."""
    message, unit = hearing.message, hearing.unit
    from_day = day_of(message["from"])
    if from_day is None or message["kind"] not in placing.PLACE_KINDS or message["phase"] not in placing.PHASES:
        _hold_dates(hearing, ())
        return
    laestab = normalise_laestab(message["laestab"]) if message["laestab"] else None
    urn = normalise_urn(message["urn"]) if message["urn"] else None
    place_id = hearing.place_on(from_day)
    if place_id is not None and urn is not None:
        known_urn = unit.place(place_id).description.get("urn")
        if known_urn not in (None, urn):
            # The same LAESTAB under another URN is another school in law (field.md 2.1): a conversion, say.
            place_id = None
    if place_id is None:
        if not hearing.by_operator:
            hearing.taken.hold(
                "g2", (), "This place is not known here; describe it (PlaceStated, by the operator), or dismiss this."
            )
            return
        place_id = os.urandom(16)
    elif hearing.known_place(hearing.today, ()) is None:
        return
    place = unit.place(place_id)
    said = {name: message.get(name) for name in DESCRIPTION}
    said |= {"laestab": laestab, "urn": urn, "from": from_day, "authority": hearing.authority}
    said["boarding"] = message["boarding"] if message["boarding"] in ("none", "some", "all") else "none"
    if said["setting_type"] not in ("NFE", "OOT", "OTH", "WBP"):
        said["setting_type"] = None
    text = {"address": message["address"], "proprietor": message["proprietor"]}
    if said["kind"] in placing.PRIVATE:
        text["name"], said["name"] = said["name"], None
    events = placing.describe(place, said, text, hearing.origin, NOBODY, key_of(place_id, hearing.school_year))
    for kind, value in (("urn", urn), ("laestab", laestab), ("ukprn", message["ukprn"])):
        if value:
            unit.add_fact(Fact(kind, "", value, place_id, from_day))
    if events:
        unit.mend(None)
    _count(hearing, _record(hearing, place, events))


def hear_sources(hearing: Hearing) -> None:
    """SourcesStated: from the operator only."""
    rows = hearing.message["sources"]
    if not hearing.by_operator:
        everyone = tuple(range(len(rows)))
        hearing.taken.hold(
            "g2",
            everyone,
            "Only the operator says who may speak for a place; use rollbook source add, or dismiss this.",
        )
        return
    for number, row in enumerate(rows):
        _source(hearing, number, row)


def _source(hearing: Hearing, number: int, row: Row) -> None:
    unit = hearing.unit
    from_day, to = day_of(row["from"]), day_of(row["ended"])
    wrong = row["route"] not in placing.ROUTES or row["delivery"] not in placing.DELIVERIES
    if from_day is None or wrong or (row["ended"] and to is None):
        _hold_dates(hearing, (number,))
        return
    found: list[tuple[Place, str | None]] = []
    for spoken_for in row["places"]:
        place_id = _place_named(hearing, spoken_for, from_day)
        if place_id is None:
            hearing.taken.hold(
                "g2", (number,), f"Row {number + 1}: a place that it names is not known here; describe the place first."
            )
            return
        found.append((unit.place(place_id), spoken_for["local_id"]))
    new = False
    source = row["described"]
    for place, local_id in found:
        said = {**row, "from": from_day, "to": to}
        key = key_of(place.id, hearing.school_year)
        new |= _record(hearing, place, placing.describe_source(place, source, said, local_id, NOBODY, key))
        if local_id:
            unit.add_fact(Fact("local_place", source.hex(), local_id, place.id, from_day))
    if new:
        unit.mend(None)
    _count(hearing, new)


def _place_named(hearing: Hearing, named: Row, day: int) -> bytes | None:
    if named["urn"] and (found := hearing.unit.find("urn", "", normalise_urn(named["urn"]))):
        return pick(found, day)
    if named["laestab"] and (found := hearing.unit.find("laestab", "", normalise_laestab(named["laestab"]))):
        return pick(found, day)
    return None


# --- codes, times, calendars, closures


def hear_codes(hearing: Hearing) -> None:
    """CodesStated."""
    rows = hearing.message["codes"]
    place = hearing.known_place(hearing.today, tuple(range(len(rows))))
    if place is None:
        return
    for number, row in enumerate(rows):
        from_day = day_of(row["from"])
        if from_day is None:
            _hold_dates(hearing, (number,), place.id)
            continue
        if max(len(row["raw"]), len(row["code"])) > MOST_SIGNS:
            _hold_dates(hearing, (number,), place.id)
            continue
        said = {"raw": row["raw"], "code": row["code"], "from": from_day, "active": row["active"]}
        _count(hearing, _record(hearing, place, placing.map_code(place, hearing.source, said, hearing.origin, NOBODY)))


def hear_times(hearing: Hearing) -> None:
    """SessionTimesStated."""
    rows = hearing.message["times"]
    place = hearing.known_place(hearing.today, tuple(range(len(rows))))
    if place is None:
        return
    for number, row in enumerate(rows):
        said = {**row, "from": day_of(row["from"]), "to": day_of(row["to"])}
        minutes = [v for k, v in row.items() if k.startswith(("am_", "pm_")) and v is not None]
        possible = all(0 <= m < 24 * 60 for m in minutes) and 0 <= row["weekdays"] < 1 << 7
        if said["from"] is None or (row["to"] and said["to"] is None) or not possible:
            _hold_dates(hearing, (number,), place.id)
            continue
        events = placing.state_block(place, "times", said, hearing.origin, NOBODY)
        _count(hearing, _record(hearing, place, events))


EVERY_SESSION = (1 << 14) - 1


def hear_calendar(hearing: Hearing) -> None:
    """CalendarStated: terms, then closures; a whole one also says which closures no longer stand.

    Rows are numbered through both arrays, terms first.
    """
    message = hearing.message
    terms, closures = message["terms"], message["closures"]
    place = hearing.known_place(hearing.today, tuple(range(len(terms) + len(closures))))
    if place is None:
        return
    span: list[int] = []
    for number, row in enumerate(terms):
        first, last, year = day_of(row["from"]), day_of(row["to"]), row["school_year"]
        right_year = len(year) == 6 and year.isascii() and year.isdigit() and (int(year[:4]) + 1) % 100 == int(year[4:])
        if first is None or last is None or last < first or row["term"] not in placing.TERMS or not right_year:
            _hold_dates(hearing, (number,), place.id)
            continue
        mask = EVERY_SESSION if row["due_mask"] is None else row["due_mask"] & EVERY_SESSION
        said = {"term": row["term"], "school_year": int(year), "from": first, "to": last, "due_mask": mask}
        span += [first, last]
        events = placing.state_block(place, "term", said, hearing.origin, NOBODY)
        _count(hearing, _record(hearing, place, events))
    kept = []
    for number, row in enumerate(closures, len(terms)):
        first, last = day_of(row["from"]), day_of(row["to"])
        wrong = row["kind"] not in placing.CLOSURE_KINDS or not 0 <= row["sessions"] <= 3
        if first is None or last is None or last < first or wrong:
            _hold_dates(hearing, (number,), place.id)
            continue
        said = {"from": first, "to": last, "sessions": row["sessions"], "kind": row["kind"]}
        kept.append(said)
        events = placing.state_block(place, "closure", said, hearing.origin, NOBODY)
        _count(hearing, _record(hearing, place, events))
    if message["whole"] and span and len(kept) == len(closures):  # a row that cannot be read may be the one missed
        gone = placing.no_longer_planned(place, kept, (min(span), max(span)), hearing.origin, NOBODY)
        _record(hearing, place, gone)


def hear_closure(hearing: Hearing) -> None:
    """ClosureStated: a session (or both of a day) cancelled, partly closed, or held after all."""
    message = hearing.message
    day = day_of(message["date"])
    sessions = SESSIONS if message["session"] == "both" else (message["session"],)
    if day is None or any(s not in SESSIONS for s in sessions):
        _hold_dates(hearing, ())
        return
    place = hearing.known_place(day, ())
    if place is None:
        return
    standing = {(known["date"], known["session"], known["whole"]) for known in place.cancellations.values()}
    if message["reversed"] and standing.isdisjoint((day, session, message["whole"]) for session in sessions):
        hearing.taken.hold(
            "g5",
            (),
            "The closure that this takes back is not in the ledger; send the closure, or dismiss it.",
            place.id,
        )
        return
    why = message["why"] if message["why"] in placing.CANCEL_WHYS else "other"
    decided_by = hearing.person(place.id, message["decided_by"])
    new = False
    for session in sessions:
        said = {**{k: message[k] for k in ("whole", "reversed", "decided_at", "site", "nc_years")}, "date": day}
        said |= {"session": session, "why": why, "decided_by": decided_by.by}
        after_marks = bool(hearing.unit.register(place.id, day, session).entries)
        key = key_of(place.id, hearing.school_year)
        reason = message["reason"]
        events = placing.state_closure(place, said, after_marks, hearing.origin, decided_by, key, reason)
        new |= _record(hearing, place, events)
    _count(hearing, new)


# --- people


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
            _hold_dates(hearing, (number,), place.id)
            continue
        person, _ = hearing.person_of(place.id, row["user_id"], row["kind"], row["name"])
        if row["office"] in OFFICES and from_day is not None:
            people = hearing.unit.people(place.id)
            if people.offices.get((person, row["office"])) != (from_day, to):
                fields = {"person": person, "office": row["office"], "from": from_day, "to": to}
                fields |= {**hearing.origin.fields(), "reason_state": "not_given"}
                hearing.unit.record([Event(people.stream, "OfficeHeld", fields)], evolve_people, people)
        _count(hearing, hearing.unit.events_recorded > before)


# --- pupils


def hear_pupils(hearing: Hearing) -> None:
    """PupilsStated. A pupil missing from a whole snapshot is not a deletion."""
    rows = hearing.message["pupils"]
    place = hearing.known_place(hearing.today, tuple(range(len(rows))))
    if place is None:
        return
    # Asked for together: a look-up of one is a look-up of all.
    hearing.unit.find_many("mis_pupil", hearing.source.hex(), [row["mis_pupil"] for row in rows])
    hearing.unit.find_many("upn", "", [normalise_upn(row["upn"]) for row in rows if row["upn"]])
    for number, row in enumerate(rows):
        _pupil(hearing, place, number, row)


_DATES = ("birth_date", "starting_day", "entered_on", "leaving_on", "enrolment_status_from")
MOST_NC_YEAR, LEAST_NC_YEAR = 14, -2


def _pupil(hearing: Hearing, place: Place, number: int, row: Row) -> None:
    unit = hearing.unit
    dates = {name: day_of(row[name]) for name in _DATES}
    impossible = any(row[name] and dates[name] is None for name in _DATES) or dates["starting_day"] is None
    nc_year = row["nc_year"]
    if impossible or not (nc_year is None or LEAST_NC_YEAR <= nc_year <= MOST_NC_YEAR):
        _hold_dates(hearing, (number,), place.id)
        return
    if names_nobody(row["mis_pupil"]):
        sentence = f"Row {number + 1}: it gives its pupil no id; give each pupil one of their own and send it again."
        hearing.taken.hold("g4", (number,), sentence, place.id)
        return
    before = unit.events_recorded
    said = _pupil_said(hearing, place, row, dates)
    pupil, is_new = _who(hearing, place, row, said)
    saying = Saying(
        hearing.origin,
        hearing.person(place.id, row["by"]),
        hearing.today,
        place.carries(hearing.source, "reason"),
    )
    year = max(academic_year_of(said.starting_day), place.school_year_on(hearing.said_on))
    line = None if is_new else _line_of(hearing, place, pupil, year, said)
    if line is None or _is_new_stay(line, said):
        line = _enter(hearing, place, pupil, year, said, saying, is_new)
    else:
        unit.record(admission.restate(line, said, saying), lines.evolve, line)
    carry_late(unit, place.id, line, hearing.today)
    _count(hearing, unit.events_recorded > before)


def _line_of(hearing: Hearing, place: Place, pupil: bytes, year: int, said: PupilSaid) -> lines.Line | None:
    """The line that a statement restates: the year's own; last year's, until the turn of the year carries it."""
    unit = hearing.unit
    stays = unit.find("line", line_scope(place.id, year), pupil.hex())
    if stays or academic_year_of(said.starting_day) >= year:
        return unit.line(place.id, stays[-1].id) if stays else None
    before = unit.find("line", line_scope(place.id, year - 101), pupil.hex())
    last = unit.line(place.id, before[-1].id) if before else None
    if last is None or not last.on_roll() or not unit.year_begun(place.id, year):
        return last if last is not None and last.on_roll() else None
    carry_late(unit, place.id, last, hearing.today)
    stays = unit.find("line", line_scope(place.id, year), pupil.hex())
    return unit.line(place.id, stays[-1].id) if stays else None


def _is_new_stay(line: lines.Line, said: PupilSaid) -> bool:
    """A deleted line, and a starting day after the pupil left: a second stay is a second line."""
    left = line.left_on if line.left_on is not None else line.entry.get("starting_day")
    return bool(line.deletion_version) and left is not None and said.starting_day > left


def _pupil_said(hearing: Hearing, place: Place, row: Row, dates: dict[str, int | None]) -> PupilSaid:
    starting_day = dates["starting_day"]
    assert starting_day is not None, "held before where it is missing"
    basis = row["starting_day_basis"]
    return PupilSaid(
        starting_day=starting_day,
        starting_day_basis=basis if basis in ("agreed", "told", "first_attendance") else "not_said",
        entered_on=dates["entered_on"],
        admission=row["admission"] if row["admission"] in ADMISSIONS else "other",
        enrolment_status=row["enrolment_status"] if row["enrolment_status"] in STATUSES else None,
        enrolment_status_from=dates["enrolment_status_from"],
        other_place=_other_school(
            hearing, place, row["other_laestab"], dates["enrolment_status_from"] or hearing.today
        ),
        previous_place=_other_school(hearing, place, row["previous_laestab"], starting_day),
        nc_year=row["nc_year"],
        group=hearing.group(place, row["group"]),
        leaving_on=dates["leaving_on"],
        destination=row["destination"] if row["destination"] in DESTINATIONS else "not_said",
        full_name=row["full_name"],
        name_used=row["name_used"],
        sex=row["sex"],
        birth_date=dates["birth_date"],
        address=row["address"],
        last_school=row["last_school"],
        reason=row["reason"],
    )


def _other_school(hearing: Hearing, place: Place, laestab: str | None, day: int) -> bytes | None:
    """Another school that a row names, as it was on a day, if this ledger knows it.

    Never the place itself: an academy may keep the LAESTAB of the school that it was.
    """
    found = hearing.unit.find("laestab", "", normalise_laestab(laestab)) if laestab else []
    return pick([other for other in found if other.id != place.id], day)


def _who(hearing: Hearing, place: Place, row: Row, said: PupilSaid) -> tuple[bytes, bool]:
    """The child of a row: by MIS id, else by UPN, else new. Nothing is joined by name and birth date.

    Where MIS id and UPN lead to two children the MIS id wins, and the number is recorded as given to this one too.
    """
    unit, source = hearing.unit, hearing.source
    upn = normalise_upn(row["upn"]) if row["upn"] else None
    by_mis = unit.find("mis_pupil", source.hex(), row["mis_pupil"])
    found = by_mis or _by_upn(hearing, place, upn, said)
    pupil = found[-1].id if found else unit.new_id(pupil_stream)
    if not found:
        unit.record_of_pupil(identified(pupil, upn, said.full_name, said.birth_date))
    for number, former in ((upn, False), (row["former_upn"] and normalise_upn(row["former_upn"]), True)):
        if number and all(f.id != pupil for f in unit.find("upn", "", number)):
            unit.record_of_pupil(upn_given(pupil, number, former, hearing.origin))
            unit.add_fact(upn_fact(number, pupil))
            unit.mend(place.id)
    if not by_mis:
        unit.record_of_pupil(local_id_given(pupil, source, row["mis_pupil"], hearing.origin))
        unit.add_fact(mis_fact(source, row["mis_pupil"], pupil))
        unit.mend(place.id)
    return pupil, not found


def _by_upn(hearing: Hearing, place: Place, upn: str | None, said: PupilSaid) -> list[Found]:
    """The child of a UPN, unless it cannot tell: it has not the shape of one, two children were given it, or this
    source knows the child by another id who is on this very roll. Two ids of one system are two children."""
    unit = hearing.unit
    found = unit.find("upn", "", upn) if upn and can_identify(upn) else []
    if len(found) != 1:
        return []
    pupil = found[0].id
    years = {academic_year_of(said.starting_day), place.school_year_on(hearing.said_on)}
    stays = [stay for year in years for stay in unit.find("line", line_scope(place.id, year), pupil.hex())]
    here = any(unit.line(place.id, stay.id).on_roll() for stay in stays)
    return [] if here and unit.has_id_from(pupil, hearing.source) else found


def _enter(
    hearing: Hearing, place: Place, pupil: bytes, year: int, said: PupilSaid, saying: Saying, is_new: bool
) -> lines.Line:
    """PupilEntered on a new line; after a conversion, the line at the old place is named."""
    unit = hearing.unit
    old_line = None
    if not is_new and said.previous_place is not None and said.previous_place != place.id:
        for school_year in (year, year - 101):
            stays = unit.find("line", line_scope(said.previous_place, school_year), pupil.hex())
            if stays:
                old_line = stays[-1].id
                break
    line_id = unit.new_id(partial(lines.stream_of, place.id))
    line = unit.line(place.id, line_id)
    unit.record(admission.enter(line, year, said, saying, old_line), lines.evolve, line)
    for fact in line_facts(place.id, year, pupil, line_id, said.starting_day):
        unit.add_fact(fact, new=is_new or fact.kind == "pupil_of_line")  # a known child may have had a stay before
    unit.record_of_pupil(line_opened(pupil, line_id, place.id, year, said.starting_day, old_line))
    return line


def hear_leavers(hearing: Hearing) -> None:
    """PupilLeft."""
    rows = hearing.message["leavers"]
    place = hearing.known_place(hearing.today, tuple(range(len(rows))))
    if place is None:
        return
    for number, row in enumerate(rows):
        _leaver(hearing, place, number, row)


def _line_left(hearing: Hearing, place: Place, row: Row, leaving_on: int) -> lines.Line | None:
    """The line that a leaver comes off: the newest whose stay had begun by the day that he left."""
    unit = hearing.unit
    found = [] if names_nobody(row["mis_pupil"]) else unit.find("mis_pupil", hearing.source.hex(), row["mis_pupil"])
    upn = normalise_upn(row["upn"]) if row["upn"] else ""
    if not found and can_identify(upn):
        found = unit.find("upn", "", upn)
        found = found if len(found) == 1 else []
    if not found:
        return None
    year = academic_year_of(leaving_on)
    years = {year, year - 101, place.school_year_on(hearing.said_on), place.school_year_on(hearing.today)}
    stays = [
        unit.line(place.id, stay.id)
        for school_year in sorted(years, reverse=True)
        for stay in reversed(unit.find("line", line_scope(place.id, school_year), found[-1].id.hex()))
    ]
    begun = (line for line in stays if line.carried or line.entry["starting_day"] <= leaving_on)
    return next(begun, stays[0] if stays else None)


def _leaver(hearing: Hearing, place: Place, number: int, row: Row) -> None:
    unit = hearing.unit
    leaving_on, deleted_on = day_of(row["leaving_on"]), day_of(row["deleted_on"])
    if leaving_on is None or (row["deleted_on"] and deleted_on is None):
        _hold_dates(hearing, (number,), place.id)
        return
    line = _line_left(hearing, place, row, leaving_on)
    if line is None:
        hearing.taken.hold(
            "g3",
            (number,),
            f"Row {number + 1}: no pupil on any register of this place is known by this identifier "
            f"(leaving on {shown(leaving_on)}); send PupilsStated, or dismiss it.",
            place.id,
        )
        return
    person: Person = hearing.person(place.id, row["by"])
    saying = Saying(hearing.origin, person, hearing.today, place.carries(hearing.source, "reason"))
    if admission.contradicted(line, saying):
        hearing.taken.hold(
            "g6",
            (number,),
            f"Row {number + 1}: a newer statement has this pupil on the roll; send the leaver again if it holds, "
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
        _other_school(hearing, place, row["destination_laestab"], leaving_on),
        row["destination_text"],
        row["mis_reason"],
        saying,
    )
    unit.record(events, lines.evolve, line)
    _count(hearing, bool(events))


HEAR: Mapping[str, Callable[[Hearing], None]] = {
    "PlaceStated": hear_place,
    "SourcesStated": hear_sources,
    "CodesStated": hear_codes,
    "SessionTimesStated": hear_times,
    "CalendarStated": hear_calendar,
    "ClosureStated": hear_closure,
    "StaffStated": hear_staff,
    "PupilsStated": hear_pupils,
    "PupilLeft": hear_leavers,
}
"""Which of these hears which message."""
