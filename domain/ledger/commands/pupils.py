"""Commands about a child's identity: one child or two, a new identity, who may see it, what must be kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.ledger.bodies import open_state
from domain.ledger.commands.base import (
    CONSOLE,
    NO_PUPIL,
    Answer,
    Command,
    Handler,
    LineId,
    ParentId,
    PersonId,
    PupilId,
    Refused,
    Text,
    Version,
    day,
)
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.pupil import decide as deciding
from domain.pupil.pupil import Pupil

Reason = Literal["wrong_pupil", "system_fault", "panel_or_court", "evidence_received", "other"]


class MergeIdentities(Command):
    """Two identities are one child. It can be undone; both keep their lines."""

    pupil: PupilId = Field(description="The identity that stays.")
    other_pupil: PupilId = Field(description="The identity that is merged into it.")
    basis: Literal["temporary_upn_replaced", "duplicate_upn", "school_confirms", "la_matched"]
    decided_by: PersonId | None = Field(default=None, description="Who decided it, if that is not who says it.")


class UndoMerge(Command):
    """A merge of identities that should not stand: it stays, says so, and everything leads where it did before."""

    merge: Annotated[int, Field(ge=1)] = Field(description="The position of the merge, as rollbook history shows it.")
    reason: Text | None = None
    reason_code: Reason | None = None


class ContinueIdentity(Command):
    """A child goes on under a new identity. The earlier one is sealed, and no view joins the two."""

    pupil: PupilId = Field(description="The new identity.")
    earlier_pupil: PupilId = Field(description="The identity that it continues; sealed.")
    basis: Literal["adoption", "protected_identity"]


class RestrictAccess(Command):
    """Who may see where a child is. Views of others than the child's own place stop at once, as-at ones too."""

    pupil: PupilId
    level: Literal["no_location", "no_link", "sealed"] = Field(
        description="no_location: no place is shown to others; no_link: moreover nothing joins this identity to"
        " another; sealed: moreover no history is shown to anybody."
    )
    review_on: date | None = None
    authority: Text | None = Field(default=None, description="By whose authority; sealed.")


class LiftRestriction(Command):
    """A restriction no longer stands."""

    pupil: PupilId
    restriction: Version | None = Field(
        default=None, description="Its version in the pupil's stream; needed only where more than one stands."
    )
    lifted_on: date | None = None
    authority: Text | None = Field(default=None, description="By whose authority; sealed.")


class PlaceHold(Command):
    """Nothing of a child, or of one line, is destroyed while this stands."""

    pupil: PupilId
    why: Literal["proceedings", "complaint", "send_appeal", "inquiry", "exclusion_review"]
    line: LineId | None = Field(default=None, description="The line that is held; all of the child where none is said.")
    until: date | None = Field(default=None, description="When somebody means to look again; it does not end the hold.")
    text: Text | None = Field(default=None, description="A note; sealed.")


class LiftHold(Command):
    """A hold no longer stands."""

    pupil: PupilId
    hold: Version | None = Field(
        default=None, description="Its version in the pupil's stream; needed only where more than one stands."
    )
    lifted_on: date | None = None
    text: Text | None = Field(default=None, description="A note; sealed.")


class MatchParents(Command):
    """Two parents of one pupil are one person."""

    pupil: PupilId
    parent_a: ParentId
    parent_b: ParentId
    reason: Text | None = None
    reason_code: Reason | None = None


def _child(unit: Unit, pupil: bytes) -> list[Pupil]:
    return [unit.pupil(known) for known in unit.same_child(pupil)]


def _merge(_: Ledger, unit: Unit, command: MergeIdentities) -> Answer:
    pupil, other = unit.pupil(command.pupil), unit.pupil(command.other_pupil)
    if not (pupil.version and other.version):
        return Refused(NO_PUPIL)
    said = (command.basis, command.decided_by or command.by)
    mine, theirs = _child(unit, pupil.id), _child(unit, other.id)
    event = deciding.merge(pupil, other, mine, theirs, said, CONSOLE, command.said_by)
    unit.counts_on_all = True  # nobody may restrict either of them between the look and the entry
    unit.record_of_identity(event)
    return None


