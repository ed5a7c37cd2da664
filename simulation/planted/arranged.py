"""Planted: what is arranged with parents, providers and other schools (reference: events 3.1; law 6)."""

from __future__ import annotations

from typing import Any

from simulation.authority import AM, PM, Place
from simulation.planted.makers import tells
from simulation.planted.planter import Planter
from simulation.planted.story import Story
from simulation.school import SESSIONS, School
from simulation.summary import Sought
from simulation.terms import HOUR, MINUTE

MORNINGS, AFTERNOONS = 0b0101010101, 0b1010101010
"""Week patterns: bit 0 is Monday morning."""


def _asked(story: Story, n: int, first: int, last: int, purpose: str, text: str) -> dict[str, Any]:
    """What is said of leave when it is asked for on day `n`, and again with every decision."""
    leave = {"asked_on": story.on(n), "asker": "parent_lives_with", "reg11": "p11", "purpose": purpose}
    span = {"from": story.on(first), "from_session": "AM", "to": story.on(last), "to_session": "PM"}
    story.arranges(
        n,
        "9:00",
        "asked",
        Sought(
            "LeaveAsked", {"from": span["from"], "asked_on": leave["asked_on"], "purpose": purpose}, {"purpose": text}
        ),
        **span,
        leave={**leave, "purpose_text": text},
    )
    return {**span, "leave": {**leave, "purpose_text": text, "decided_by": story.head}}


def _decided(story: Story, n: int, what: str, said: dict[str, Any], topic: str, **decision: Any) -> None:
    leave = {**said["leave"], "decided_on": story.on(n), **decision}
    sought = Sought(topic, {"from": said["from"], "to": said["to"], "decided_on": story.on(n)})
    story.arranges(n, "11:00", what, sought, **{**said, "leave": leave})


@tells(
    "leave_granted",
    "Leave is asked for and granted two days before: asked, granted, and C when the day comes.",
    days=3,
)
def leave_granted(story: Story) -> bool:
    said = _asked(story, 0, 2, 2, "other", "Great-uncle's funeral on the island")
    _decided(story, 0, "granted", said, "LeaveGranted", code="C", exceptional=True, reasoning="One day, far away")
    for session in SESSIONS:
        story.marks(2, session, "C")
    return story.done()


@tells(
    "leave_refused",
    "A holiday is asked for when it is over, and refused: G stands, and the asking came after.",
    days=3,
)
def leave_refused(story: Story) -> bool:
    for session in SESSIONS:
        story.marks(0, session, "G")
    said = _asked(story, 1, 0, 0, "holiday", "Last days of a caravan holiday")
    _decided(story, 2, "refused", said, "LeaveRefused", reasoning="Not exceptional")
    return story.done()


@tells(
    "leave_withdrawn",
    "Leave is granted and not used: withdrawn before the day, and the pupil is present.",
    days=3,
)
def leave_withdrawn(story: Story) -> bool:
    said = _asked(story, 0, 2, 2, "other_school", "Taster day at another school")
    _decided(story, 0, "granted", said, "LeaveGranted", code="C")
    sought = Sought("LeaveWithdrawn", {"ended_on": story.on(1)})
    story.arranges(1, "10:00", "withdrawn", sought, ended_on=story.on(1), why="not_used", leave=said["leave"])
    story.marks(2, "AM", AM)
    return story.done()


@tells(
    "part_time",
    "Mornings only by agreement, reviewed after a day and ended: C2 on two afternoons, and then all day.",
    days=4,
)
def part_time(story: Story) -> bool:
    block = {
        "agreed_on": story.on(0),
        "am_from": 540,
        "am_to": 720,
        "minutes_week": 900,
        "csa_all": True,
        "purpose": "health_reintegration",
        "plan": "other",
        "risk_assessed": True,
        "professionals_told": True,
        "review_on": story.on(2),
        "planned_end": story.on(3),
        "circumstances": "Back after an operation",
    }
    span = {"from": story.on(1), "from_session": "AM", "to": story.on(3), "to_session": "PM", "due_mask": MORNINGS}
    agreed = {"from": span["from"], "agreed_on": story.on(0), "minutes_week": 900, "purpose": "health_reintegration"}
    text = {"circumstances": "Back after an operation"}
    story.arranges(0, "14:00", "started", Sought("PartTimeAgreed", agreed, text), **span, part_time=block)
    story.marks(1, "PM", "C2")
    story.marks(2, "PM", "C2")
    review = {"held_on": story.on(2), "outcome": "end"}
    story.arranges(2, "15:00", "reviewed", Sought("PartTimeReviewed", review), **span, part_time={**block, **review})
    ended = {"ended_on": story.on(2)}
    story.arranges(2, "15:30", "ended", Sought("PartTimeEnded", ended), **ended, why="planned", part_time=block)
    story.marks(3, "PM", PM)
    return story.done()


