"""Planted: who is who. Children without a UPN, with a temporary one, entered twice, or back after leaving."""

from __future__ import annotations

from simulation.authority import AM
from simulation.planted.makers import tells
from simulation.planted.story import Story
from simulation.school import SESSIONS
from simulation.summary import Sought


@tells(
    "without_upn",
    "A pupil comes who has no UPN yet: known by the MIS's own id only, entered and marked like any other.",
    days=1,
    first=1,
    new=True,
)
def without_upn(story: Story) -> bool:
    story.pupil.upn = None
    story.pupil.starting_day = story.day(0)
    identified = Sought("PupilIdentified", {"basis": "mis_id_only"}, {"upn": None})
    story.states(0, "8:00", Sought("PupilEntered", {"starting_day": story.on(0)}), admission="in_year")
    story.finds(identified)
    story.comes(0, story.pupil)
    story.marks(0, "AM", AM)
    return story.done(current=AM)


@tells(
    "temporary_upn_replaced",
    "A temporary UPN is replaced by the permanent one two days later: both lead to the one child.",
    days=3,
    new=True,
)
def temporary_upn(story: Story) -> bool:
    child = story.pupil
    permanent, child.upn = child.upn, story.planter.authority.temporary_upn()
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


@tells(
    "entered_twice",
    "One child is entered a second time, without a UPN, under another MIS id: two identities and two "
    "lines. Nothing joins them by name and birth date; a person does, and can undo it.",
    days=3,
)
def entered_twice(story: Story) -> bool:
    twin = story.planter.authority.same_child(story.pupil)
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


@tells(
    "returner",
    "A pupil leaves, and is back two school days later under the same id: a second stay is a second line.",
    days=4,
)
def returner(story: Story) -> bool:
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
