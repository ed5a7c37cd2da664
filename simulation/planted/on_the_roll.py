"""Planted: what the admission register holds beside names. Agreed places, parents, other schools, totals, boarders."""

from __future__ import annotations

from simulation.authority import AM
from simulation.household import characteristics, parents
from simulation.planted.makers import tells
from simulation.planted.planter import Planter
from simulation.planted.story import Story
from simulation.school import Day, School
from simulation.summary import Sought


@tells(
    "starting_day_agreed",
    "A starting day is agreed two days before it: the line opens then, and the pupil is entered on the day.",
    days=3,
    new=True,
)
def place_agreed(story: Story) -> bool:
    story.pupil.starting_day = story.day(2)
    agreed = Sought("StartingDayAgreed", {"starting_day": story.on(2), "agreed_on": story.on(0), "basis": "agreed"})
    story.states(0, "10:00", agreed, stage="agreed", agreed_on=story.on(0), admission="in_year")
    story.states(2, "8:00", Sought("PupilEntered", {"starting_day": story.on(2)}), admission="in_year")
    story.comes(2, story.pupil)
    story.marks(2, "AM", AM)
    return story.done()


@tells(
    "place_not_taken_up",
    "A starting day is agreed, and the place is not taken up: told before the day, so nobody was entered.",
    days=3,
    new=True,
)
def place_not_taken_up(story: Story) -> bool:
    story.pupil.starting_day = story.day(2)
    agreed = Sought("StartingDayAgreed", {"starting_day": story.on(2)})
    story.states(0, "10:00", agreed, stage="agreed", agreed_on=story.on(0), admission="in_year")
    reason = {"reason": "Moved to another town"}
    story.states(1, "10:00", Sought("PlaceNotTakenUp"), stage="not_taken_up", admission="in_year", **reason)
    story.finds(Sought("PupilEntered", times=0))
    return story.done()


@tells(
    "whole_entry",
    "A pupil's parents, characteristics, other school and coming address are stated, all sealed.",
    days=2,
)
def household(story: Story) -> bool:
    child = story.pupil
    known, told = parents(child), characteristics(child)
    coming = {"future_address": "1 Lantern Street, Marram-on-Sea", "future_address_from": story.on(1)}
    other = {"name": "Eiderdown House School, Wales", "from": story.on(0), "told_by": "person_with_control"}
    story.states(
        0,
        "10:00",
        Sought("OtherSchoolRecorded", {"told_by": "person_with_control"}, {"name": other["name"]}),
        Sought("FutureAddressRecorded", {"from": story.on(1)}, {"address": coming["future_address"]}),
        parents=known,
        characteristics=told,
        other_schools=[other],
        **coming,
    )
    story.finds(*(Sought("ParentNamed", {}, {"name": row["name"]}) for row in known))
    story.finds(*(Sought("ParentRecorded", {"order": row["order"]}, {"phones": row["phones"]}) for row in known))
    story.finds(*(Sought("CharacteristicRecorded", {"kind": row["kind"]}, {"value": row["value"]}) for row in told))
    ended = {**known[0], "ended_on": story.on(1)}
    carer = {
        "mis_parent": f"{child.mis}-9",
        "name": "Gran Turnstone",
        "lives_with": True,
        "order": 1,
        "phones": "07700 900999",
        "relationship": "grandmother",
    }
    story.states(
        1,
        "10:00",
        Sought("ParentRecordEnded"),
        Sought("ParentNamed", {}, {"name": "Gran Turnstone"}),
        parents=[ended, carer, *known[1:]],
    )
    return story.done()


@tells(
    "transfer_received",
    "A pupil joins, and the transfer file of the last school says the year's totals there: to be read only.",
    days=2,
    new=True,
)
def transfer(story: Story) -> bool:
    story.pupil.starting_day = story.day(0)
    story.states(0, "8:00", Sought("PupilEntered", {"starting_day": story.on(0)}), admission="in_year")
    story.comes(0, story.pupil)
    story.marks(0, "AM", AM)
    totals = {"possible": 380, "authorised": 14, "unauthorised": 6, "attended": 360}
    row = {**story.who, "school": "Sandhopper Junior School", "year": "202425", "marks_from": "2024-09-03", **totals}
    received = Sought("PriorTotalsReceived", totals, {"school": row["school"], "marks": "/\\/\\II"})
    story.says(1, "9:30", "TransferReceived", {"transfers": [{**row, "marks": "/\\/\\II"}]}, received)
    return story.done()


# --- boarders, the youngest and the oldest


def boarder_marked(planter: Planter, school: School) -> bool:
    if not school.place.houses:
        return False
    sentence = "A boarder needs no attendance entry; the mark that a register makes all the same is kept, and labelled."
    spot = planter.class_spot(school)
    if spot is None:
        return False
    group, index = spot
    house = school.place.houses[0]
    child = house.pupils[planter.rng.randrange(len(house.pupils))]
    story = Story(planter, school, "boarder_marked", sentence, (child, group, index))

    def apply(today: Day) -> None:
        register = today.of(group, "AM")
        register.pupils.append(child)
        register.codes.append(AM)

    planter.after(school, index, apply)
    story.finds(
        Sought("BoardingRecorded", {"boarder": child.boarder}),
        Sought("MarkRecorded", {"date": story.on(0), "session": "AM", "code": AM}),
        Sought("MarkRecorded"),
    )
    return story.done_by_register(current=AM)


def under_five(planter: Planter, school: School) -> bool:
    sentence = "A three-year-old of the nursery comes in the morning: X in the afternoon, and no compulsory school age."
    return _by_year(planter, school, "under_five", sentence, range(-2, 0))


def sixth_former(planter: Planter, school: School) -> bool:
    sentence = "A sixth former is over compulsory school age: X in the afternoon in which nothing is taught."
    return _by_year(planter, school, "sixth_former", sentence, range(12, 15))


def _by_year(planter: Planter, school: School, kind: str, sentence: str, years: range) -> bool:
    spot = planter.spot(school, wanted=lambda pupil: pupil.nc_year in years)
    if spot is None:
        return False
    story = Story(planter, school, kind, sentence, spot)
    story.marks(0, "AM", AM)
    story.marks(0, "PM", "X")
    story.finds(Sought("YearRecorded", {"nc_year": story.pupil.nc_year}))
    return story.done_by_register(nc_year=story.pupil.nc_year)
