"""Everything recorded about a pupil's lines, in the order of the ledger: what, when, by whom, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from domain.attendance_register.register import parts_of as register_parts
from domain.events import Fields, Stored, of_history
from domain.ledger.bodies import open_state
from domain.ledger.ledger import Ledger
from domain.ledger.reader import frames
from domain.ledger.store import Row
from domain.moments import from_days
from domain.people import People
from domain.place.place import Place
from domain.pupil import stream_of as pupil_stream
from projections.arrangements import beside
from projections.asking import people_at, place_at, stored, upto
from projections.who import NO_LINK, SEALED, Identities, Restrictions

MARKS = ("MarkRecorded", "MarkAmended", "MarkWithdrawn", "MarkForeseen", "OlderEntryLearned")
CHUNK = 2_000_000
"""Positions looked through at a time for the few that are about one line."""

Key = tuple[str, int]
"""Stream and version."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the pupil: one stay at one place in one school year."""

    line: bytes
    place: bytes
    school_year: int
    starting_day: date


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry about one of the pupil's lines, or about who the pupil is: then without place and line."""

    position: int
    recorded_at: int
    event: str
    """The name of the event, such as MarkAmended."""
    place: bytes | None
    line: bytes | None
    day: date | None = None
    """Of the session; None for an entry in the admission register."""
    session: str | None = None
    original: str | None = None
    """The code that stood before."""
    new: str | None = None
    """The code now; None for a withdrawal, and empty where the source sent what nobody mapped."""
    code_sent: str | None = None
    original_said: str | None = None
    """What the sender says stood before."""
    how: str | None = None
    """By what the entry came: taking, snapshot, change, ...; of a withdrawal, how it was told."""
    said_at: int | None = None
    """When the school says that it made the entry: its claim."""
    amended_on: date | None = None
    by: bytes | None = None
    by_kind: str | None = None
    by_name: str | None = None
    cause: str | None = None
    operation: bytes | None = None
    rule: str | None = None
    reason_code: str | None = None
    reason_state: str | None = None
    reason: str | None = None
    nature: str | None = None
    comment: str | None = None
    minutes_late: int | None = None
    source: bytes | None = None
    system: str | None = None
    first_held_at: int | None = None
    """If the row waited as a held input."""
    imported: bytes | None = None
    """The import that it came by."""
    of_history: bool = False
    """From another system's records: never contemporaneous, whatever moments they name."""
    held_to: int | None = None
    """Of an older entry: until when it stood, as far as that is said."""
    from_audit_log: bool = False
    about: Mapping[str, Any] | None = None
    """Of an entry in the admission register, or about an identity: its fields and opened text."""


@dataclass(frozen=True, slots=True)
class History:
    """The answer."""

    pupil: bytes
    name: str | None
    """None where the keys are destroyed."""
    lines: list[Line]
    places: Mapping[bytes, Place]
    entries: list[Entry]
    position: int
    child: tuple[bytes, ...] = ()
    """All identities that were this one child: the one asked for first."""
    restricted: str | None = None
    """The restriction that stands now: what is here is only what the place asked for may see, perhaps nothing."""


IDENTITY = frozenset(
    "IdentitiesMerged IdentityMergeUndone AccessRestricted RestrictionLifted HoldPlaced HoldLifted".split()
)
"""What a history shows of a pupil's own stream. Never IdentityContinued: that there is an earlier identity, and whose,
is for nobody's view (events.md 2.1)."""


