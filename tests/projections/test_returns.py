"""The return lists over facts written by hand: periods, deadlines, exceptions, what was made and what overtook it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.projections.facts_by_hand import Facts, school_days

TERM = [*school_days(date(2025, 9, 1), 40), *school_days(date(2025, 11, 3), 35), *school_days(date(2026, 1, 5), 30)]
HALF_TERMS = (
    (1, date(2025, 9, 1), date(2025, 10, 24)),
    (2, date(2025, 11, 3), date(2025, 12, 19)),
    (3, date(2026, 1, 5), date(2026, 2, 13)),
)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def database() -> Iterator[Facts]:
    made = Facts()
    yield made
    made.close()


@pytest.fixture
def facts(database: Facts) -> Facts:
    """A school with three half terms, and Ann on its roll as line 1."""
    database.clear()
    database.place(1, TERM)
    for half_term, first, last in HALF_TERMS:
        database.put("half_term", half_term_row(half_term, first, last))
    database.line(1, **entered(date(2025, 9, 1)))
    return database


def half_term_row(half_term: int, first: date, last: date) -> Row:
    said = {"place": 1, "school_year": 202526, "half_term": half_term, "from_date": first, "to_date": last}
    return {**said, "stands": 1}


def entered(on: date, **about: Any) -> Row:
    """An entry in the admission register of which the ledger heard that day."""
    usual = {"carried": 0, "imported": 0, "admission": "in_year", "from_date": on, "nc_year": 8}
    return {**usual, "entry_position": 1, "entry_recorded_on": on, **about}


def absent(facts: Facts, first: date, number: int, code: str = "O", line: int = 1) -> list[date]:
    """So many school days, morning and afternoon, with a code."""
    spell = [day for day in TERM if day >= first][:number]
    for day in spell:
        for session in (1, 2):
            facts.mark(line, day, session, code)
    return spell


def made(facts: Facts, kind: str, line: int = 1, **about: Any) -> int:
    """A return made by the school, of what is known now."""
    usual = {"kind": kind, "place": 1, "line": line, "limb": "none", "channel": "portal", "computed_at": facts.position}
    return facts.put("return_made", {**usual, **about})


def asked(facts: Facts, answer: str, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
    """The rows of an answer, made anew."""
    facts.build(answer)
    chosen = " and ".join(f"{name} = ?" for name in where) or "true"
    query = f"select {', '.join(columns)} from {answer} where {chosen} order by all"
    return facts.database.execute(query, list(where.values())).fetchall()


# --- periods


def test_without_agreement_or_setting_a_school_makes_its_return_each_calendar_month(facts: Facts) -> None:
    found = asked(facts, "return_period", "from_date", "to_date", "due_on", "basis", "weaker")
    assert found[:3] == [
        (date(2025, 9, 1), date(2025, 9, 30), date(2025, 9, 30), "month", 0),
        (date(2025, 10, 1), date(2025, 10, 31), date(2025, 10, 31), "month", 0),
        (date(2025, 11, 1), date(2025, 11, 30), date(2025, 11, 30), "month", 0),
    ]


def test_a_setting_rules_where_nothing_was_agreed_and_says_when_it_is_weaker(facts: Facts) -> None:
    setting = {"setting": "attendance_return_interval_days", "value_int": 35, "applies_from": date(2025, 9, 1)}
    facts.put("setting", setting)
    found = asked(facts, "return_period", "from_date", "to_date", "basis", "interval_days", "weaker")
    assert found[:2] == [
        (date(2025, 9, 1), date(2025, 10, 5), "setting", 35, 1),
        (date(2025, 10, 6), date(2025, 11, 9), "setting", 35, 1),
    ]


def test_what_was_agreed_with_a_school_goes_before_the_setting_and_once_a_term_is_weaker(facts: Facts) -> None:
    facts.put(
        "setting", {"setting": "attendance_return_interval_days", "value_int": 28, "applies_from": date(2025, 9, 1)}
    )
    facts.put("return_interval", {"place": 1, "interval_days": None, "termly": 1, "from_date": date(2025, 9, 1)})
    found = asked(facts, "return_period", "from_date", "to_date", "basis", "weaker")
    assert found == [
        (date(2025, 9, 1), date(2025, 12, 19), "agreed_term", 1),
        (date(2025, 12, 20), date(2026, 2, 13), "agreed_term", 1),
    ]


def test_an_agreement_in_mid_month_ends_the_month_before_it(facts: Facts) -> None:
    facts.put("return_interval", {"place": 1, "interval_days": 14, "termly": 0, "from_date": date(2025, 9, 16)})
    found = asked(facts, "return_period", "from_date", "to_date", "basis", "weaker")
    assert found[:3] == [
        (date(2025, 9, 1), date(2025, 9, 15), "month", 0),
        (date(2025, 9, 16), date(2025, 9, 29), "agreed", 0),
        (date(2025, 9, 30), date(2025, 10, 13), "agreed", 0),
    ]


def test_of_an_agreement_said_again_the_last_word_counts(facts: Facts) -> None:
    for days in (14, 7):
        facts.put("return_interval", {"place": 1, "interval_days": days, "termly": 0, "from_date": date(2025, 9, 1)})
    assert asked(facts, "return_period", "to_date")[:2] == [(date(2025, 9, 7),), (date(2025, 9, 14),)]


def test_a_return_that_was_closed_early_ends_its_period_and_the_next_begins_the_day_after(facts: Facts) -> None:
    closing = {"place": 1, "from_date": date(2025, 9, 1), "to_date": date(2025, 9, 26), "pupils": 0, "nil": 1}
    at = facts.put("attendance_return_closed", closing)
    found = asked(facts, "return_period", "from_date", "to_date", "due_on", "closed_position", "nil")
    assert found[:2] == [
        (date(2025, 9, 1), date(2025, 9, 26), date(2025, 9, 30), at, 1),
        (date(2025, 9, 27), date(2025, 10, 31), date(2025, 10, 31), None, None),
    ]


def test_a_period_closed_again_shows_the_last_count(facts: Facts) -> None:
    for pupils in (2, 3):
        closing = {"place": 1, "from_date": date(2025, 9, 1), "to_date": date(2025, 9, 30), "pupils": pupils, "nil": 0}
        facts.put("attendance_return_closed", closing)
    assert asked(facts, "return_period", "pupils", to_date=date(2025, 9, 30)) == [(3,)]


# --- attendance


def test_one_unauthorised_session_puts_a_pupil_into_the_return_of_its_month(facts: Facts) -> None:
    facts.mark(1, date(2025, 9, 10), 2, "U")
    found = asked(
        facts, "return_attendance", "limb", "run_from", "school_days", "sessions", "due_on", "needed", "made_position"
    )
    assert found == [("p7a", date(2025, 9, 10), 1, 1, date(2025, 9, 30), 1, None)]


@pytest.mark.parametrize("code", ["D", "K", "V", "B", "P", "W", "I", "C2", "/", "X"])
def test_no_other_code_is_a_failure_to_attend_regularly(facts: Facts, code: str) -> None:
    facts.mark(1, date(2025, 9, 10), 1, code)
    assert asked(facts, "return_attendance", "limb") == []


def test_each_month_with_an_unauthorised_absence_has_a_row_and_the_run_has_one_where_its_tenth_day_lies(
    facts: Facts,
) -> None:
    absent(facts, date(2025, 9, 22), 12)
    found = asked(facts, "return_attendance", "limb", "run_from", "school_days", "period_to")
    assert found == [
        ("p7a", date(2025, 9, 22), 7, date(2025, 9, 30)),
        ("p7a", date(2025, 10, 1), 5, date(2025, 10, 31)),
        ("p7b", date(2025, 9, 22), 12, date(2025, 10, 31)),
    ]


def test_pupils_who_board_or_are_not_of_compulsory_school_age_are_in_no_attendance_return(facts: Facts) -> None:
    facts.line(2, **entered(date(2025, 9, 1), csa_from=date(2010, 8, 31), csa_until=date(2025, 6, 27)))
    facts.line(3, **entered(date(2025, 9, 1)))
    facts.put("boarding", {"line": 3, "from_date": date(2025, 9, 1), "boarder": 1})
    for line in (2, 3):
        absent(facts, date(2025, 9, 8), 10, line=line)
    assert asked(facts, "return_attendance", "line", needed=1) == []


def test_a_pupil_without_a_birth_date_is_listed_and_the_row_says_so(facts: Facts) -> None:
    facts.line(2, **entered(date(2025, 9, 1), csa_from=None, csa_until=None))
    facts.mark(2, date(2025, 9, 10), 1, "O")
    assert asked(facts, "return_attendance", "csa", "needed") == [("unknown", 1)]


def run_returned(facts: Facts) -> int:
    """Ten days O from 8 September, and the return made of them."""
    absent(facts, date(2025, 9, 8), 10)
    return made(facts, "attendance", limb="p7b", run_from=date(2025, 9, 8), run_days=10)


def test_a_return_that_was_made_shows_with_its_run_and_stands_while_the_run_only_grows(facts: Facts) -> None:
    at = run_returned(facts)
    absent(facts, date(2025, 9, 22), 2)
    row = ("limb", "school_days", "made_position", "made_days", "superseded")
    assert asked(facts, "return_attendance", *row, limb="p7b") == [("p7b", 12, at, 10, 0)]


def test_an_amendment_that_shortens_the_run_supersedes_the_return(facts: Facts) -> None:
    absent(facts, date(2025, 9, 8), 12)
    at = made(facts, "attendance", limb="p7b", run_from=date(2025, 9, 8), run_days=12)
    facts.mark(1, date(2025, 9, 23), 1, "I", "amendment")
    row = ("run_from", "school_days", "made_position", "superseded")
    assert asked(facts, "return_attendance", *row, limb="p7b") == [(date(2025, 9, 8), 11, at, 1)]


def test_an_amendment_that_undoes_the_run_leaves_the_return_listed_as_superseded(facts: Facts) -> None:
    at = run_returned(facts)
    facts.mark(1, date(2025, 9, 10), 1, "I", "amendment")
    row = ("run_from", "school_days", "needed", "due_on", "made_position", "superseded")
    assert asked(facts, "return_attendance", *row, limb="p7b") == [(date(2025, 9, 8), 0, 0, None, at, 1)]


def test_a_run_is_returned_once_and_a_new_run_is_another(facts: Facts) -> None:
    at = run_returned(facts)
    absent(facts, date(2025, 9, 24), 10)
    row = ("run_from", "made_position")
    assert asked(facts, "return_attendance", *row, limb="p7b") == [(date(2025, 9, 8), at), (date(2025, 9, 24), None)]


def test_a_run_returned_before_its_first_day_was_amended_is_still_the_same_absence(facts: Facts) -> None:
    absent(facts, date(2025, 9, 8), 12)
    at = made(facts, "attendance", limb="p7b", run_from=date(2025, 9, 8), run_days=12)
    facts.mark(1, date(2025, 9, 8), 1, "I", "amendment")
    row = ("run_from", "made_position", "superseded")
    assert asked(facts, "return_attendance", *row, limb="p7b") == [(date(2025, 9, 9), at, 1)]


def test_a_return_for_last_month_is_none_for_this_month(facts: Facts) -> None:
    for day in (date(2025, 9, 10), date(2025, 10, 8)):
        facts.mark(1, day, 1, "O")
    at = made(facts, "attendance", limb="p7a", run_from=date(2025, 9, 10), run_days=1)
    row = ("period_to", "made_position")
    assert asked(facts, "return_attendance", *row) == [(date(2025, 9, 30), at), (date(2025, 10, 31), None)]


def test_an_absence_keyed_late_into_a_closed_period_is_listed_with_the_closing(facts: Facts) -> None:
    closing = {"place": 1, "from_date": date(2025, 9, 1), "to_date": date(2025, 9, 30), "pupils": 0, "nil": 1}
    at = facts.put("attendance_return_closed", closing)
    facts.mark(1, date(2025, 9, 29), 1, "O")
    assert asked(facts, "return_attendance", "closed_position", "needed", "made_position") == [(at, 1, None)]


def test_a_return_that_nothing_called_for_is_listed_and_supersedes_nothing(facts: Facts) -> None:
    at = made(facts, "attendance")
    assert asked(facts, "return_attendance", "limb", "needed", "made_position", "superseded") == [("none", 0, at, 0)]


# --- new pupil


NEW = ("entry_day", "entry_day_by", "due_on", "exception", "needed")


def new_pupil(facts: Facts, on: date, **about: Any) -> tuple[Any, ...]:
    """What the list says of an entry of which the ledger heard that day."""
    facts.line(2, **entered(on, **about))
    (row,) = asked(facts, "return_new_pupil", *NEW, line=2)
    return row


def test_an_entry_is_due_at_the_end_of_the_fifth_day_after_it_weekends_counted(facts: Facts) -> None:
    assert new_pupil(facts, date(2025, 10, 2)) == (date(2025, 10, 2), "recorded", date(2025, 10, 7), "none", 1)


def test_the_day_of_entry_is_the_schools_word_unless_it_lies_after_the_ledger_heard_of_it(facts: Facts) -> None:
    said = new_pupil(facts, date(2025, 10, 6), from_date=date(2025, 10, 2), entered_on=date(2025, 10, 3))
    assert said[:3] == (date(2025, 10, 3), "said", date(2025, 10, 8))
    said = new_pupil(facts, date(2025, 10, 6), from_date=date(2025, 10, 2), entered_on=date(2025, 10, 9))
    assert said[:3] == (date(2025, 10, 6), "recorded", date(2025, 10, 11))


def test_an_entry_told_beforehand_counts_from_the_starting_day(facts: Facts) -> None:
    said = new_pupil(facts, date(2025, 10, 6), from_date=date(2025, 10, 13))
    assert said[:3] == (date(2025, 10, 13), "starting_day", date(2025, 10, 18))


def test_a_pupil_of_the_junior_class_on_the_first_day_needs_no_return_unless_the_authority_asked(facts: Facts) -> None:
    first = date(2025, 9, 1)
    assert new_pupil(facts, first, junior_class_first_day=1)[3:] == ("junior_class", 0)
    facts.put("return_asked", {"place": 1, "kind": "new_pupil", "asked_on": date(2025, 9, 2)})
    assert new_pupil(facts, first, junior_class_first_day=1)[3:] == ("junior_class", 0), "asked after the entry"
    facts.put("return_asked", {"place": 1, "kind": "new_pupil", "asked_on": date(2025, 8, 30)})
    assert new_pupil(facts, first, junior_class_first_day=1)[3:] == ("asked", 1)


def test_where_the_school_does_not_say_that_it_is_the_junior_class_the_return_is_listed_with_the_doubt(
    facts: Facts,
) -> None:
    assert new_pupil(facts, date(2025, 9, 1), nc_year=7)[3:] == ("junior_class_not_said", 1)
    assert new_pupil(facts, date(2025, 9, 1), nc_year=9)[3:] == ("none", 1)
    assert new_pupil(facts, date(2025, 9, 1), nc_year=7, junior_class_first_day=0)[3:] == ("none", 1)


@pytest.mark.parametrize(
    ("about", "exception"),
    [
        ({"imported": 1}, "imported"),
        ({"admission": "transferred_on_succession"}, "succession"),
        ({"from_date": date(2024, 9, 2)}, "before_ledger"),
    ],
)
def test_who_was_entered_elsewhere_or_before_the_ledger_needs_no_return_here(
    facts: Facts, about: Row, exception: str
) -> None:
    assert new_pupil(facts, date(2025, 9, 3), **about)[3:] == (exception, 0)


@pytest.mark.parametrize("about", [{"carried": 1}, {"guest": 1, "on_roll": 0}, {"entered": 0, "on_roll": 0}])
def test_a_new_school_year_a_guest_and_an_agreed_place_are_no_entries(facts: Facts, about: Row) -> None:
    facts.line(2, **entered(date(2025, 9, 3), **about))
    assert asked(facts, "return_new_pupil", "line", line=2) == []


def test_an_entry_amended_after_its_return_supersedes_it_and_other_news_of_the_line_does_not(facts: Facts) -> None:
    on = date(2025, 10, 2)
    facts.line(2, **entered(on))
    at = made(facts, "new_pupil", 2)
    facts.line(2, **entered(on), leaving_on=date(2026, 7, 1))
    assert asked(facts, "return_new_pupil", "made_position", "superseded", line=2) == [(at, 0)]
    facts.line(2, **entered(on, from_date=date(2025, 10, 1)))
    assert asked(facts, "return_new_pupil", "made_position", "superseded", line=2) == [(at, 1)]
    facts.line(2, **entered(on), in_error=1, on_roll=0)
    assert asked(facts, "return_new_pupil", "exception", "needed", "superseded", line=2) == [("in_error", 0, 1)]


# --- deletion


GONE = ("due_on", "ground", "exception", "needed")


def deleted(facts: Facts, on: date, ground: str = "r9_1g", **about: Any) -> list[tuple[Any, ...]]:
    facts.line(2, **entered(date(2025, 9, 1)), **deletion(on, ground), **about)
    return asked(facts, "return_deletion", *GONE, line=2)


def final_term(facts: Facts) -> date:
    """The calendar knows of the last half term too; its last school day."""
    facts.put("half_term", half_term_row(6, date(2026, 6, 1), date(2026, 7, 17)))
    *_, end = days = list(school_days(date(2026, 6, 1), 35))
    facts.place(1, days)
    return end


def deletion(on: date, ground: str) -> Row:
    return {"to_date": on, "deletion_position": 9, "deletion_recorded_on": on, "ground": ground}


def test_a_deletion_is_due_on_its_day_with_its_ground(facts: Facts) -> None:
    on = date(2025, 10, 2)
    assert deleted(facts, on) == [(on, "r9_1g", "none", 1)]


def test_a_deletion_counts_whatever_the_age(facts: Facts) -> None:
    on = date(2025, 10, 2)
    assert deleted(facts, on, "r9_3a", csa_until=date(2025, 6, 27)) == [(on, "r9_3a", "none", 1)]


def test_the_senior_class_at_the_end_of_the_final_term_needs_no_return_unless_asked(facts: Facts) -> None:
    end = final_term(facts)
    assert deleted(facts, end, "r9_1l") == [(None, "r9_1l", "senior_class", 0)]
    assert deleted(facts, end - timedelta(days=1), "r9_1l")[0][2:] == ("none", 1)
    facts.put("return_asked", {"place": 1, "kind": "deletion", "asked_on": date(2026, 1, 5)})
    assert deleted(facts, end, "r9_1l") == [(end, "r9_1l", "asked", 1)]


def test_the_last_day_of_which_the_calendar_knows_is_no_end_of_the_final_term(facts: Facts) -> None:
    assert deleted(facts, TERM[-1], "r9_1f")[0][2:] == ("none", 1)


def test_a_younger_class_at_the_end_of_the_final_term_does(facts: Facts) -> None:
    facts.line(3, **entered(date(2025, 9, 1), nc_year=11))
    assert deleted(facts, final_term(facts), "r9_1a")[0][2:] == ("none", 1)


def test_a_deletion_that_was_reversed_or_has_another_ground_supersedes_its_return(facts: Facts) -> None:
    on = date(2025, 10, 2)
    facts.line(2, **entered(date(2025, 9, 1)), **deletion(on, "r9_1g"))
    at = made(facts, "deletion", 2, ground="r9_1g")
    row = ("needed", "made_position", "made_ground", "superseded")
    assert asked(facts, "return_deletion", *row, line=2) == [(1, at, "r9_1g", 0)]
    facts.line(2, **entered(date(2025, 9, 1)), **deletion(on, "r9_1a"))
    assert asked(facts, "return_deletion", *row, line=2) == [(1, at, "r9_1g", 1)]
    facts.line(2, **entered(date(2025, 9, 1)))
    assert asked(facts, "return_deletion", *row, line=2) == [(0, at, "r9_1g", 1)]


# --- sickness


SICK = ("limb", "run_from", "sessions", "school_days", "prompted_on", "needed")


def test_the_fifteenth_day_or_the_thirtieth_session_prompts_whichever_comes_first(facts: Facts) -> None:
    spell = absent(facts, date(2025, 9, 8), 14, "I")
    assert asked(facts, "return_sickness", *SICK) == []
    facts.mark(1, date(2025, 10, 1), 1, "I")
    assert asked(facts, "return_sickness", *SICK) == [
        ("p9_total", date(2025, 10, 1), 29, 15, date(2025, 10, 1), 0),
    ]
    assert spell[-1] < date(2025, 10, 1)


def test_fifteen_half_days_are_fifteen_days_and_prompt_by_days_before_sessions_do(facts: Facts) -> None:
    for day in TERM[:15]:
        facts.mark(1, day, 1, "I")
    found = asked(facts, "return_sickness", *SICK)
    assert found == [
        ("p9_consecutive", TERM[0], 15, 15, TERM[14], 0),
        ("p9_total", TERM[0], 15, 15, TERM[14], 0),
    ]


def test_a_prompt_by_settings_that_are_weaker_says_so(facts: Facts) -> None:
    for name, value in (("sickness_prompt_days", 20), ("sickness_prompt_sessions", 40)):
        facts.put("setting", {"setting": name, "value_int": value, "applies_from": date(2025, 9, 1)})
    absent(facts, date(2025, 9, 8), 15, "I")
    assert asked(facts, "return_sickness", "limb") == []
    absent(facts, date(2025, 9, 29), 5, "I")
    assert asked(facts, "return_sickness", "limb", "prompted_on", "weaker") == [
        ("p9_consecutive", date(2025, 10, 3), 1),
        ("p9_total", date(2025, 10, 3), 1),
    ]


def believes(facts: Facts, on: date, until: date | None = None, limb: str = "consecutive_15") -> int:
    return facts.put("sickness_belief", {"place": 1, "line": 1, "on_date": on, "limb": limb, "expected_until": until})


def test_a_belief_on_the_first_day_of_sickness_calls_for_the_return_at_once(facts: Facts) -> None:
    absent(facts, date(2025, 9, 8), 1, "I")
    believes(facts, date(2025, 9, 8), date(2025, 10, 10))
    row = ("limb", "run_from", "prompt", "due_on", "needed")
    assert asked(facts, "return_sickness", *row) == [
        ("p9_consecutive", date(2025, 9, 8), 0, date(2025, 9, 8), 1),
    ]


def test_a_belief_before_the_operation_is_due_with_the_first_i_and_before_that_calls_for_nothing(facts: Facts) -> None:
    believes(facts, date(2025, 9, 8), date(2025, 10, 10))
    assert asked(facts, "return_sickness", "run_from", "due_on", "needed") == [(date(2025, 9, 8), None, 0)]
    absent(facts, date(2025, 9, 15), 2, "I")
    assert asked(facts, "return_sickness", "run_from", "due_on", "needed") == [
        (date(2025, 9, 15), date(2025, 9, 15), 1),
    ]


def test_an_i_that_was_amended_away_takes_the_duty_with_it(facts: Facts) -> None:
    (day,) = absent(facts, date(2025, 9, 8), 1, "I")
    believes(facts, day)
    for session in (1, 2):
        facts.mark(1, day, session, "O", "amendment")
    assert asked(facts, "return_sickness", "needed", "due_on") == [(0, None)]


def test_one_return_serves_one_continuous_absence_and_the_next_one_needs_its_own(facts: Facts) -> None:
    absent(facts, date(2025, 9, 8), 15, "I")
    at = made(facts, "sickness", limb="p9_total", run_from=date(2025, 9, 8), run_days=15)
    absent(facts, date(2025, 11, 10), 2, "I")
    row = ("run_from", "limb", "made_position", "superseded")
    assert asked(facts, "return_sickness", *row) == [
        (date(2025, 9, 8), "p9_consecutive", at, 0),
        (date(2025, 9, 8), "p9_total", at, 0),
        (date(2025, 11, 10), "p9_total", None, 0),
    ]


def test_a_sickness_return_whose_days_were_amended_away_is_listed_as_superseded(facts: Facts) -> None:
    spell = absent(facts, date(2025, 9, 8), 15, "I")
    at = made(facts, "sickness", limb="p9_total", run_from=date(2025, 9, 8), run_days=15)
    for day in spell:
        for session in (1, 2):
            facts.mark(1, day, session, "O", "amendment")
    row = ("limb", "run_from", "needed", "made_position", "superseded")
    assert asked(facts, "return_sickness", *row) == [("p9_total", date(2025, 9, 8), 0, at, 1)]


def test_who_is_over_compulsory_school_age_is_in_no_sickness_return(facts: Facts) -> None:
    facts.line(2, **entered(date(2025, 9, 1), csa_from=date(2010, 8, 31), csa_until=date(2025, 6, 27)))
    absent(facts, date(2025, 9, 8), 20, "I", line=2)
    assert asked(facts, "return_sickness", "limb") == []


# --- due


def on_day(facts: Facts, today: date) -> None:
    facts.database.execute("delete from asked")
    facts.put(
        "asked", {"position": facts.position, "moment": datetime.combine(today, datetime.min.time()), "today": today}
    )


def test_a_return_is_overdue_from_the_day_after_it_was_due_until_it_is_made(facts: Facts) -> None:
    facts.mark(1, date(2025, 9, 10), 1, "O")
    row = ("kind", "overdue")
    on_day(facts, date(2025, 9, 30))
    assert asked(facts, "return_due", *row, kind="attendance") == [("attendance", 0)]
    on_day(facts, date(2025, 10, 1))
    assert asked(facts, "return_due", *row, kind="attendance") == [("attendance", 1)]
    made(facts, "attendance", limb="p7a", run_from=date(2025, 9, 10), run_days=1)
    assert asked(facts, "return_due", *row, kind="attendance") == [("attendance", 0)]


def test_a_period_that_nobody_closed_is_overdue_also_when_nobody_is_in_it(facts: Facts) -> None:
    on_day(facts, date(2025, 10, 1))
    found = asked(facts, "return_period_due", "to_date", "overdue")
    assert found == [(date(2025, 9, 30), 1), (date(2025, 10, 31), 0)]
