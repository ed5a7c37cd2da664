"""What a signed-in person tells the ledger directly, and what it refuses with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from domain.ledger.commands import (
    AdoptPolicy,
    Done,
    EnteredByMistake,
    MakeSetting,
    Refused,
    RegisterNotTaken,
    ReverseDeletion,
    SucceedPlace,
    carry_out,
)
from domain.moments import days
from tests.making import School

NOWHERE = b"?" * 16


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    ready = School.ready(tmp_path)
    yield ready
    ready.close()


@pytest.fixture
def place(school: School) -> bytes:
    found: bytes = school.entries("PlaceDescribed")[0]["place"]
    return found


def line_of(school: School, name: str) -> bytes:
    found: bytes = school.lines(name)[0][0]["line"]
    return found


def test_a_policy_is_adopted_and_its_link_is_sealed(school: School, place: bytes) -> None:
    done = carry_out(
        school.ledger,
        AdoptPolicy(place=place, policy=1, from_day=date(2025, 9, 1), register_open_minutes=45, link="intranet/7"),
    )
    assert isinstance(done, Done)
    [policy] = school.entries("AttendancePolicyAdopted")
    assert policy["register_open_minutes"] == 45
    assert b"intranet" not in policy["sealed"]


def test_a_policy_for_a_place_that_is_not_in_the_ledger_is_refused(school: School) -> None:
    refused = carry_out(
        school.ledger, AdoptPolicy(place=NOWHERE, policy=1, from_day=date(2025, 9, 1), register_open_minutes=30)
    )
    assert isinstance(refused, Refused)
    assert "no such place" in refused.sentence
    assert not school.entries("AttendancePolicyAdopted")


def test_a_setting_is_kept_with_the_day_from_which_it_applies(school: School) -> None:
    carry_out(school.ledger, MakeSetting(setting="nti_days", value=20, applies_from=date(2025, 9, 1)))
    carry_out(school.ledger, MakeSetting(setting="nti_days", value=30, applies_from=date(2026, 1, 1)))
    made = school.entries("SettingMade")
    assert [(s["value_int"], s["applies_from"]) for s in made] == [
        (20, days(date(2025, 9, 1))),
        (30, days(date(2026, 1, 1))),
    ]


def test_a_setting_that_no_answer_reads_is_refused_by_name(school: School) -> None:
    refused = carry_out(school.ledger, MakeSetting(setting="colour", value="blue", applies_from=date(2025, 9, 1)))
    assert isinstance(refused, Refused)
    assert "colour" in refused.sentence


def test_a_deletion_is_reversed_and_stays_in_the_register(school: School, place: bytes) -> None:
    school.leaves("Ann", on="2025-09-12", at="2025-09-12 15:00")
    done = carry_out(
        school.ledger,
        ReverseDeletion(
            place=place,
            line=line_of(school, "Ann"),
            why="tribunal_order",
            back_on_roll_from=date(2025, 10, 1),
            reason="order of 30 September",
        ),
    )
    assert isinstance(done, Done)
    topics = [entry.topic for entry in school.lines("Ann")[0]]
    assert topics[-2:] == ["PupilDeleted", "DeletionReversed"]


def test_there_is_no_deletion_to_reverse_for_a_pupil_on_the_roll(school: School, place: bytes) -> None:
    command = ReverseDeletion(
        place=place, line=line_of(school, "Ben"), why="wrong_pupil", back_on_roll_from=date(2025, 10, 1)
    )
    assert isinstance(carry_out(school.ledger, command), Refused)


def test_an_entry_made_by_mistake_stays_and_says_so(school: School, place: bytes) -> None:
    carry_out(school.ledger, EnteredByMistake(place=place, line=line_of(school, "Cal"), reason="entered twice"))
    entered, *_, mistake = school.lines("Cal")[0]
    assert (entered.topic, mistake.topic) == ("PupilEntered", "EnteredInError")
    assert mistake["amends"] == entered.version


def test_an_entry_on_no_line_cannot_have_been_a_mistake(school: School, place: bytes) -> None:
    assert isinstance(carry_out(school.ledger, EnteredByMistake(place=place, line=NOWHERE)), Refused)


def test_a_register_that_was_not_taken_says_why_and_later_takings_follow_it(school: School, place: bytes) -> None:
    command = RegisterNotTaken(place=place, day=date(2025, 9, 2), session="AM", why="system_down", text="server room")
    carry_out(school.ledger, command)
    school.takes("7B", "2025-09-02 AM", at="13:00", Ann="/")
    topics = [entry.topic for entry in school.session("2025-09-02 AM")]
    assert topics == ["RegisterOpened", "RegisterNotTaken", "EntriesReceived", "MarkRecorded"]


def test_a_succession_needs_both_places(school: School, place: bytes) -> None:
    command = SucceedPlace(
        old_place=place,
        new_place=NOWHERE,
        on=date(2026, 1, 1),
        kind="merger",
        registers_move=True,
        custody_with=place,
    )
    assert isinstance(carry_out(school.ledger, command), Refused)


def test_a_command_with_an_unknown_member_is_not_a_command() -> None:
    with pytest.raises(ValidationError):
        MakeSetting.model_validate({"setting": "nti_days", "value": 1, "applies_from": date(2025, 9, 1), "secret": 1})