def history(ledger: Ledger, pupil: bytes, as_at: int | None = None, asked_for: bytes | None = None) -> History:
    """Every entry about a child's lines, as recorded up to a moment (now, if none is given): those of all identities
    that were this one child then.

    Of a restricted child only the place asked for sees anything, and only its own lines, whatever the moment.
    """
    last = upto(ledger, as_at)
    identities, restrictions = Identities(ledger, last), Restrictions(ledger)
    level = restrictions.level(pupil)
    # A merge that stood then may join a child to one who is restricted today.
    child = tuple(one for one in identities.child(pupil) if one == pupil or restrictions.level(one) == level)
    if level in NO_LINK:
        child = (pupil,)
    own = [(one, *row) for one in child for row in stored(ledger, pupil_stream(one), last)]
    lines = [_line(event.text) for *_, event in own if event.topic == "LineOpened" and event.text]
    names = [event.text["name"] for *_, event in own if event.topic == "PupilIdentified" and event.text]
    if level is not None:
        lines = [line for line in lines if line.place == asked_for and level != SEALED]
        if not lines:
            return History(pupil, None, [], {}, [], last, (pupil,), level)
    places = {line.place: place_at(ledger, line.place, last) for line in lines}
    people = {line.place: people_at(ledger, line.place, last) for line in lines}
    entries: list[Entry] = []
    if level not in NO_LINK:
        officers = people_at(ledger, ledger.authority, last)
        for one, position, recorded_at, event in own:
            if event.topic in IDENTITY:
                entries.append(_identity(one, position, recorded_at, event, [officers, *people.values()]))
    for line in lines:
        place, staff = places[line.place], people[line.place]
        begins = last + 1
        stream = f"admission-register/{line.place.hex()}/{line.line.hex()}"
        for position, recorded_at, event in stored(ledger, stream, last):
            begins = min(begins, position)
            entries.append(_admission(line, position, recorded_at, event, place, staff, restricted=level is not None))
            full_name = (event.text or {}).get("full_name")
            if full_name:
                names.append(full_name)
        entries += _attendance(ledger, line, begins, last, place, staff)
        entries += _beside(ledger, line, last, place, staff, restricted=level is not None)
    name = next((name for name in reversed(names) if name), None)
    return History(pupil, name, lines, places, sorted(entries, key=lambda e: e.position), last, child, level)


def _line(text: Fields) -> Line:
    return Line(text["line"], text["place"], text["school_year"], from_days(text["starting_day"]))


def _attendance(ledger: Ledger, line: Line, first: int, last: int, place: Place, staff: People) -> list[Entry]:
    """The entries in attendance registers. No mark of a line stands before the line itself."""
    about = pl.col("line") == pl.lit(line.line, pl.Binary)
    marks = _rows(ledger, line, MARKS, ["line"], about, first, last)
    if not marks:
        return []
    keys = {(row.stream, fields["header"]) for row, fields, _ in marks}
    wanted = pl.DataFrame(list(keys), schema={"stream": pl.String, "version": pl.Int64}, orient="row")
    is_wanted = pl.struct("stream", "version").is_in(
        wanted.select(pl.struct("stream", "version")).to_series().implode()
    )
    received = _rows(ledger, line, ("EntriesReceived",), [], is_wanted, first, last)
    headers: dict[Key, Fields] = {(row.stream, row.version): fields for row, fields, _ in received}
    codes: dict[Key, str] = {}
    entries = []
    for row, fields, text in marks:
        amended = codes.get((row.stream, fields.get("amends", 0)))
        header = headers.get((row.stream, fields["header"]), {})
        entry = _mark(line, row, fields, text or {}, header, amended, place, staff)
        codes[(row.stream, row.version)] = entry.new or ""
        entries.append(entry)
    return entries


def _rows(
    ledger: Ledger, line: Line, topics: Sequence[str], more: Sequence[str], chosen: pl.Expr, first: int, last: int
) -> list[tuple[Row, Fields, Fields | None]]:
    """The entries of a place that a condition chooses (on position, stream, version and `more` columns), opened.

    Columns are looked through in bulk, and only what was chosen is decoded whole.
    """
    prefix = f"attendance-register/{line.place.hex()}/"
    columns = ("position", "stream", "version", *more)
    looked_through = frames(
        ledger.store, first, last, topics=topics, columns=columns, stream_prefix=prefix, chunk=CHUNK
    )
    positions: list[int] = []
    for _, _, frame in looked_through:
        positions += frame.filter(chosen)["position"].to_list()
    rows = [row for position in sorted(positions) for row in ledger.store.read_positions(position, position)]
    return [(row, *open_state(row.state, ledger.keys)) for row in rows]


