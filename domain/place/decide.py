"""From what a school or the operator says of a place to the events of its stream: only what is new is recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from domain.events import Event, Fields, KeyOf, Origin, Person, Seal, reason_fields
from domain.place.place import BLOCK_FIELDS, BLOCK_TOPICS, DESCRIPTION, Place

PLACE_KINDS = frozenset(
    (
        "maintained academy nms_special independent ctc pru ap_academy nursery unregistered_provider fe employer home"
        " hospital_unregistered other"
    ).split()
)
PRIVATE = frozenset(("home", "employer"))
"""Places whose name tells of a person: it is sealed."""
PHASES = frozenset("nursery primary middle_p middle_s secondary all_through special ap post16 none".split())
TERMS = ("autumn1", "autumn2", "spring1", "spring2", "summer1", "summer2")
CLOSURE_KINDS = frozenset("holiday inset bank_holiday polling occasional other".split())
CANCEL_WHYS = frozenset("weather utilities premises staffing health emergency other".split())
ROUTES = frozenset("direct aggregator file console partner_xml".split())
DELIVERIES = frozenset("stream snapshot_daily snapshot_twice weekly once".split())
CARRIES = ("person", "reason", "entry_time", "deletes", "closing_time")


def describe(place: Place, said: Fields, text: Fields, origin: Origin, person: Person, key: KeyOf) -> list[Event]:
    """PlaceDescribed, if anything in the statement is new. A statement that a newer one has overtaken adds nothing."""
    same = all(said.get(name) == place.description.get(name) for name in DESCRIPTION if name != "from")
    same_text = all(text.get(k) == place.text.get(k) for k in text)
    overtaken = place.told_at is not None and origin.sent_at is not None and origin.sent_at < place.told_at
    if place.version and ((same and same_text) or overtaken):
        return []
    seal = Seal(key, "PlaceText", text) if any(text.values()) else None
    fields = {
        "place": place.id,
        **{name: said.get(name) for name in DESCRIPTION},
        **origin.fields(),
        **person.fields(),
        **reason_fields(None, None, carries_reason=True),
    }
    return [Event(place.stream, "PlaceDescribed", fields, seal)]


def describe_source(
    place: Place, source: bytes, said: Fields, local_id: str | None, person: Person, key: KeyOf
) -> list[Event]:
    """SourceDescribed, or SourceEnded where it names an end; nothing if it is known already.

    `local_id`, the source's own id of the place, is sealed: from it the identity index can be built again.
    """
    known = place.sources.get(source)
    to = said.get("to")
    stated = {k: said[k] for k in ("system", "route", "delivery", *(f"carries_{c}" for c in CARRIES))}
    events: list[Event] = []
    ended = None if known is None else known.get("to")
    reopened = ended is not None and to is None
    renamed = known is not None and local_id is not None and known.get("local_id") != local_id
    if known is None or reopened or renamed or any(known.get(k) != v for k, v in stated.items()):
        ended = None  # described anew, it speaks again
        fields = {"source": source, **stated, "code_map": code_map_hash(place, source), "from": said["from"]}
        seal = Seal(key, "SourceText", {"local_id": local_id}) if local_id else None
        events.append(Event(place.stream, "SourceDescribed", fields | person.fields(), seal))
    if to is not None and ended != to:
        events.append(end_source(place, source, to, person))
    return events


def end_source(place: Place, source: bytes, to: int, person: Person) -> Event:
    """SourceEnded: from this day on the source no longer speaks for the place."""
    return Event(place.stream, "SourceEnded", {"source": source, "to": to} | person.fields())


def code_map_hash(place: Place, source: bytes) -> bytes:
    """SHA-256 of the code map in force: sorted `raw`, `code` pairs as JSON."""
    pairs = sorted((raw, m["code"]) for raw, m in place.code_maps.get(source, {}).items() if m["active"])
    return hashlib.sha256(json.dumps(pairs, ensure_ascii=False).encode()).digest()


def map_code(place: Place, source: bytes, said: Fields, origin: Origin, person: Person) -> list[Event]:
    """CodeMapped; old marks keep what they were mapped to."""
    known = place.code_maps.get(source, {}).get(said["raw"])
    if known is not None and all(known[k] == said[k] for k in ("code", "from", "active")):
        return []
    return [Event(place.stream, "CodeMapped", {"used_by": source, **said, **origin.fields(), **person.fields()})]


def state_block(place: Place, kind: str, said: Fields, origin: Origin, person: Person) -> list[Event]:
    """A half term, session times or a closure: set or planned if it is new, CalendarAmended if it differs.

    A half term is known by its year and name, session times by their first day and weekdays, a closure by its first
    day and kind.
    """
    names = {"times": ("from", "weekdays"), "term": ("term", "school_year"), "closure": ("from", "kind")}[kind]
    for version, (known_kind, known) in place.blocks.items():
        if known_kind == kind and all(known.get(n) == said.get(n) for n in names):
            if all(known.get(n) == said.get(n) for n in BLOCK_FIELDS[kind]):
                return []
            return [amend_block(place, version, kind, said, origin, person)]
    stated = {n: said.get(n) for n in BLOCK_FIELDS[kind]}
    return [Event(place.stream, BLOCK_TOPICS[kind], {**stated, **origin.fields(), **person.fields()})]


def amend_block(place: Place, version: int, kind: str, said: Fields, origin: Origin, person: Person) -> Event:
    """CalendarAmended: the whole block, restated."""
    fields = {
        "amends": version,
        "block": kind,
        **{n: said.get(n) for n in BLOCK_FIELDS[kind]},
        **origin.fields(),
        **person.fields(),
        **reason_fields(None, None, carries_reason=True),
    }
    return Event(place.stream, "CalendarAmended", fields)


def no_longer_planned(
    place: Place, kept: Sequence[Fields], span: tuple[int, int], origin: Origin, person: Person
) -> list[Event]:
    """CalendarAmended with no sessions, for closures within a span of days that a whole calendar leaves out."""
    still = {(c["from"], c["kind"]) for c in kept}
    return [
        amend_block(place, version, "closure", known | {"sessions": 0}, origin, person)
        for version, (kind, known) in list(place.blocks.items())
        if kind == "closure"
        and known["sessions"]
        and span[0] <= known["from"] <= span[1]
        and (known["from"], known["kind"]) not in still
    ]


def state_closure(
    place: Place, said: Fields, after_marks: bool, origin: Origin, person: Person, key: KeyOf, reason: str | None
) -> list[Event]:
    """SessionCancelled (whole) or PartClosed; CancellationReversed where the statement takes an earlier one back.

    `said`: date, session, whole, why, reversed, decided_at, decided_by, site, nc_years.
    """
    standing = {
        version: known
        for version, known in place.cancellations.items()
        if (known["date"], known["session"], known["whole"]) == (said["date"], said["session"], said["whole"])
    }
    seal = Seal(key, "NoteText", {"reason": reason}) if reason else None
    if said["reversed"]:
        return [
            Event(
                place.stream,
                "CancellationReversed",
                {"amends": version, **origin.fields(), **person.fields(), **reason_fields(reason, None, True)},
                seal,
            )
            for version in standing
        ]
    own: Fields
    if said["whole"]:
        own = {"decided_at": said["decided_at"], "decided_by": said["decided_by"], "after_marks": after_marks}
        told = {"why": said["why"]}
    else:
        own = {"site": said["site"], "nc_years": said["nc_years"] or 0}
        told = {"why": said["why"], **own}
    if any(all(known.get(name) == value for name, value in told.items()) for known in standing.values()):
        return []
    topic = "SessionCancelled" if said["whole"] else "PartClosed"
    common = {"date": said["date"], "session": said["session"], "why": said["why"]}
    return [Event(place.stream, topic, {**common, **own, **origin.fields(), **person.fields()}, seal)]


def adopt_policy(place: Place, said: Fields, origin: Origin, person: Person, key: KeyOf, link: str | None) -> Event:
    """AttendancePolicyAdopted. More than 30 minutes is a label, not a refusal (Working together [S])."""
    seal = Seal(key, "NoteText", {"text": link}) if link else None
    return Event(place.stream, "AttendancePolicyAdopted", {**said, **origin.fields(), **person.fields()}, seal)


def succeed(old: Place, new: Place, said: Fields, origin: Origin, person: Person) -> Event:
    """PlaceSucceeded, in the old place's stream; the index lists it under both."""
    fields = {"old_place": old.id, "new_place": new.id, **said, **origin.fields(), **person.fields()}
    return Event(old.stream, "PlaceSucceeded", fields)


