"""Leave: asked for before and after, granted by word and keyed later, refused, taken back, corrected (regulation 11)."""

from __future__ import annotations

import pytest

from domain.ledger.commands import Done, MergeIdentities, carry_out
from tests.making import NIGHTLY, School, day, mark
from tests.scenarios.arranging import arranged, leave, row, states, story

HOLIDAY = "2025-09-08 to 2025-09-12"
DAYS = [f"2025-09-{n:02d}" for n in (8, 9, 10, 11, 12)]


def test_leave_asked_for_after_the_holiday_is_asked_and_refused_and_the_marks_are_g(school: School) -> None:
    for date in DAYS:
        school.takes("7B", f"{date} AM", "09:05", Ann="/", Ben="N")
    asked = {"asked_on": "2025-09-15", "asker": "parent_lives_with", "purpose": "holiday", "local_id": "L1"}
    leave(school, "2025-09-15 09:30", "Ben", "asked", HOLIDAY, purpose_text="Two weeks in Crete", **asked)
    decided = {"decided_on": "2025-09-15", "decided_by": "HT", "reasoning": "Not exceptional."}
    leave(school, "2025-09-15 16:00", "Ben", "refused", HOLIDAY, **asked, **decided)
    for date in DAYS:
        school.changes(f"{date} AM", "2025-09-15 16:05", Ben=("N", "G"), by="K", reason="Holiday, leave refused.")
    first, second = arranged(school)
    assert [first.topic, second.topic] == ["LeaveAsked", "LeaveRefused"]
    assert first.stream == second.stream
    assert first["asked_on"] == day("2025-09-15") > first["to"], "asked after: a label, and no refusal"
    assert first.text["purpose"] == "Two weeks in Crete"
    (head,) = (e for e in school.entries("PersonNamed") if e.text["user_id"] == "HT")
    assert (second["decided_by"], second["decided_on"]) == (head["person"], day("2025-09-15"))
    assert {school.register(f"{date} AM")["Ben"] for date in DAYS} == {"G"}


def test_leave_asked_for_before_is_granted_with_its_code_and_what_decided_is_sealed(school: School) -> None:
    about = {"asked_on": "2025-09-01", "asker": "other_parent", "reg11": "p11", "purpose": "religious_extra"}
    leave(school, "2025-09-01 12:00", "Ann", "asked", "2025-09-09 PM to 2025-09-09 PM", local_id="7", **about)
    leave(
        school,
        "2025-09-03 12:00",
        "Ann",
        "granted",
        "2025-09-09 PM to 2025-09-09 PM",
        local_id="7",
        decided_on="2025-09-02",
        decided_by="HT",
        exceptional=True,
        code="C",
        reasoning="Grandmother's funeral.",
        **about,
    )
    asked, granted = arranged(school)
    assert (asked["from_session"], asked["to_session"], asked["reg11"]) == ("PM", "PM", "p11")
    assert (granted["code"], granted["exceptional"], granted["asked_on"]) == ("C", True, day("2025-09-01"))
    assert granted.text["reasoning"] == "Grandmother's funeral."
    assert granted["line"] == school.lines("Ann")[0][0]["line"]


def test_leave_granted_by_word_before_and_keyed_after_is_in_time_by_the_schools_word(school: School) -> None:
    school.takes("7B", "2025-09-09 AM", "09:05", Ben="N")
    leave(school, "2025-09-10 08:00", "Ben", "granted", "2025-09-09 to 2025-09-09", decided_on="2025-09-05", code="M")
    (granted,) = arranged(school)
    assert granted["decided_on"] < granted["from"]
    assert granted.recorded_at > 0
    assert school.entries(prefix="arrangement/", as_at="2025-09-10 07:59") == []
    assert school.register("2025-09-09 AM") == {"Ben": "N"}, "the ledger changes no mark of its own accord"


def test_the_decision_finds_what_was_asked_without_an_id_by_its_first_day(school: School) -> None:
    leave(school, "2025-09-01 12:00", "Ann", "asked", HOLIDAY)
    leave(school, "2025-09-01 12:00", "Ben", "asked", HOLIDAY)
    leave(school, "2025-09-02 12:00", "Ann", "granted", HOLIDAY, code="C")
    anns = school.lines("Ann")[0][0]["line"]
    assert [e.topic for e in arranged(school) if e["line"] == anns] == ["LeaveAsked", "LeaveGranted"]
    assert len({e.stream for e in arranged(school)}) == 2


