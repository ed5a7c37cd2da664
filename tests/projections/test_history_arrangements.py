"""A pupil's history shows what was arranged and what providers reported, in a readable line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from console.arranging import EVENTS, line_of, week
from domain.arrangement.kinds import TOPICS
from domain.attendance_register.reports import CLEAR
from projections.asking import pupils_called
from projections.history import Entry, history
from tests.making import School, moment
from tests.scenarios.arranging import ACORN_URN, acorn_is_known, leave, part_time, placement, reports

UPN = "A805200017129"


def office(folder: Path) -> School:
    school = School.ready(folder)
    school.enters("Dee", upn=UPN, full_name="Dee Dunlin")
    return school


def arranged(school: School, as_at: str | None = None) -> list[Entry]:
    found = history(school.ledger, pupils_called(school.ledger, UPN)[0], None if as_at is None else moment(as_at))
    return [entry for entry in found.entries if entry.event in EVENTS]


def shown(entry: Entry, names: bool = True) -> str:
    return "; ".join(line_of(entry.event, entry.about or {}, names=names))


def test_leave_is_shown_with_its_days_its_code_and_when_it_was_decided(tmp_path: Path) -> None:
    school = office(tmp_path)
    days = "2025-09-09 PM to 2025-09-09 PM"
    about = {"decided_on": "2025-09-05", "reg11": "p11", "purpose": "religious_extra", "reasoning": "A funeral."}
    about["purpose_text"] = "Grandmother"
    leave(school, "2025-09-10 08:00", "Dee", "granted", days, code="C", by="K", **about)
    leave(school, "2025-09-10 08:05", "Ann", "granted", days, code="C")
    (granted,) = arranged(school)
    assert shown(granted) == (
        "from Tue 9 Sep 2025 PM to Tue 9 Sep 2025 PM; decided on Fri 5 Sep 2025; code C; for religious extra;"
        " under p11; Grandmother; A funeral."
    )
    assert "funeral" not in shown(granted, names=False)
    assert granted.system == "SIMS"
    school.close()


def test_a_placement_and_the_providers_reports_stand_in_one_history_as_at_any_moment(tmp_path: Path) -> None:
    school = office(tmp_path)
    acorn_is_known(school)
    autumn = "2025-09-08 to 2025-12-19"
    placement(school, "2025-09-05 12:00", "Dee", "started", autumn, setting_urn=ACORN_URN, due_mask=0b0110_11)
    no_show = {"upn": UPN, "attended": "no", "told_home_school_at": "09:35", "by": "Mo"}
    reports(school, "2025-09-08 09:40", "2025-09-08 AM", D=no_show)
    came = {"attended": "part", "arrived_at": "10:02", "left_at": "12:00", "reason": "Bus.", "by": "Mo"}
    reports(school, "2025-09-08 12:10", "2025-09-08 AM", D=came)
    told = arranged(school)
    assert [(entry.event, entry.session) for entry in told] == [
        ("PlacementStarted", None),
        ("ProviderAttendanceReported", "AM"),
        ("ProviderAttendanceReported", "AM"),
    ]
    assert shown(told[0]).startswith("from Mon 8 Sep 2025 to Fri 19 Dec 2025; at ")
    assert shown(told[0]).endswith("Mon, Tue PM, Wed AM")
    assert shown(told[1]) == "did not come; told the school Mon 8 Sep 2025 09:35"
    assert shown(told[2]) == "came for part; at 10:02; left at 12:00"
    assert (told[2].reason, told[2].by_name, told[2].system) == ("Bus.", "Mo", "Acorn Log")
    assert len(arranged(school, "2025-09-08 10:00")) == 2
    school.close()


def test_a_review_and_an_end_are_shown_with_their_day(tmp_path: Path) -> None:
    school = office(tmp_path)
    part_time(school, "2025-09-12 15:00", "Dee", "started", "2025-09-15", minutes_week=950, local_id="1")
    part_time(school, "2025-10-10 15:00", "Dee", "reviewed", held_on="2025-10-10", outcome="continue", local_id="1")
    part_time(school, "2025-11-14 15:00", "Dee", "ended", ended_on="2025-11-14", why="planned", local_id="1")
    assert [shown(entry) for entry in arranged(school)] == [
        "from Mon 15 Sep 2025; 950 minutes a week",
        "held on Fri 10 Oct 2025; outcome: continue",
        "ended on Fri 14 Nov 2025; why: planned",
    ]
    school.close()


def test_every_event_of_an_arrangement_and_every_report_has_a_name_on_the_screen() -> None:
    assert set(EVENTS) == {*TOPICS, *CLEAR}


def test_a_week_is_named_by_its_days() -> None:
    assert week(0) == "no sessions"
    assert week((1 << 10) - 1) == "Mon, Tue, Wed, Thu, Fri"
    assert week(0b10_01) == "Mon AM, Tue PM"


def test_nothing_is_said_of_other_events() -> None:
    about: dict[str, Any] = {"from": 1}
    assert line_of("MarkRecorded", about, names=True) == []
