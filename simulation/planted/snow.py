"""Planted: a day on which schools close because of snow, before the registers or after them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from simulation.authority import AM
from simulation.planted.planter import Planter
from simulation.school import SESSIONS, Change, Day, Register, School
from simulation.terms import HOUR, MINUTE, SECOND, midnight


def plant(planter: Planter) -> None:
    """The first week of the spring term in which all meet; in a shorter time the last day but one."""
    longest = max((school.days for school in planter.schools), key=len)
    if len(longest) < 5:
        return
    january = [day for day in longest if day.month == 1 and day.day >= 12]
    day = january[0] if january else longest[-2]
    for n, school in enumerate(planter.schools):
        if day not in school.days or n % 4 == 3 or school.spared:
            continue
        if school.place.profile.nightly:
            school.snow[day] = _by_night(planter, school)
        elif n % 2:
            school.snow[day] = _after_marks(planter, school)
        else:
            school.snow[day] = _before_registers(planter, school)


def _closure(school: School, day: date, session: str, at: int) -> bytes:
    profile = school.place.profile
    return school.post.state(
        "ClosureStated",
        school.place,
        at + 3 * SECOND,
        {
            "date": day.isoformat(),
            "session": session,
            "whole": True,
            "why": "weather",
            "reversed": False,
            "decided_at": at if profile.carries_entry_time else None,
            "decided_by": school.place.staff[0].user_id if profile.carries_person else None,
            "reason": "Snow: the buses are off and the site is unsafe" if profile.carries_reason else None,
        },
    )


def _cancelled(school: School, session: str, today: Day) -> list[Register]:
    """Registers that say Y4 for everyone."""
    made = []
    for group in school.place.groups:
        register = school.new_register(group, today.day, session, ["Y4"] * len(group.pupils))
        register.cause, register.taker = "closure", school.place.officer
        made.append(register)
    return made


def _list_snow(
    planter: Planter, kind: str, school: School, today: Day, sentence: str, told: list[bytes], **more: Any
) -> None:
    planter.note(
        kind,
        school,
        [],
        today.day,
        "AM",
        sentence,
        told,
        becomes="cancelled",
        rows=2,
        sessions=2,
        roll=len(school.place.pupils),
        current="Y4",
        **more,
    )


def _before_registers(planter: Planter, school: School) -> Callable[[Day], None]:
    def apply(today: Day) -> None:
        at = midnight(today.day) + 6 * HOUR + 50 * MINUTE
        told = [_closure(school, today.day, session, at) for session in SESSIONS]
        for session in SESSIONS:
            for register in _cancelled(school, session, today):
                school.send_register(register)
        sentence = "Both sessions are cancelled before they begin, and Y4 is entered for every pupil."
        _list_snow(planter, "snow_day_before_registers", school, today, sentence, told)

    return apply


def _after_marks(planter: Planter, school: School) -> Callable[[Day], None]:
    def apply(today: Day) -> None:
        rows: list[Change] = []
        for group in school.place.groups:
            register = school.new_register(group, today.day, "AM", [AM] * len(group.pupils))
            school.send_register(register)
            rows += [Change(today.day, "AM", p.mis, AM, "Y4", ("closure", "Snow")) for p in group.pupils]
        at = school.begins(today.day, "AM") + 75 * MINUTE
        told = [_closure(school, today.day, session, at) for session in SESSIONS]
        operation = school.post.message_id()
        told.append(school.change(rows, at + 10 * MINUTE, cause="closure", operation=operation))
        for register in _cancelled(school, "PM", today):
            school.send_register(register)
        _list_snow(
            planter,
            "snow_day_after_marks",
            school,
            today,
            "The school closes after the morning registers: every mark is amended to Y4, cause closure, "
            "in one operation; the afternoon is Y4 from the start.",
            told,
            operation=operation.hex(),
            original=AM,
        )

    return apply


def _by_night(planter: Planter, school: School) -> Callable[[Day], None]:
    def apply(today: Day) -> None:
        at = midnight(today.day) + 19 * HOUR + 31 * MINUTE
        told = [_closure(school, today.day, session, at) for session in SESSIONS]
        made = [register for session in SESSIONS for register in _cancelled(school, session, today)]
        iso = today.day.isoformat()
        rows = school.snapshot_rows(made)
        told.append(school.send_snapshot(iso, iso, rows, at + 5 * MINUTE, whole=True))
        sentence = "The nightly feed tells of the closed day in the evening: both cancelled, Y4 for every pupil."
        _list_snow(planter, "snow_day_by_night", school, today, sentence, told)

    return apply
