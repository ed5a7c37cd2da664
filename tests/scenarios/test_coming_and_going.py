"""Pupils who come late, leave early, leave twice and come back (events.md 2.2 and 2.4)."""

from __future__ import annotations

from tests.making import NIGHTLY, SIMS, School, day, pupil

UPN = "H801200001001"


def sessions(*dates: str) -> list[str]:
    return [f"{date} {session}" for date in dates for session in ("AM", "PM")]


def test_entered_on_day_four_for_day_one_has_late_entries_for_the_days_between(school: School) -> None:
    days = ("2025-09-01", "2025-09-02", "2025-09-03")
    school.enters("Zoe", at="2025-09-04 10:00", entered_on="2025-09-01", starting_day_basis="first_attendance")
    for when in sessions(*days):
        school.takes("7B", when, "2025-09-04 10:30", medium="paper_then_keyed", Zoe="/" if "AM" in when else "\\")
    ((entered, *_),) = school.lines("Zoe")
    assert (entered["starting_day"], entered["entered_on"]) == (day("2025-09-01"), day("2025-09-01"))
    assert entered["starting_day_basis"] == "first_attendance"
    for when in sessions(*days):
        assert school.session(when)[-1].topic == "MarkRecorded"
        assert school.register(when, as_at="2025-09-04 10:29") == {}


def test_a_leaving_date_keyed_six_days_back_keeps_every_mark_to_be_read_as_at_before(school: School) -> None:
    back = sessions(*(f"2025-09-{n:02d}" for n in (8, 9, 10, 11, 12, 15)))
    for when in back:
        school.takes("7B", when, when.split()[0] + (" 09:05" if "AM" in when else " 13:05"), Ann="/", Ben="N")
    school.leaves("Ben", "2025-09-05", "2025-09-15 16:00", destination="school", mis_reason="Moved house", by="K")
    for when in back:
        school.removes(when, "2025-09-15 16:05", "Ben", how="pupil_removed_upstream")
    assert school.roll_story("Ben") == [["PupilEntered", "YearRecorded", "PupilDeleted"]]
    deleted = school.lines("Ben")[0][-1]
    assert (deleted["left_on"], deleted["deleted_on"], deleted["ground"]) == (day("2025-09-05"), None, "not_said")
    assert deleted.text["mis_reason"] == "Moved house"
    gone = school.entries("MarkWithdrawn")
    assert [e["how"] for e in gone] == ["pupil_removed_upstream"] * 12
    for when in back:
        assert school.register(when, as_at="2025-09-15 15:59") == {"Ann": "/", "Ben": "N"}
        assert school.register(when) == {"Ann": "/"}


def test_a_leaver_said_again_is_nothing_new(school: School) -> None:
    school.leaves("Ben", "2025-09-05", "2025-09-05 16:00")
    before = school.head
    assert school.leaves("Ben", "2025-09-05", "2025-09-06 16:00").duplicate == 1
    assert school.head == before


def test_another_leaving_day_for_a_pupil_who_is_deleted_is_kept_once(school: School) -> None:
    school.leaves("Ben", "2025-09-05", "2025-09-05 16:00")
    for hour in (16, 17, 18):
        school.leaves("Ben", "2025-09-03", f"2025-09-08 {hour}:00")
    assert school.roll_story("Ben") == [["PupilEntered", "YearRecorded", "PupilDeleted", "LeavingStated"]]


def test_a_ground_of_regulation_nine_is_kept_as_the_law_prints_it(school: School) -> None:
    school.leaves("Ben", "2025-09-05", "2025-09-05 16:00", ground="9(1)(f)", deleted_on="2025-09-05")
    deleted = school.lines("Ben")[0][-1]
    assert (deleted["ground"], deleted["deleted_on"]) == ("r9_1f", day("2025-09-05"))


def test_year_end_leavers_keyed_in_july_are_expected_and_deleted_when_the_day_has_come(school: School) -> None:
    school.leaves("Ben", "2026-08-31", "2026-07-10 09:00", destination="fe")
    assert school.roll_story("Ben") == [["PupilEntered", "YearRecorded", "LeavingStated"]]
    assert school.lines("Ben")[0][-1]["expected"] is True
    school.plans("2026-08-20 09:00", terms=[("autumn1", "202627", "2026-09-02", "2026-10-23")])
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    school.leaves("Ben", "2026-08-31", "2026-09-03 09:00", destination="fe")
    assert school.held == []
    assert school.roll_story("Ben") == [["PupilEntered", "YearRecorded", "LeavingStated", "PupilDeleted"]]
    assert school.lines("Ben")[0][-1]["left_on"] == day("2026-08-31")


def test_a_leaver_keyed_after_the_turn_of_the_year_comes_off_the_register_that_he_stands_on(school: School) -> None:
    school.plans("2026-08-20 09:00", terms=[("autumn1", "202627", "2026-09-02", "2026-10-23")])
    school.takes("8B", "2026-09-02 AM", "09:05", Ann="/")
    school.leaves("Ben", "2026-07-17", "2026-09-04 09:00")
    old, new = school.roll_story("Ben")
    assert "PupilDeleted" not in old
    assert new == ["LineCarriedForward", "YearRecorded", "PupilDeleted"]


