"""Planted: what saving, sending and delivering does to registers: late, twice, out of order, deleted again."""

from __future__ import annotations

from simulation.authority import AM, PM, Group, Pupil
from simulation.planted.makers import on_class, on_class_and_pupil, on_pupil
from simulation.planted.planter import Planter
from simulation.school import Change, Day, School
from simulation.terms import DAY, HOUR, MINUTE, SECOND, midnight


def _late_saved(planter: Planter, school: School, kind: str, sentence: str, *, next_day: bool) -> None:
    spot = planter.class_spot(school, after=1)
    if spot is None:
        return
    group, index = spot

    def apply(today: Day) -> None:
        register = today.of(group, "AM")
        if next_day:
            register.saved_at = midnight(school.days[index + 1]) + 8 * HOUR + planter.rng.randrange(10 * MINUTE)
            register.medium = "paper_then_keyed"
        else:
            register.saved_at = midnight(today.day) + 15 * HOUR + 45 * MINUTE + planter.rng.randrange(10 * MINUTE)
        planter.note(
            kind,
            school,
            [],
            today.day,
            "AM",
            sentence,
            [register.message],
            becomes="mark",
            rows=sum(map(bool, register.codes)),
            late_at_school=True,
            group=group.name,
            medium=register.medium,
        )

    planter.after(school, index, apply)


def saved_same_day(planter: Planter, school: School) -> None:
    sentence = "The morning register is saved after school: marks, late at the school, not at the ledger."
    _late_saved(planter, school, "register_saved_after_session", sentence, next_day=False)


def saved_next_day(planter: Planter, school: School) -> None:
    sentence = "The morning register was kept on paper and keyed the next day: marks, late at the school."
    _late_saved(planter, school, "register_keyed_next_day", sentence, next_day=True)


@on_class()
def resent(planter: Planter, school: School, today: Day, group: Group) -> None:
    register = today.of(group, "PM")
    register.again_after = planter.rng.randrange(2 * HOUR, 20 * HOUR)
    rows = sum(map(bool, register.codes))
    planter.note(
        "resent_message",
        school,
        [],
        today.day,
        "PM",
        "The identical message comes again hours later: every row of the second is a duplicate, nothing stored.",
        [register.message],
        becomes="duplicate",
        rows=rows,
        group=group.name,
    )


@on_class()
def same_values(planter: Planter, school: School, today: Day, group: Group) -> None:
    first = today.of(group, "AM")
    again = first.copy()
    again.message = school.post.message_id()
    again.saved_at = first.saved_at + planter.rng.randrange(2 * MINUTE, 9 * MINUTE)
    school.send_register(again)
    planter.note(
        "same_values_again",
        school,
        [],
        today.day,
        "AM",
        "A second message, with an id of its own, says the same values: its rows are duplicates.",
        [first.message, again.message],
        becomes="duplicate",
        rows=sum(map(bool, again.codes)),
        group=group.name,
    )


@on_class_and_pupil
def overtaken_register(planter: Planter, school: School, today: Day, pupil: Pupil, group: Group) -> None:
    newer = today.of(group, "AM")
    newer.put(pupil, "L", {"minutes_late": 7})
    newer.saved_at = newer.opened_at + 14 * MINUTE
    newer.received_at = newer.saved_at + 12 * SECOND
    older = newer.copy()
    older.put(pupil, "N")
    older.message = school.post.message_id()
    older.saved_at = newer.opened_at + 5 * MINUTE
    older.received_at = newer.received_at + planter.rng.randrange(20 * SECOND, 60 * SECOND)
    school.send_register(older)
    planter.note(
        "overtaken_register",
        school,
        [pupil],
        today.day,
        "AM",
        "The register saved first arrives last: its N is an older entry and never the current one; "
        "its other rows say what is already there.",
        [older.message, newer.message],
        becomes="older",
        rows=1,
        current="L",
        older="N",
        others=sum(map(bool, older.codes)) - 1,
    )


@on_pupil(after=3)
def overtaken_change(planter: Planter, school: School, today: Day, pupil: Pupil, group: Group) -> None:
    today.of(group, "AM").put(pupil, "N")
    today.of(group, "PM").put(pupil, "M")
    at = midnight(school.days[today.index + 1])
    first = Change(today.day, "AM", pupil.mis, "N", "I", ("parent_contact", "Parent rang: unwell"))
    then = Change(today.day, "AM", pupil.mis, "I", "M", ("evidence_received", "Appointment card seen"))
    late = midnight(school.days[today.index + 3]) + 9 * HOUR
    older = school.change([first], at + 10 * HOUR, received_at=late)
    newer = school.change([then], at + 11 * HOUR)
    planter.note(
        "overtaken_change",
        school,
        [pupil],
        today.day,
        "AM",
        "N to M arrives, then, two days late, the N to I that came before it: I is kept as an older entry.",
        [older, newer],
        becomes="older",
        rows=1,
        current="M",
        older="I",
        original="N",
    )


