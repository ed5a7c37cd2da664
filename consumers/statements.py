"""Messages about places, sources, codes, calendars and closures: what is new in them is recorded.

Each row counts once: as a statement if it said anything new, as a duplicate if not, or as held.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from consumers.hearing import Hearing, day_of, pick
from consumers.registers import MOST_SIGNS, MOST_SIGNS_OF_NAME, SESSIONS
from domain.events import NOBODY, Event
from domain.identifiers import normalise_laestab, normalise_urn
from domain.moments import parse_academic_year
from domain.people import key_of
from domain.place import decide as placing
from domain.place.place import DESCRIPTION, Place
from domain.place.place import evolve as evolve_place

Row = Mapping[str, Any]

ROWS: Mapping[str, str] = {
    "CodesStated": "codes",
    "SessionTimesStated": "times",
    "SourcesStated": "sources",
}
"""The messages with one array of rows. PlaceStated and ClosureStated are a row each; CalendarStated has two arrays."""


def count(hearing: Hearing, new: bool) -> None:
    """Count a row: it said something new, or it did not."""
    if new:
        hearing.taken.counts.statements += 1
    else:
        hearing.taken.counts.duplicate += 1


def hold_dates(hearing: Hearing, rows: tuple[int, ...], place: bytes | None = None) -> None:
    """Hold rows that name what cannot exist (g4)."""
    which = hearing.rows(rows[:1]) if rows else "This message"
    hearing.taken.hold("g4", rows, f"{which}: it names a date or value that does not exist; send it again.", place)


def _record(hearing: Hearing, place: Place, events: list[Event]) -> bool:
    if hearing.origin.of_history:
        events = [event for event in events if not _restates(hearing, place, event)]
    hearing.unit.record(events, evolve_place, place)
    return bool(events)


def _restates(hearing: Hearing, place: Place, event: Event) -> bool:
    """True for what changes something that is known already: an imported history adds, and amends nothing."""
    if event.topic == "PlaceDescribed":
        return place.version > 0
    if event.topic == "CodeMapped":
        return event.fields["raw"] in place.code_maps.get(hearing.source, {})
    return event.topic in ("CalendarAmended", "CancellationReversed")


# --- places and sources


def hear_place(hearing: Hearing) -> None:
    """PlaceStated. A new place comes from the operator only; what is known of one may be restated by its own source."""
    message, unit = hearing.message, hearing.unit
    from_day = day_of(message["from"])
    if from_day is None or message["kind"] not in placing.PLACE_KINDS or message["phase"] not in placing.PHASES:
        hold_dates(hearing, ())
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
    if events:
        unit.mend(None)
    count(hearing, _record(hearing, place, events))


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
        hold_dates(hearing, (number,))
        return
    found: list[tuple[Place, str | None]] = []
    for spoken_for in row["places"]:
        urn, laestab, local_id = spoken_for["urn"], spoken_for["laestab"], spoken_for["local_id"]
        place_id = hearing.place_called(urn, laestab, from_day)
        if place_id is None and local_id and not (urn or laestab):
            place_id = pick(unit.find("local_place", hearing.source.hex(), local_id), from_day)
        if place_id is None:
            hearing.taken.hold(
                "g2", (number,), f"Row {number + 1}: a place that it names is not known here; describe the place first."
            )
            return
        found.append((unit.place(place_id), local_id))
    new = False
    source = row["described"]
    for place, local_id in found:
        said = {**row, "from": from_day, "to": to}
        key = key_of(place.id, hearing.school_year)
        new |= _record(hearing, place, placing.describe_source(place, source, said, local_id, NOBODY, key))
    if new:
        unit.mend(None)
    count(hearing, new)


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
            hold_dates(hearing, (number,), place.id)
            continue
        if max(len(row["raw"]), len(row["code"])) > MOST_SIGNS:
            hold_dates(hearing, (number,), place.id)
            continue
        said = {"raw": row["raw"], "code": row["code"], "from": from_day, "active": row["active"]}
        count(hearing, _record(hearing, place, placing.map_code(place, hearing.source, said, hearing.origin, NOBODY)))


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
            hold_dates(hearing, (number,), place.id)
            continue
        events = placing.state_block(place, "times", said, hearing.origin, NOBODY)
        count(hearing, _record(hearing, place, events))


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
        first, last, year = day_of(row["from"]), day_of(row["to"]), parse_academic_year(row["school_year"])
        if first is None or last is None or last < first or row["term"] not in placing.TERMS or year is None:
            hold_dates(hearing, (number,), place.id)
            continue
        mask = EVERY_SESSION if row["due_mask"] is None else row["due_mask"] & EVERY_SESSION
        said = {"term": row["term"], "school_year": year, "from": first, "to": last, "due_mask": mask}
        span += [first, last]
        events = placing.state_block(place, "term", said, hearing.origin, NOBODY)
        count(hearing, _record(hearing, place, events))
    kept = []
    for number, row in enumerate(closures, len(terms)):
        first, last = day_of(row["from"]), day_of(row["to"])
        wrong = row["kind"] not in placing.CLOSURE_KINDS or not 0 <= row["sessions"] <= 3
        if first is None or last is None or last < first or wrong:
            hold_dates(hearing, (number,), place.id)
            continue
        said = {"from": first, "to": last, "sessions": row["sessions"], "kind": row["kind"]}
        kept.append(said)
        events = placing.state_block(place, "closure", said, hearing.origin, NOBODY)
        count(hearing, _record(hearing, place, events))
    if message["whole"] and span and len(kept) == len(closures):  # a row that cannot be read may be the one missed
        gone = placing.no_longer_planned(place, kept, (min(span), max(span)), hearing.origin, NOBODY)
        _record(hearing, place, gone)


def hear_closure(hearing: Hearing) -> None:
    """ClosureStated: a session (or both of a day) cancelled, partly closed, or held after all."""
    message = hearing.message
    day = day_of(message["date"])
    sessions = SESSIONS if message["session"] == "both" else (message["session"],)
    site = message["site"] or ""
    if day is None or any(s not in SESSIONS for s in sessions) or len(site) > MOST_SIGNS_OF_NAME:
        hold_dates(hearing, ())
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
    count(hearing, new)


HEAR: Mapping[str, Callable[[Hearing], None]] = {
    "PlaceStated": hear_place,
    "SourcesStated": hear_sources,
    "CodesStated": hear_codes,
    "SessionTimesStated": hear_times,
    "CalendarStated": hear_calendar,
    "ClosureStated": hear_closure,
}
"""Which of these hears which message."""
