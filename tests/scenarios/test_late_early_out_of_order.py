"""Late, early, out of order: every row of events.md 2.4, in its order, as an office lives it (suspensions excepted).

What each row needs beyond this (odd orders, as-at, what is sealed) is told in the stories of its own subject. Here each
is told once, from what happened to what the ledger holds and what every answer before that moment still says.
"""

from __future__ import annotations

from typing import Any

from domain.ledger.commands import ContinueIdentity, Done, MergeIdentities, SucceedPlace, carry_out
from domain.moments import from_days
from projections.history import history
from tests.making import LAESTAB, LOCAL_ID, SIMS, School, day, moment, pupil
from tests.scenarios.arranging import arranged, leave, row, states, story

MONDAY = "2025-09-01 AM"
WEEK = [f"2025-09-{n:02d}" for n in (1, 2, 3, 4, 5)]
TEMPORARY, PERMANENT = "Y80520250123A", "A805200017129"


def identity_of(school: School, name: str) -> bytes:
    """The identity that was first known by a name."""
    (known,) = (e for e in school.entries("PupilIdentified") if e.text["name"] == name)
    return bytes(known["pupil"])


def test_a_nightly_feed_is_late_at_the_ledger_and_not_at_the_school(school: School) -> None:
    school.takes("7B", MONDAY, "2025-09-01 21:30", said="09:03", arrives="2025-09-01 22:00", Ann="/")
    header = school.session(MONDAY)[1]
    assert (header["said_at"], header["broker_at"]) == (moment("2025-09-01 09:03"), moment("2025-09-01 22:00"))
    assert school.story(MONDAY)[-1] == "MarkRecorded Ann /"


def test_what_was_kept_through_an_outage_goes_in_with_its_old_time(school: School) -> None:
    school.takes("7B", MONDAY, "09:03", arrives="2025-09-03 07:00", Ann="N")
    header, ann = school.session(MONDAY)[1:]
    assert (header["said_at"], ann.recorded_at) == (moment("2025-09-01 09:03"), moment("2025-09-03 07:00"))
    assert school.register(MONDAY, as_at="2025-09-03 06:59") == {}


def test_a_letter_replayed_after_the_pupil_is_entered_says_since_when_it_waited(school: School) -> None:
    school.takes("7B", MONDAY, "09:01", Zoe="/")
    school.enters("Zoe", at="2025-09-04 15:00")
    header = school.session(MONDAY)[1]
    assert (header["how"], header["first_held_at"]) == ("replay", moment("2025-09-01 09:01"))
    assert school.register(MONDAY) == {"Zoe": "/"}


def test_paper_keyed_the_next_day_is_a_late_entry_that_keeps_its_sheet(school: School) -> None:
    sheet = {"medium": "paper_then_keyed", "paper_ref": "Folder 3"}
    school.takes("7B", MONDAY, "2025-09-02 08:15", Ann="/", **sheet)
    header = school.session(MONDAY)[1]
    assert (header["medium"], header["said_at"]) == ("paper_then_keyed", moment("2025-09-02 08:15"))
    assert header.text["text"] == "Folder 3"


def test_marks_that_the_mis_had_lost_come_back_as_recovered(school: School) -> None:
    school.takes("7B", MONDAY, "2025-09-02 10:00", medium="recovered_after_outage", Ann="/")
    assert school.story(MONDAY)[1:] == ["EntriesReceived taking recovered_after_outage", "MarkRecorded Ann /"]


def test_n_at_nine_a_parent_at_eleven_and_a_doctors_letter_three_weeks_later(school: School) -> None:
    school.takes("7B", MONDAY, "09:05", Ann="N")
    school.changes(MONDAY, "11:00", Ann=("N", "I"), by="K", reason="Mother rang: ill.")
    letter = {"kind": "medical", "received_on": "2025-09-22", "covers_from": "2025-09-01", "covers_to": "2025-09-05"}
    states(school, "2025-09-22 10:00", row("evidence", "Ann", "received", **letter))
    assert school.chain(MONDAY, "Ann") == ["MarkRecorded N", "MarkAmended N to I"]
    (received,) = arranged(school)
    assert (received.topic, received["covers_from"]) == ("EvidenceReceived", day("2025-09-01"))
    assert school.register(MONDAY, as_at="2025-09-01 10:59") == {"Ann": "N"}, "N days are counted to the first"


def test_leave_asked_for_after_the_holiday_is_refused_and_the_marks_are_g(school: School) -> None:
    for date in WEEK:
        school.takes("7B", f"{date} AM", "09:05", Ann="N")
    days = "2025-09-01 to 2025-09-05"
    leave(school, "2025-09-08 09:00", "Ann", "asked", days, asked_on="2025-09-08", purpose="holiday")
    leave(school, "2025-09-08 16:00", "Ann", "refused", days, asked_on="2025-09-08", decided_on="2025-09-08")
    for date in WEEK:
        school.changes(f"{date} AM", "2025-09-08 16:05", Ann=("N", "G"), by="K", reason="Leave refused.")
    assert story(school) == ["LeaveAsked", "LeaveRefused"]
    assert arranged(school)[0]["asked_on"] > arranged(school)[0]["to"], "asked after"
    assert {school.register(f"{date} AM")["Ann"] for date in WEEK} == {"G"}


