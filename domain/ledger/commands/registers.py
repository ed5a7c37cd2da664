"""Commands about the registers themselves: mistaken entries, deletions reversed, registers not taken, letters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Literal

from pydantic import Field

from domain.admission_register import line as lines
from domain.admission_register.decide import (
    PupilSaid,
    agree,
    error_entered,
    not_taken_up,
    parent_wrote,
    reverse_deletion,
)
from domain.admission_register.particulars import Saying
from domain.attendance_register import register as registers
from domain.attendance_register.decide import not_taken
from domain.ledger.commands.base import (
    CONSOLE,
    NO_LINE,
    NO_PLACE,
    NO_PUPIL,
    Answer,
    Command,
    GroupId,
    Handler,
    LineId,
    Made,
    PlaceId,
    PupilId,
    Refused,
    Text,
    day,
)
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.moments import academic_year, days, local_date
from domain.people import key_of
from domain.pupil import line_opened

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


class AgreeStartingDay(Command):
    """A day on which a pupil will first attend is agreed, or told under a duty to admit (regulation 3(4)-(5))."""

    place: PlaceId
    pupil: PupilId = Field(description="A child whom the ledger knows; of another the school's MIS tells more.")
    starting_day: date
    basis: Literal["agreed", "told", "not_said"] = Field(description="told: under a duty to admit.")
    agreed_on: date | None = None
    admission: Literal[
        "intake", "in_year", "managed_move", "fair_access", "direction", "sao", "reinstatement", "other"
    ] = "other"


class PlaceNotTakenUp(Command):
    """The pupil did not come by the day that was agreed. Of one who was entered, the entry was in error."""

    place: PlaceId
    line: LineId
    said_on: date | None = None
    reason: Text | None = None


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


def _agree(_: Ledger, unit: Unit, command: AgreeStartingDay) -> Answer:
    place = unit.place(command.place)
    if not place.version:
        return Refused(NO_PLACE)
    if not unit.pupil(command.pupil).version:
        return Refused(NO_PUPIL)
    starting_day = days(command.starting_day)
    year = academic_year(command.starting_day)
    stays = [unit.line(place.id, stay.id) for stay in unit.stays(place.id, year, command.pupil)]
    known = next((line for line in reversed(stays) if not line.deletion_version), None)
    line = known or unit.line(place.id, unit.new_id(partial(lines.stream_of, place.id)))
    said = PupilSaid(
        starting_day=starting_day,
        starting_day_basis=command.basis,
        agreed_on=day(command.agreed_on),
        admission=command.admission,
    )
    saying = Saying(CONSOLE, command.said_by, days(local_date(unit.now)))
    events = agree(line, year, said, saying)
    if not events:
        return Refused("It is on record already that this day is agreed for this pupil.")
    unit.record(events, lines.evolve, line)
    line_id = lines.parts_of(line.stream)[1]
    if known is None:
        unit.record_of_pupil(line_opened(command.pupil, line_id, place.id, year, starting_day, None))
    return Made(line_id)


def _place_not_taken_up(_: Ledger, unit: Unit, command: PlaceNotTakenUp) -> Answer:
    line = unit.line(command.place, command.line)
    if not line.version:
        return Refused(NO_LINE)
    saying = Saying(CONSOLE, command.said_by, days(local_date(unit.now)))
    events = not_taken_up(line, day(command.said_on), command.reason, saying)
    if not events:
        return Refused("It is on record already that this place was not taken up.")
    unit.record(events, lines.evolve, line)
    return None


def _entered_by_mistake(_: Ledger, unit: Unit, command: EnteredByMistake) -> Answer:
    line = unit.line(command.place, command.line)
    if not line.version:
        return Refused(NO_LINE)
    if not line.entry_version:
        return Refused("Nobody was entered on this line yet: say place-not-taken-up instead.")
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
    event = parent_wrote(
        line,
        days(command.received_on),
        days(command.after_day),
        command.in_writing,
        command.educated_otherwise,
        command.reference,
        CONSOLE,
        command.said_by,
    )
    unit.record([event], lines.evolve, line)
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
    AgreeStartingDay: _agree,
    PlaceNotTakenUp: _place_not_taken_up,
    EnteredByMistake: _entered_by_mistake,
    ReverseDeletion: _reverse_deletion,
    ParentWroteToWithdraw: _parent_wrote,
    RegisterNotTaken: _not_taken,
}
