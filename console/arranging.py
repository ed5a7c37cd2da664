"""Arrangements, returns and providers' reports in a line each: what was agreed, from when to when, who came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from console.words import session_day, short, when, words
from domain.moments import from_days, local

EVENTS: Mapping[str, str] = {
    "LeaveAsked": "leave asked for",
    "LeaveGranted": "leave granted",
    "LeaveRefused": "leave refused",
    "LeaveWithdrawn": "leave taken back",
    "LeaveAskedCorrected": "leave asked for, corrected",
    "LeaveGrantedCorrected": "leave granted, corrected",
    "LeaveRefusedCorrected": "leave refused, corrected",
    "PartTimeAgreed": "part-time agreed",
    "PartTimeChanged": "part-time changed",
    "PartTimeReviewed": "part-time reviewed",
    "PartTimeEnded": "part-time ended",
    "PartTimeCorrected": "part-time corrected",
    "ActivityApproved": "activity approved",
    "ActivityChanged": "activity changed",
    "ActivityEnded": "activity ended",
    "ActivityCorrected": "activity corrected",
    "PlacementStarted": "placement started",
    "PlacementChanged": "placement changed",
    "PlacementEnded": "placement ended",
    "PlacementCorrected": "placement corrected",
    "DualRegistrationAgreed": "dual registration agreed",
    "DualRegistrationChanged": "dual registration changed",
    "DualRegistrationEnded": "dual registration ended",
    "DualRegistrationCorrected": "dual registration corrected",
    "EvidenceReceived": "evidence received",
    "EvidenceCorrected": "evidence corrected",
    "ProviderAttendanceReported": "provider's report",
    "EngagementReported": "engagement reported",
}
_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNSAID = ("not_said", "none")

_DAYS = {
    "asked_on": "asked on",
    "decided_on": "decided on",
    "agreed_on": "agreed on",
    "approved_on": "approved on",
    "review_on": "review on",
    "planned_end": "meant to end",
    "held_on": "held on",
    "next_on": "next on",
    "received_on": "received on",
    "ended_on": "ended on",
    "consent_on": "consent on",
}
_WORDS = {
    "kind": "",
    "code": "code",
    "purpose": "for",
    "reg11": "under",
    "nature": "",
    "supervisor": "supervised by",
    "arranger": "arranged by",
    "basis": "under",
    "delivery": "",
    "outcome": "outcome:",
    "why": "why:",
}
_PLACES = {"place": "at", "other_place": "and", "main_place": "main:"}
_TEXTS = (
    "purpose_text",
    "nature_text",
    "circumstances",
    "reasoning",
    "objectives",
    "place_name",
    "other_place_name",
    "text",
    "detail",
)
"""Sealed texts that are shown to whoever asked with names."""


def line_of(event: str, about: Mapping[str, Any], *, names: bool) -> list[str]:
    """What an arrangement's entry, a return or a report says, in few words; nothing for any other event.

    Without names its texts are left out: they may hold one.
    """
    if event in ("ReturnMade", "SicknessBeliefFormed"):
        return _returned(about, names=names)
    if event not in EVENTS:
        return []
    if event == "ProviderAttendanceReported":
        return _came(about)
    said = [_span(about), _covers(about)]
    said += [f"{word} {_day(about[name])}" for name, word in _DAYS.items() if name in about]
    for name, word in _WORDS.items():
        if about.get(name) not in (None, "", *_UNSAID):
            said.append(f"{word} {words(about[name])}".strip())
    said += [f"{word} {short(about[name])}" for name, word in _PLACES.items() if name in about]
    if about.get("due_mask") is not None:
        said.append(week(about["due_mask"]))
    minutes = about.get("minutes_week", about.get("minutes"))
    if minutes is not None:
        said.append(f"{minutes} minutes" + (" a week" if "minutes_week" in about else ""))
    if about.get("system"):
        said.append(about["system"])
    if names:
        said += [about[name] for name in _TEXTS if about.get(name)]
    return [text for text in said if text]


def _day(number: int) -> str:
    return session_day(from_days(number), year=True)


def _span(about: Mapping[str, Any]) -> str:
    """from Mon 8 Sep 2025 PM to Fri 12 Sep 2025."""
    if "from" not in about:
        return ""
    ends = [f"from {_day(about['from'])} {about.get('from_session', '')}".strip()]
    if "to" in about:
        ends.append(f"to {_day(about['to'])} {about.get('to_session', '')}".strip())
    return " ".join(ends)


def _covers(about: Mapping[str, Any]) -> str:
    ends = [(word, about[name]) for word, name in (("from", "covers_from"), ("to", "covers_to")) if name in about]
    return "covers " + " ".join(f"{word} {_day(day)}" for word, day in ends) if ends else ""


def week(mask: int) -> str:
    """The sessions of a week: Mon, Wed AM."""
    shown = []
    for n, day in enumerate(_WEEK):
        half = mask >> 2 * n & 0b11
        if half:
            shown.append(day + ("", " AM", " PM", "")[half])
    return ", ".join(shown) if shown else "no sessions"


_CAME = {"yes": "came", "part": "came for part", "no": "did not come", "not_known": "not known whether they came"}


def _came(about: Mapping[str, Any]) -> list[str]:
    said = [_CAME[about["attended"]]]
    if about.get("due") is False:
        said.append("not due")
    for name, word in (("arrived_at", "at"), ("left_at", "left at")):
        if name in about:
            said.append(f"{word} {local(about[name]):%H:%M}")
    if about.get("minutes") is not None:
        said.append(f"{about['minutes']} minutes")
    if "told_home_school_at" in about:
        said.append(f"told the school {when(about['told_home_school_at'])}")
    return said


_LIMBS = {
    "p7a": "did not attend regularly",
    "p7b": "ten school days",
    "p9_consecutive": "15 school days in a row",
    "p9_total": "15 school days in the year",
    "consecutive_15": "15 school days in a row",
    "total_15": "15 school days in the year",
}


def _returned(about: Mapping[str, Any], *, names: bool) -> list[str]:
    """A return that was made, or the belief on which one rests."""
    said = [words(about.get("kind")), _LIMBS.get(about["limb"], "")]
    if "run_from" in about:
        said.append(f"from {_day(about['run_from'])}")
    if "on" in about:
        said.append(f"on {_day(about['on'])}")
    if "expected_until" in about:
        said.append(f"expected until {_day(about['expected_until'])}")
    if "made_on" in about:
        said.append(f"made {when(about['made_on'])}")
    if about.get("channel") not in (None, "not_said"):
        said.append(f"by {words(about['channel'])}")
    if "receipt" in about:
        said.append(f"receipt {about['receipt']}")
    if names and about.get("grounds"):
        said.append(about["grounds"])
    return [text for text in said if text]