@tells(
    "evidence_received",
    "A day of illness, and the doctor's letter the day after: two marks, and evidence that covers them.",
    days=2,
)
def evidence(story: Story) -> bool:
    for session in SESSIONS:
        story.marks(0, session, "I")
    said = {"kind": "medical", "received_on": story.on(1), "covers_from": story.on(0), "covers_to": story.on(0)}
    text = {"text": "Letter from the surgery"}
    story.arranges(1, "10:00", "started", Sought("EvidenceReceived", said, text), evidence={**said, **text})
    return story.done()


# --- elsewhere


def _reports(story: Story, provider: Place, n: int, attended: str) -> None:
    """The provider says in the afternoon who came. It knows the child by an id of its own, and by UPN and school."""
    came = attended == "yes"
    begins = story.at(n, "12:30")
    row = {
        "mis_pupil": f"{provider.local_id}-{story.pupil.mis}",
        "upn": story.pupil.upn,
        "home_laestab": story.school.place.laestab,
        "date": story.on(n),
        "session": "PM",
        "due": True,
        "attended": attended,
        "arrived_at": begins if came else None,
        "left_at": begins + 2 * HOUR if came else None,
        "minutes": 120 if came else 0,
        "told_home_school_at": None if came else begins + 40 * MINUTE,
        "said_at": begins + 2 * HOUR,
        "by": provider.staff[0].user_id,
        "reason": None if came else "Nobody at the door when the taxi came",
    }
    fields = {"date": story.on(n), "session": "PM", "attended": attended, "due": True, "minutes": row["minutes"]}
    sought = Sought("ProviderAttendanceReported", fields)
    story.says(n, "15:10", "ProviderAttendance", {"reports": [row]}, sought, by=provider)


@tells(
    "off_site_provision",
    "Afternoons with an unregistered provider, approved by the school: B; the provider reports who came, "
    "not codes; when it says that the pupil did not come, the school changes B to O.",
    days=3,
)
def off_site(story: Story) -> bool:
    provider = story.planter.provider_of(story.school)
    block = {
        "setting_local_id": provider.local_id,
        "setting_name": provider.name,
        "code": "B",
        "nature": "unregistered_ap",
        "nature_text": "Boat building",
        "approved_on": story.on(0),
        "approved_by": story.head,
        "supervisor": "provider_staff",
        "fit_because": "provider_check",
        "school_staffed": False,
    }
    span = {"from": story.on(1), "from_session": "PM", "due_mask": AFTERNOONS}
    agreed = {"from": story.on(1), "code": "B", "nature": "unregistered_ap", "due_mask": AFTERNOONS}
    story.arranges(0, "14:00", "started", Sought("ActivityApproved", agreed), **span, activity=block)
    for n, attended in ((1, "yes"), (2, "no")):
        story.marks(n, "PM", "B", detail={"nature": "Boat building"})
        _reports(story, provider, n, attended)
    story.changes(2, "15:40", "PM", "B", "O", ("cause_established", "The provider says nobody came"))
    return story.done(provider=provider.local_id)


