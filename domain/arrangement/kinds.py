"""The kinds of arrangement as one table: which events each has, what they state, and where their text is sealed.

Whatever is the same for every kind (that a change restates the whole block, that a correction amends) is code in
`decide`; whatever differs is a row here. A contract test holds the table and the schemas together.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from domain.arrangement import words


class Does(Enum):
    """What an event does to its arrangement."""

    STATES = "states the block: what was asked, decided, agreed, approved, started, received"
    CHANGES = "restates the block from now on"
    REVIEWS = "says that it was reviewed"
    ENDS = "ends it"
    CORRECTS = "restates a block that was wrong"


SPAN = ("from", "from_session", "to", "to_session", "due_mask")
"""When an arrangement holds. Evidence has none: it is received on a day, and covers some."""
ENDING = ("ended_on", "ended_session", "why")
EARLIER_DAYS = ("asked_on", "decided_on", "agreed_on", "approved_on", "la_told_on", "review_on")
"""Days of how an arrangement came about. Of one that went on from last year's they stand there alone: together they
would tell in clear whose line of last year it was (events.md 0.3)."""
EARLIER_PERSONS = {"decided_by": "decided_on", "approved_by": "approved_on", "commissioned_by": ""}
"""Persons who decided of an arrangement, and the day on which they did, likewise."""
ABOUT = ("local_id", "previous", "reason")
"""What a sealed text holds beside a kind's own: the sender's id, last year's arrangement, why it was amended."""


class Topic(NamedTuple):
    """One event of a kind."""

    name: str
    kind: str
    does: Does
    fields: tuple[str, ...]
    """Of its body, without ids, origin, person and reason."""
    of: str = ""
    """For a correction: the event whose block it restates; empty: any of its kind."""


class Kind(NamedTuple):
    """A kind of arrangement."""

    name: str
    schema: str
    """Of its sealed text."""
    text: tuple[str, ...]
    """Own fields of that text."""
    says: Mapping[str, str]
    """What a sender may say of one, and the event that it means when nothing stands against it."""
    known_by: tuple[str, ...] = ("from", "from_session")
    """What tells two of a line apart where the sender gives no id."""
    spans: bool = True
    """True if it holds over a span of days, and so may go on into the next school year."""


_ASKED = ("asked_on", "asker", "reg11", "purpose")
_DECIDED = (*_ASKED, "decided_on", "decided_by")
_GRANTED = (*_DECIDED, "exceptional", "code", "licence")
_PART_TIME = (
    *("parent", "agreed_on", "am_from", "am_to", "pm_from", "pm_to", "minutes_week", "csa_all", "purpose", "plan"),
    *("risk_assessed", "professionals_told", "review_on", "planned_end", "la_told_on"),
)
_ACTIVITY = (*("place", "code", "nature", "approved_on", "approved_by", "supervisor", "fit_because", "school_staffed"),)
_PLACEMENT = (
    *("place", "arranger", "authority", "basis", "delivery", "registered_there", "agreement", "census_reason"),
    *("minutes_week", "minutes_without_parent", "commissioned_by"),
)
_DUAL = ("other_place", "main_place", "agreed_on")
_EVIDENCE = ("kind", "received_on", "covers_from", "covers_to")

_S, _C, _R, _E, _X = Does.STATES, Does.CHANGES, Does.REVIEWS, Does.ENDS, Does.CORRECTS

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        row.name: row
        for row in (
            Topic("LeaveAsked", "leave", _S, SPAN + _ASKED),
            Topic("LeaveGranted", "leave", _S, SPAN + _GRANTED),
            Topic("LeaveRefused", "leave", _S, SPAN + _DECIDED),
            Topic("LeaveWithdrawn", "leave", _E, ENDING),
            Topic("LeaveAskedCorrected", "leave", _X, SPAN + _ASKED, of="LeaveAsked"),
            Topic("LeaveGrantedCorrected", "leave", _X, SPAN + _GRANTED, of="LeaveGranted"),
            Topic("LeaveRefusedCorrected", "leave", _X, SPAN + _DECIDED, of="LeaveRefused"),
            Topic("PartTimeAgreed", "part_time", _S, SPAN + _PART_TIME),
            Topic("PartTimeChanged", "part_time", _C, SPAN + _PART_TIME),
            Topic("PartTimeReviewed", "part_time", _R, ("held_on", "outcome", "next_on")),
            Topic("PartTimeEnded", "part_time", _E, ENDING),
            Topic("PartTimeCorrected", "part_time", _X, SPAN + _PART_TIME),
            Topic("ActivityApproved", "activity", _S, SPAN + _ACTIVITY),
            Topic("ActivityChanged", "activity", _C, SPAN + _ACTIVITY),
            Topic("ActivityEnded", "activity", _E, ENDING),
            Topic("ActivityCorrected", "activity", _X, SPAN + _ACTIVITY),
            Topic("PlacementStarted", "placement", _S, SPAN + _PLACEMENT),
            Topic("PlacementChanged", "placement", _C, SPAN + _PLACEMENT),
            Topic("PlacementEnded", "placement", _E, (*ENDING, "outcome")),
            Topic("PlacementCorrected", "placement", _X, SPAN + _PLACEMENT),
            Topic("DualRegistrationAgreed", "dual_registration", _S, SPAN + _DUAL),
            Topic("DualRegistrationChanged", "dual_registration", _C, SPAN + _DUAL),
            Topic("DualRegistrationEnded", "dual_registration", _E, (*ENDING, "consent_on")),
            Topic("DualRegistrationCorrected", "dual_registration", _X, SPAN + _DUAL),
            Topic("EvidenceReceived", "evidence", _S, _EVIDENCE),
            Topic("EvidenceCorrected", "evidence", _X, _EVIDENCE),
        )
    }
)
"""Every event of an arrangement."""