def test_a_returner_has_a_second_line_and_marks_go_to_the_right_one(school: School) -> None:
    school.takes("7B", "2025-09-04 AM", "09:05", Ann="/", Ben="/")
    school.leaves("Ben", "2025-09-05", "2025-09-05 16:00")
    school.enters("Ben", at="2025-11-03 08:00", starting_day="2025-11-03")
    school.takes("7B", "2025-11-03 AM", "09:05", Ann="/", Ben="L")
    school.takes("7B", "2025-09-05 AM", "2025-11-03 10:00", Ben="N")
    first, second = school.lines("Ben")
    assert [e.topic for e in second] == ["PupilEntered", "YearRecorded"]
    assert [e.topic for e in first] == ["PupilEntered", "YearRecorded", "PupilDeleted"]

    def line_of(when: str) -> bytes:
        line: bytes = school.session(when)[-1]["line"]
        return line

    assert line_of("2025-09-04 AM") == line_of("2025-09-05 AM") == first[0]["line"]
    assert line_of("2025-11-03 AM") == second[0]["line"]
    assert len(school.entries("PupilIdentified")) == 3, "the child is the same"


def test_a_pupil_who_never_left_is_put_back_by_a_reversal_and_not_by_a_second_line(school: School) -> None:
    school.leaves("Ben", "2025-09-05", "2025-09-05 16:00")
    school.enters("Ben", at="2025-09-09 08:00", reason="Wrong boy.")
    assert school.roll_story("Ben") == [["PupilEntered", "YearRecorded", "PupilDeleted", "DeletionReversed"]]
    reversed_ = school.lines("Ben")[0][-1]
    assert (reversed_["why"], reversed_["back_on_roll_from"]) == ("moved_back", day("2025-09-09"))
    assert reversed_.text["reason"] == "Wrong boy."


def test_a_roll_sent_before_the_leaver_but_arriving_after_does_not_undo_him(school: School) -> None:
    school.leaves("Ben", "2025-09-05", "2025-09-05 16:00")
    school.enters("Ben", at="2025-09-05 15:00", arrives="2025-09-05 17:00")
    assert school.roll_story("Ben") == [["PupilEntered", "YearRecorded", "PupilDeleted"]]


def test_a_pupil_missing_from_a_whole_roll_is_not_deleted(school: School) -> None:
    school.enters("Ann", "Cal", at="2025-09-08 08:00", whole=True)
    assert school.roll_story("Ben") == [["PupilEntered", "YearRecorded"]]


def test_a_change_of_name_amends_the_entry_and_keeps_the_old_one(school: School) -> None:
    row = pupil("Ann", full_name="Ann Brown")
    school.says("PupilsStated", "2025-10-01 09:00", whole=False, pupils=[row])
    entered, _, amended = school.lines("Ann")[0]
    assert (entered.text["full_name"], amended.text["full_name"]) == ("Ann", "Ann Brown")
    assert amended["amends"] == entered.version
    assert amended["starting_day"] == entered["starting_day"], "the whole block is restated"


def test_a_name_first_told_later_is_recorded(school: School) -> None:
    row = {"mis_pupil": "X1", "starting_day": "2025-09-01"}
    school.says("PupilsStated", "2025-09-01 08:00", whole=False, pupils=[row])
    counts = school.says("PupilsStated", "2025-09-02 08:00", whole=False, pupils=[{**row, "full_name": "Xena"}])
    assert counts.statements == 1
    (amended,) = school.entries("EntryAmended")
    assert amended.text["full_name"] == "Xena"


def test_a_delta_that_leaves_fields_out_denies_nothing(school: School) -> None:
    school.enters("Ann", at="2025-09-02 08:00", birth_date="2013-05-06", address="1 Sea View", nc_year=7, group="7B")
    before = school.head
    assert school.enters("Ann", at="2025-09-03 08:00").duplicate == 1
    assert school.head == before


def test_the_same_roll_every_night_says_nothing_new(school: School) -> None:
    about = {
        "birth_date": "2013-05-06",
        "nc_year": 7,
        "group": "7B",
        "enrolment_status": "C",
        "leaving_on": "2030-07-20",
    }
    school.enters("Ann", "Ben", "Cal", at="2025-09-02 20:00", whole=True, **about)
    before = school.head
    for night in (3, 4, 5):
        assert school.enters("Ann", "Ben", "Cal", at=f"2025-09-0{night} 20:00", whole=True, **about).duplicate == 3
    assert school.head == before


