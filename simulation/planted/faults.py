"""Planted once in an authority: what cannot be read, placed or exist, and so stays held; and a code nobody mapped."""

from __future__ import annotations

from collections.abc import Callable

from simulation.authority import AM, PM, Group
from simulation.planted.planter import Planter
from simulation.school import Change, Day, School
from simulation.terms import HOUR, MINUTE, SECOND, midnight


def _fault(planter: Planter, school: School, index: int, apply: Callable[[Day, int], None]) -> bool:
    """`apply` gets the day, and a moment after both its registers."""
    planter.after(school, index, lambda today: apply(today, midnight(today.day) + 15 * HOUR))
    return True


def unknown_pupil(planter: Planter, school: School) -> bool:
    spot = planter.class_spot(school)
    if spot is None:
        return False
    group, index = spot
    ghost = planter.authority.pupil(7)

    def apply(today: Day, _: int) -> None:
        register = today.of(group, "AM")
        register.pupils.append(ghost)
        register.codes.append(AM)
        planter.note(
            "unknown_pupil",
            school,
            [ghost],
            today.day,
            "AM",
            "One row names a pupil who is never entered: that row alone is held, its class goes in.",
            [register.message],
            becomes="held",
            rows=1,
            rule="g3",
            others=sum(map(bool, register.codes)) - 1,
        )

    return _fault(planter, school, index, apply)


def unknown_code(planter: Planter, school: School) -> bool:
    spot = planter.class_spot_with_pupil(school)
    if spot is None:
        return False
    pupil, group, index = spot

    def apply(today: Day, _: int) -> None:
        register = today.of(group, "AM")
        register.put(pupil, "ZZ9")
        planter.note(
            "unknown_local_code",
            school,
            [pupil],
            today.day,
            "AM",
            "A code that this source never mapped: a mark whose code is empty and whose code_sent says ZZ9.",
            [register.message],
            becomes="mark",
            rows=1,
            current="",
            code_sent="ZZ9",
        )

    return _fault(planter, school, index, apply)


def _impossible(planter: Planter, school: School, kind: str, day: str | None, session: str, sentence: str) -> bool:
    spot = planter.class_spot_with_pupil(school)
    if spot is None:
        return False
    pupil, _, index = spot

    def apply(today: Day, at: int) -> None:
        good = Change(today.day, "PM", pupil.mis, PM, "I", ("wrong_code", "Sent home at noon"))
        base = {"mis_pupil": pupil.mis, "old": None, "new": school.raw("I"), "detail": None}
        changes = [
            {**base, "date": good.day.isoformat(), "session": good.session, "old": PM},
            {**base, "date": day or today.day.isoformat(), "session": session},
        ]
        message = school.post.state("MarkChanged", school.place, at, {"changes": changes})
        planter.note(
            kind,
            school,
            [pupil],
            day or today.day,
            session,
            sentence,
            [message],
            becomes="held",
            rows=1,
            rule="g4",
            others=1,
            other_session="PM",
            other_current="I",
        )

    return _fault(planter, school, index, apply)


def impossible_date(planter: Planter, school: School) -> bool:
    sentence = "A row for 30 February cannot exist and is held; the other row of its message is an amendment."
    return _impossible(planter, school, "impossible_date", "2025-02-30", "AM", sentence)


def impossible_session(planter: Planter, school: School) -> bool:
    sentence = "A row for a session EV cannot exist and is held; the other row of its message is an amendment."
    return _impossible(planter, school, "impossible_session", None, "EV", sentence)


def foreign_place(planter: Planter, school: School) -> bool:
    spot = planter.class_spot(school)
    if spot is None:
        return False
    group, index = spot
    other = next((s.place for s in planter.schools if s is not school), None)

    def apply(today: Day, at: int) -> None:
        fields = _register_fields(group, today.day.isoformat(), at)
        unknown = f"{planter.authority.la_code}9999"
        laestab, local_id = (unknown, "9999") if other is None else (other.called, other.local_id)
        fields.update(laestab=laestab, local_id=local_id)
        message = school.post.message_id()
        value = school.encode("RegisterTaken", message, at, fields)
        school.post.send(school.place, value, at, rows=2, marks=2, key=local_id)
        planter.note(
            "foreign_place",
            school,
            group.pupils[:2],
            today.day,
            "PM",
            "A register about a place that this source may not speak for: held whole.",
            [message],
            becomes="held",
            rows=2,
            rule="g2",
            about=laestab,
        )

    return _fault(planter, school, index, apply)


def undecodable(planter: Planter, school: School) -> bool:
    spot = planter.class_spot(school)
    if spot is None:
        return False
    group, index = spot

    def apply(today: Day, at: int) -> None:
        cut = today.of(group, "PM").copy()
        cut.message = school.post.message_id()
        cut.saved_at = at
        school.send_register(cut, cut=True)
        planter.note(
            "undecodable",
            school,
            [],
            today.day,
            "PM",
            "Half a message cannot be read: its bytes are kept, held, counted as one row.",
            [cut.message],
            becomes="held",
            rows=1,
            rule="g1",
        )

    return _fault(planter, school, index, apply)


def same_id(planter: Planter, school: School) -> bool:
    spot = planter.class_spot_with_pupil(school)
    if spot is None:
        return False
    pupil, group, index = spot

    def apply(today: Day, at: int) -> None:
        first = today.of(group, "AM")
        fields = _register_fields(group, today.day.isoformat(), at)
        fields.update(session="AM", marks=[{"mis_pupil": pupil.mis, "code": school.raw("O")}])
        value = school.encode("RegisterTaken", first.message, at, fields)
        school.post.send(school.place, value, at, rows=1, marks=1)
        planter.note(
            "same_id_other_bytes",
            school,
            [pupil],
            today.day,
            "AM",
            "A message id comes again with other bytes: the second message is held whole.",
            [first.message],
            becomes="held",
            rows=1,
            rule="g4",
            current=AM,
        )

    return _fault(planter, school, index, apply)


def _register_fields(group: Group, day: str, at: int) -> dict[str, object]:
    """A RegisterTaken of two pupils, for the codec."""
    return {
        "date": day,
        "session": "PM",
        "group": group.name,
        "taker": None,
        "by_kind": None,
        "opened_at": at - 5 * MINUTE,
        "saved_at": at - 10 * SECOND,
        "closed_at": None,
        "medium": "electronic",
        "paper_ref": None,
        "whole": False,
        "cause": "typed",
        "marks": [{"mis_pupil": pupil.mis, "code": PM} for pupil in group.pupils[:2]],
    }


FAULTS = (
    unknown_pupil,
    unknown_code,
    impossible_date,
    impossible_session,
    foreign_place,
    undecodable,
    same_id,
)