def close(place: Place, on: int, custody_with: bytes | None, origin: Origin, person: Person) -> Event:
    """PlaceClosed: its registers go into somebody's custody (regulation 7). Told late, it is recorded as told."""
    fields = {"on": on, "custody_with": custody_with, **origin.fields(), **person.fields()}
    return Event(place.stream, "PlaceClosed", fields)


def undo_end(
    place: Place, version: int, reason: str | None, reason_code: str | None, origin: Origin, person: Person, key: KeyOf
) -> Event:
    """PlaceSuccessionUndone: the succession or closure of this version stays, and says that it should not stand.

    The caller has seen that it stands. Sources, codes and calendar never changed by it; what both places are called
    leads to the old one again (`Place.took_back_from`). Entries made meanwhile stay where they were made.
    """
    fields = {
        "amends": version,
        **origin.fields(),
        **person.fields(),
        **reason_fields(reason, reason_code, carries_reason=True),
    }
    return Event(
        place.stream, "PlaceSuccessionUndone", fields, Seal(key, "NoteText", {"reason": reason}) if reason else None
    )


def begin_year(place: Place, school_year: int, first_day: int) -> Event:
    """SchoolYearBegun, made by rule once for each place and school year (events.md 2.2, LineCarriedForward)."""
    return Event(place.stream, "SchoolYearBegun", {"school_year": school_year, "first_day": first_day})