def test_a_upn_of_another_pupil_is_recorded_and_never_a_merge(school: School) -> None:
    """A clerk copied the UPN of one child into the row of another: two ids of one MIS are two children."""
    school.enters("Dora", at="2025-09-02 08:00", upn=UPN)
    school.enters("Dan", at="2025-09-02 09:00", upn=UPN)
    assert school.roll_story("Dora") == [["PupilEntered", "YearRecorded"]]
    assert school.roll_story("Dan") == [["PupilEntered", "YearRecorded"]]
    school.takes("7B", "2025-09-02 AM", "09:30", Dora="/", Dan="N")
    assert school.register("2025-09-02 AM") == {"Dora": "/", "Dan": "N"}


def test_two_pupils_with_one_upn_in_one_message_stay_two(school: School) -> None:
    school.enters("Dora", "Dan", at="2025-09-02 08:00", upn=UPN)
    assert [len(school.lines(name)) for name in ("Dora", "Dan")] == [1, 1]


def test_a_pupil_who_comes_back_under_a_new_mis_id_is_known_by_the_upn(school: School) -> None:
    school.enters("Dora", at="2025-09-02 08:00", upn=UPN)
    school.leaves("Dora", "2025-10-01", "2025-10-01 16:00")
    row = pupil("D2", full_name="Dora", upn=UPN, starting_day="2025-11-03")
    school.says("PupilsStated", "2025-11-03 08:00", whole=False, pupils=[row])
    assert len(school.lines("Dora")) == 2
    assert len(school.entries("PupilIdentified")) == 4, "Ann, Ben, Cal and one Dora"


def test_a_second_source_finds_the_child_by_upn_and_opens_no_second_line(school: School) -> None:
    school.enters("Dora", at="2025-09-02 08:00", upn=UPN)
    school.says(
        "PupilsStated",
        "2025-09-02 20:00",
        source=NIGHTLY,
        whole=False,
        pupils=[pupil("W77", full_name="Dora", upn=f" {UPN.lower()} ")],
    )
    assert len(school.lines("Dora")) == 1


def test_where_mis_id_and_upn_disagree_the_mis_id_of_that_source_wins(school: School) -> None:
    school.enters("Ann", at="2025-09-02 08:00", upn=UPN)
    school.enters("Ben", at="2025-09-02 08:01", upn="A801200001012")
    marks = [{"mis_pupil": "Ann", "upn": "A801200001012", "code": "N"}]
    fields = {"date": "2025-09-02", "session": "AM", "whole": False, "cause": "typed", "marks": marks}
    school.take(school.delivery("RegisterTaken", "2025-09-02 09:30", **fields))
    assert school.register("2025-09-02 AM") == {"Ann": "N"}


def test_a_mark_finds_its_pupil_by_upn_however_it_is_written(school: School) -> None:
    school.enters("Ann", at="2025-09-02 08:00", upn=UPN)
    marks = [{"mis_pupil": "new-id", "upn": f" {UPN.lower()}", "code": "N"}]
    fields = {"date": "2025-09-02", "session": "AM", "whole": False, "cause": "typed", "marks": marks}
    school.take(school.delivery("RegisterTaken", "2025-09-02 09:30", **fields))
    assert school.register("2025-09-02 AM") == {"Ann": "N"}


def test_a_status_first_said_later_and_a_change_of_status_are_both_recorded(school: School) -> None:
    for at, status in (("2025-09-02", "C"), ("2025-09-03", "C"), ("2025-10-02", "M"), ("2025-10-03", "M")):
        school.enters("Ann", at=f"{at} 08:00", enrolment_status=status)
    assert [e["status"] for e in school.entries("EnrolmentStatusRecorded")] == ["C", "M"]


def test_pupils_without_a_usable_id_are_held_and_never_taken_for_one_child(school: School) -> None:
    for empty in ("", "  ", "NULL"):
        rows = [pupil(empty, full_name="Eve"), pupil(empty, full_name="Fay")]
        counts = school.says("PupilsStated", "2025-09-02 08:00", whole=False, pupils=rows)
        assert counts.held == 2, empty
    assert school.lines("Eve") == []


def test_null_like_upns_join_nobody(school: School) -> None:
    for n, upn in enumerate(("", "NULL", "N/A", "UNKNOWN", "0", "0000000000000", "   ")):
        rows = [pupil(f"E{n}", full_name="Eve", upn=upn), pupil(f"F{n}", full_name="Fay", upn=upn)]
        school.says("PupilsStated", "2025-09-02 08:00", whole=False, pupils=rows)
    assert (len(school.lines("Eve")), len(school.lines("Fay"))) == (7, 7)


def test_a_source_is_the_operators_only_if_it_is_called_so(school: School) -> None:
    """32 noughts on a topic are not the operator."""
    place = {"laestab": "8059999", "urn": "109999", "kind": "maintained", "phase": "primary"}
    flags = {"reg11_binds": True, "state_funded": True, "in_daily_share": True, "boarding": "none"}
    forged = school.delivery(
        "PlaceStated", "2025-09-02 08:00", source=bytes(16), **place, **flags, **{"from": "2020-09-01"}
    )
    counts = school.take(forged._replace(source="0" * 32))
    assert counts.held == 1
    assert len(school.entries("PlaceDescribed")) == 1
    assert school.source == SIMS
