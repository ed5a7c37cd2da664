"""Planted: who is who. Children without a UPN, with a temporary one, entered twice, or back after leaving."""

from __future__ import annotations

from simulation.authority import AM
from simulation.planted.planter import Planter
from simulation.school import SESSIONS, School
from simulation.summary import Sought


def without_upn(planter: Planter, school: School) -> bool:
    sentence = "A pupil comes who has no UPN yet: known by the MIS's own id only, entered and marked like any other."
    story = planter.story(school, "without_upn", sentence, days=1, first=1, new=True)
    if story is None:
        return False
    story.pupil.upn = None
    story.pupil.starting_day = story.day(0)
    identified = Sought("PupilIdentified", {"basis": "mis_id_only"}, {"upn": None})
    story.states(0, "8:00", Sought("PupilEntered", {"starting_day": story.on(0)}), admission="in_year")
    story.finds(identified)
    story.comes(0, story.pupil)
    story.marks(0, "AM", AM)
    return story.done(current=AM)


def temporary_upn(planter: Planter, school: School) -> bool:
    sentence = "A temporary UPN is replaced by the permanent one two days later: both lead to the one child."
    story = planter.story(school, "temporary_upn_replaced", sentence, days=3, new=True)
    if story is None:
        return False
    child = story.pupil
    permanent, child.upn = child.upn, planter.authority.temporary_upn()
    child.starting_day = story.day(0)
    identified = Sought("PupilIdentified", {"basis": "temporary_upn"}, {"upn": child.upn})
    story.states(0, "8:00", Sought("PupilEntered", {"starting_day": story.on(0)}), admission="in_year")
    story.finds(identified)
    story.comes(0, child)
    story.marks(0, "AM", AM)
    temporary, child.upn = child.upn, permanent
    given = Sought("UpnGiven", {"kind": "permanent"}, {"upn": permanent})
    story.states(2, "10:00", given, former_upn=temporary, admission="in_year")
    story.marks(2, "PM", "\\")
    return story.done(temporary=temporary, upn=permanent)


def entered_twice(planter: Planter, school: School) -> bool:
    sentence = (
        "One child is entered a second time, without a UPN, under another MIS id: two identities and two lines. "
        "Nothing joins them by name and birth date; a person does, and can undo it."
    )
    story = planter.story(school, "entered_twice", sentence, days=3)
    if story is None:
        return False
    twin = planter.authority.same_child(story.pupil)
    twin.upn, twin.reserved, twin.starting_day = None, True, story.day(1)
    story.pupils.append(twin)
    story.marks(0, "AM", AM)
    story.states(0, "10:00")
    entered = Sought("PupilEntered", {"starting_day": story.on(1)}, {"full_name": twin.full_name}, pupil=1)
    story.states(1, "8:00", entered, pupil=twin, admission="in_year")
    story.comes(1, twin)
    for n in (1, 2):
        for session in SESSIONS:
            story.marks(n, session, "")
        story.marks(n, "AM", AM, pupil=1)
    return story.done(becomes="merged", basis="school_confirms")


def returner(planter: Planter, school: School) -> bool:
    sentence = "A pupil leaves, and is back two school days later under the same id: a second stay is a second line."
    story = planter.story(school, "returner", sentence, days=4)
    if story is None:
        return False
    story.marks(0, "AM", AM)
    story.leaves(0, "16:00", Sought("PupilDeleted", {"left_on": story.on(0)}))
    story.goes(1)
    first = story.pupil.starting_day
    story.pupil.starting_day = story.day(2)
    entered = Sought("PupilEntered", {"starting_day": story.on(2)})
    story.states(2, "8:00", entered, admission="in_year", entered_on=story.on(2))
    story.pupil.starting_day = first
    story.comes(2, story.pupil)
    story.marks(2, "AM", AM)
    story.finds(Sought("PupilEntered", times=2))
    return story.done(lines=2)
