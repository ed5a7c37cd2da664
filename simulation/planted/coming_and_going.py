"""Planted: pupils who join, who are entered late, who leave, also back-dated, and who move between places."""

from __future__ import annotations

from datetime import date

from simulation.authority import AM, Group, Pupil
from simulation.messages import pupil_row
from simulation.planted.planter import Planter
from simulation.school import SESSIONS, Day, School
from simulation.terms import HOUR, MINUTE, SECOND, midnight


def _enter(school: School, pupil: Pupil, group: Group, at: int, start: date, told: date) -> bytes:
    pupil.starting_day = start
    extra = {"entered_on": told.isoformat()}
    if school.place.profile.carries_person:
        extra["by"] = school.place.officer
    row = pupil_row(pupil, group.name, admission="in_year", **extra)
    return school.post.state("PupilsStated", school.place, at, {"whole": False, "pupils": [row]})


def joined(planter: Planter, school: School) -> None:
    group_at = planter.any_class(school, first=2, after=1)
    if group_at is None:
        return
    group, index = group_at
    pupil = planter.new_pupil(group)

    def apply(today: Day) -> None:
        group.pupils.append(pupil)
        at = midnight(today.day) + 8 * HOUR + planter.rng.randrange(10 * MINUTE)
        message = _enter(school, pupil, group, at, today.day, today.day)
        planter.note(
            "joined_in_year",
            school,
            [pupil],
            today.day,
            "AM",
            "A pupil joins and is entered before the first register of that day.",
            [message],
            becomes="entered",
            rows=1,
            current=AM,
            starting_day=today.day.isoformat(),
        )

    planter.before(school, index, apply)


def entered_late(planter: Planter, school: School) -> None:
    group_at = planter.any_class(school, first=1, after=3)
    if group_at is None:
        return
    group, index = group_at
    pupil = planter.new_pupil(group)
    early: list[bytes] = []
    school.unsteady.update(range(index, index + 4))

    def begin(_: Day) -> None:
        group.pupils.append(pupil)
        school.not_entered.add(pupil.mis)

    planter.before(school, index, begin)

    def apply(today: Day) -> None:
        if not school.place.profile.nightly:
            early.extend(today.of(group, session).message for session in SESSIONS)
        if today.index < index + 3:
            return
        school.not_entered.discard(pupil.mis)
        start = school.days[index]
        at = midnight(today.day) + 15 * HOUR + planter.rng.randrange(30 * MINUTE)
        message = _enter(school, pupil, group, at, start, today.day)
        held = 6 if school.place.profile.nightly else 8
        planter.note(
            "entered_late",
            school,
            [pupil],
            start,
            "AM",
            "Registers name a pupil who is entered on the fourth day for the first: those rows wait held, "
            "and become marks by themselves when the pupil comes.",
            [*early, message],
            becomes="replayed",
            rows=held,
            rule="g3",
            current=AM,
            entered_on=today.day.isoformat(),
            starting_day=start.isoformat(),
        )

    for n in range(4):
        planter.after(school, index + n, apply)


def _leaver(pupil: Pupil, school: School, leaving: date, at: int, deleted: date | None) -> bytes:
    row = {
        "mis_pupil": pupil.mis,
        "upn": pupil.upn,
        "leaving_on": leaving.isoformat(),
        "deleted_on": None if deleted is None else deleted.isoformat(),
        "ground": "r9_1a" if school.place.profile.carries_reason else None,
        "mis_reason": "Moved to another school",
        "destination": "school",
        "destination_text": None,
        "destination_laestab": None,
        "by": school.place.officer if school.place.profile.carries_person else None,
        "said_at": at if school.place.profile.carries_entry_time else None,
    }
    return school.post.state("PupilLeft", school.place, at + 5 * SECOND, {"leavers": [row]})


def _off(planter: Planter, school: School, group: Group, pupil: Pupil, index: int) -> None:
    """No row from this day on."""
    if index < len(school.days):
        planter.before(school, index, lambda _: group.pupils.remove(pupil))


def left(planter: Planter, school: School) -> None:
    spot = planter.spot(school, first=1, after=1)
    if spot is None:
        return
    pupil, group, index = spot

    def apply(today: Day) -> None:
        at = midnight(today.day) + 16 * HOUR + planter.rng.randrange(20 * MINUTE)
        message = _leaver(pupil, school, today.day, at, today.day)
        planter.note(
            "left",
            school,
            [pupil],
            today.day,
            "PM",
            "A leaver on the last day attended: in a MIS, making a leaver is the deletion.",
            [message],
            becomes="deleted",
            rows=1,
            left_on=today.day.isoformat(),
            deleted_on=today.day.isoformat(),
        )

    planter.after(school, index, apply)
    _off(planter, school, group, pupil, index + 1)


