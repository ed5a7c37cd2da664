"""A place as its stream tells it: what it is, who may speak for it, its codes, its calendar as then known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from domain.calendar import (
    Block,
    Calendar,
    Cancellation,
    Closure,
    PartClosure,
    Session,
    SessionTimes,
    Term,
    whole_days,
)
from domain.events import OPERATOR, Fields, Stored
from domain.moments import academic_year_before, academic_year_of, from_days

BLANKS = frozenset(("-", ""))
"""No mark yet: a state of its own, not a code (events.md 4; field.md 2.4)."""

DESCRIPTION = (
    "kind",
    "phase",
    "reg11_binds",
    "state_funded",
    "in_daily_share",
    "boarding",
    "authority",
    "age_low",
    "age_high",
    "urn",
    "laestab",
    "ukprn",
    "local_id",
    "name",
    "setting_type",
    "from",
)


@dataclass(slots=True)
class Place:
    """The state that decisions need. `version` 0: not described yet."""

    stream: str
    version: int = 0
    id: bytes = field(init=False)
    description: Fields = field(default_factory=dict)
    text: Fields = field(default_factory=dict)
    told_at: int | None = None
    sources: dict[bytes, Fields] = field(default_factory=dict)
    """What each source may carry, by its id; `to` once it has ended."""
    code_maps: dict[bytes, dict[str, Fields]] = field(default_factory=dict)
    """By source and raw code: the CodeMapped that stands."""
    calendar: Calendar = field(default_factory=Calendar)
    blocks: dict[int, tuple[str, Fields]] = field(default_factory=dict)
    """Session times, terms and closures as stated, by the version that first told them: what a new statement is
    compared with."""
    amended_by: dict[int, int] = field(default_factory=dict)
    cancellations: dict[int, Fields] = field(default_factory=dict)
    policy_minutes: list[tuple[int, int]] = field(default_factory=list)
    """(from day, minutes that the register stays open)."""
    years_begun: set[int] = field(default_factory=set)
    """School years into which its lines were carried."""
    ends: dict[int, Fields] = field(default_factory=dict)
    """Successions and closures that stand, by version; a succession names its `new_place`."""
    undone: dict[int, Fields] = field(default_factory=dict)
    """Those that were undone."""

    @property
    def weight(self) -> int:
        """What a cache counts."""
        return 50 + 2 * len(self.blocks)

    _firsts: dict[int, int | None] = field(default_factory=dict)
    """First days of school years, as asked for; forgotten when a half term is told or amended."""

    def __post_init__(self) -> None:
        self.id = bytes.fromhex(self.stream.removeprefix("place/"))

    @property
    def closed_on(self) -> int | None:
        """The last day by the closure that stands; of several, the one told last."""
        closures = [said for _, said in sorted(self.ends.items()) if "new_place" not in said]
        return closures[-1]["on"] if closures else None

    @property
    def succeeded_by(self) -> list[bytes]:
        """The places that took over, by the successions that stand."""
        return [said["new_place"] for _, said in sorted(self.ends.items()) if "new_place" in said]

    def took_back_from(self, other: bytes) -> bool:
        """True if `other` was to take over from here, and that was undone: what both are called leads here again."""
        undone = any(said.get("new_place") == other for said in self.undone.values())
        return undone and other not in self.succeeded_by

    def may_speak(self, source: bytes, on: int) -> bool:
        """True if the operator registered this source for this place, and its time had not ended on that day."""
        if source == OPERATOR:
            return True
        described = self.sources.get(source)
        return described is not None and (described.get("to") is None or on < described["to"])

    def carries(self, source: bytes | None, what: str) -> bool:
        """Whether a source can carry person, reason, entry_time, deletes or closing_time; a console can carry all."""
        described = None if source is None else self.sources.get(source)
        return described is None or bool(described[f"carries_{what}"])

    def closes_by_minute(self, day: int, session: str) -> int | None:
        """The local minute at which the taking ends: as the session times say, else by the policy."""
        date = from_days(day)
        said = self.calendar.register_closes(date, cast("Session", session))
        if said is not None:
            return said
        times = self.calendar.session_times(date)
        begins = None if times is None else (times.am_begins if session == "AM" else times.pm_begins)
        minutes = [m for since, m in self.policy_minutes if since <= day]
        return None if begins is None or not minutes else begins + minutes[-1]

    def first_day_of(self, school_year: int) -> int | None:
        """The first day of the first half term told of a school year, in days since 1970."""
        if school_year not in self._firsts:
            terms = [fields for kind, fields in self.blocks.values() if kind == "term" and fields["due_mask"]]
            firsts = [fields["from"] for fields in terms if fields["school_year"] == school_year]
            self._firsts[school_year] = min(firsts, default=None)
        return self._firsts[school_year]

    def school_year_on(self, day: int) -> int:
        """The school year of a day: the academic year, but the one before until the first term begins (law.md 0.3)."""
        year = academic_year_of(day)
        first = self.first_day_of(year)
        return academic_year_before(year) if first is not None and day < first else year


def still_standing(places: Sequence[bytes], told: Callable[[bytes], Place]) -> Sequence[bytes]:
    """Of the places that one name leads to, those whose taking over from another of them was not undone."""
    gone = {other for place in places for other in places if told(place).took_back_from(other)}
    return [place for place in places if place not in gone] or places


def stream_of(place: bytes) -> str:
    """The stream of a place."""
    return f"place/{place.hex()}"


BLOCK_FIELDS: dict[str, tuple[str, ...]] = {
    "times": (
        "from",
        "to",
        "weekdays",
        "am_begins",
        "am_register_closes",
        "am_ends",
        "pm_begins",
        "pm_register_closes",
        "pm_ends",
    ),
    "term": ("term", "school_year", "from", "to", "due_mask"),
    "closure": ("from", "to", "sessions", "kind"),
}
BLOCK_TOPICS = {"times": "SessionTimesSet", "term": "TermSet", "closure": "ClosurePlanned"}
_KIND_OF = {topic: kind for kind, topic in BLOCK_TOPICS.items()}


def _block(kind: str, version: int, fields: Fields) -> Block:
    first = from_days(fields["from"])
    last = None if fields.get("to") is None else from_days(fields["to"])
    if kind == "times":
        times = {k: fields.get(k) for k in BLOCK_FIELDS["times"][3:]}
        return SessionTimes(version, first, last, whole_days(fields["weekdays"]), **times)
    if kind == "term":
        return Term(version, fields["term"], fields["school_year"], first, last or first, fields.get("due_mask"))
    return Closure(version, first, last or first, fields["sessions"], fields["kind"])


def evolve(place: Place, stored: Stored) -> Place:
    """Fold one event of the stream into its place."""
    place.version = stored.version
    fields, topic = stored.fields, stored.topic
    if topic in ("TermSet", "CalendarAmended"):
        place._firsts.clear()
    if topic == "PlaceDescribed":
        place.description = {name: fields.get(name) for name in DESCRIPTION}
        place.text = dict(stored.text or {})
        place.told_at = fields.get("sent_at")
    elif topic == "SourceDescribed":
        place.sources[fields["source"]] = fields | (stored.text or {})
    elif topic == "SourceEnded":
        place.sources[fields["source"]] = place.sources.get(fields["source"], {}) | {"to": fields["to"]}
    elif topic == "CodeMapped":
        place.code_maps.setdefault(fields["used_by"], {})[fields["raw"]] = fields
    elif topic == "PlaceSucceeded":
        place.ends[stored.version] = {name: fields.get(name) for name in ("new_place", "on", "kind", "registers_move")}
    elif topic == "PlaceClosed":
        place.ends[stored.version] = {"on": fields["on"], "custody_with": fields.get("custody_with")}
    elif topic == "PlaceSuccessionUndone" and fields["amends"] in place.ends:
        place.undone[fields["amends"]] = place.ends.pop(fields["amends"])
    elif topic == "SchoolYearBegun":
        place.years_begun.add(fields["school_year"])
    elif topic == "AttendancePolicyAdopted":
        place.policy_minutes = sorted([*place.policy_minutes, (fields["from"], fields["register_open_minutes"])])
    elif topic in _KIND_OF:
        kind = _KIND_OF[topic]
        place.blocks[stored.version] = (kind, {k: fields.get(k) for k in BLOCK_FIELDS[kind]})
        place.calendar = place.calendar.told(_block(kind, stored.version, fields))
    elif topic == "CalendarAmended":
        kind = fields["block"]
        amends: int = fields["amends"]
        original = place.amended_by.get(amends, amends)
        place.amended_by[stored.version] = original
        place.blocks[original] = (kind, {k: fields.get(k) for k in BLOCK_FIELDS[kind]})
        place.calendar = place.calendar.amended(stored.version, fields["amends"], _block(kind, stored.version, fields))
    elif topic in ("SessionCancelled", "PartClosed"):
        place.cancellations[stored.version] = fields | {"whole": topic == "SessionCancelled"}
        day, session = from_days(fields["date"]), cast("Session", fields["session"])
        fact: Cancellation | PartClosure
        if topic == "SessionCancelled":
            fact = Cancellation(stored.version, day, session)
        else:
            fact = PartClosure(stored.version, day, session, fields.get("site"), fields["nc_years"])
        place.calendar = place.calendar.told(fact)
    elif topic == "CancellationReversed":
        place.cancellations.pop(fields["amends"], None)
        place.calendar = place.calendar.cancellation_reversed(fields["amends"])
    return place
