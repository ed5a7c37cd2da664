"""What a signed-in person tells the ledger directly: commands, guarded by pydantic at this edge only.

Each becomes events of one aggregate, decided on its state as it stands. A command that refers to what is not in the
ledger is refused with a sentence, as a value: nobody's mistake is a stack trace. One module for each room: a new
command is a class and a row of its module's table, and the console finds it there.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.ledger.commands import people, places, pupils, registers, returns
from domain.ledger.commands.base import Answer, Command, Done, Handler, Made, Names, Noted, Refused
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
from domain.ledger.commands.returns import (
    AdoptDefinitions,
    AskForReturns,
    CloseAttendanceReturn,
    MakeReturns,
    OneReturn,
    ReturnInterval,
    SicknessBelief,
)
from domain.ledger.ledger import Ledger
from domain.ledger.unit import Unit
from domain.pupil.decide import Impossible

HANDLERS: Mapping[type[Command], Handler] = {
    **pupils.HANDLERS,
    **registers.HANDLERS,
    **places.HANDLERS,
    **people.HANDLERS,
    **returns.HANDLERS,
}
"""Who decides which command, in the order in which a console lists them."""

_DECIDES: Mapping[type[Command], Handler] = {**HANDLERS, **returns.OTHERS}


def carry_out(ledger: Ledger, command: Command, now: int | None = None) -> Done | Refused:
    """Record what a command says, or say in a sentence why it cannot be.

    `now` is for a simulated clock: the moment at which it is said, if that is after the last entry.
    """

    def decide(unit: Unit) -> Answer:
        if now is not None and ledger.simulated:
            unit.now = max(unit.now, now)
        try:
            return _DECIDES[type(command)](ledger, unit, command)
        except Impossible as error:
            return Refused(str(error))

    answer, appended = ledger.settle(decide)
    if isinstance(answer, Refused):
        return answer
    made = answer.id if isinstance(answer, Made) else None
    return Done(appended.first, appended.last, made, answer.remark if isinstance(answer, Noted) else None)


__all__ = [
    "HANDLERS",
    "AdoptDefinitions",
    "AdoptPolicy",
    "AgreeStartingDay",
    "AskForReturns",
    "CloseAttendanceReturn",
    "ClosePlace",
    "Command",
    "ContinueIdentity",
    "Done",
    "EndSource",
    "EnteredByMistake",
    "HoldOffice",
    "LiftHold",
    "LiftRestriction",
    "MakeReturns",
    "MakeSetting",
    "MatchParents",
    "MergeIdentities",
    "NamePerson",
    "Names",
    "OneReturn",
    "ParentWroteToWithdraw",
    "PlaceHold",
    "PlaceNotTakenUp",
    "Refused",
    "RegisterNotTaken",
    "RestrictAccess",
    "ReturnInterval",
    "ReverseDeletion",
    "SicknessBelief",
    "SucceedPlace",
    "UndoMerge",
    "UndoSuccession",
    "carry_out",
]
