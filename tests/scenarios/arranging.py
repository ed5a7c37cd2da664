"""What an office and a provider say of arrangements, in few words; and what the ledger then tells, a line each."""

from __future__ import annotations

from typing import Any

from consumers.outcome import Counts
from tests.making import LAESTAB, OPERATOR, SOURCE, Entry, School, moment

ACORN = b"C" * 16
"""The platform of an unregistered provider: it knows who came, not codes."""
ACORN_URN, ACORN_ID = "900001", "acorn"
_BLOCK = {
    "leave": "asked_on asker reg11 purpose decided_on decided_by exceptional code licence purpose_text reasoning"
    " licence_reference",
    "part_time": "mis_parent agreed_on am_from am_to pm_from pm_to minutes_week csa_all purpose plan risk_assessed"
    " professionals_told review_on planned_end la_told_on circumstances held_on outcome next_on",
    "activity": "setting_laestab setting_urn setting_local_id setting_name code nature nature_text approved_on approved_by"
    " supervisor fit_because school_staffed",
    "dual_registration": "other_laestab other_urn other_name main agreed_on consent_on",
    "evidence": "kind received_on covers_from covers_to text",
}


def row(kind: str, name: str, what: str, days: str = "", /, **said: Any) -> dict[str, Any]:
    """A row about somebody's arrangement. `days`: `2025-09-01 AM to 2025-09-12`, or as much of that as is said."""
    if days:
        first, _, last = days.partition(" to ")
        for end, text in (("from", first), ("to", last)):
            date, _, session = text.partition(" ")
            said |= {end: date or None, f"{end}_session": session or None}
    built = {"mis_pupil": name, "what": what, **{"upn": None} | said}
    if kind == "placement":
        return built
    own = _BLOCK[kind].split()
    block = {k: built.pop(k) for k in list(built) if k in own}
    return {**built, kind: block}


def states(school: School, at: str, *rows: dict[str, Any], **message: Any) -> Counts:
    """An ArrangementStated, or a PlacementStated, with these rows."""
    blocks = {k for r in rows for k in r if k in _BLOCK}
    name, array = ("ArrangementStated", "arrangements") if blocks else ("PlacementStated", "placements")
    return school.says(name, at, **{array: list(rows), **message})


def leave(school: School, at: str, name: str, what: str, days: str = "", **said: Any) -> Counts:
    """Leave asked, granted, refused, withdrawn, corrected."""
    arrives = said.pop("arrives", None)
    return states(school, at, row("leave", name, what, days, **said), arrives=arrives)


def part_time(school: School, at: str, name: str, what: str, days: str = "", **said: Any) -> Counts:
    """A part-time timetable started, changed, reviewed, ended, corrected."""
    return states(school, at, row("part_time", name, what, days, **said))


def placement(school: School, at: str, name: str, what: str, days: str = "", **said: Any) -> Counts:
    """A placement started, changed, ended, corrected."""
    return states(school, at, row("placement", name, what, days, **said))


def reports(school: School, at: str, when: str, *, arrives: str | None = None, **came: Any) -> Counts:
    """The provider's report of a session: `reports(school, "2025-09-08 10:00", "2025-09-08 AM", Ann="yes")`.

    A value is what is said of `attended`, or a mapping that says more.
    """
    names = {name for name in came if name[0].isupper()}
    date, session = when.split()
    rows = []
    for name in sorted(names):
        said = came.pop(name)
        said = {"attended": said} if isinstance(said, str) else dict(said)
        for instant in ("arrived_at", "left_at", "told_home_school_at", "said_at"):
            if isinstance(said.get(instant), str):
                said[instant] = moment(f"{date} {said[instant]}")
        rows.append({"mis_pupil": name, "date": date, "session": session, "due": True, **said})
    message = {"source": ACORN, "local_id": ACORN_ID, **came}
    return school.says("ProviderAttendance", at, arrives, reports=rows, **message)


def acorn_is_known(school: School, at: str = "2025-08-30 09:00", registered: bool = True) -> None:
    """An unregistered provider, and its platform as a source that speaks for it."""
    school.describes_place(
        at,
        kind="unregistered_provider",
        phase="ap",
        name="Acorn Workshop",
        laestab=None,
        urn=ACORN_URN,
        state_funded=False,
        reg11_binds=False,
        in_daily_share=False,
    )
    if registered:
        spoken_for = [{"urn": ACORN_URN, "local_id": ACORN_ID}]
        school.says(
            "SourcesStated",
            at,
            source=OPERATOR,
            sources=[{**SOURCE, "described": ACORN, "system": "Acorn Log", "places": spoken_for}],
        )


def arranged(school: School, *topics: str) -> list[Entry]:
    """Every entry of every arrangement."""
    return school.entries(*topics, prefix="arrangement/")


def story(school: School) -> list[str]:
    """The events of all arrangements in the order of the ledger."""
    return [entry.topic for entry in arranged(school)]


def reported(school: School, when: str) -> list[tuple[str, str, int | None]]:
    """What was reported of a session: name, attended, the entry amended."""
    names = school.name_of()
    return [
        (names[e["line"]], e["attended"], e["amends"])
        for e in school.session(when)
        if e.topic == "ProviderAttendanceReported"
    ]


__all__ = [
    "ACORN",
    "ACORN_ID",
    "ACORN_URN",
    "LAESTAB",
    "acorn_is_known",
    "arranged",
    "leave",
    "part_time",
    "placement",
    "reported",
    "reports",
    "row",
    "states",
    "story",
]
