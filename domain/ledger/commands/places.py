"""Commands about a place: its policy, who takes over from it, that it closes, who no longer speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.ledger.commands.base import (
    CONSOLE,
    NO_PLACE,
    Answer,
    Command,
    Handler,
    PlaceId,
    Refused,
    SourceId,
    Text,
    Version,
)
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.moments import academic_year, days, local_date
from domain.people import key_of
from domain.place.decide import adopt_policy, close, end_source, succeed, undo_end
from domain.place.place import Place, evolve


class AdoptPolicy(Command):
    """How long the register stays open (Working together: at most 30 minutes; more is a label)."""

    place: PlaceId
    policy: int = Field(description="The number of the policy.")
    from_day: date
    register_open_minutes: Annotated[int, Field(ge=0, le=24 * 60)]
    same_every_session: bool = True
    names_champion: bool = Field(default=False, description="Whether it names an attendance champion.")
    explains_pn: bool = Field(default=False, description="Whether it explains penalty notices.")
    link: Text | None = Field(default=None, description="Where it can be read; sealed.")


class SucceedPlace(Command):
    """One place takes over from another: a conversion, a merger, a new code. Told late, it is recorded as told."""

    old_place: PlaceId
    new_place: PlaceId
    on: date
    kind: Literal[
        "academy_conversion", "merger", "split", "relocation_of_code", "authority_reorganised", "same_school_new_code"
    ]
    registers_move: bool
    custody_with: PlaceId = Field(description="The place that keeps the old registers (regulation 7).")


class ClosePlace(Command):
    """A place closes; its registers go into somebody's custody (regulation 7)."""

    place: PlaceId
    on: date = Field(description="The last day on which it is a school.")
    custody_with: PlaceId | None = Field(default=None, description="The place that keeps its registers.")


class UndoSuccession(Command):
    """A succession or closure that should not stand: it stays, and says so."""

    place: PlaceId = Field(description="The old place: the one that was succeeded or closed.")
    succession: Version | None = Field(
        default=None, description="Its version in the place's stream; needed only where more than one stands."
    )
    reason: Text | None = None
    reason_code: Literal["wrong_code", "system_fault", "panel_or_court", "other"] | None = None


class EndSource(Command):
    """From a day on, a source no longer speaks for a place."""

    place: PlaceId
    source: SourceId
    to: date = Field(description="The first day on which it may not.")


def _adopt_policy(_: Ledger, unit: Unit, command: AdoptPolicy) -> Answer:
    place = unit.place(command.place)
    if not place.version:
        return Refused(NO_PLACE)
    said = command.model_dump(
        include={"policy", "register_open_minutes", "same_every_session", "names_champion", "explains_pn"}
    )
    said["from"] = days(command.from_day)
    key = key_of(command.place, academic_year(command.from_day))
    unit.record([adopt_policy(place, said, CONSOLE, command.said_by, key, command.link)], evolve, place)
    return None


def _succeed(_: Ledger, unit: Unit, command: SucceedPlace) -> Answer:
    old, new = unit.place(command.old_place), unit.place(command.new_place)
    if not (old.version and new.version):
        return Refused("Both places must be in the ledger before one can succeed the other.")
    if old.id == new.id:
        return Refused("A place cannot take over from itself; describe the new place first.")
    said = command.model_dump(include={"kind", "registers_move", "custody_with"})
    said["on"] = days(command.on)
    known = [end for end in old.ends.values() if end.get("new_place") == new.id]
    if any(all(end[name] == said[name] for name in ("on", "kind", "registers_move")) for end in known):
        return Refused("This succession is on record already, and stands.")
    unit.record([succeed(old, new, said, CONSOLE, command.said_by)], evolve, old)
    return None


def _close(_: Ledger, unit: Unit, command: ClosePlace) -> Answer:
    place = unit.place(command.place)
    if not place.version:
        return Refused(NO_PLACE)
    if command.custody_with is not None and not unit.place(command.custody_with).version:
        return Refused("The place that keeps the registers is not in the ledger; describe it first.")
    if place.closed_on == days(command.on):
        return Refused("It is on record already that this place closes on that day.")
    event = close(place, days(command.on), command.custody_with, CONSOLE, command.said_by)
    unit.record([event], evolve, place)
    return None


def _undo(_: Ledger, unit: Unit, command: UndoSuccession) -> Answer:
    place = unit.place(command.place)
    if not place.version:
        return Refused(NO_PLACE)
    if not (command.reason or command.reason_code):
        return Refused("An undoing needs a reason, or a reason_code.")
    version = _meant(place, command.succession)
    if isinstance(version, Refused):
        return version
    key = key_of(command.place, academic_year(local_date(unit.now)))
    event = undo_end(place, version, command.reason, command.reason_code, CONSOLE, command.said_by, key)
    unit.record([event], evolve, place)
    return None


def _meant(place: Place, version: int | None) -> int | Refused:
    standing = sorted(place.ends)
    if not standing:
        return Refused("No succession or closure of this place stands, so there is none to undo.")
    if version is None and len(standing) == 1:
        return standing[0]
    if version not in standing:
        shown = ", ".join(f"{v} ({'succession' if 'new_place' in place.ends[v] else 'closure'})" for v in standing)
        return Refused(f"Say which succession or closure is meant, by its version; there stand: {shown}.")
    return version


def _end_source(_: Ledger, unit: Unit, command: EndSource) -> Answer:
    place = unit.place(command.place)
    known = place.sources.get(command.source)
    if known is None:
        return Refused("This source was never registered for this place; rollbook status lists the sources.")
    if known.get("to") == days(command.to):
        return Refused("It is on record already that this source ends on that day.")
    unit.record([end_source(place, command.source, days(command.to), command.said_by)], evolve, place)
    return None


HANDLERS: Mapping[type[Command], Handler] = {
    AdoptPolicy: _adopt_policy,
    SucceedPlace: _succeed,
    ClosePlace: _close,
    UndoSuccession: _undo,
    EndSource: _end_source,
}