def test_leave_granted_by_word_and_keyed_after_is_in_time_by_the_schools_word(school: School) -> None:
    leave(school, "2025-09-10 08:00", "Ann", "granted", "2025-09-09 to 2025-09-09", decided_on="2025-09-05", code="C")
    (granted,) = arranged(school)
    assert granted["decided_on"] < granted["from"] < day("2025-09-10")
    assert granted.recorded_at == moment("2025-09-10 08:00")


def test_a_pupil_found_registered_elsewhere_from_an_earlier_day_is_learned_late(school: School) -> None:
    for date in WEEK[:2]:
        school.takes("7B", f"{date} AM", "09:05", Ann="N")
    school.enters("Ann", at="2025-09-05 10:00", enrolment_status="S", enrolment_status_from="2025-09-01")
    for date in WEEK[:2]:
        school.changes(f"{date} AM", "2025-09-05 10:05", Ann=("N", "D"), by="K", reason="At Saltholme since 1 Sept.")
    (status,) = school.entries("EnrolmentStatusRecorded")
    assert (status["status"], status["from"]) == ("S", day("2025-09-01"))
    assert school.register(MONDAY) == {"Ann": "D"}
    assert school.register(MONDAY, as_at="2025-09-05 10:04") == {"Ann": "N"}


def test_a_pupil_entered_on_day_four_for_day_one_has_late_entries_for_the_days_between(school: School) -> None:
    school.enters("Zoe", at="2025-09-04 15:00", entered_on="2025-09-04", starting_day="2025-09-01")
    for date in WEEK[:3]:
        school.takes("7B", f"{date} AM", "2025-09-04 15:05", Zoe="/")
    (entered,) = school.lines("Zoe")[0][:1]
    assert (entered["starting_day"], entered["entered_on"]) == (day("2025-09-01"), day("2025-09-04"))
    assert school.register(MONDAY) == {"Zoe": "/"}
    assert school.register(MONDAY, as_at="2025-09-04 14:59") == {}


def test_a_leaving_date_keyed_six_days_back_withdraws_twelve_marks_that_can_still_be_read(school: School) -> None:
    dates = [f"2025-09-{n:02d}" for n in (8, 9, 10, 11, 12, 15)]
    sessions = [f"{date} {half}" for date in dates for half in ("AM", "PM")]
    for when in sessions:
        school.takes("7B", when, "15:45", Ann="O")
    school.leaves("Ann", "2025-09-05", "2025-09-15 16:00", mis_reason="Moved away")
    for when in sessions:
        school.removes(when, "2025-09-15 16:01", "Ann", how="pupil_removed_upstream")
    (deleted,) = school.entries("PupilDeleted")
    assert (deleted["left_on"], deleted.recorded_at) == (day("2025-09-05"), moment("2025-09-15 16:00"))
    assert [e["how"] for e in school.entries("MarkWithdrawn")] == ["pupil_removed_upstream"] * 12
    assert [school.register(when) for when in sessions] == [{}] * 12
    assert [school.register(when, as_at="2025-09-15 15:59") for when in sessions] == [{"Ann": "O"}] * 12


def test_year_end_leavers_keyed_in_july_are_expected_and_deleted_when_the_day_has_come(school: School) -> None:
    school.leaves("Ann", "2026-08-31", "2026-07-10 10:00")
    assert school.roll_story("Ann")[0][-1] == "LeavingStated"
    assert school.entries("LeavingStated")[0]["expected"] is True
    school.leaves("Ann", "2026-08-31", "2026-09-01 08:00")
    school.takes("8B", "2026-09-02 AM", "09:05", Ben="/")
    assert school.roll_story("Ann") == [["PupilEntered", "YearRecorded", "LeavingStated", "PupilDeleted"]]


def test_a_new_window_in_the_mis_that_recalculates_marks_is_one_settings_change(school: School) -> None:
    for date in WEEK:
        school.takes("7B", f"{date} AM", "09:05", Ann="L", Ben="L")
    rule = {"cause": "mis_rule", "operation": b"O" * 16, "rule": "late window 20 minutes"}
    for date in WEEK:
        school.changes(f"{date} AM", "2025-09-08 17:00", Ann="U", Ben="U", by_kind="system", **rule)
    amended = school.entries("MarkAmended")
    assert len(amended) == 10
    assert {(e["cause"], e["operation"], e["by"]) for e in amended} == {("mis_rule", b"O" * 16, None)}