@on_pupil(after=1)
def removed(planter: Planter, school: School, today: Day, pupil: Pupil, group: Group) -> None:
    at = school.office_hours(today.index + 1)
    detail = school.told_by(school.place.officer, at)
    if school.place.profile.carries_reason:
        detail.update(reason_code="wrong_pupil", reason="Entered for the wrong child")
    removal = {
        "date": today.day.isoformat(),
        "session": "PM",
        "mis_pupil": pupil.mis,
        "how": "sender_said",
        "detail": detail or None,
    }
    message = school.post.state("MarkRemoved", school.place, at + 5 * SECOND, {"removals": [removal]})
    planter.note(
        "mark_removed",
        school,
        [pupil],
        today.day,
        "PM",
        "The mark is deleted upstream: withdrawn in the ledger, still to be read as at the day before.",
        [today.of(group, "PM").message, message],
        becomes="withdrawal",
        rows=1,
        current=None,
        original=PM,
        how="sender_said",
    )


def gone_from_snapshot(planter: Planter, school: School) -> None:
    spot = planter.spot(school, after=1, avoid=school.unsteady)
    if spot is None:
        return
    pupil, group, index = spot

    def apply(today: Day) -> None:
        whole = [register.copy() for register in today.registers.values()]
        for register in whole:
            if register.group is group and register.session == "PM":
                register.put(pupil, "")
        rows = school.snapshot_rows(whole)
        iso = today.day.isoformat()
        at = midnight(today.day) + DAY + 5 * HOUR + planter.rng.randrange(30 * MINUTE)
        message = school.send_snapshot(iso, iso, rows, at, whole=True)
        planter.note(
            "mark_gone_from_snapshot",
            school,
            [pupil],
            today.day,
            "PM",
            "A second whole snapshot of the day lacks one mark: withdrawn; its other rows are duplicates.",
            [message],
            becomes="withdrawal",
            rows=1,
            duplicates=len(rows),
            current=None,
            original=PM,
            how="absent_from_whole_snapshot",
        )

    planter.at_last(school, index, apply)


@on_class_and_pupil
def change_before_register(planter: Planter, school: School, today: Day, pupil: Pupil, group: Group) -> None:
    """A change of a mark that the ledger never saw as N: the register came later."""
    register = today.of(group, "AM")
    register.put(pupil, "N")
    at = register.saved_at + 20 * MINUTE
    register.received_at = at + 8 * MINUTE
    why = ("parent_contact", "Parent rang: unwell")
    message = school.change([Change(today.day, "AM", pupil.mis, "N", "I", why)], at)
    planter.note(
        "change_before_its_register",
        school,
        [pupil],
        today.day,
        "AM",
        "The change arrives before the register it changes: I is the mark, with N as an older entry; "
        "the register's own N then changes nothing.",
        [register.message, message],
        becomes="mark",
        rows=1,
        current="I",
        older="N",
    )


@on_class_and_pupil
def not_marked_yet(planter: Planter, school: School, today: Day, pupil: Pupil, group: Group) -> None:
    full = today.of(group, "AM")
    full.saved_at = full.opened_at + 12 * MINUTE
    half = full.copy()
    half.message = school.post.message_id()
    half.saved_at = full.opened_at + 4 * MINUTE
    half.put(pupil, "-")
    school.send_register(half)
    planter.note(
        "not_marked_yet",
        school,
        [pupil],
        today.day,
        "AM",
        "A register saved half way says `-` (no mark yet): counted, not stored; the full one brings the mark.",
        [half.message, full.message],
        becomes="nothing",
        rows=1,
        current=AM,
    )


def hash_rows(planter: Planter, school: School) -> None:
    shut = [day for day in school.shut if day <= school.days[-1]] if school.days else []
    if shut:
        planter.note(
            "closure_rows",
            school,
            [],
            min(shut),
            "AM",
            "This MIS writes # for everyone on days when the school is closed: it agrees with the calendar, "
            "so it is counted and not stored.",
            [],
            becomes="nothing",
            days=len(shut),
        )
