"""What a school says of its returns becomes events of a case; said again in the same words it adds nothing."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import pytest

from domain.attendance_register.decide import line_key
from domain.authority import RULES, SETTINGS, interval_agreed, weaker, weaker_interval
from domain.case.case import Case, evolve, facts_of, stream_of
from domain.case.decide import Sent, attendance_return_closed, return_asked, return_made, sickness_belief
from domain.events import NOBODY, Event, Origin, Stored
from domain.identity import GIVES
from domain.moments import days

CASE, LINE, PLACE = b"C" * 16, b"L" * 16, b"P" * 16
MONDAY, FRIDAY = days(date(2025, 9, 1)), days(date(2025, 9, 26))
SENT = Sent(b"Ann Arrow, 1 Shore Lane", "text/plain", {"looked_after": False, "ehcp": None, "cp_plan": None})
MADE: dict[str, Any] = {
    "line": LINE,
    "place": PLACE,
    "kind": "attendance",
    "authority": b"A" * 16,
    "limb": "p7b",
    "made_on": None,
    "made_by": None,
    "channel": "portal",
    "computed_at": 101,
    "definition": b"D" * 32,
    "run_from": MONDAY,
    "run_days": 10,
    "ground": None,
    "receipt": None,
}
BELIEF: dict[str, Any] = {
    "line": LINE,
    "place": PLACE,
    "believer": None,
    "on": MONDAY,
    "limb": "consecutive_15",
    "expected_until": FRIDAY,
}
CLOSED: dict[str, Any] = {"pupils": 0, "computed_at": 101, "definition": None, "receipt": None}


def a_case(*events: Event) -> Case:
    case = Case(stream_of(CASE))
    for event in events:
        text = event.seal.text if event.seal else None
        evolve(case, Stored(case.version + 1, event.topic, event.fields, text))
    return case


def made(case: Case, **said: Any) -> list[Event]:
    return return_made(case, {**MADE, **said}, SENT, Origin(), NOBODY)


def closed(case: Case, **said: Any) -> list[Event]:
    return attendance_return_closed(case, PLACE, MONDAY, FRIDAY, {**CLOSED, **said}, Origin(), NOBODY)


def test_a_return_seals_what_was_sent_under_the_key_of_its_line_and_shows_its_hash_only() -> None:
    (event,) = made(a_case())
    assert event.seal is not None
    assert event.seal.key == line_key(PLACE, LINE)
    assert event.seal.text["content"] == SENT.content
    assert event.fields["content"] == hashlib.sha256(SENT.content).digest()
    assert SENT.content not in {value for name, value in event.fields.items() if name != "content"}
    assert (event.fields["case"], event.fields["computed_at"], event.fields["definition"]) == (CASE, 101, b"D" * 32)


def test_a_return_said_again_adds_nothing_and_with_its_receipt_it_does() -> None:
    case = a_case(*made(a_case()))
    assert made(case) == []
    assert [event.topic for event in made(case, receipt="R 17")] == ["ReturnMade"]


def test_a_period_is_closed_also_when_nobody_is_in_it() -> None:
    (event,) = closed(a_case())
    assert (event.fields["nil"], event.fields["pupils"]) == (True, 0)
    (event,) = closed(a_case(), pupils=2)
    assert (event.fields["nil"], event.fields["pupils"]) == (False, 2)


def test_of_a_period_closed_again_the_last_word_counts_so_the_first_word_again_is_new() -> None:
    case = a_case(*closed(a_case()))
    assert closed(case) == []
    case = a_case(*closed(a_case()), *closed(a_case(), pupils=1))
    assert len(closed(case)) == 1


def test_a_belief_on_other_grounds_is_another_belief() -> None:
    case = a_case(*sickness_belief(a_case(), BELIEF, "The hospital's letter.", Origin(), NOBODY))
    assert sickness_belief(case, BELIEF, "The hospital's letter.", Origin(), NOBODY) == []
    (event,) = sickness_belief(case, BELIEF, "Mother rang.", Origin(), NOBODY)
    assert event.seal is not None
    assert event.seal.key == line_key(PLACE, LINE)


def test_a_belief_without_grounds_has_nothing_sealed() -> None:
    (event,) = sickness_belief(a_case(), BELIEF, None, Origin(), NOBODY)
    assert event.seal is None


def test_an_authority_asks_once_a_day_for_a_kind() -> None:
    case = a_case(*return_asked(a_case(), PLACE, "deletion", MONDAY, Origin(), NOBODY))
    assert return_asked(case, PLACE, "deletion", MONDAY, Origin(), NOBODY) == []
    assert len(return_asked(case, PLACE, "new_pupil", MONDAY, Origin(), NOBODY)) == 1


def test_a_case_is_found_by_its_line_else_by_its_school() -> None:
    (event,) = made(a_case())
    assert [(fact.kind, fact.value, fact.id) for fact in facts_of(event.stream, event.fields)] == [
        ("case", LINE.hex(), CASE)
    ]
    (event,) = closed(a_case())
    assert [(fact.kind, fact.value, fact.id) for fact in facts_of(event.stream, event.fields)] == [
        ("case", PLACE.hex(), CASE)
    ]
    assert {"ReturnMade", "AttendanceReturnClosed", "ReturnAsked", "SicknessBeliefFormed"} <= GIVES.keys()


# --- settings


@pytest.mark.parametrize(
    ("setting", "value", "weak"),
    [
        ("attendance_return_interval_days", 31, False),
        ("attendance_return_interval_days", 32, True),
        ("sickness_prompt_sessions", 30, False),
        ("sickness_prompt_sessions", 31, True),
        ("sickness_prompt_days", 16, True),
        ("nti_unit", "weeks", False),
        ("late_minutes", 600, False),
    ],
)
def test_a_setting_that_is_weaker_than_the_rule_says_so(setting: str, value: int | str, weak: bool) -> None:
    said = weaker(setting, value)
    assert (said is not None) == weak
    assert said is None or f"at most {RULES[setting].weaker_above}" in said


def test_every_setting_says_where_it_stands_and_no_default_is_weaker_than_the_rule() -> None:
    assert len(set(SETTINGS)) == len(SETTINGS)
    for rule in RULES.values():
        assert rule.source
        assert rule.default is None or weaker(rule.name, rule.default) is None


def test_an_interval_of_a_month_is_none_too_long_and_a_term_is() -> None:
    assert weaker_interval(31) is None
    assert "32 days" in str(weaker_interval(32))
    assert "Once a term" in str(weaker_interval(None))


def test_an_interval_without_days_is_termly() -> None:
    said = {"interval_days": None, "from": MONDAY, "agreed_on": None}
    assert interval_agreed(b"A" * 16, PLACE, said, Origin(), NOBODY).fields["termly"] is True
    assert interval_agreed(b"A" * 16, PLACE, {**said, "interval_days": 28}, Origin(), NOBODY).fields["termly"] is False
