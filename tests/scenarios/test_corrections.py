"""Corrections: by parents, by doctors, by another school, by a setting of the MIS, by snow (events.md 2.4, reg 6)."""

from __future__ import annotations

from typing import Any

from tests.making import NIGHTLY, School, day, mark, moment

MONDAY, AFTERNOON = "2025-09-01 AM", "2025-09-01 PM"


def test_parent_and_doctor_make_two_amendments_and_a_b_c_all_stay(school: School) -> None:
    school.takes("7B", MONDAY, "09:05", Ann="/", Ben="N")
    school.changes(MONDAY, "11:00", Ben=("N", "I"), by="K", reason_code="parent_contact", reason="Mother rang: ill.")
    school.changes(
        MONDAY, "2025-09-22 10:00", Ben=("I", "M"), by="K", reason_code="evidence_received", reason="Doctor's letter."
    )
    assert school.chain(MONDAY, "Ben") == ["MarkRecorded N", "MarkAmended N to I", "MarkAmended I to M"]
    first, second = (e for e in school.session(MONDAY) if e.topic == "MarkAmended")
    assert [first.text["reason"], second.text["reason"]] == ["Mother rang: ill.", "Doctor's letter."]
    assert second["amends"] == first.version
    assert school.register(MONDAY, as_at="2025-09-01 10:59")["Ben"] == "N"
    assert school.register(MONDAY, as_at="2025-09-21")["Ben"] == "I"
    assert school.register(MONDAY)["Ben"] == "M"


def test_regulation_six_is_kept_whole_original_amended_reason_date_and_name(school: School) -> None:
    school.takes("7B", MONDAY, "09:05", Ben="N")
    school.changes(MONDAY, "2025-09-03 08:00", Ben="L", by="K", reason="Came at 9.20.", amended_on="2025-09-02")
    amended = school.session(MONDAY)[-1]
    (k,) = (e for e in school.entries("PersonNamed") if e.text["user_id"] == "K")
    assert (amended["original"], amended["new"], amended["amended_on"]) == ("N", "L", day("2025-09-02"))
    assert (amended.text["reason"], amended["by"], amended["by_kind"]) == ("Came at 9.20.", k["person"], "named")


def test_a_pupil_found_registered_elsewhere_has_the_status_and_the_marks_as_learned_late(school: School) -> None:
    for date in ("2025-09-01", "2025-09-02"):
        school.takes("7B", f"{date} AM", "09:05", Ann="/", Ben="N")
    school.enters("Ben", at="2025-09-05 10:00", enrolment_status="S", enrolment_status_from="2025-09-01")
    for date in ("2025-09-01", "2025-09-02"):
        school.changes(
            f"{date} AM", "2025-09-05 10:05", Ben=("N", "D"), by="K", reason="On roll at Saltholme since 1 Sept."
        )
    assert [(e["status"], e["from"]) for e in school.entries("EnrolmentStatusRecorded")] == [("S", day("2025-09-01"))]
    assert school.register("2025-09-02 AM") == {"Ann": "/", "Ben": "D"}
    assert school.register("2025-09-02 AM", as_at="2025-09-05 09:59") == {"Ann": "/", "Ben": "N"}


def test_a_term_recalculated_by_the_mis_is_one_operation_of_a_rule_and_no_persons(school: School) -> None:
    dates = [f"2025-09-{n:02d}" for n in (1, 2, 3, 4, 5)]
    for date in dates:
        school.takes("7B", f"{date} AM", "09:05", Ann="L", Ben="/", Cal="L")
    operation = b"O" * 16
    for date in dates:
        school.changes(
            f"{date} AM",
            "2025-09-08 17:00",
            Ann="U",
            Cal="U",
            cause="mis_rule",
            operation=operation,
            rule="late window 20 minutes",
            by_kind="system",
        )
    amended = school.entries("MarkAmended")
    assert len(amended) == 10
    assert {(e["cause"], e["operation"], e["rule"], e["by"], e["by_kind"]) for e in amended} == {
        ("mis_rule", operation, "late window 20 minutes", None, "system")
    }
    assert school.register("2025-09-03 AM", as_at="2025-09-08 16:59") == {"Ann": "L", "Ben": "/", "Cal": "L"}


