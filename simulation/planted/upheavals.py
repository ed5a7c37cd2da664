"""Planted: what befalls a whole school. An outage, a conversion to an academy, a setting that re-writes a term."""

from __future__ import annotations

from simulation.authority import AM, PM
from simulation.messages import (
    calendar_stated,
    codes_stated,
    place_stated,
    source_moved,
    staff_stated,
    times_stated,
    whole_row,
)
from simulation.planted.planter import Planter
from simulation.school import Day, School
from simulation.summary import Sought
from simulation.terms import DAY, HOUR, MINUTE, SECOND, midnight
from simulation.writing import snapshot_row

_GRACE = 4
_RULE = "a grace of four minutes, version 3"


def outage(planter: Planter, school: School) -> bool:
    """A day without the MIS: every class's registers are kept on paper, and keyed the next morning."""
    last = len(school.days) - 1
    days = [n for n in range(last) if planter.all_open(school, n) and school.days[n + 1] not in school.snow]
    if school.place.profile.nightly or not days:
        return False
    index = days[planter.rng.randrange(len(days))]
    planter.close_to_others(school, [index])

    def apply(today: Day) -> None:
        at = midnight(school.days[index + 1]) + 7 * HOUR + 30 * MINUTE
        told: list[bytes] = []
        for register in today.registers.values():
            at += planter.rng.randrange(10 * SECOND, 40 * SECOND)
            register.saved_at, register.medium, register.taker = at, "paper_then_keyed", school.place.officer
            told.append(register.message)
        kept = {"how": "taking", "medium": "paper_then_keyed"}
        planter.note(
            "outage",
            school,
            [],
            today.day,
            "AM",
            "The MIS is down for a day: all registers are kept on paper, keyed the next morning, late at the school.",
            told,
            becomes="events",
            rows=sum(sum(map(bool, register.codes)) for register in today.registers.values()),
            late_at_school=True,
            events=tuple(Sought("EntriesReceived", kept, pupil=None, message=n) for n in range(len(told))),
        )

    planter.after(school, index, apply)
    return True


def conversion(planter: Planter, school: School) -> bool:
    """The place takes a new URN in mid-term; its MIS, LAESTAB and Kafka key stay (reference: field 2.1)."""
    place, seam_at = school.place, len(school.days) // 2
    if place.phase != "Primary" or place.profile.nightly or seam_at < 1 or not planter.all_open(school):
        return False
    seam = school.days[seam_at]
    planter.close_to_others(school, range(len(school.days)))
    school.spared = True
    new_urn = str(990000 + place.number)
    post, at = planter.post, midnight(seam) - 2 * DAY + 9 * HOUR
    before = {**place_stated(place), "kind": "academy", "urn": new_urn, "name": f"{place.name} Academy"}
    post.operate("PlaceStated", place.local_id, at, {**before, "from": seam.isoformat()})
    post.operate("SourcesStated", "sources", at + MINUTE, source_moved(place, new_urn, seam))

    def apply(_: Day) -> None:
        early = midnight(seam) + 6 * HOUR
        calendar = calendar_stated(planter.start, planter.terms, school.shut)
        post.state("SessionTimesStated", place, early, times_stated(place, seam))
        post.state("CalendarStated", place, early + 10 * SECOND, calendar)
        post.state("CodesStated", place, early + 20 * SECOND, codes_stated(place.profile, seam))
        post.state("StaffStated", place, early + 30 * SECOND, staff_stated(place))
        moved = {"starting_day": seam.isoformat(), "previous_laestab": place.laestab}
        said = {"admission": "transferred_on_succession", **moved}
        rows = [whole_row(pupil, group.name, **said) for pupil, group in place.roll]
        told = post.state("PupilsStated", place, early + 40 * SECOND, {"whole": True, "pupils": rows})
        entered = {"admission": "transferred_on_succession", "starting_day": seam.isoformat()}
        planter.note(
            "academy_conversion",
            school,
            [pupil for pupil, _ in place.roll],
            seam,
            "AM",
            "A school becomes an academy in mid-term: another URN and another register, the same children and system. "
            "That one succeeds the other is recorded by the authority.",
            [told],
            becomes="succeeded",
            rows=len(rows),
            old_urn=place.urn,
            new_urn=new_urn,
            on=seam.isoformat(),
            events=tuple(Sought("PupilEntered", entered, pupil=n, message=0) for n in range(len(rows))),
        )

    planter.before(school, seam_at, apply)
    return True


def term_rewritten(planter: Planter, school: School) -> bool:
    """A later grace for lateness: the MIS states every mark of the term again that it now derives otherwise."""
    profile = school.place.profile
    if profile.nightly or not profile.carries_reason or len(school.days) < 3:
        return False
    spots = [spot for spot in (planter.spot(school, after=1) for _ in range(3)) if spot is not None]
    if not spots:
        return False
    school.kept_minutes = _GRACE
    for pupil, group, index in spots:
        planter.late_mark(school, pupil, group, index, minutes=3)
    when = max(index for _, _, index in spots) + 1

    def apply(today: Day) -> None:
        lates = [late for late in school.lates if late[3] <= _GRACE and late[0] < today.day]
        first, last = min(late[0] for late in lates), max(late[0] for late in lates)
        at = midnight(today.day) + 18 * HOUR
        operation = planter.post.message_id()
        detail: dict[str, str | int | bytes] = {"cause": "mis_rule", "operation": operation, "rule": _RULE}
        detail["reason_code"] = "rule_change"
        detail |= {"reason": "Late only after four minutes", **school.told_by(None, at, kind="system")}
        rows = [
            snapshot_row(day.isoformat(), session, mis, AM if session == "AM" else PM, detail)
            for day, session, mis, _ in lates
        ]
        told = school.send_snapshot(first.isoformat(), last.isoformat(), rows, at + SECOND, whole=False)
        school.lates = [late for late in school.lates if late not in lates]
        rewritten = {"original": "L", "cause": "mis_rule", "operation": operation.hex(), "rule": _RULE}
        planter.note(
            "term_rewritten",
            school,
            [pupil for pupil, _, _ in spots],
            first,
            "AM",
            "A changed setting re-writes the term: every L within four minutes becomes present, in one snapshot, one "
            "operation of the MIS. One settings change, not so many human corrections.",
            [told],
            becomes="events",
            rows=len(rows),
            operation=operation.hex(),
            events=(
                Sought("MarkAmended", rewritten, pupil=None, message=0, times=len(rows)),
                *(Sought("MarkAmended", {**rewritten, "new": AM}, pupil=n, message=0) for n in range(len(spots))),
            ),
        )

    planter.before(school, when, apply)
    return True