def _mark(
    line: Line,
    row: Row,
    fields: Fields,
    text: Fields,
    header: Fields,
    amended: str | None,
    place: Place,
    staff: People,
) -> Entry:
    _, day, session = register_parts(row.stream)
    by, by_kind = fields.get("by"), fields.get("by_kind")
    if row.topic in ("MarkRecorded", "MarkForeseen"):
        by_kind = "named" if by else header.get("by_kind")
        by = by or header.get("by") or header.get("taker")
    said_at = fields.get("held_from") if row.topic == "OlderEntryLearned" else fields.get("said_at")
    return Entry(
        position=row.position,
        recorded_at=row.recorded_at,
        event=row.topic,
        place=line.place,
        line=line.line,
        day=from_days(day),
        session=session,
        original=fields.get("original", amended),
        new=fields.get("new") if row.topic == "MarkAmended" else fields.get("code"),
        code_sent=fields.get("code_sent"),
        original_said=fields.get("original_said"),
        how=fields.get("how") or header.get("how"),
        said_at=said_at if said_at is not None else header.get("said_at"),
        amended_on=None if fields.get("amended_on") is None else from_days(fields["amended_on"]),
        by=by,
        by_kind=by_kind,
        by_name=_name(staff, by),
        cause=fields["cause"],
        operation=fields.get("operation"),
        rule=fields.get("rule"),
        reason_code=fields.get("reason_code"),
        reason_state=fields.get("reason_state"),
        reason=text.get("reason"),
        nature=text.get("nature"),
        comment=text.get("comment"),
        minutes_late=fields.get("minutes_late"),
        source=header.get("source"),
        system=_system(place, header.get("source")),
        first_held_at=header.get("first_held_at"),
        imported=header.get("import"),
        of_history=of_history(header),
        held_to=fields.get("held_to"),
        from_audit_log=bool(fields.get("from_audit_log")),
    )


_ELSEWHERE = frozenset(
    "destination_place other_place previous_place line_at_old_place previous_line text mis_reason last_school address"
    " parents place main_place place_name other_place_name previous from_place name phones marks".split()
)
"""What an entry in the admission register, or an arrangement, may say of where else the child is or was."""


def _identity(pupil: bytes, position: int, recorded_at: int, event: Stored, staff: Sequence[People]) -> Entry:
    fields, text = event.fields, event.text or {}
    by = fields.get("by")
    shown = ("other_pupil", "basis", "merge", "level", "review_on", "lifted_on", "scope", "why", "until", "amends")
    return Entry(
        position=position,
        recorded_at=recorded_at,
        event=event.topic,
        place=None,
        line=None,
        by=by,
        by_kind=fields.get("by_kind"),
        by_name=next((name for people in staff if (name := _name(people, by))), None),
        reason_code=fields.get("reason_code"),
        reason_state=fields.get("reason_state"),
        reason=text.get("reason"),
        about={"pupil": pupil, "version": event.version}
        | {name: fields[name] for name in shown if fields.get(name) is not None},
    )


def _admission(
    line: Line, position: int, recorded_at: int, event: Stored, place: Place, staff: People, *, restricted: bool
) -> Entry:
    fields, text = event.fields, event.text or {}
    hidden = {"salt", "sealed_key", "sealed", "sealed_hash", "message", "message_hash", "reason"}
    hidden |= _ELSEWHERE if restricted else set()
    about = {k: v for k, v in (fields | text).items() if k not in hidden and v is not None}
    return Entry(
        position=position,
        recorded_at=recorded_at,
        event=event.topic,
        place=line.place,
        line=line.line,
        said_at=fields.get("said_at"),
        amended_on=None if fields.get("amended_on") is None else from_days(fields["amended_on"]),
        by=fields.get("by"),
        by_kind=fields.get("by_kind"),
        by_name=_name(staff, fields.get("by")),
        reason_code=fields.get("reason_code"),
        reason_state=fields.get("reason_state"),
        reason=text.get("reason"),
        source=fields.get("source"),
        system=_system(place, fields.get("source")),
        first_held_at=fields.get("first_held_at"),
        imported=fields.get("import"),
        of_history=of_history(fields),
        about=about,
    )


def _beside(ledger: Ledger, line: Line, last: int, place: Place, staff: People, *, restricted: bool) -> Iterator[Entry]:
    """The line's arrangements, and what providers reported of it: of a restricted child nothing from elsewhere."""
    for told in beside(ledger, line.line, last):
        if told.place is None:
            yield _admission(line, told.position, told.recorded_at, told.event, place, staff, restricted=restricted)
        elif not restricted:
            provider, people = place_at(ledger, told.place, last), people_at(ledger, told.place, last)
            entry = _admission(line, told.position, told.recorded_at, told.event, provider, people, restricted=False)
            yield replace(entry, day=told.day, session=told.session)


def _name(staff: People, person: bytes | None) -> str | None:
    named = None if person is None else staff.last_named(person)
    return None if named is None else named.get("name") or named.get("user_id")


def _system(place: Place, source: bytes | None) -> str | None:
    described = None if source is None else place.sources.get(source)
    return None if described is None else described.get("system")
