"""Commands about the registers themselves: mistaken entries, deletions reversed, registers not taken, letters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from domain.admission_register import line as lines
from domain.admission_register.decide import error_entered, reverse_deletion
from domain.attendance_register import register as registers
from domain.attendance_register.decide import line_key, not_taken
from domain.events import Event, Seal
from domain.ledger.commands.base import (
    CONSOLE,
    NO_LINE,
    NO_PLACE,
    Answer,
    Command,
    GroupId,
    Handler,
    LineId,
    PlaceId,
    Refused,
    Text,
    day,
)
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.moments import academic_year, days
from domain.people import key_of

ReasonCode = Literal[
    "cause_established",
    "parent_contact",
    "evidence_received",
    "wrong_pupil",
    "wrong_code",
    "wrong_session",
    "rule_change",
    "panel_or_court",
    "system_fault",
    "other",
]


class EnteredByMistake(Command):
    """An entry of the admission register that should never have been made: it stays, and says so."""

    place: PlaceId
    line: LineId
    amended_on: date | None = Field(default=None, description="The date of the amendment, by the school's word.")
    reason_code: ReasonCode | None = None
    reason: Text | None = None


class ReverseDeletion(Command):
    """A deletion that should not stand: the pupil is on the roll again from a day."""

    place: PlaceId
    line: LineId
    why: Literal[
        "wrong_pupil",
        "ground_not_met",
        "cancelled_exclusion",
        "governors_reinstate",
        "review_reinstate",
        "tribunal_order",
        "adjudicator_direction",
        "sos_direction",
        "court",
        "moved_back",
    ]
    back_on_roll_from: date
    decided_on: date | None = None
    reason_code: ReasonCode | None = None
    reason: Text | None = None


class ParentWroteToWithdraw(Command):
    """A parent told the school that the pupil will not attend after a day (regulation 9(1)(f))."""

    place: PlaceId
    line: LineId
    received_on: date
    in_writing: bool
    after_day: date
    educated_otherwise: bool
    reference: Text | None = Field(default=None, description="Of the letter; sealed.")


class RegisterNotTaken(Command):
    """A register that was not taken, and why."""

    place: PlaceId
    day: date
    session: Literal["AM", "PM"]
    why: Literal["system_down", "emergency", "staff", "not_known"]
    group: GroupId | None = None
    said_on: date | None = None
    text: Text | None = Field(default=None, description="A note; sealed.")


def _entered_by_mistake(_: Ledger, unit: Unit, command: EnteredByMistake) -> Answer:
    line = unit.line(command.place, command.line)
    if not line.version:
        return Refused(NO_LINE)
    event = error_entered(line, day(command.amended_on), CONSOLE, command.said_by, command.reason, command.reason_code)
    unit.record([event], lines.evolve, line)
    return None


def _reverse_deletion(_: Ledger, unit: Unit, command: ReverseDeletion) -> Answer:
    line = unit.line(command.place, command.line)
    if not line.version:
        return Refused(NO_LINE)
    if not line.deletion_version:
        return Refused("This pupil is on the roll: there is no deletion to reverse.")
    event = reverse_deletion(
        line,
        command.why,
        days(command.back_on_roll_from),
        day(command.decided_on),
        CONSOLE,
        command.said_by,
        command.reason,
        command.reason_code,
    )
    unit.record([event], lines.evolve, line)
    return None


def _parent_wrote(_: Ledger, unit: Unit, command: ParentWroteToWithdraw) -> Answer:
    line = unit.line(command.place, command.line)
    if not line.version:
        return Refused(NO_LINE)
    fields = {
        "received_on": days(command.received_on),
        "in_writing": command.in_writing,
        "after_day": days(command.after_day),
        "educated_otherwise": command.educated_otherwise,
        **CONSOLE.fields(),
        **command.said_by.fields(),
    }
    key = line_key(command.place, command.line)
    seal = Seal(key, "LetterText", {"reference": command.reference}) if command.reference else None
    unit.record([Event(line.stream, "ParentWroteToWithdraw", fields, seal)], lines.evolve, line)
    return None


def _not_taken(_: Ledger, unit: Unit, command: RegisterNotTaken) -> Answer:
    if not unit.place(command.place).version:
        return Refused(NO_PLACE)
    register = unit.register(command.place, days(command.day), command.session)
    events = not_taken(
        register,
        command.group,
        command.why,
        day(command.said_on),
        command.said_by,
        key_of(command.place, academic_year(command.day)),
        command.text,
    )
    unit.record(events, registers.evolve, register)
    return None


HANDLERS: Mapping[type[Command], Handler] = {
    EnteredByMistake: _entered_by_mistake,
    ReverseDeletion: _reverse_deletion,
    ParentWroteToWithdraw: _parent_wrote,
    RegisterNotTaken: _not_taken,
}