def test_a_whole_school_closure_over_marks_amends_each_and_the_calendar(school: School) -> None:
    school.plans("2025-08-30 09:00", [("2025-09-02", "2025-09-02", "inset")], terms=())
    school.takes("7B", MONDAY, "09:05", Ann="/", Ben="N", Cal="/")
    operation = b"C" * 16
    school.plans("2025-09-01 10:00", [("2025-09-02", "2025-09-03", "inset")], terms=())
    school.plans("2025-09-01 10:00", [("2025-09-01", "2025-09-01", "occasional")], terms=())
    school.changes(MONDAY, "10:01", Ann="#", Ben="#", Cal="#", cause="closure", operation=operation, by="K")
    (calendar,) = school.entries("CalendarAmended")
    assert (calendar["block"], calendar["from"], calendar["to"]) == ("closure", day("2025-09-02"), day("2025-09-03"))
    assert school.story(MONDAY)[-3:] == [
        "MarkAmended Ann / to #",
        "MarkAmended Ben N to #",
        "MarkAmended Cal / to #",
    ]
    assert {(e["cause"], e["operation"]) for e in school.entries("MarkAmended")} == {("closure", operation)}
    assert school.register(MONDAY, as_at="2025-09-01 09:59") == {"Ann": "/", "Ben": "N", "Cal": "/"}


def test_a_session_cancelled_for_snow_after_the_register_says_that_there_were_marks(school: School) -> None:
    school.takes("7B", MONDAY, "09:05", Ann="/", Ben="N")
    closure: dict[str, Any] = {"date": "2025-09-01", "whole": True, "why": "weather", "reversed": False}
    school.says("ClosureStated", "2025-09-01 10:00", session="both", reason="Snow; boiler out.", **closure)
    cancelled = school.entries("SessionCancelled")
    assert [(e["session"], e["after_marks"], e["why"]) for e in cancelled] == [
        ("AM", True, "weather"),
        ("PM", False, "weather"),
    ]
    assert cancelled[0].text["reason"] == "Snow; boiler out."
    assert school.register(MONDAY) == {"Ann": "/", "Ben": "N"}


def test_a_cancellation_is_taken_back_without_losing_it(school: School) -> None:
    closure: dict[str, Any] = {"date": "2025-09-01", "session": "PM", "whole": True, "why": "utilities"}
    school.says("ClosureStated", "2025-09-01 10:00", reversed=False, **closure)
    school.says("ClosureStated", "2025-09-01 12:00", reversed=True, **closure)
    (cancelled,) = school.entries("SessionCancelled")
    (reversed_,) = school.entries("CancellationReversed")
    assert reversed_["amends"] == cancelled.version


def test_taking_back_a_cancellation_that_never_came_is_held_not_forgotten(school: School) -> None:
    closure: dict[str, Any] = {"date": "2025-09-01", "session": "PM", "whole": True, "why": "utilities"}
    counts = school.says("ClosureStated", "2025-09-01 12:00", reversed=True, **closure)
    assert counts.held == 1
    assert [w.rule for w in school.held] == ["g5"]


def test_a_part_closed_for_other_years_is_said_beside_the_first(school: School) -> None:
    part: dict[str, Any] = {
        "date": "2025-09-01",
        "session": "AM",
        "whole": False,
        "why": "premises",
        "reversed": False,
        "site": "East",
    }
    school.says("ClosureStated", "2025-09-01 10:00", nc_years=0b1, **part)
    school.says("ClosureStated", "2025-09-01 10:10", nc_years=0b110, **part)
    school.says("ClosureStated", "2025-09-01 10:20", nc_years=0b110, **part)
    assert [e["nc_years"] for e in school.entries("PartClosed")] == [0b1, 0b110]


def test_the_same_code_with_another_nature_is_an_amendment(school: School) -> None:
    school.takes("7B", AFTERNOON, "13:05", Ann=mark("B", nature="Taster day at college"))
    school.changes(AFTERNOON, "15:00", Ann="B", by="K")
    assert school.chain(AFTERNOON, "Ann") == ["MarkRecorded B"]
    school.changes(AFTERNOON, "15:30", Ann="B", by="K", nature="Taster day at Hartlepool Sixth Form")
    assert school.chain(AFTERNOON, "Ann") == ["MarkRecorded B", "MarkAmended B to B"]
    assert [e.text.get("nature") for e in school.session(AFTERNOON) if "Mark" in e.topic] == [
        "Taster day at college",
        "Taster day at Hartlepool Sixth Form",
    ]


