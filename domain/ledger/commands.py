"""What a signed-in person tells the ledger directly: commands, guarded by pydantic at this edge only.

Each becomes events of one aggregate, decided on its state as it stands. A command that refers to what is not in the
ledger is refused with a sentence, as a value: nobody's mistake is a stack trace.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from domain.admission_register import line as lines
from domain.admission_register.decide import error_entered, reverse_deletion
from domain.attendance_register import register as registers
from domain.attendance_register.decide import not_taken
from domain.authority import setting_made
from domain.authority import stream_of as authority_stream
from domain.events import NOBODY, Origin, Person
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.moments import academic_year, days
from domain.people import key_of
from domain.place.decide import adopt_policy, succeed
from domain.place.place import evolve as evolve_place

Id = Annotated[bytes, Field(min_length=16, max_length=16)]
CONSOLE = Origin()


class Command(BaseModel):
    """What someone wants recorded. Refuses unknown members; `by` is a person of this ledger, if known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    by: Id | None = None

    @property
    def person(self) -> Person:
        """Who says it."""
        return NOBODY if self.by is None else Person(self.by, "named")


class AdoptPolicy(Command):
    """How long the register stays open (Working together: at most 30 minutes; more is a label)."""

    place: Id
    policy: int
    from_day: date
    register_open_minutes: Annotated[int, Field(ge=0, le=24 * 60)]
    same_every_session: bool = True
    names_champion: bool = False
    explains_pn: bool = False
    link: str | None = None


class SucceedPlace(Command):
    """One place takes over from another."""

    old_place: Id
    new_place: Id
    on: date
    kind: Literal[
        "academy_conversion", "merger", "split", "relocation_of_code", "authority_reorganised", "same_school_new_code"
    ]
    registers_move: bool
    custody_with: Id


class MakeSetting(Command):
    """A setting that changes answers, with the day from which it applies."""

    setting: str
    value: int | str
    applies_from: date
    authority_for_it: str | None = None


class EnteredByMistake(Command):
    """An entry of the admission register that should never have been made."""

    place: Id
    line: Id
    amended_on: date | None = None
    reason_code: str | None = None
    reason: str | None = None


class ReverseDeletion(Command):
    """A deletion that should not stand."""

    place: Id
    line: Id
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
    reason_code: str | None = None
    reason: str | None = None


class RegisterNotTaken(Command):
    """A register that was not taken, and why."""

    place: Id
    day: date
    session: Literal["AM", "PM"]
    why: Literal["system_down", "emergency", "staff", "not_known"]
    group: Id | None = None
    said_on: date | None = None
    text: str | None = None


class Done(NamedTuple):
    """The command was recorded."""

    first: int
    last: int
    """Positions of its entries; last < first: it said nothing new."""


class Refused(NamedTuple):
    """The command was not recorded, and why."""

    sentence: str


def carry_out(ledger: Ledger, command: Command) -> Done | Refused:
    """Record what a command says, or say in a sentence why it cannot be."""
    refused, appended = ledger.settle(lambda unit: _decide(ledger, unit, command))
    return Done(appended.first, appended.last) if refused is None else refused


def _decide(ledger: Ledger, unit: Unit, command: Command) -> Refused | None:
    match command:
        case AdoptPolicy():
            place = unit.place(command.place)
            if not place.version:
                return Refused("There is no such place in the ledger; describe it first.")
            said = command.model_dump(
                include={"policy", "register_open_minutes", "same_every_session", "names_champion", "explains_pn"}
            )
            year = academic_year(command.from_day)
            key = key_of(command.place, year)
            said["from"] = days(command.from_day)
            event = adopt_policy(place, said, CONSOLE, command.person, key, command.link)
            unit.record([event], evolve_place, place)
        case SucceedPlace():
            old, new = unit.place(command.old_place), unit.place(command.new_place)
            if not (old.version and new.version):
                return Refused("Both places must be in the ledger before one can succeed the other.")
            said = command.model_dump(include={"kind", "registers_move", "custody_with"})
            said["on"] = days(command.on)
            unit.record([succeed(old, new, said, CONSOLE, command.person)], evolve_place, old)
        case MakeSetting():
            try:
                event = setting_made(
                    ledger.authority,
                    command.setting,
                    command.value,
                    days(command.applies_from),
                    academic_year(command.applies_from),
                    command.person,
                    command.authority_for_it,
                )
            except ValueError as error:
                return Refused(str(error))
            assert event.stream == authority_stream(ledger.authority)
            unit.record_new(event)
        case EnteredByMistake() | ReverseDeletion():
            return _about_line(unit, command)
        case RegisterNotTaken():
            if not unit.place(command.place).version:
                return Refused("There is no such place in the ledger; describe it first.")
            register = unit.register(command.place, days(command.day), command.session)
            events = not_taken(
                register,
                command.group,
                command.why,
                None if command.said_on is None else days(command.said_on),
                command.person,
                key_of(command.place, academic_year(command.day)),
                command.text,
            )
            unit.record(events, registers.evolve, register)
        case _:
            return Refused(f"Nobody carries out {type(command).__name__}.")
    return None


def _about_line(unit: Unit, command: EnteredByMistake | ReverseDeletion) -> Refused | None:
    line = unit.line(command.place, command.line)
    if not line.version:
        return Refused("There is no such line on the admission register of this place.")
    if isinstance(command, ReverseDeletion):
        if not line.deletion_version:
            return Refused("This pupil is on the roll: there is no deletion to reverse.")
        decided_on = None if command.decided_on is None else days(command.decided_on)
        back = days(command.back_on_roll_from)
        event = reverse_deletion(
            line, command.why, back, decided_on, CONSOLE, command.person, command.reason, command.reason_code
        )
    else:
        amended_on = None if command.amended_on is None else days(command.amended_on)
        event = error_entered(line, amended_on, CONSOLE, command.person, command.reason, command.reason_code)
    unit.record([event], lines.evolve, line)
    return None
