"""Planted: leave entered beforehand, and what the registers then say (reference: field 1.1b and f)."""

from __future__ import annotations

from typing import Any

from simulation.authority import AM
from simulation.planted.planter import Planter, Spot
from simulation.school import SESSIONS, Day, School
from simulation.terms import SECOND


def _foreseen(school: School, spot: Spot, code: str) -> bytes:
    """Tell both sessions of two days beforehand."""
    pupil, _, index = spot
    at = school.office_hours(max(0, index - 5))
    detail = {"cause": "prefilled", **school.told_by(school.place.officer, at)}
    marks = [
        {
            "date": school.days[n].isoformat(),
            "session": session,
            "mis_pupil": pupil.mis,
            "code": school.raw(code),
            "detail": detail,
        }
        for n in (index, index + 1)
        for session in SESSIONS
    ]
    return school.post.state("MarksForeseen", school.place, at + 5 * SECOND, {"marks": marks})


def _planned_leave(planter: Planter, school: School, kind: str, sentence: str, then: str, **expect: Any) -> None:
    """`then`: what the register says on the days: the code foreseen, present, or nothing (an empty string)."""
    spot = planter.spot(school, days=2, first=3)
    if spot is None:
        return
    pupil, group, index = spot
    told: list[bytes] = []
    planter.before(school, max(0, index - 5), lambda _: told.append(_foreseen(school, spot, "C")))

    def apply(today: Day) -> None:
        for session in SESSIONS:
            register = today.of(group, session)
            if then == "C":
                register.put(pupil, "C", {"cause": "prefilled"})
            elif not then:
                register.put(pupil, "")

    planter.after(school, index, apply)
    planter.after(school, index + 1, apply)
    planter.after(
        school,
        index + 1,
        lambda _: planter.note(
            kind, school, [pupil], school.days[index], "AM", sentence, told, becomes="foreseen", rows=4, **expect
        ),
    )


def confirmed(planter: Planter, school: School) -> None:
    _planned_leave(
        planter,
        school,
        "foreseen_confirmed",
        "Leave is entered beforehand for four sessions; each register confirms it: first foreseen, then a mark.",
        "C",
        current="C",
        cause="prefilled",
    )


def never_confirmed(planter: Planter, school: School) -> None:
    _planned_leave(
        planter,
        school,
        "foreseen_never_confirmed",
        "Leave is entered beforehand for four sessions, and no register ever says so: pre-entered, not a mark.",
        "",
        current=None,
    )


def but_came(planter: Planter, school: School) -> None:
    _planned_leave(
        planter,
        school,
        "foreseen_but_came",
        "Leave is entered beforehand for four sessions, but the pupil was in school: the marks say present.",
        AM,
        current=AM,
    )