def left_back_dated(planter: Planter, school: School) -> None:
    spot = planter.spot(school, days=7, first=0)
    if spot is None:
        return
    pupil, group, index = spot

    def apply(today: Day) -> None:
        left = school.days[index]
        at = midnight(today.day) + 16 * HOUR + 45 * MINUTE
        gone = _leaver(pupil, school, left, at, today.day)
        detail = school.told_by(school.place.officer, at)
        removals = [
            {
                "date": school.days[n].isoformat(),
                "session": session,
                "mis_pupil": pupil.mis,
                "how": "pupil_removed_upstream",
                "detail": detail or None,
            }
            for n in range(index + 1, index + 7)
            for session in SESSIONS
        ]
        removed = school.post.state("MarkRemoved", school.place, at + 9 * SECOND, {"removals": removals})
        planter.note(
            "left_back_dated",
            school,
            [pupil],
            school.days[index + 1],
            "AM",
            "A leaving date keyed six school days back, and the MIS drops the marks since: the roll ends on the "
            "day of the deletion; twelve withdrawals, still to be read as at before.",
            [gone, removed],
            becomes="withdrawal",
            rows=len(removals),
            current=None,
            left_on=left.isoformat(),
            deleted_on=today.day.isoformat(),
            how="pupil_removed_upstream",
        )

    planter.after(school, index + 6, apply)
    _off(planter, school, group, pupil, index + 7)


def left_in_future(planter: Planter, school: School) -> None:
    spot = planter.spot(school, days=5, after=1)
    if spot is None:
        return
    pupil, group, index = spot

    def tell(today: Day) -> None:
        leaving = school.days[index + 4]
        at = midnight(today.day) + 11 * HOUR + planter.rng.randrange(HOUR)
        stated = _leaver(pupil, school, leaving, at, None)

        def confirm(then: Day) -> None:
            deleted = midnight(then.day) + 9 * HOUR + planter.rng.randrange(30 * MINUTE)
            confirmed = _leaver(pupil, school, leaving, deleted, then.day)
            planter.note(
                "left_in_future",
                school,
                [pupil],
                leaving,
                "PM",
                "A leaving date told beforehand is a statement, not a deletion; the deletion comes the day after.",
                [stated, confirmed],
                becomes="leaving",
                rows=2,
                left_on=leaving.isoformat(),
                deleted_on=then.day.isoformat(),
            )

        planter.before(school, index + 5, confirm)

    planter.after(school, index, tell)
    _off(planter, school, group, pupil, index + 5)


def wrong_check_letter(planter: Planter, school: School) -> None:
    group_at = planter.any_class(school, first=1, after=1)
    if group_at is None:
        return
    group, index = group_at
    pupil = planter.new_pupil(group)
    right = pupil.upn or ""
    pupil.upn = ("A" if right[0] != "A" else "B") + right[1:]

    def apply(today: Day) -> None:
        group.pupils.append(pupil)
        at = midnight(today.day) + 8 * HOUR + 5 * MINUTE
        message = _enter(school, pupil, group, at, today.day, today.day)
        planter.note(
            "wrong_check_letter",
            school,
            [pupil],
            today.day,
            "AM",
            "A UPN with the wrong check letter is recorded and labelled; nothing is held for it.",
            [message],
            becomes="entered",
            rows=1,
            current=AM,
            upn=pupil.upn,
        )

    planter.before(school, index, apply)


def moved(planter: Planter) -> None:
    """One child leaves a secondary school for the PRU: another place, another MIS id, the same UPN."""
    old = next((s for s in planter.schools if s.place.phase == "Secondary"), None)
    new = next((s for s in planter.schools if s.place.phase == "PRU"), None)
    if old is None or new is None:
        return
    spot = planter.spot(old, first=1, after=3)
    if spot is None:
        return
    pupil, group, index = spot
    into = next((n for n, day in enumerate(new.days) if day > old.days[index]), None)
    if into is None or not new.place.groups[0].pupils or not planter.is_open(new, new.place.groups[0], into):
        return
    room = new.place.groups[0]
    child = planter.authority.same_child(pupil)
    child.reserved = True
    told: list[bytes] = []

    def leave(today: Day) -> None:
        told.append(_leaver(pupil, old, today.day, midnight(today.day) + 16 * HOUR, today.day))

    def come(today: Day) -> None:
        room.pupils.append(child)
        at = midnight(today.day) + 8 * HOUR + 20 * MINUTE
        child.starting_day = today.day
        row = pupil_row(child, room.name, admission="in_year", previous_laestab=old.place.laestab)
        told.append(new.post.state("PupilsStated", new.place, at, {"whole": False, "pupils": [row]}))
        planter.note(
            "moved_between_places",
            new,
            [pupil, child],
            today.day,
            "AM",
            "The same UPN leaves one place and enters another under another MIS id: one child, two lines.",
            told,
            becomes="entered",
            rows=2,
            from_place=old.place.called,
            current=AM,
        )

    planter.after(old, index, leave)
    _off(planter, old, group, pupil, index + 1)
    planter.before(new, into, come)