def test_an_appointment_in_the_morning_and_an_interview_in_the_afternoon_are_two(school: School) -> None:
    leave(school, "2025-09-01 12:00", "Ann", "granted", "2025-09-09 AM to 2025-09-09 AM", code="M")
    leave(school, "2025-09-01 12:05", "Ann", "granted", "2025-09-09 PM to 2025-09-09 PM", code="J1")
    assert [(e["from_session"], e["code"]) for e in arranged(school)] == [("AM", "M"), ("PM", "J1")]
    assert len({e.stream for e in arranged(school)}) == 2


def test_the_same_statement_again_is_a_duplicate_however_often_it_is_sent(school: School) -> None:
    first = leave(school, "2025-09-01 12:00", "Ann", "asked", HOLIDAY, local_id="1", purpose="holiday")
    assert (first.statements, first.duplicate) == (1, 0)
    for hour in ("13", "14"):
        again = leave(school, f"2025-09-01 {hour}:00", "Ann", "asked", HOLIDAY, local_id="1", purpose="holiday")
        assert (again.statements, again.duplicate) == (0, 1)
    assert story(school) == ["LeaveAsked"]


def test_leave_not_used_is_taken_back_and_what_is_taken_back_twice_is_once(school: School) -> None:
    leave(school, "2025-09-01 12:00", "Ann", "granted", HOLIDAY, local_id="1", code="C")
    for at in ("2025-09-15 09:00", "2025-09-15 10:00"):
        leave(school, at, "Ann", "withdrawn", local_id="1", why="not_used")
    assert story(school) == ["LeaveGranted", "LeaveWithdrawn"]
    assert [(e["ended_on"], e["why"]) for e in arranged(school, "LeaveWithdrawn")] == [(None, "not_used")]


def test_a_correction_amends_the_stage_that_stands_with_its_reason(school: School) -> None:
    leave(school, "2025-09-01 12:00", "Ann", "asked", HOLIDAY, local_id="1", purpose="holiday")
    leave(school, "2025-09-02 12:00", "Ann", "granted", HOLIDAY, local_id="1", code="C", by="K")
    about = {"local_id": "1", "code": "S", "amended_on": "2025-09-03", "by": "K"}
    reason = {"reason": "Study leave, keyed as C.", "reason_code": "wrong_code"}
    leave(school, "2025-09-03 12:00", "Ann", "corrected", HOLIDAY, **about, **reason)
    _, granted, corrected = arranged(school)
    assert (corrected.topic, corrected["amends"], corrected["code"]) == ("LeaveGrantedCorrected", granted.version, "S")
    assert (corrected["reason_state"], corrected["reason_code"]) == ("given", "wrong_code")
    assert corrected.text["reason"] == "Study leave, keyed as C."
    assert corrected["amended_on"] == day("2025-09-03")


def test_a_grant_told_again_with_other_days_corrects_it_and_gives_no_reason(school: School) -> None:
    leave(school, "2025-09-01 12:00", "Ann", "granted", HOLIDAY, local_id="1", code="C")
    leave(school, "2025-09-02 12:00", "Ann", "granted", "2025-09-08 to 2025-09-10", local_id="1", code="C")
    _, corrected = arranged(school)
    assert (corrected.topic, corrected["to"]) == ("LeaveGrantedCorrected", day("2025-09-10"))
    assert (corrected["reason_state"], corrected["reason_code"]) == ("not_given", None)


def test_a_feed_without_reasons_is_not_blamed_for_a_correction_without_one(school: School) -> None:
    school.enters("Ann", source=NIGHTLY, at="2025-08-29 20:00", upn="A805200017129")
    anns = {"source": NIGHTLY, "local_id": "marram"}
    states(school, "2025-09-01 20:00", row("leave", "Ann", "granted", HOLIDAY, local_id="1", code="C"), **anns)
    states(school, "2025-09-02 20:00", row("leave", "Ann", "corrected", HOLIDAY, local_id="1", code="M"), **anns)
    assert [e["reason_state"] for e in arranged(school, "LeaveGrantedCorrected")] == ["feed_cannot_carry"]


def test_that_leave_was_asked_for_is_kept_though_it_arrives_after_the_decision(school: School) -> None:
    leave(school, "2025-09-02 12:00", "Ann", "granted", HOLIDAY, local_id="1", code="C")
    leave(school, "2025-09-01 12:00", "Ann", "asked", HOLIDAY, local_id="1", arrives="2025-09-02 20:00")
    assert story(school) == ["LeaveGranted", "LeaveAsked"]
    leave(school, "2025-09-03 12:00", "Ann", "corrected", HOLIDAY, local_id="1", code="M")
    assert story(school)[-1] == "LeaveGrantedCorrected", "the grant still stands"