def test_minutes_late_said_later_amend_and_the_amendment_restates_what_still_holds(school: School) -> None:
    school.takes("7B", MONDAY, "09:20", Ann=mark("L", minutes_late=12, comment="Bus"))
    school.changes(MONDAY, "12:00", Ann="L", arrived_at=moment("2025-09-01 09:14"))
    amended = school.session(MONDAY)[-1]
    assert (amended["minutes_late"], amended["arrived_at"]) == (12, moment("2025-09-01 09:14"))
    assert amended.text["comment"] == "Bus"
    school.changes(MONDAY, "12:30", Ann="U")
    amended = school.session(MONDAY)[-1]
    assert amended["minutes_late"] is amended["arrived_at"] is None


def test_a_change_whose_older_value_never_came_learns_it_and_records_the_new(school: School) -> None:
    counts = school.changes(
        MONDAY, "11:00", Ann=("N", "I"), by="K", reason_code="parent_contact", reason="Rang.", cause="typed"
    )
    assert (counts.sent, counts.marks, counts.older) == (1, 1, 0)
    assert school.chain(MONDAY, "Ann") == ["OlderEntryLearned N", "MarkRecorded I"]
    older, new = school.session(MONDAY)[-2:]
    assert (older["by"], older["by_kind"], older["cause"]) == (None, "not_said", "unknown"), (
        "who changed it did not make it"
    )
    assert (older["reason_code"], older["reason_state"], older["held_from"]) == (None, "not_given", None)
    assert new["by"] is not None


def test_a_change_from_no_mark_learns_no_older_entry(school: School) -> None:
    school.changes(MONDAY, "11:00", Ann=("-", "I"), Ben=("", "/"))
    assert school.story(MONDAY)[2:] == ["MarkRecorded Ann I", "MarkRecorded Ben /"]


def test_what_the_sender_thought_it_amended_is_kept_beside_what_the_ledger_held(school: School) -> None:
    school.takes("7B", MONDAY, "09:05", Ann="/")
    school.changes(MONDAY, "11:00", Ann=("N", "I"))
    amended = school.session(MONDAY)[-1]
    assert (amended["original"], amended["original_said"], amended["new"]) == ("/", "N", "I")


def test_a_rule_too_long_to_be_a_name_is_sealed_with_the_reason_and_the_mark_does_not_wait(school: School) -> None:
    note = "Left early with her aunt, as the head had agreed on Friday"
    school.takes("7B", MONDAY, "09:05", Ann="L", Ben="L", Cal="L")
    school.changes(MONDAY, "17:00", Ann="U", cause="mis_rule", rule="late window 20 minutes")
    school.changes(MONDAY, "17:01", Ben="U", cause="mis_rule", rule=note)
    school.changes(MONDAY, "17:02", Cal="U", cause="mis_rule", rule=note, reason="Late window.")
    school.removes(MONDAY, "17:03", "Ann", rule=note)
    assert school.held == []
    ann, ben, cal = (e for e in school.session(MONDAY) if e.topic == "MarkAmended")
    withdrawn = school.session(MONDAY)[-1]
    assert [e["rule"] for e in (ann, ben, cal, withdrawn)] == ["late window 20 minutes", None, None, None]
    assert [e.text["reason"] for e in (ben, cal, withdrawn)] == [note, f"Late window. ({note})", note]


def test_a_feed_that_cannot_carry_reasons_is_not_blamed_for_giving_none(school: School) -> None:
    school.enters("Ann", "Ben", source=NIGHTLY, at="2025-08-29 20:00")
    school.takes("7B", MONDAY, "09:05", Ann="N")
    school.changes(MONDAY, "11:00", Ann="I")
    marks = {AFTERNOON: {"Ben": "N"}}
    school.snapshot("2025-09-01", "2025-09-01", "2025-09-01 21:00", marks, whole=False, source=NIGHTLY)
    school.snapshot(
        "2025-09-01", "2025-09-01", "2025-09-02 21:00", {AFTERNOON: {"Ben": "I"}}, whole=False, source=NIGHTLY
    )
    amended = school.entries("MarkAmended")
    assert [e["reason_state"] for e in amended] == ["not_given", "feed_cannot_carry"]
    assert [e["by_kind"] for e in amended] == ["not_said", "not_said"]
