"""Commands about returns to the authority (PRR reg 13): how often, on what belief, what was sent, closed, asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.authority import definition_adopted, interval_agreed, weaker_interval
from domain.case.case import evolve
from domain.case.decide import Sent, attendance_return_closed, return_asked, return_made, sickness_belief
from domain.ledger.commands.base import (
    CONSOLE,
    NO_LINE,
    NO_PLACE,
    Answer,
    Command,
    Handler,
    LineId,
    Noted,
    PersonId,
    PlaceId,
    Refused,
    Text,
    day,
)
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.moments import days

Receipt = Annotated[str, Field(min_length=1, max_length=200)]
Digest = Annotated[bytes, Field(min_length=32, max_length=32)]
Position = Annotated[int, Field(ge=0)]
MOST_CONTENT = 1_000_000
"""Bytes: a return is a page of particulars. A scan belongs into the school's own files."""


class SicknessBelief(Command):
    """A belief that a pupil will be unable to attend by sickness, on which a return rests (regulation 13(10))."""

    place: PlaceId
    line: LineId
    limb: Literal["consecutive_15", "total_15"] = Field(
        description="consecutive_15: for 15 school days in a row; total_15: for 15 in the school year."
    )
    on: date = Field(description="When the belief was formed: from then on the return is to be made.")
    expected_until: date | None = Field(default=None, description="Until when the pupil is expected to be away.")
    believer: PersonId | None = Field(default=None, description="Whose belief it is, if not of who says it.")
    grounds: Text | None = Field(default=None, description="On what it rests; sealed.")


class ReturnInterval(Command):
    """How often a school makes its attendance return, as agreed with the authority (regulation 13(8))."""

    place: PlaceId
    from_day: date
    interval_days: Annotated[int, Field(ge=1, le=366)] | None = Field(
        default=None, description="Days from one return to the next; or termly."
    )
    termly: bool = False
    agreed_on: date | None = None


class OneReturn(BaseModel):
    """What was sent of one pupil, and from what it was computed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    line: LineId
    limb: Literal["p7a", "p7b", "p9_consecutive", "p9_total", "none"] = "none"
    run_from: date | None = None
    run_days: int | None = None
    ground: str | None = None
    content: bytes = Field(min_length=1, max_length=MOST_CONTENT)
    media_type: str = "application/json"
    looked_after: bool | None = None
    ehcp: bool | None = None
    cp_plan: bool | None = None


class MakeReturns(Command):
    """Returns that were made to the authority, with what was sent: all of them, or none, are recorded."""

    place: PlaceId
    kind: Literal["new_pupil", "deletion", "attendance", "sickness"]
    returns: tuple[OneReturn, ...]
    made_on: int | None = None
    made_by: PersonId | None = None
    channel: Literal["portal", "file", "email", "api", "paper", "not_said"] = "not_said"
    computed_at: Position
    definition: Digest
    receipt: Receipt | None = None


class CloseAttendanceReturn(Command):
    """The attendance return of a school for a period is closed, also when nobody is in it (regulation 13(7))."""

    place: PlaceId
    from_day: date
    to: date
    pupils: Annotated[int, Field(ge=0)]
    computed_at: Position | None = None
    definition: Digest | None = None
    receipt: Receipt | None = None


class AskForReturns(Command):
    """The authority asks a school for returns that need not be made unasked (regulation 13(3), 13(6))."""

    place: PlaceId
    kind: Literal["new_pupil", "deletion"]
    asked_on: date


class AdoptDefinitions(Command):
    """From now on these answers are computed by these definitions. The ledger says so itself: nobody's command."""

    definitions: tuple[tuple[str, bytes], ...]


def _belief(_: Ledger, unit: Unit, command: SicknessBelief) -> Answer:
    if not unit.line(command.place, command.line).version:
        return Refused(NO_LINE)
    case = unit.case_of(command.line)
    said = {
        "line": command.line,
        "place": command.place,
        "believer": command.believer or command.by,
        "on": days(command.on),
        "limb": command.limb,
        "expected_until": day(command.expected_until),
    }
    events = sickness_belief(case, said, command.grounds, CONSOLE, command.said_by)
    if not events:
        return Refused("It is on record already that this belief was formed on that day, on these grounds.")
    unit.record(events, evolve, case)
    return None


def _interval(ledger: Ledger, unit: Unit, command: ReturnInterval) -> Answer:
    if not unit.place(command.place).version:
        return Refused(NO_PLACE)
    if command.termly == (command.interval_days is not None):
        return Refused("Say one of the two: interval_days, or termly=yes.")
    said = {
        "interval_days": command.interval_days,
        "from": days(command.from_day),
        "agreed_on": day(command.agreed_on),
    }
    unit.record_new(interval_agreed(ledger.authority, command.place, said, CONSOLE, command.said_by))
    weak = weaker_interval(command.interval_days)
    return None if weak is None else Noted(weak)


def _make(ledger: Ledger, unit: Unit, command: MakeReturns) -> Answer:
    authority = unit.place(command.place).description.get("authority") or ledger.authority
    for one in command.returns:
        if not unit.line(command.place, one.line).version:
            return Refused(NO_LINE)
        case = unit.case_of(one.line)
        said = {
            "line": one.line,
            "place": command.place,
            "kind": command.kind,
            "authority": authority,
            "limb": one.limb,
            "made_on": command.made_on,
            "made_by": command.made_by,
            "channel": command.channel,
            "computed_at": command.computed_at,
            "definition": command.definition,
            "run_from": day(one.run_from),
            "run_days": one.run_days,
            "ground": one.ground,
            "receipt": command.receipt,
        }
        flags = {"looked_after": one.looked_after, "ehcp": one.ehcp, "cp_plan": one.cp_plan}
        sent = Sent(one.content, one.media_type, flags)
        unit.record(return_made(case, said, sent, CONSOLE, command.said_by), evolve, case)
    return None


def _close(_: Ledger, unit: Unit, command: CloseAttendanceReturn) -> Answer:
    if not unit.place(command.place).version:
        return Refused(NO_PLACE)
    if command.to < command.from_day:
        return Refused("The period ends before it begins; say its first day with --from and its last with --to.")
    case = unit.case_of(command.place)
    said = command.model_dump(include={"pupils", "computed_at", "definition", "receipt"})
    first, last = days(command.from_day), days(command.to)
    unit.record(
        attendance_return_closed(case, command.place, first, last, said, CONSOLE, command.said_by), evolve, case
    )
    return None


def _ask(_: Ledger, unit: Unit, command: AskForReturns) -> Answer:
    if not unit.place(command.place).version:
        return Refused(NO_PLACE)
    case = unit.case_of(command.place)
    events = return_asked(case, command.place, command.kind, days(command.asked_on), CONSOLE, command.said_by)
    unit.record(events, evolve, case)
    return None


def _adopt(ledger: Ledger, unit: Unit, command: AdoptDefinitions) -> Answer:
    for answer, digest in command.definitions:
        unit.record_new(definition_adopted(ledger.authority, answer, digest, unit.now))
    return None


HANDLERS: Mapping[type[Command], Handler] = {SicknessBelief: _belief, ReturnInterval: _interval}
"""Those that a person fills in field by field."""

OTHERS: Mapping[type[Command], Handler] = {
    MakeReturns: _make,
    CloseAttendanceReturn: _close,
    AskForReturns: _ask,
    AdoptDefinitions: _adopt,
}
"""Those that have verbs of their own, for they also say what was computed, and from what."""