def test_a_decision_that_a_newer_one_has_overtaken_says_nothing_new(school: School) -> None:
    leave(school, "2025-09-03 12:00", "Ann", "granted", HOLIDAY, local_id="1", code="C")
    late = leave(school, "2025-09-02 12:00", "Ann", "refused", HOLIDAY, local_id="1")
    assert (late.statements, late.duplicate) == (0, 1)
    assert story(school) == ["LeaveGranted"]


@pytest.mark.parametrize("what", ["withdrawn", "corrected"])
def test_what_can_only_be_said_of_leave_that_is_there_waits_with_a_sentence(school: School, what: str) -> None:
    counts = leave(school, "2025-09-02 12:00", "Ann", what, HOLIDAY, local_id="9")
    (held,) = school.held
    assert (counts.held, held.rule) == (1, "g5")
    assert held.fields["sentence"].startswith(f"Row 1: the arrangement that it calls {what} is not in the ledger")
    leave(school, "2025-09-02 13:00", "Ann", "granted", HOLIDAY, local_id="9", code="C")
    school.intake.replay_waiting()
    assert school.held == []


def test_words_that_nobody_knows_are_kept_where_they_are_sealed_and_refuse_nothing(school: School) -> None:
    said = {"asker": "grandfather", "reg11": "11(99)", "purpose": "pilgrimage", "code": "HZ", "why": "?"}
    leave(school, "2025-09-02 12:00", "Ann", "granted", HOLIDAY, purpose_text="Lourdes", **said)
    (granted,) = arranged(school)
    assert (granted["asker"], granted["reg11"], granted["purpose"], granted["code"]) == ("other", "none", "other", "")
    assert granted.text["purpose"] == "Lourdes [purpose: pilgrimage]"
    assert granted.text["reasoning"] == "[reg11: 11(99)] [code: HZ]"


def test_a_code_of_the_schools_own_is_read_by_its_map(school: School) -> None:
    school.maps("2025-08-30 09:00", {"Dentist": "M"})
    leave(school, "2025-09-02 12:00", "Ann", "granted", HOLIDAY, code="Dentist")
    assert [e["code"] for e in arranged(school)] == ["M"]


@pytest.mark.parametrize(
    "said",
    [
        {"days": "2025-02-30 to 2025-09-12"},
        {"days": "2025-09-12 to 2025-09-08"},
        {"days": "2025-09-08 EV to 2025-09-12"},
        {"days": HOLIDAY, "due_mask": 1 << 14},
        {"days": HOLIDAY, "asked_on": "yesterday"},
        {"days": HOLIDAY, "code": "leave of absence"},
        {"days": ""},
    ],
)
def test_what_cannot_exist_is_held_and_the_rest_of_the_message_goes_in(school: School, said: dict[str, str]) -> None:
    good = row("leave", "Ben", "granted", HOLIDAY, code="C")
    bad = row("leave", "Ann", "granted", said["days"], **{k: v for k, v in said.items() if k != "days"})
    counts = states(school, "2025-09-02 12:00", bad, good)
    assert (counts.statements, counts.held, [w.rule for w in school.held]) == (1, 1, ["g4"])


def test_a_row_of_no_kind_or_of_two_and_a_word_of_another_kind_are_held(school: School) -> None:
    two = row("leave", "Ann", "granted", HOLIDAY) | {"evidence": {"kind": "medical", "received_on": "2025-09-08"}}
    none = {k: v for k, v in row("leave", "Ann", "granted", HOLIDAY).items() if k != "leave"}
    wrong = row("leave", "Ann", "reviewed", HOLIDAY)
    assert school.says("ArrangementStated", "2025-09-02 12:00", arrangements=[two, none, wrong]).held == 3
    assert {w.rule for w in school.held} == {"g4"}


def test_leave_of_a_pupil_who_is_not_known_yet_waits_for_the_pupil(school: School) -> None:
    leave(school, "2025-09-02 12:00", "Dot", "granted", HOLIDAY, code="C")
    assert [w.rule for w in school.held] == ["g3"]
    school.enters("Dot", at="2025-09-03 08:00")
    assert (story(school), school.held) == (["LeaveGranted"], [])
    assert arranged(school)[0]["first_held_at"] is not None


