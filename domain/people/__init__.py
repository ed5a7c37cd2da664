"""The people who make entries. Names are sealed under a key of place and school year.

PersonNamed is recorded at first sight of a user id, and again at a person's first entry of each school year, so that a
year's names can be destroyed with that year's key.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.events import Event, Fields, KeyOf, Origin, Seal, Stored, reason_fields

KINDS = frozenset(("staff", "provider_staff", "la_officer", "shared_login", "system"))
OFFICES = frozenset(
    (
        "head",
        "acting_head",
        "teacher_in_charge",
        "person_in_charge",
        "deputy_authorised",
        "attendance_champion",
        "dsl",
        "la_authorised",
        "la_prosecutor",
        "constable",
    )
)


@dataclass(slots=True)
class People:
    """The people of a place: who was named in which year, and the offices held."""

    stream: str
    version: int = 0
    named: dict[tuple[bytes, int], Fields] = field(default_factory=dict)
    """By (person, school year): kind, and the sealed text where its key is at hand."""
    offices: dict[tuple[bytes, str], tuple[int, int | None]] = field(default_factory=dict)

    @property
    def weight(self) -> int:
        """What a cache counts."""
        return 1 + len(self.named)

    def last_named(self, person: bytes) -> Fields | None:
        """What was last recorded of a person, in whichever year."""
        years = [year for known, year in self.named if known == person]
        return self.named[(person, max(years))] if years else None


def stream_of(place: bytes) -> str:
    """The stream of a place's people."""
    return f"people/{place.hex()}"


def key_of(place: bytes, school_year: int) -> KeyOf:
    """The key of a place's staff, groups and notes in one school year.

    Owned by the place's own stream, which is always there: a place may have groups and notes before it has people.
    """
    return KeyOf("place_year", f"place/{place.hex()}", str(school_year))


def person_scope(place: bytes, school_year: int, source: bytes) -> str:
    """The scope of a user id's row."""
    return f"{place.hex()}/{school_year}/{source.hex()}"


def evolve(people: People, stored: Stored) -> People:
    """Fold one event of the stream."""
    people.version = stored.version
    fields = stored.fields
    if stored.topic == "PersonNamed":
        people.named[(fields["person"], fields["school_year"])] = {"kind": fields["kind"], **(stored.text or {})}
    elif stored.topic == "OfficeHeld":
        people.offices[(fields["person"], fields["office"])] = (fields["from"], fields.get("to"))
    return people


def named(
    place: bytes,
    school_year: int,
    person: bytes,
    kind: str,
    source: bytes | None,
    user_id: str | None,
    name: str | None,
) -> Event:
    """PersonNamed."""
    return Event(
        stream_of(place),
        "PersonNamed",
        {"person": person, "kind": kind, "school_year": school_year},
        Seal(key_of(place, school_year), "PersonText", {"source": source, "user_id": user_id, "name": name}),
    )


def office_held(
    people: People,
    person: bytes,
    office: str,
    span: tuple[int, int | None],
    reason: str | None,
    origin: Origin,
    key: KeyOf,
) -> Event:
    """OfficeHeld, from a day to a day (days since 1970); said again, it mends what was said before."""
    fields = {"person": person, "office": office, "from": span[0], "to": span[1], **origin.fields()}
    fields |= reason_fields(reason, None, carries_reason=True)
    return Event(people.stream, "OfficeHeld", fields, Seal(key, "NoteText", {"reason": reason}) if reason else None)
