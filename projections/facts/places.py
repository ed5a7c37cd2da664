"""Places as facts: what each is, its calendar session by session, who may speak for it, as known from each entry on.

A calendar is worked out by the domain after each message that changes it, and only the sessions that read otherwise
than before become facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

import polars as pl

from domain.calendar import SESSIONS, Calendar, NotHeld
from domain.events import Fields, Stored
from domain.ledger.ledger import Ledger
from domain.moments import academic_year_days, days
from domain.place.place import Place
from domain.place.place import evolve as evolve_place
from projections.facts.columns import beside, flag
from projections.facts.tables import LAST_DAY
from projections.facts.told import Row, Told, earlier, told_in

TOPICS: Final = tuple(
    "PlaceDescribed PlaceSucceeded PlaceSuccessionUndone PlaceClosed SourceDescribed SourceEnded CodeMapped"
    " AttendancePolicyAdopted SessionTimesSet TermSet ClosurePlanned SessionCancelled PartClosed CancellationReversed"
    " CalendarAmended".split()
)
_CALENDAR: Final = frozenset(
    "SessionTimesSet TermSet ClosurePlanned SessionCancelled CancellationReversed CalendarAmended".split()
)
_STATUS: Final[Mapping[NotHeld | None, str]] = {
    None: "held",
    NotHeld.NOT_KNOWN: "not_known",
    NotHeld.OUTSIDE_TERM: "outside_term",
    NotHeld.NO_SUCH_SESSION: "no_such_session",
    NotHeld.PLANNED_CLOSURE: "planned_closure",
    NotHeld.CANCELLED: "cancelled",
}
_HALF_TERMS: Final = {
    name: n for n, name in enumerate(("autumn1", "autumn2", "spring1", "spring2", "summer1", "summer2"), start=1)
}
_NEVER: Final = days(date.fromisoformat(LAST_DAY))

Session = tuple[str, int | None, int | None]
"""Status, when it begins, when its register closes."""
_UNKNOWN: Final[Session] = ("not_known", None, None)


class _Known:
    """A place as folded so far, and its calendar as already told in facts."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.sessions: dict[tuple[int, int], Session] = {}
        self.terms: dict[tuple[int, int], tuple[int, int]] = {}
        self.deliveries: dict[bytes, list[tuple[int, str]]] = defaultdict(list)
        self.waiting: tuple[int, int] | None = None
        """(position, recorded_at) of the last word on the calendar, if the same moment may say more."""