def test_two_pupils_with_one_id_of_the_mis_keep_their_own_leave(school: School) -> None:
    leave(school, "2025-09-02 12:00", "Ann", "granted", HOLIDAY, local_id="1", code="C")
    leave(school, "2025-09-02 13:00", "Ben", "granted", HOLIDAY, local_id="1", code="C")
    leave(school, "2025-09-02 14:00", "Ann", "withdrawn", local_id="1")
    names = school.name_of()
    assert [(names[e["line"]], e.topic) for e in arranged(school)] == [
        ("Ann", "LeaveGranted"),
        ("Ben", "LeaveGranted"),
        ("Ann", "LeaveWithdrawn"),
    ]


def test_n_at_nine_the_parent_rings_at_eleven_and_the_doctors_letter_comes_three_weeks_later(school: School) -> None:
    school.takes("7B", "2025-09-01 AM", "09:05", Ann="/", Ben="N")
    school.changes("2025-09-01 AM", "11:00", Ben=("N", "I"), by="K", reason_code="parent_contact", reason="Rang: ill.")
    letter = {"received_on": "2025-09-22", "covers_from": "2025-09-01", "covers_to": "2025-09-03"}
    states(
        school, "2025-09-22 09:00", row("evidence", "Ben", "received", kind="medical", text="Dr Sands: flu.", **letter)
    )
    (evidence,) = arranged(school)
    school.changes(
        "2025-09-01 AM",
        "2025-09-22 09:05",
        Ben=mark("I")[0],
        by="K",
        nature="Influenza",
        reason_code="evidence_received",
        evidence=evidence["arrangement"],
    )
    assert school.chain("2025-09-01 AM", "Ben") == ["MarkRecorded N", "MarkAmended N to I", "MarkAmended I to I"]
    amended = school.session("2025-09-01 AM")[-1]
    assert amended["evidence"] == evidence["arrangement"]
    assert (evidence["kind"], evidence.text["text"]) == ("medical", "Dr Sands: flu.")
    assert (evidence["covers_from"], evidence["covers_to"]) == (day("2025-09-01"), day("2025-09-03"))


def test_a_second_letter_of_one_day_is_another_and_the_first_can_be_corrected(school: School) -> None:
    for cover in ("2025-09-03", "2025-09-05"):
        about = {"kind": "medical", "received_on": "2025-09-22", "covers_to": cover}
        for at in ("2025-09-22 09:00", "2025-09-22 10:00"):
            states(school, at, row("evidence", "Ben", "started", **about))
    named = {"kind": "medical", "received_on": "2025-09-22", "covers_to": "2025-09-03"}
    states(school, "2025-09-22 11:00", row("evidence", "Cal", "started", local_id="E2", **named))
    wrong = {"kind": "appointment", "received_on": "2025-09-22", "covers_to": "2025-09-03"}
    states(school, "2025-09-23 09:00", row("evidence", "Cal", "corrected", local_id="E2", **wrong))
    assert story(school) == [*["EvidenceReceived"] * 3, "EvidenceCorrected"]
    first, second, named_one, corrected = arranged(school)
    assert first.stream != second.stream
    assert (corrected.stream, corrected["kind"], corrected["amends"]) == (named_one.stream, "appointment", 1)


def test_evidence_that_names_no_day_is_held(school: School) -> None:
    said = row("evidence", "Ben", "received", kind="medical", received_on="", local_id="E1")
    assert states(school, "2025-09-22 09:00", said).held == 1
    assert [w.rule for w in school.held] == ["g4"]


def test_of_a_child_who_was_entered_twice_the_leave_is_found_by_either_identity_once_they_are_one(
    school: School,
) -> None:
    school.enters("Eve", "Eva", at="2025-09-01 08:00")
    leave(school, "2025-09-02 12:00", "Eva", "granted", HOLIDAY, local_id="1", code="C")
    identified = {e.text["name"]: e["pupil"] for e in school.entries("PupilIdentified")}
    command = MergeIdentities(pupil=identified["Eve"], other_pupil=identified["Eva"], basis="school_confirms")
    assert isinstance(carry_out(school.ledger, command), Done)
    leave(school, "2025-09-03 12:00", "Eve", "withdrawn", local_id="1", why="not_used")
    granted, withdrawn = arranged(school)
    assert (withdrawn.topic, withdrawn.stream, withdrawn["line"]) == (
        "LeaveWithdrawn",
        granted.stream,
        granted["line"],
    )