def test_a_closure_of_the_whole_school_over_marks_amends_the_calendar_and_each_mark(school: School) -> None:
    school.plans("2025-08-30 09:00", [("2025-09-02", "2025-09-02", "inset")], terms=())
    school.takes("7B", "2025-09-03 AM", "09:05", Ann="/", Ben="N")
    school.plans("2025-09-03 10:00", [("2025-09-02", "2025-09-03", "inset")], terms=())
    whole: dict[str, Any] = {"cause": "closure", "operation": b"C" * 16, "by": "K"}
    school.changes("2025-09-03 AM", "10:01", Ann="#", Ben="#", **whole)
    (calendar,) = school.entries("CalendarAmended")
    assert (calendar["block"], calendar["to"]) == ("closure", day("2025-09-03"))
    assert school.register("2025-09-03 AM") == {"Ann": "#", "Ben": "#"}
    assert {(e["cause"], e["operation"]) for e in school.entries("MarkAmended")} == {("closure", b"C" * 16)}
    assert school.register("2025-09-03 AM", as_at="2025-09-03 09:59") == {"Ann": "/", "Ben": "N"}


def test_a_conversion_succeeds_the_place_and_enters_every_pupil_at_the_academy(school: School) -> None:
    seam = "2026-01-01"
    school.describes_place("2025-12-20 09:00", urn="150001", kind="academy", name="Marram Academy", **{"from": seam})
    speaks_for = [{"urn": "150001", "local_id": LOCAL_ID}]
    school.registers_source("2025-12-20 09:01", SIMS, places=speaks_for, **{"from": seam})
    old, new = (e["place"] for e in school.entries("PlaceDescribed"))
    succeeds = SucceedPlace(
        old_place=old,
        new_place=new,
        on=from_days(day(seam)),
        kind="academy_conversion",
        registers_move=True,
        custody_with=new,
    )
    assert isinstance(carry_out(school.ledger, succeeds), Done)
    moved = {"admission": "transferred_on_succession", "previous_laestab": LAESTAB}
    school.enters("Ann", "Ben", "Cal", at="2026-01-05 07:00", starting_day=seam, **moved)
    assert [e["kind"] for e in school.entries("PlaceSucceeded")] == ["academy_conversion"]
    at_the_academy = school.entries("PupilEntered", prefix=f"admission-register/{new.hex()}")
    assert [e["admission"] for e in at_the_academy] == ["transferred_on_succession"] * 3
    assert len(school.entries("PupilIdentified")) == 3, "the same children"


def test_a_temporary_number_that_is_replaced_leads_to_the_same_child(school: School) -> None:
    school.enters("Dee", upn=TEMPORARY)
    school.enters("Dee", at="2025-10-01 08:00", upn=PERMANENT, former_upn=TEMPORARY)
    assert [e["kind"] for e in school.entries("UpnGiven")] == ["temporary", "permanent"]
    assert len(school.lines("Dee")) == 1


def test_the_same_child_entered_twice_is_one_once_a_person_says_so_and_both_lines_stay(school: School) -> None:
    school.enters("Dee", upn=TEMPORARY)
    school.takes("7B", MONDAY, "09:05", Dee="N")
    school.enters("Dee B", at="2025-09-03 08:00", upn=PERMANENT)
    first, second = identity_of(school, "Dee"), identity_of(school, "Dee B")
    merge = MergeIdentities(pupil=second, other_pupil=first, basis="temporary_upn_replaced")
    assert isinstance(carry_out(school.ledger, merge), Done)
    (merged,) = school.entries("IdentitiesMerged")
    assert (merged.stream, merged["other_pupil"]) == (f"pupil/{second.hex()}", first)
    assert len(history(school.ledger, second).lines) == len(history(school.ledger, first).lines) == 2
    assert school.register(MONDAY) == {"Dee": "N"}


def test_an_adopted_child_goes_on_under_a_new_identity_that_only_a_sealed_text_ties_to_the_old(school: School) -> None:
    school.enters("Dee", upn=TEMPORARY)
    school.enters("Eve", at="2025-10-01 08:00", upn=PERMANENT)
    old, new = identity_of(school, "Dee"), identity_of(school, "Eve")
    said = ContinueIdentity(pupil=new, earlier_pupil=old, basis="adoption")
    assert isinstance(carry_out(school.ledger, said), Done)
    (continued,) = school.entries("IdentityContinued")
    assert continued.stream == f"pupil/{new.hex()}"
    assert old not in continued.fields.values()
    assert continued.text["earlier_pupil"] == old
    assert [line.line for line in history(school.ledger, new).lines] != []
    assert len(history(school.ledger, new).lines) == len(history(school.ledger, old).lines) == 1


def test_a_change_of_name_amends_the_entry_and_each_date_has_its_name(school: School) -> None:
    changed = pupil("Ann", full_name="Ann Stone")
    school.says("PupilsStated", "2025-10-01 08:00", whole=False, pupils=[changed])
    entered, amended = (e for e in school.lines("Ann")[0] if e.topic in ("PupilEntered", "EntryAmended"))
    assert (entered.text["full_name"], amended.text["full_name"]) == ("Ann", "Ann Stone")
    assert (amended["amends"], amended.recorded_at) == (entered.version, moment("2025-10-01 08:00"))
