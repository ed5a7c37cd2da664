"""Planted: N, resolved after hours, days, weeks and months (reference: field 3.4; law 2.4)."""

from __future__ import annotations

from simulation.authority import Group, Pupil
from simulation.planted.makers import on_pupil
from simulation.planted.planter import Planter
from simulation.school import SESSIONS, Change, Day, School
from simulation.terms import HOUR, MINUTE


def _then(
    planter: Planter, school: School, kind: str, new: str, why: tuple[str, str], later: int, *, waiting: str
) -> None:
    """N in both sessions of a day, resolved `later` school days on."""
    spot = planter.spot(school, after=later)
    if spot is None:
        return
    pupil, group, index = spot

    def apply(today: Day) -> None:
        rows: list[Change] = []
        for session in SESSIONS:
            today.of(group, session).put(pupil, "N")
            rows.append(Change(today.day, session, pupil.mis, "N", new, why))
        message = school.change(rows, school.office_hours(index + later))
        planter.note(
            kind,
            school,
            [pupil],
            today.day,
            "AM",
            f"N in both sessions stands for {waiting}, then each is amended to {new}; the N stays readable.",
            [message],
            becomes="amendment",
            rows=2,
            original="N",
            current=new,
            school_days_later=later,
        )

    planter.after(school, index, apply)


def days(planter: Planter, school: School) -> None:
    _then(
        planter,
        school,
        "n_resolved_days",
        "I",
        ("parent_contact", "Parent rang: unwell"),
        3,
        waiting="three school days",
    )


def weeks(planter: Planter, school: School) -> None:
    why = ("cause_established", "No reason given after calls and a letter")
    _then(planter, school, "n_resolved_weeks", "O", why, 12, waiting="more than two weeks")


def months(planter: Planter, school: School) -> None:
    why = ("evidence_received", "Hospital letter received")
    _then(planter, school, "n_resolved_months", "M", why, 55, waiting="some months")


def next_night(planter: Planter, school: School) -> None:
    why = ("parent_contact", "Parent rang: unwell")
    _then(planter, school, "n_resolved_next_night", "I", why, 1, waiting="a night")


@on_pupil()
def hours(planter: Planter, school: School, today: Day, pupil: Pupil, group: Group) -> None:
    register = today.of(group, "AM")
    register.put(pupil, "N")
    today.of(group, "PM").put(pupil, "I")
    at = register.saved_at + planter.rng.randrange(40 * MINUTE, 2 * HOUR)
    why = ("parent_contact", "Mum rang at ten: sickness bug")
    message = school.change([Change(today.day, "AM", pupil.mis, "N", "I", why)], at)
    planter.note(
        "n_resolved_hours",
        school,
        [pupil],
        today.day,
        "AM",
        "N of the morning is amended to I the same morning; the afternoon is I from the start.",
        [register.message, message],
        becomes="amendment",
        rows=1,
        original="N",
        current="I",
        afternoon="I",
    )


@on_pupil()
def arrived_late(planter: Planter, school: School, today: Day, pupil: Pupil, group: Group) -> None:
    register = today.of(group, "AM")
    register.put(pupil, "N")
    at = max(register.saved_at, school.begins(today.day, "AM") + 41 * MINUTE) + 20 * MINUTE
    why = ("arrived_late", "Arrived after the register had closed")
    message = school.change([Change(today.day, "AM", pupil.mis, "N", "U", why, minutes_late=41)], at)
    planter.note(
        "n_then_arrived_late",
        school,
        [pupil],
        today.day,
        "AM",
        "N is amended to U, as regulation 10(8) has it: a U that begins as an N.",
        [register.message, message],
        becomes="amendment",
        rows=1,
        original="N",
        current="U",
    )