def _undo_merge(ledger: Ledger, unit: Unit, command: UndoMerge) -> Answer:
    if not (command.reason or command.reason_code):
        return Refused("An undoing needs a reason, or a reason_code.")
    no_merge = Refused(
        f"At position {command.merge} there is no merge of identities that stands; "
        "rollbook history shows the position of each."
    )
    row = next(iter(ledger.store.read_positions(command.merge, command.merge)), None)
    if row is None or row.topic != "IdentitiesMerged":
        return no_merge
    other: bytes = open_state(row.state, ledger.keys)[0]["other_pupil"]
    pupil = unit.pupil(bytes.fromhex(row.stream.split("/")[1]))
    if pupil.joined.get(other) != row.version:
        return no_merge
    event = deciding.undo_merge(
        pupil, other, command.merge, command.reason, command.reason_code, CONSOLE, command.said_by
    )
    unit.record_of_identity(event)
    return None


def _continue(_: Ledger, unit: Unit, command: ContinueIdentity) -> Answer:
    pupil, earlier = unit.pupil(command.pupil), unit.pupil(command.earlier_pupil)
    if not (pupil.version and earlier.version):
        return Refused(NO_PUPIL)
    if pupil.id != earlier.id and earlier.id in unit.same_child(pupil.id):
        return Refused("These two are merged, which joins them in clear; undo the merge first.")
    unit.counts_on_all = True  # nor may anybody merge them meanwhile
    unit.record_of_identity(deciding.continue_identity(pupil, earlier, command.basis, CONSOLE, command.said_by))
    return None


def _restrict(_: Ledger, unit: Unit, command: RestrictAccess) -> Answer:
    pupil = unit.pupil(command.pupil)
    if not pupil.version:
        return Refused(NO_PUPIL)
    unit.record_of_identity(
        deciding.restrict(pupil, command.level, day(command.review_on), command.authority, CONSOLE, command.said_by)
    )
    return None


def _lift_restriction(_: Ledger, unit: Unit, command: LiftRestriction) -> Answer:
    pupil = unit.pupil(command.pupil)
    if not pupil.version:
        return Refused(NO_PUPIL)
    event = deciding.lift_restriction(
        pupil, command.restriction, day(command.lifted_on), command.authority, CONSOLE, command.said_by
    )
    unit.record_of_identity(event)
    return None


def _place_hold(_: Ledger, unit: Unit, command: PlaceHold) -> Answer:
    pupil = unit.pupil(command.pupil)
    if not pupil.version:
        return Refused(NO_PUPIL)
    if command.line is not None:
        found = unit.find("pupil_of_line", "", command.line.hex())
        if not found or found[-1].id not in unit.same_child(pupil.id):
            return Refused("This line is not one of this pupil's; rollbook history shows the lines of a pupil.")
    event = deciding.place_hold(
        pupil, command.why, day(command.until), command.line, command.text, CONSOLE, command.said_by
    )
    unit.record_of_identity(event)
    return None


def _lift_hold(_: Ledger, unit: Unit, command: LiftHold) -> Answer:
    pupil = unit.pupil(command.pupil)
    if not pupil.version:
        return Refused(NO_PUPIL)
    event = deciding.lift_hold(pupil, command.hold, day(command.lifted_on), command.text, CONSOLE, command.said_by)
    unit.record_of_identity(event)
    return None


def _match_parents(_: Ledger, unit: Unit, command: MatchParents) -> Answer:
    pupil = unit.pupil(command.pupil)
    if not pupil.version:
        return Refused(NO_PUPIL)
    event = deciding.match_parents(
        pupil, command.parent_a, command.parent_b, command.reason, command.reason_code, CONSOLE, command.said_by
    )
    unit.record_of_identity(event)
    return None


HANDLERS: Mapping[type[Command], Handler] = {
    MergeIdentities: _merge,
    UndoMerge: _undo_merge,
    ContinueIdentity: _continue,
    RestrictAccess: _restrict,
    LiftRestriction: _lift_restriction,
    PlaceHold: _place_hold,
    LiftHold: _lift_hold,
    MatchParents: _match_parents,
}
