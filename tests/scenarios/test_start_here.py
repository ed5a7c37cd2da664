"""The life of one class's register, step by step as events.md tells it under "Start here"."""

from __future__ import annotations

from tests.making import SIMS, School, day, moment

MONDAY = "2025-09-01 AM"


def first_register(school: School) -> None:
    school.takes(
        "7B", MONDAY, "09:01", arrives="09:07", opened_at=moment("2025-09-01 08:50"), Ann="/", Ben="N", Zoe="/"
    )


def test_a_class_is_one_header_and_a_mark_for_each_pupil_who_is_known(school: School) -> None:
    before = school.head
    first_register(school)
    assert school.story(MONDAY) == [
        "RegisterOpened",
        "EntriesReceived taking",
        "MarkRecorded Ann /",
        "MarkRecorded Ben N",
    ]
    opened, header, ann, ben = school.session(MONDAY)
    assert [e.version for e in (opened, header, ann, ben)] == [1, 2, 3, 4]
    assert opened["date"] == day("2025-09-01")
    assert opened["session"] == "AM"
    assert opened["closes_by"] == moment("2025-09-01 09:30")
    assert header["opened_said"] == moment("2025-09-01 08:50")
    assert header["said_at"] == header["sent_at"] == moment("2025-09-01 09:01")
    assert header["broker_at"] == moment("2025-09-01 09:07")
    assert (header["source"], header["rows"], header["by_kind"]) == (SIMS, 3, "named")
    assert (header["medium"], header["whole_register"], header["import"]) == ("not_said", False, None)
    for entry, code in ((ann, "/"), (ben, "N")):
        assert (entry["code"], entry["code_sent"], entry["cause"], entry["header"]) == (code, None, "typed", 2)
        assert entry["said_at"] is entry["by"] is entry["minutes_late"] is entry["sealed"] is None
    taker = [e for e in school.entries("PersonNamed", after=before) if e["person"] == header["taker"]]
    assert [e.text["user_id"] for e in taker] == ["T9"]
    label = [e for e in school.entries("GroupDescribed", after=before) if e["group"] == header["group"]]
    assert [e.text["label"] for e in label] == ["7B"]


def test_the_pupil_whom_nobody_knows_is_held_alone_with_a_sentence(school: School) -> None:
    first_register(school)
    (held,) = school.entries("InputHeld")
    assert (held["rule"], held["rows"], held["message"]) == ("g3", 1, school.session(MONDAY)[1]["message"])
    assert held["sentence"] == (
        "Row 3: no pupil on any register of this place is known by this identifier; send PupilsStated, or dismiss it."
    )
    assert "Zoe" not in held["sentence"]


def test_all_of_one_message_is_recorded_at_one_moment(school: School) -> None:
    before = school.head
    first_register(school)
    assert {e.recorded_at for e in school.entries(after=before)} == {moment("2025-09-01 09:07")}


def test_the_parent_who_rings_makes_an_amendment_that_keeps_the_original(school: School) -> None:
    first_register(school)
    school.changes(
        MONDAY, "11:15", said_at="11:14", Ben=("N", "I"), by="K", reason_code="parent_contact", reason="Mother rang."
    )
    header, amended = school.session(MONDAY)[4:]
    assert (header["how"], header["rows"], header.version) == ("change", 1, 5)
    assert (amended["amends"], amended["original"], amended["new"]) == (4, "N", "I")
    assert (amended["header"], amended["said_at"]) == (5, moment("2025-09-01 11:14"))
    assert (amended["reason_code"], amended["reason_state"]) == ("parent_contact", "given")
    assert amended.text["reason"] == "Mother rang."
    (k,) = (e for e in school.entries("PersonNamed") if e.text["user_id"] == "K")
    assert amended["by"] == k["person"]


def test_the_child_entered_at_last_frees_the_held_row_in_the_same_transaction(school: School) -> None:
    first_register(school)
    before = school.head
    school.enters("Zoe", at="2025-09-01 15:02")
    written = school.entries(after=before)
    topics = [e.topic for e in written]
    assert topics[:5] == ["PupilEntered", "YearRecorded", "EntriesReceived", "MarkRecorded", "InputResolved"]
    assert set(topics[5:]) == {"PupilIdentified", "LocalIdGiven", "LineOpened"}, "identities at the end of the batch"
    header, zoe, resolved = written[2:5]
    assert header["how"] == "replay"
    assert header["first_held_at"] == moment("2025-09-01 09:07")
    assert header["said_at"] == moment("2025-09-01 09:01")
    assert zoe["code"] == "/"
    assert (resolved["became"], resolved["first_position"]) == ("events", header.position)
    assert school.register(MONDAY) == {"Ann": "/", "Ben": "N", "Zoe": "/"}
    assert school.register(MONDAY, as_at="2025-09-01 15:01") == {"Ann": "/", "Ben": "N"}


def test_the_same_message_again_stores_nothing_and_counts_its_rows(school: School) -> None:
    register = school.taking("7B", MONDAY, "09:01", Ann="/", Ben="N", Cal="/")
    school.take(register)
    before = school.head
    counts = school.take(register)
    assert (counts.sent, counts.duplicate) == (3, 3)
    assert school.head == before
