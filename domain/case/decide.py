"""From what a school says of its returns to the events of a case (PRR reg 13). Only what is new is recorded.

Nothing is refused for being late, made twice or called for by nothing: that is for an answer to say. No return is made
by the ledger itself, and no belief is formed by a count (regulation 13(10)).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from domain.attendance_register.decide import line_key
from domain.case.case import Case, told
from domain.events import Event, Fields, Origin, Person, Seal

KINDS = ("new_pupil", "deletion", "attendance", "sickness")
"""The four returns: regulation 13(1), (4), (7) and (9)."""
ASKABLE = ("new_pupil", "deletion")
"""Those that an authority may ask for where they need not be made unasked: regulation 13(3) and (6)."""
LIMBS = ("p7a", "p7b", "p9_consecutive", "p9_total", "none")
"""Attendance: failed to attend regularly; ten school days. Sickness: 15 in a row; 15 in the school year."""
BELIEFS = ("consecutive_15", "total_15")
CHANNELS = ("portal", "file", "email", "api", "paper", "not_said")


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent of one pupil."""

    content: bytes
    media_type: str
    flags: Mapping[str, bool | None]
    """looked_after, ehcp, cp_plan; None: not said."""


def return_made(case: Case, said: Fields, sent: Sent, origin: Origin, person: Person) -> list[Event]:
    """ReturnMade: what was sent, sealed under the line's key, and its SHA-256. The same said again adds nothing.

    `said`: line, place, kind, authority, limb, made_on, made_by, channel, computed_at, definition, run_from, run_days,
    ground, receipt.
    """
    fields = {**said, "content": hashlib.sha256(sent.content).digest()}
    text: Fields = {"content": sent.content, "media_type": sent.media_type, **sent.flags}
    seal = Seal(line_key(said["place"], said["line"]), "ReturnText", text)
    return _new(case, "ReturnMade", fields, seal, origin, person)


def attendance_return_closed(
    case: Case, place: bytes, first: int, last: int, said: Fields, origin: Origin, person: Person
) -> list[Event]:
    """AttendanceReturnClosed: also when nobody is in it. Closed again with another count, the last word counts.

    `said`: pupils, computed_at, definition, receipt. Days since 1970.
    """
    fields = {**said, "place": place, "from": first, "to": last, "nil": said["pupils"] == 0}
    if case.closed.get((first, last)) == told("AttendanceReturnClosed", fields, None):
        return []
    return [_event(case, "AttendanceReturnClosed", fields, None, origin, person)]


def return_asked(case: Case, place: bytes, kind: str, asked_on: int, origin: Origin, person: Person) -> list[Event]:
    """ReturnAsked: from then on returns of that kind need to be made by this school for everybody."""
    fields = {"place": place, "kind": kind, "asked_on": asked_on}
    return _new(case, "ReturnAsked", fields, None, origin, person)


def sickness_belief(case: Case, said: Fields, grounds: str | None, origin: Origin, person: Person) -> list[Event]:
    """SicknessBeliefFormed. `said`: line, place, believer, on, limb, expected_until."""
    seal = Seal(line_key(said["place"], said["line"]), "BeliefText", {"grounds": grounds}) if grounds else None
    return _new(case, "SicknessBeliefFormed", said, seal, origin, person)


def _new(case: Case, topic: str, fields: Fields, seal: Seal | None, origin: Origin, person: Person) -> list[Event]:
    if told(topic, fields, seal.text if seal else None) in case.said:
        return []
    return [_event(case, topic, fields, seal, origin, person)]


def _event(case: Case, topic: str, fields: Fields, seal: Seal | None, origin: Origin, person: Person) -> Event:
    return Event(case.stream, topic, {"case": case.id, **fields, **origin.fields(), **person.fields()}, seal)