@tells(
    "placement_by_authority",
    "The authority arranges teaching at home: K, by the census's module, with more minutes from the third"
    " day, ended on the fourth; the provider says how long the pupil was engaged, which counts for "
    "nothing.",
    days=4,
)
def placed_at_home(story: Story) -> bool:
    provider = story.planter.provider_of(story.school)
    row = {
        **story.who,
        "local_id": f"placement-{story.pupil.mis}",
        "from": story.on(1),
        "from_session": "AM",
        "setting_local_id": provider.local_id,
        "setting_name": provider.name,
        "setting_ukprn": provider.ukprn,
        "arranger": "authority",
        "authority": story.planter.authority.la_code,
        "basis": "s19_1",
        "delivery": "remote_home",
        "registered_there": False,
        "census_reason": "mental_health",
        "minutes_week": 600,
        "objectives": "Back in class by spring",
        "by": story.officer,
    }
    fields = {"from": story.on(1), "arranger": "authority", "basis": "s19_1", "minutes_week": 600}
    ended = {"ended_on": story.on(3), "outcome": "returned"}
    for n, what, more, sought in (
        (0, "started", {}, Sought("PlacementStarted", fields, {"objectives": "Back in class by spring"})),
        (2, "changed", {"minutes_week": 900}, Sought("PlacementChanged", {"minutes_week": 900})),
        (3, "ended", {**ended, "why": "planned"}, Sought("PlacementEnded", ended)),
    ):
        story.says(n, "14:30", "PlacementStated", {"placements": [{**row, "what": what, **more}]}, sought)
    for n in (1, 2):
        for session in SESSIONS:
            story.marks(n, session, "K", detail={"nature": "Home tuition arranged by the authority"})
        engaged = {
            "mis_pupil": f"{provider.local_id}-{story.pupil.mis}",
            "upn": story.pupil.upn,
            "home_laestab": story.school.place.laestab,
            "date": story.on(n),
            "session": "AM",
            "minutes": 95 + n,
            "system": "Lantern Live Lessons",
            "detail": "Two lessons, camera on",
        }
        sought = Sought("EngagementReported", {"date": story.on(n), "minutes": 95 + n})
        story.says(n, "15:00", "Engagement", {"engagements": [engaged]}, sought, by=provider)
    return story.done(provider=provider.local_id)


def dual_registration(planter: Planter, main: School, unit: School) -> bool:
    """One child on two rolls. The unit comes second, for it has few pupils and is asked whether it has a class."""
    sentence = (
        "One child on the rolls of a school (main) and of a pupil referral unit (subsidiary): afternoons at the unit, "
        "then mornings too; each register says D while the pupil is due at the other."
    )
    story = planter.story(main, "dual_registration", sentence, days=4)
    if story is None:
        return False
    into = next((n for n, day in enumerate(unit.days) if day == story.day(0)), None)
    if into is None or unit.days[into : into + 4] != main.days[story.index : story.index + 4]:
        return False
    room = unit.place.groups[0]
    if not all(planter.is_open(unit, room, into + n) for n in range(4)):
        return False
    unit.pupil_busy.update((room.name, into + n) for n in range(4))
    child = planter.authority.same_child(story.pupil)
    child.reserved, child.status, child.starting_day = True, "S", story.day(0)
    there = Story(planter, unit, story.kind, sentence, (child, room, into))
    story.pupils.append(child)
    both = {"enrolment_status_from": story.on(0), "admission": "in_year"}
    there.states(0, "7:40", other_laestab=main.place.laestab, **both)
    story.messages += there.messages
    story.expects(Sought("PupilEntered", {"enrolment_status": "S", "starting_day": story.on(0)}, pupil=1))
    there.comes(0, child)
    story.pupil.status = "M"
    story.states(
        0,
        "7:50",
        Sought("EnrolmentStatusRecorded", {"status": "M", "from": story.on(0)}),
        other_laestab=unit.place.laestab,
        enrolment_status_from=story.on(0),
    )
    block = {"other_laestab": unit.place.laestab, "main": "here", "agreed_on": story.on(0)}
    agreed = {"from": story.on(0), "due_mask": MORNINGS, "agreed_on": story.on(0)}
    span = {"from": story.on(0), "from_session": "AM"}
    topic = "DualRegistrationAgreed"
    story.arranges(0, "8:00", "started", Sought(topic, agreed), **span, due_mask=MORNINGS, dual_registration=block)
    nowhere = Sought("DualRegistrationChanged", {"due_mask": 0})
    story.arranges(2, "8:00", "changed", nowhere, **span, due_mask=0, dual_registration=block)
    for n in range(4):
        story.marks(n, "PM", "D")
        story.marks(n, "AM", "D" if n > 1 else AM)
        there.marks(n, "PM", PM)
        there.marks(n, "AM", AM if n > 1 else "D")
    story.finds(*(_of_second(sought) for sought in there.sought if sought.topic == "MarkRecorded"))
    return story.done(other=unit.place.called)


def _of_second(sought: Sought) -> Sought:
    return Sought(sought.topic, sought.fields, sought.text, pupil=1)
