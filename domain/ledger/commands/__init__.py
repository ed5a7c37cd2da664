"""What a signed-in person tells the ledger directly: commands, guarded by pydantic at this edge only.

Each becomes events of one aggregate, decided on its state as it stands. A command that refers to what is not in the
ledger is refused with a sentence, as a value: nobody's mistake is a stack trace. One module for each room: a new
command is a class and a row of its module's table, and the console finds it there.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.ledger.commands import people, places, pupils, registers
from domain.ledger.commands.base import Answer, Command, Done, Handler, Made, Names, Refused
from domain.ledger.commands.people import HoldOffice, MakeSetting, NamePerson
from domain.ledger.commands.places import AdoptPolicy, ClosePlace, EndSource, SucceedPlace, UndoSuccession
from domain.ledger.commands.pupils import (
    ContinueIdentity,
    LiftHold,
    LiftRestriction,
    MatchParents,
    MergeIdentities,
    PlaceHold,
    RestrictAccess,
    UndoMerge,
)
from domain.ledger.commands.registers import (
    AgreeStartingDay,
    EnteredByMistake,
    ParentWroteToWithdraw,
    PlaceNotTakenUp,
    RegisterNotTaken,
    ReverseDeletion,
)
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.pupil.decide import Impossible

HANDLERS: Mapping[type[Command], Handler] = {
    **pupils.HANDLERS,
    **registers.HANDLERS,
    **places.HANDLERS,
    **people.HANDLERS,
}
"""Who decides which command, in the order in which a console lists them."""


def carry_out(ledger: Ledger, command: Command, now: int | None = None) -> Done | Refused:
    """Record what a command says, or say in a sentence why it cannot be.

    `now` is for a simulated clock: the moment at which it is said, if that is after the last entry.
    """

    def decide(unit: Unit) -> Answer:
        if now is not None and ledger.simulated:
            unit.now = max(unit.now, now)
        try:
            return HANDLERS[type(command)](ledger, unit, command)
        except Impossible as error:
            return Refused(str(error))

    answer, appended = ledger.settle(decide)
    if isinstance(answer, Refused):
        return answer
    return Done(appended.first, appended.last, answer.id if isinstance(answer, Made) else None)


__all__ = [
    "HANDLERS",
    "AdoptPolicy",
    "AgreeStartingDay",
    "ClosePlace",
    "Command",
    "ContinueIdentity",
    "Done",
    "EndSource",
    "EnteredByMistake",
    "HoldOffice",
    "LiftHold",
    "LiftRestriction",
    "MakeSetting",
    "MatchParents",
    "MergeIdentities",
    "NamePerson",
    "Names",
    "ParentWroteToWithdraw",
    "PlaceHold",
    "PlaceNotTakenUp",
    "Refused",
    "RegisterNotTaken",
    "RestrictAccess",
    "ReverseDeletion",
    "SucceedPlace",
    "UndoMerge",
    "UndoSuccession",
    "carry_out",
]
