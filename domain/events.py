"""What a decision hands to the ledger: events in plain values, not yet encoded, sealed or numbered.

Decisions everywhere in `domain/` are functions of values that return these. Only `domain/ledger` turns them into
entries. `Stored` is the same thing on its way back: what `evolve` functions fold into a state.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Fields = dict[str, Any]
"""The body of an event without its salt and sealed part: raw values (days, microseconds, 16-byte ids, text)."""

OPERATOR = bytes(16)
"""The source id of what the operator's own import or console says."""


class KeyOf(NamedTuple):
    """Which key seals a text: one for each line (marks, entries), one for each line's link to its pupil, one for each
    pupil, one for each place and school year (staff, groups)."""

    kind: str
    """line, line_link, pupil or place_year."""
    owner: str
    """The stream whose existence shows that the key is in use."""
    scope: str = ""
    """The school year, for a place's key."""


class Seal(NamedTuple):
    """A text that goes into an entry's sealed part."""

    key: KeyOf
    schema: str
    text: Fields


class Event(NamedTuple):
    """Something that happened, to be recorded in a stream. Fields that are null may be left out."""

    stream: str
    topic: str
    fields: Fields
    seal: Seal | None = None


class Stored(NamedTuple):
    """An event that is in its stream already, with its sealed part opened if its key is at hand."""

    version: int
    topic: str
    fields: Fields
    text: Fields | None = None


class Origin(NamedTuple):
    """Where an event from outside came from (events.md 0.1). Every member is a claim or a fact about the message."""

    source: bytes | None = None
    message: bytes | None = None
    message_hash: bytes | None = None
    topic_sent: str | None = None
    partition: int | None = None
    offset: int | None = None
    sequence: int | None = None
    sent_at: int | None = None
    said_at: int | None = None
    broker_at: int | None = None
    broker_clock: str | None = None
    first_held_at: int | None = None
    import_id: bytes | None = None

    @property
    def of_history(self) -> bool:
        """True for what came from another system's records: see `of_history`."""
        return self.import_id is not None and self.broker_at is None

    def fields(self) -> Fields:
        """As the fields of an event."""
        return dict(zip(_ORIGIN_FIELDS, self, strict=True))


_ORIGIN_FIELDS = tuple("import" if name == "import_id" else name for name in Origin._fields)
"""`import` is a word of Python, so the member has another name."""


def of_history(fields: Fields) -> bool:
    """True for an event that came by the import of a history: from a file, and past no broker.

    A container of deliveries keeps the moment at which a broker took each of them; another system's records have none.
    """
    return fields.get("import") is not None and fields.get("broker_at") is None


class Person(NamedTuple):
    """Who made an entry, as far as it was said."""

    by: bytes | None = None
    by_kind: str = "not_said"

    def fields(self) -> Fields:
        """As the fields of an event."""
        return {"by": self.by, "by_kind": self.by_kind}


NOBODY = Person()


def reason_fields(reason: str | None, reason_code: str | None, carries_reason: bool) -> Fields:
    """The coded part of a reason: given, not given, or a feed that cannot carry one (events.md 0.1)."""
    state = "given" if reason or reason_code else "not_given" if carries_reason else "feed_cannot_carry"
    return {"reason_code": reason_code, "reason_state": state}
