"""What a signed-in person says, typed as a person types it, on a real ledger."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.ledger.commands import HANDLERS
from tests.console.conftest import Command, Said
from tests.making import LAESTAB, SIMS, School

MON = "2025-09-01 AM"
UPN, TEMPORARY = "A805200017129", "Y80520250123A"
WEEK = ("--week", "2025-09-03")


@pytest.fixture
def twice(school: School) -> School:
    """Dee stands on the roll twice."""
    school.enters("Dee", upn=TEMPORARY, full_name="Dee Dunlin")
    school.enters("Dee 2", upn=UPN, full_name="Dee Dunlin", at="2025-09-01 07:00")
    school.takes("7B", MON, "08:45", Ann="/", Dee="/")
    return school


def say(command: Command, name: str, *fields: str) -> Said:
    """Record a command that is taken."""
    said = command("record", name, *fields, "--json")
    assert said.code == 0, said.err
    return said


def position(said: Said) -> int:
    found: int = said.data["position"]
    return found


def lines_in(command: Command, pupil: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = command("history", pupil, "--json").data["lines"]
    return found


def test_the_bare_verb_lists_every_command_with_what_it_says(rollbook: Command) -> None:
    said = rollbook("record")
    assert said.code == 0
    assert len(said.out.splitlines()) == len(HANDLERS) + 2
    assert "merge-identities" in said.out
    listed = rollbook("record", "--json").data
    merge = next(one for one in listed if one["command"] == "merge-identities")
    basis = next(field for field in merge["fields"] if field["name"] == "basis")
    assert basis["words"] == ["temporary_upn_replaced", "duplicate_upn", "school_confirms", "la_matched"]


def test_help_names_every_field_and_its_words(rollbook: Command) -> None:
    said = rollbook("record", "merge-identities", "--help")
    assert said.code == 0
    for shown in ("* pupil", "* other_pupil", "duplicate_upn", "decided_by", "Example:"):
        assert shown in said.out


def test_every_command_has_help_with_an_example_of_all_that_it_needs(rollbook: Command) -> None:
    for one in rollbook("record", "--json").data:
        said = rollbook("record", one["command"], "--help")
        example = said.out.split("Example:")[1]
        for field in one["fields"]:
            assert field["name"] in said.out
            assert not field["needed"] or f"{field['name']}=" in example, (one["command"], field["name"])


def test_a_child_entered_twice_is_merged_by_number_and_the_merge_undone_by_its_position(
    twice: School, at_school: Command
) -> None:
    merged = say(at_school, "merge-identities", f"pupil={UPN}", f"other_pupil={TEMPORARY}", "basis=duplicate_upn")
    assert len(lines_in(at_school, UPN)) == 2
    shown = at_school("history", UPN)
    assert "One child under 2 identities" in shown.out
    assert f"{position(merged):,}" in shown.out
    assert "duplicate upn" in shown.out
    refused = at_school("record", "undo-merge", f"merge={position(merged)}")
    assert (refused.code, refused.err) == (1, "rollbook: An undoing needs a reason, or a reason_code.\n")
    say(at_school, "undo-merge", f"merge={position(merged)}", "reason=Two cousins of one name")
    assert len(lines_in(at_school, UPN)) == 1
    assert "Two cousins of one name" in at_school("history", UPN).out
    assert "Two cousins" not in at_school("history", UPN, "--no-names").out


def test_what_waited_for_a_number_to_be_clear_is_taken_with_the_merge(school: School, at_school: Command) -> None:
    school.enters("Dee", upn=UPN)
    school.enters("Dee 2", upn=UPN, at="2025-09-01 07:00")
    school.take(school.taking("7B", MON, "09:01", marks=[{"mis_pupil": "unheard-of", "upn": UPN, "code": "/"}]))
    assert len(school.held) == 1
    one, two = (e["pupil"].hex() for e in school.entries("PupilIdentified") if (e.text["name"] or "").startswith("Dee"))
    said = say(at_school, "merge-identities", f"pupil={one}", f"other_pupil={two}", "basis=duplicate_upn")
    assert said.data["rows_taken"] == 1
    assert at_school("held", "list").out.splitlines()[-1] == "Nothing is held."


def test_a_command_may_come_as_json_on_standard_input(school: School, at_school: Command) -> None:
    fields = {"place": LAESTAB, "policy": 1, "from_day": "2025-09-01", "register_open_minutes": 30}
    text = json.dumps(fields | {"names_champion": True, "by": None})
    said = at_school("record", "adopt-policy", "-", "link=intranet/7", stdin=text)
    assert said.code == 0, said.err
    (policy,) = school.entries("AttendancePolicyAdopted")
    assert (policy["register_open_minutes"], policy["names_champion"]) == (30, True)
    assert policy.text["text"] == "intranet/7"
    for wrong in ("", "[1]", '{"place": {"laestab": 1}}'):
        assert at_school("record", "adopt-policy", "-", stdin=wrong).code == 2


def test_a_person_is_named_holds_an_office_and_signs_what_is_said(twice: School, at_school: Command) -> None:
    named = say(at_school, "name-person", "place=authority", "name=Joan Heron", "kind=la_officer").data["made"]
    say(
        at_school,
        "hold-office",
        "place=authority",
        f"person={named[:8]}",
        "office=la_authorised",
        "from_day=2025-09-01",
    )
    say(
        at_school,
        "merge-identities",
        f"pupil={UPN}",
        f"other_pupil={TEMPORARY}",
        "basis=la_matched",
        f"by={named[:8]}",
    )
    (merge,) = twice.entries("IdentitiesMerged")
    assert (merge["by"].hex(), merge["by_kind"], merge["decided_by"].hex()) == (named, "named", named)
    assert "by Joan Heron" in at_school("history", UPN).out
    assert "Joan" not in at_school("history", UPN, "--no-names").out
    assert at_school("record", "undo-merge", "merge=1", "reason=no", "by=00000000").code == 1


def test_the_authoritys_names_can_be_read_after_keys_that_nothing_needs_were_swept(
    twice: School, at_school: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = say(at_school, "name-person", "place=authority", "name=Joan Heron", "kind=la_officer").data["made"]
    monkeypatch.setattr("console.home.ORPHANED_AFTER", -1)
    say(at_school, "name-person", f"place={LAESTAB}", "name=Ida Knot")
    say(at_school, "place-hold", f"pupil={UPN}", "why=proceedings", f"by={named}")
    assert "by Joan Heron" in at_school("history", UPN).out


def test_holds_stand_until_they_are_lifted_each_by_its_number(twice: School, at_school: Command) -> None:
    line = lines_in(at_school, UPN)[0]["line"]
    say(at_school, "place-hold", f"pupil={UPN}", "why=proceedings", "text=Magistrates, March")
    say(at_school, "place-hold", f"pupil={UPN}", "why=complaint", f"line={line[:8]}", "until=2026-12-31")
    unclear = at_school("record", "lift-hold", f"pupil={UPN}")
    assert unclear.code == 1
    assert "say which" in unclear.err
    placed = twice.entries("HoldPlaced")
    assert [(hold["scope"], hold["why"]) for hold in placed] == [("pupil", "proceedings"), ("line", "complaint")]
    assert placed[1].text["line"].hex() == line
    say(at_school, "lift-hold", f"pupil={UPN}", f"hold={placed[0].version}", "lifted_on=2026-01-01")
    say(at_school, "lift-hold", f"pupil={UPN}")
    assert at_school("record", "lift-hold", f"pupil={UPN}").code == 1
    theirs = lines_in(at_school, TEMPORARY)[0]["line"]
    assert at_school("record", "place-hold", f"pupil={UPN}", "why=inquiry", f"line={theirs}").code == 1


def test_a_letter_a_mistake_and_a_deletion_reversed_reach_the_admission_register(
    twice: School, at_school: Command
) -> None:
    line = lines_in(at_school, UPN)[0]["line"]
    where = (f"place={LAESTAB}", f"line={line}")
    letter = ("received_on=2025-09-02", "in_writing=yes", "after_day=2025-09-05", "educated_otherwise=yes")
    say(at_school, "parent-wrote-to-withdraw", *where, *letter, "reference=Letter 12")
    (wrote,) = twice.entries("ParentWroteToWithdraw")
    assert (wrote["in_writing"], wrote.text) == (True, {"reference": "Letter 12"})
    twice.leaves("Dee 2", "2025-09-01", "2025-09-02 16:00")
    say(at_school, "reverse-deletion", *where, "why=wrong_pupil", "back_on_roll_from=2025-09-02")
    say(at_school, "entered-by-mistake", *where, "reason=Entered twice")
    assert twice.roll_story("Dee Dunlin")[1][-2:] == ["DeletionReversed", "EnteredInError"]


def test_a_starting_day_is_agreed_and_the_place_not_taken_up(twice: School, at_school: Command) -> None:
    twice.leaves("Dee 2", "2025-09-05", "2025-09-05 16:00")
    agreed = ("agree-starting-day", f"place={LAESTAB}", f"pupil={UPN}", "starting_day=2026-01-05", "basis=agreed")
    line = say(at_school, *agreed, "agreed_on=2025-12-01", "admission=in_year").data["made"]
    (day,) = twice.entries("StartingDayAgreed")
    assert (day["line"].hex(), day["basis"], day["admission"]) == (line, "agreed", "in_year")
    again = at_school("record", *agreed, "agreed_on=2025-12-01", "admission=in_year")
    assert (again.code, "on record already" in again.err) == (1, True)
    where = (f"place={LAESTAB}", f"line={line[:8]}")
    mistake = at_school("record", "entered-by-mistake", *where)
    assert (mistake.code, "Nobody was entered" in mistake.err) == (1, True)
    say(at_school, "place-not-taken-up", *where, "said_on=2026-01-05", "reason=The family stayed in Leeds")
    assert twice.entries("PlaceNotTakenUp")[0]["amends"] == day.version
    assert at_school("record", "place-not-taken-up", *where).code == 1
    assert line in {one["line"] for one in lines_in(at_school, UPN)}


def test_a_place_is_succeeded_closed_and_both_undone(school: School, at_school: Command) -> None:
    school.describes_place("2025-12-20 09:00", laestab="8051299", urn="150009", name="Heron Academy")
    seam = ("old_place=8051234", "new_place=8051299", "on=2026-01-01", "kind=merger", "registers_move=yes")
    say(at_school, "succeed-place", *seam, "custody_with=8051299")
    assert "Marram School (taken over)" in at_school("status").out
    say(at_school, "undo-succession", f"place={LAESTAB}", "reason=Not before April")
    say(at_school, "close-place", f"place={LAESTAB}", "on=2026-07-17", "custody_with=8051299")
    assert "closed on Fri 17 Jul 2026" in at_school("register", LAESTAB, *WEEK).out
    assert [p["closed_on"] for p in at_school("status", "--json").data["places"]] == ["2026-07-17", None]
    say(at_school, "end-source", f"place={LAESTAB}", f"source={SIMS.hex()[:8]}", "to=2026-07-18")
    say(at_school, "undo-succession", f"place={LAESTAB}", "reason_code=other")
    assert "closed on" not in at_school("register", LAESTAB, *WEEK).out


def test_settings_policies_and_registers_not_taken_are_said_the_same_way(school: School, at_school: Command) -> None:
    school.takes("7B", MON, "08:45", Ann="/")
    say(at_school, "make-setting", "setting=nti_days", "value=20", "applies_from=2025-09-01")
    say(at_school, "adopt-policy", f"place={LAESTAB}", "policy=1", "from_day=2025-09-01", "register_open_minutes=45")
    say(at_school, "register-not-taken", f"place={LAESTAB}", "day=2025-09-02", "session=AM", "why=staff", "group=7b")
    assert [e["value_int"] for e in school.entries("SettingMade")] == [20]
    (not_taken,) = school.entries("RegisterNotTaken")
    (group,) = school.entries("GroupDescribed")
    assert not_taken["group"] == group["group"]


def test_a_simulated_ledger_is_told_the_moment_and_another_is_not(school: School, at_school: Command) -> None:
    said = at_school(
        "record",
        *("adopt-policy", f"place={LAESTAB}", "policy=1", "from_day=2025-10-01", "register_open_minutes=30"),
        *("--now", "2025-10-02 09:00"),
    )
    assert said.code == 0, said.err
    assert "Simulated ledger" in said.out
    (policy,) = school.entries("AttendancePolicyAdopted", as_at="2025-10-02 09:00")
    assert school.entries("AttendancePolicyAdopted", as_at="2025-10-02 08:59") == []
    assert policy["policy"] == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ((), "merge-identities also needs pupil, other_pupil, basis; see rollbook record merge-identities --help."),
        (("pupil",), "Write FIELD=VALUE, such as pupil=...; 'pupil' has no equals sign."),
        (("pupil=1", "pupil=2"), "pupil is said twice; say it once."),
        (("colour=blue",), "merge-identities has no field colour; it has pupil, other_pupil, basis, decided_by, by."),
        (
            (f"pupil={UPN}", f"other_pupil={TEMPORARY}", "basis=looks"),
            "basis is one of temporary_upn_replaced, duplicate_upn, school_confirms, la_matched, not 'looks'.",
        ),
    ],
)
def test_what_makes_no_sense_is_a_misuse_with_a_sentence(
    twice: School, at_school: Command, fields: tuple[str, ...], sentence: str
) -> None:
    head = twice.head
    said = at_school("record", "merge-identities", *fields)
    assert (said.code, said.err) == (2, f"rollbook: {sentence}\n")
    assert twice.head == head


@pytest.mark.parametrize(
    ("name", "fields", "part"),
    [
        ("adopt-policy", ("policy=1", "from_day=2025-02-30", "register_open_minutes=30"), "is no date"),
        ("adopt-policy", ("policy=one", "from_day=2025-09-01", "register_open_minutes=30"), "policy is a number"),
        ("adopt-policy", ("policy=1", "from_day=2025-09-01", "register_open_minutes=9000"), "register_open_minutes:"),
        (
            "adopt-policy",
            ("policy=1", "from_day=2025-09-01", "register_open_minutes=30", "names_champion=perhaps"),
            "names_champion is yes or no",
        ),
    ],
)
def test_a_value_that_cannot_be_is_a_misuse_too(
    school: School, at_school: Command, name: str, fields: tuple[str, ...], part: str
) -> None:
    said = at_school("record", name, f"place={LAESTAB}", *fields)
    assert said.code == 2
    assert part in said.err
    assert not school.entries("AttendancePolicyAdopted")


def test_a_number_that_is_refused_is_not_repeated(twice: School, at_school: Command) -> None:
    unknown = "B805200017129"
    said = at_school("record", "merge-identities", f"pupil={unknown}", f"other_pupil={UPN}", "basis=la_matched")
    assert said.code == 1
    assert unknown not in said.err + said.out