def _started(stem: str, first: str) -> Mapping[str, str]:
    return MappingProxyType(
        {
            "started": f"{stem}{first}",
            "changed": f"{stem}Changed",
            "ended": f"{stem}Ended",
            "corrected": f"{stem}Corrected",
        }
    )


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        row.name: row
        for row in (
            Kind(
                "leave",
                "LeaveText",
                ("purpose", "reasoning", "licence_reference"),
                MappingProxyType(
                    {
                        "asked": "LeaveAsked",
                        "granted": "LeaveGranted",
                        "refused": "LeaveRefused",
                        "withdrawn": "LeaveWithdrawn",
                        "corrected": "LeaveAskedCorrected",
                    }
                ),
            ),
            Kind(
                "part_time",
                "PartTimeText",
                ("circumstances",),
                MappingProxyType({**_started("PartTime", "Agreed"), "reviewed": "PartTimeReviewed"}),
            ),
            Kind("activity", "ActivityText", ("nature", "place_name"), _started("Activity", "Approved")),
            Kind(
                "placement",
                "PlacementText",
                ("plan_section", "objectives", "address", "place_name"),
                _started("Placement", "Started"),
            ),
            Kind(
                "dual_registration",
                "DualRegistrationText",
                ("other_place_name",),
                _started("DualRegistration", "Agreed"),
            ),
            Kind(
                "evidence",
                "EvidenceText",
                ("text",),
                MappingProxyType(
                    {"started": "EvidenceReceived", "received": "EvidenceReceived", "corrected": "EvidenceCorrected"}
                ),
                known_by=("received_on", "kind"),
                spans=False,
            ),
        )
    }
)
"""By name."""


class Word(NamedTuple):
    """How a word of the sender's becomes one of ours."""

    known: frozenset[str]
    otherwise: str | None
    """What stands for a word that is not known: never a refusal."""
    unsaid: str | None
    """What stands where nothing was said."""
    kept_in: str | None = None
    """The sealed text in which an unknown word is kept as it was sent."""


WORDS: Mapping[tuple[str, str], Word] = MappingProxyType(
    {
        ("leave", "asker"): Word(words.ASKERS, "other", "not_said"),
        ("leave", "reg11"): Word(words.PARAGRAPHS, "none", "none", "reasoning"),
        ("leave", "purpose"): Word(words.LEAVE_PURPOSES, "other", "other", "purpose"),
        ("part_time", "purpose"): Word(words.PART_TIME_PURPOSES, "other", "not_said", "circumstances"),
        ("part_time", "plan"): Word(words.PLANS, "other", None, "circumstances"),
        ("part_time", "outcome"): Word(words.REVIEW_OUTCOMES, "not_said", "not_said", "circumstances"),
        ("activity", "nature"): Word(words.ACTIVITY_NATURES, "other", "not_said", "nature"),
        ("activity", "supervisor"): Word(words.SUPERVISORS, "not_said", "not_said", "nature"),
        ("activity", "fit_because"): Word(words.FITNESS, "not_said", "not_said", "nature"),
        ("placement", "arranger"): Word(words.ARRANGERS, "not_said", "not_said", "plan_section"),
        ("placement", "basis"): Word(words.BASES, "not_said", "not_said", "plan_section"),
        ("placement", "delivery"): Word(words.DELIVERY, "not_said", "not_said", "plan_section"),
        ("placement", "census_reason"): Word(words.CENSUS_REASONS, "other", None, "plan_section"),
        ("placement", "outcome"): Word(words.OUTCOMES, "other", "not_said", "objectives"),
        ("evidence", "kind"): Word(words.EVIDENCE_KINDS, "other", "other", "text"),
        ("", "why"): Word(words.WHYS, "other", "not_said"),
    }
)
"""By kind and field; of every kind where the kind is empty."""
