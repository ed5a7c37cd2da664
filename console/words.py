"""The words of the trade for what the ledger stores as symbols, and how moments and days are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from domain.moments import local, needed_offset, parse_date, to_datetime

SHORT = 8
"""Hex digits of an id that are shown: enough to ask by."""

EVENTS: Mapping[str, str] = {
    "MarkRecorded": "mark",
    "MarkAmended": "amendment",
    "MarkWithdrawn": "withdrawal",
    "MarkForeseen": "foreseen",
    "OlderEntryLearned": "older entry",
    "PupilEntered": "entered on the roll",
    "LineCarriedForward": "carried into the new year",
    "EntryAmended": "entry amended",
    "EnteredInError": "entered in error",
    "YearRecorded": "year and class",
    "EnrolmentStatusRecorded": "enrolment status",
    "LeavingStated": "leaving stated",
    "PupilDeleted": "deleted from the roll",
    "DeletionReversed": "deletion reversed",
    "StartingDayAgreed": "starting day agreed",
    "PlaceNotTakenUp": "place not taken up",
    "ParentRecorded": "parent recorded",
    "ParentRecordEnded": "parent no longer recorded",
    "FutureAddressRecorded": "future address",
    "OtherSchoolRecorded": "other school",
    "BoardingRecorded": "boarding",
    "CharacteristicRecorded": "characteristic",
    "PriorTotalsReceived": "totals of an earlier school",
    "ParentWroteToWithdraw": "parent wrote to withdraw",
    "IdentitiesMerged": "identities merged",
    "IdentityMergeUndone": "merge undone",
    "AccessRestricted": "access restricted",
    "RestrictionLifted": "restriction lifted",
    "HoldPlaced": "hold placed",
    "HoldLifted": "hold lifted",
    "ReturnMade": "return made",
    "SicknessBeliefFormed": "belief about sickness",
}
CAUSES: Mapping[str, str] = {
    "typed": "typed",
    "prefilled": "filled in beforehand",
    "copied_from_lesson": "copied from a lesson",
    "mis_rule": "a rule of the MIS",
    "bulk": "bulk change",
    "closure": "closure",
    "provider_feed": "provider's feed",
    "import": "import",
    "unknown": "cause not said",
}
BY_KINDS: Mapping[str, str] = {
    "named": "someone whose name is not at hand",
    "shared_login": "a shared login",
    "system": "the system",
    "parent_portal": "a parent's portal",
    "pupil": "the pupil",
    "not_said": "not said",
}
GONE: Mapping[str, str] = {
    "sender_said": "deleted at the school",
    "cleared_to_blank": "blanked at the school",
    "absent_from_whole_snapshot": "missing from a whole snapshot",
    "pupil_removed_upstream": "dropped with the pupil",
}


def short(id: bytes | None) -> str:
    """The first digits of an id."""
    return "" if id is None else id.hex()[:SHORT]


def short_text(id: str | None) -> str:
    """The first digits of an id that is text already."""
    return "" if id is None else id[:SHORT]


def session_day(day: date, *, year: bool = False) -> str:
    """A day as registers write it: Mon 1 Sep."""
    return f"{day:%a} {day.day} {day:%b}" + (f" {day.year}" if year else "")


def when(micros: int) -> str:
    """A moment on London clocks: Mon 1 Sep 2025 09:07."""
    shown = local(micros)
    return f"{session_day(shown.date(), year=True)} {shown:%H:%M}{needed_offset(micros)}"


def when_recorded(micros: int) -> str:
    """A moment in a column: 1 Sep 2025 09:07."""
    shown = local(micros)
    return f"{shown.day} {shown:%b %Y %H:%M}{needed_offset(micros)}"


def stamp(micros: int | None) -> str | None:
    """A moment for machines: UTC, with its microseconds."""
    return None if micros is None else f"{to_datetime(micros).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def words(symbol: str | None) -> str:
    """A symbol as words: wrong_pupil becomes wrong pupil."""
    return "" if symbol is None else symbol.replace("_", " ")


def day_of(text: str) -> date:
    """The day that was typed; ValueError with a sentence."""
    found = parse_date(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no date; write 2025-09-01.")
    return found