class Places:
    """Folds places; of each that is spoken of, what was said before the window is read from the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, _Known] = {}

    def delivery(self, place: bytes, source: bytes | None, position: int) -> str:
        """How a source delivers to a place, as known at a position; `stream` where nothing was said."""
        known = self._known_at(f"place/{place.hex()}", position)
        said = [how for at, how in known.deliveries.get(source or b"", ()) if at <= position]
        return said[-1] if said else "stream"

    def facts(self, frames: Mapping[str, pl.DataFrame], before: int) -> dict[str, list[Row]]:
        """The facts of a window that begins after the position `before`, by table, in order of position."""
        found: dict[str, list[Row]] = defaultdict(list)
        for stream, entries in told_in(frames, TOPICS).items():
            self._fold(self._known_at(stream, before), entries, found)
        for rows in found.values():
            rows.sort(key=lambda row: row["position"])
        return found

    def _known_at(self, stream: str, position: int) -> _Known:
        """A place as folded so far; of one not met yet, from what the ledger has of it up to a position."""
        known = self._known.get(stream)
        if known is None:
            known = self._known[stream] = _Known(Place(stream))
            said = earlier(self._ledger.store.read_stream(stream), position, TOPICS)
            self._fold(known, said, defaultdict(list))
        return known

    def _fold(self, known: _Known, entries: list[Told], found: dict[str, list[Row]]) -> None:
        for n, (position, recorded_at, event) in enumerate(entries):
            reversed_part = known.place.cancellations.get(event.fields.get("amends") or 0)
            evolve_place(known.place, event)
            row: Row = {**beside(position, recorded_at), "place": known.place.id}
            _plain(known, event, reversed_part, row, found)
            if event.topic in _CALENDAR:
                known.waiting = position, recorded_at
            following = entries[n + 1][1] if n + 1 < len(entries) else None
            if known.waiting is None or following == known.waiting[1]:
                continue
            if following is None and self._says_more(known.place, known.waiting[1]):
                continue
            self._calendar(known, *known.waiting, found)
            known.waiting = None

    def _says_more(self, place: Place, moment: int) -> bool:
        """True if the ledger's next entry about this place is of the same moment: a message about a whole year is one
        word on the calendar, wherever a window happens to end."""
        following = self._ledger.store.read_stream(place.stream, after=place.version)
        return any(row.recorded_at == moment for row in following if row.topic in TOPICS)

    def _calendar(self, known: _Known, position: int, recorded_at: int, found: dict[str, list[Row]]) -> None:
        """What reads otherwise after all that one moment said of the calendar."""
        head: Row = {**beside(position, recorded_at), "place": known.place.id}
        terms = dict(_terms(known.place.calendar))
        for key in sorted(known.terms.keys() | terms.keys()):
            now = terms.get(key)
            if now != known.terms.get(key):
                first, last = now or known.terms[key]
                said: Row = {"school_year": key[0], "half_term": key[1], "from_date": first, "to_date": last}
                found["half_term"].append({**head, **said, "stands": int(now is not None)})
        known.terms = terms
        sessions = dict(_sessions(known.place.calendar))
        for key in sorted(known.sessions.keys() | sessions.keys()):
            session = sessions.get(key, _UNKNOWN)
            if session != known.sessions.get(key, _UNKNOWN):
                status, begins, closes = session
                held: Row = {"session_date": key[0], "session": key[1], "status": status}
                found["school_session"].append({**head, **held, "begins_minute": begins, "closes_minute": closes})
        known.sessions = sessions


def _terms(calendar: Calendar) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for term in calendar.half_terms():
        if term.name in _HALF_TERMS:
            yield (term.school_year, _HALF_TERMS[term.name]), (days(term.first), days(term.last))


def _sessions(calendar: Calendar) -> Iterator[tuple[tuple[int, int], Session]]:
    """Every session of every day of which the calendar says anything."""
    for year in calendar.academic_years():
        begins, ends = academic_year_days(year)
        for number in range(days(begins), days(ends) + 1):
            day = date.fromordinal(number + _EPOCH)
            whys = [calendar.why_not_held(day, session) for session in SESSIONS]
            due = any(why in (None, NotHeld.CANCELLED) for why in whys)
            times_of_day = calendar.session_times(day) if due else None
            for n, (session, why) in enumerate(zip(SESSIONS, whys, strict=True), start=1):
                if why is NotHeld.NOT_KNOWN:
                    continue
                times = times_of_day if why in (None, NotHeld.CANCELLED) else None
                begins_minute = None if times is None else times.am_begins if n == 1 else times.pm_begins
                closes = None if times is None else times.register_closes(session)
                yield (number, n), (_STATUS[why], begins_minute, closes)


_EPOCH: Final = date(1970, 1, 1).toordinal()


def _plain(known: _Known, event: Stored, reversed_part: Fields | None, row: Row, found: dict[str, list[Row]]) -> None:
    """The facts that one event makes by itself."""
    fields, place = event.fields, known.place
    match event.topic:
        case "PlaceDescribed" | "PlaceClosed" | "PlaceSuccessionUndone" | "PlaceSucceeded":
            said = place.description
            names = ("laestab", "urn", "name", "kind", "phase", "boarding", "age_low", "age_high")
            described = {name: said.get(name) for name in names}
            described |= {name: flag(said.get(name)) for name in ("state_funded", "reg11_binds")}
            laestab = said.get("laestab")
            described["la_code"] = laestab[:3] if laestab else None
            found["place"].append({**row, **described, "from_date": said.get("from"), "closed_on": place.closed_on})
            _succession(known, event, row, found)
        case "SourceDescribed" | "SourceEnded":
            source = fields["source"]
            said = place.sources[source]
            carries = ("person", "reason", "entry_time", "deletes", "closing_time")
            can: Row = {f"carries_{name}": flag(said.get(f"carries_{name}")) for name in carries}
            how: Row = {"source": source, "system": said.get("system"), "delivery": said.get("delivery")}
            to = said.get("to")
            found["source"].append({**row, **how, **can, "to_date": _NEVER if to is None else to})
            known.deliveries[source].append((row["position"], said.get("delivery") or "stream"))
        case "CodeMapped":
            mapped: Row = {"source": fields["used_by"], "raw": fields["raw"], "code": fields["code"]}
            found["code_map"].append({**row, **mapped, "from_date": fields["from"]})
        case "AttendancePolicyAdopted":
            minutes = fields["register_open_minutes"]
            found["policy"].append({**row, "from_date": fields["from"], "open_minutes": minutes})
        case "PartClosed":
            found["part_closed"].append({**row, **_part(event.version, fields, stands=1)})
        case "CancellationReversed" if reversed_part is not None and not reversed_part["whole"]:
            found["part_closed"].append({**row, **_part(fields["amends"], reversed_part, stands=0)})
        case _:
            pass


def _succession(known: _Known, event: Stored, row: Row, found: dict[str, list[Row]]) -> None:
    """Of a place that another took over, or that is itself again."""
    place, stands = known.place, 1
    if event.topic == "PlaceSucceeded":
        said = place.ends[event.version]
    elif event.topic == "PlaceSuccessionUndone":
        said, stands = place.undone.get(event.fields["amends"], {}), 0
    else:
        return
    if "new_place" in said:
        rest = {"on_date": said["on"], "kind": said["kind"], "registers_move": flag(said["registers_move"])}
        ends: Row = {"old_place": row["place"], "new_place": said["new_place"], "stands": stands}
        found["succession"].append({**{k: v for k, v in row.items() if k != "place"}, **ends, **rest})


def _part(version: int, fields: Fields, stands: int) -> Row:
    number = 1 if fields["session"] == "AM" else 2
    session: Row = {"session_date": fields["date"], "session": number}
    return {**session, "version": version, "nc_years": fields["nc_years"], "stands": stands}
