"""Which answers which entries reach: a table with a row for every answer, held against what really happens.

Each group of entries is put, alone, into the same small world: ordinary ones, and ones that do not count, each for one
reason. The table says which groups change an answer, and which leave it as it was. An answer without its row fails, and
so does one that forgets a rule: it is changed by what its row does not name, or not by what its row names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

import pytest

from projections.answers import every
from tests.projections.facts_by_hand import Facts, mark_row, school_days

FIRST = date(2026, 2, 2)
DAYS = list(school_days(FIRST, 45))
"""School days of place 1, up to Easter; then it is closed for as many, and meets again in June."""
CLOSED = list(school_days(date(2026, 4, 6), 32))
JUNE = list(school_days(date(2026, 6, 1), 32))
TODAY = date(2026, 8, 31)


def line(number: int, **about: Any) -> dict[str, Any]:
    return {"line": number, "age_31_aug": 10, "carried": 0, "from_date": date(2025, 9, 1), "nc_year": 5, **about}


LINES: Final[Mapping[str, tuple[dict[str, Any], list[date]]]] = {
    "ordinary": (line(1), DAYS),
    "unmapped": (line(2), DAYS),
    "no_mark": (line(3), DAYS),
    "off_roll": (line(4, to_date=FIRST - timedelta(1)), DAYS),
    "guest": (line(5, guest=1, on_roll=0), DAYS),
    "boarder": (line(6), DAYS),
    "not_held": (line(7), CLOSED),
    "no_calendar": (line(8, place=2), DAYS),
    "not_of_age": (line(9, csa_from=date(2026, 8, 31)), DAYS),
    "age": (line(10, age_31_aug=4), DAYS),
    "late_joiner": (line(11, from_date=date(2026, 5, 27)), JUNE),
    "year_11": (line(12, age_31_aug=15), JUNE),
}
"""Each group: the line whose entries it is, and their days."""
NOTHING = ""
"""No entry changes it."""
COUNTED = "ordinary no_calendar not_of_age age late_joiner year_11"
"""What counts (`counted_entry`)."""
PUBLISHED = "ordinary no_calendar not_of_age"
"""What counts in published figures (`published_line`)."""
BY_CALENDAR = "ordinary not_of_age age late_joiner year_11"
"""What counts, on days of which a calendar was told: where the law counts school days."""
OF_AGE = "ordinary age late_joiner year_11"
"""Of that, the days of compulsory school age."""
LEFT_OUT = "unmapped no_mark off_roll guest boarder not_held"
STANDING = f"{LEFT_OUT} {COUNTED}"
"""Whatever stands in a register: it is shown as it is, counted or not."""
CODES = "ordinary off_roll guest boarder not_held no_calendar not_of_age age late_joiner year_11"
"""The same, where the codes that a group cannot have are asked for (amendments, D)."""
SESSIONS = "ordinary unmapped no_mark off_roll guest boarder not_of_age age late_joiner year_11"
"""Whose register was taken, in a session that was held: whoever is marked in it."""

CHANGED_BY: Final[Mapping[str, str]] = {
    # Counts and figures.
    "attendance_code": COUNTED,
    "attendance_place_week": COUNTED,
    "attendance_place_week (statistical)": PUBLISHED,
    "attendance_sum": COUNTED,
    "attendance_year": COUNTED,
    "attendance_year (statistical)": PUBLISHED,
    "absence_by_characteristic": COUNTED,
    "absence_by_characteristic (statistical)": PUBLISHED,
    "absence_total": COUNTED,
    "absence_total (statistical)": PUBLISHED,
    "absence_year": COUNTED,
    "absence_year (statistical)": PUBLISHED,
    "persistent_absence": COUNTED,
    "persistent_absence (statistical)": PUBLISHED,
    "since_session": COUNTED,
    "since_session (statistical)": PUBLISHED,
    "since_week": COUNTED,
    "since_week (statistical)": PUBLISHED,
    "relevant_entry": COUNTED,
    "unresolved_n": COUNTED,  # of no calendar too: it says that it knows no deadline
    # Runs, thresholds, N and sickness.
    "absence_day": BY_CALENDAR,
    "absence_run": BY_CALENDAR,
    "n_resolved_late": BY_CALENDAR,
    "overdue_n": BY_CALENDAR,
    "sick_day": BY_CALENDAR,
    "penalty": OF_AGE,
    "penalty_known": OF_AGE,
    "penalty_step": OF_AGE,
    "penalty_threshold": OF_AGE,
    "return_attendance": OF_AGE,
    "return_due": OF_AGE,
    "return_sickness": OF_AGE,
    # What stands, and what is odd about it.
    "attendance_week": STANDING,
    "counted_entry": STANDING,
    "entry_cause": STANDING,
    "entry_message": STANDING,
    "label": STANDING,
    "label_count": STANDING,
    "left_out": STANDING,  # with what was amended, of whomever
    "left_out (statistical)": "age late_joiner year_11",
    "register": STANDING,
    "session_entries": STANDING,
    "amendment_summary": CODES,
    "amendments": CODES,
    "dual_registration": CODES,
    "label_amendment": CODES,
    "mark_history": CODES,
    "watched_entry": CODES,
    "entry_off_roll": "off_roll guest",
    "label_mark": LEFT_OUT,
    "label_session": "no_calendar",
    "register_gap": SESSIONS,
    "register_missing": SESSIONS,
    "unmarked_session": SESSIONS,
    "relevant_change": f"boarder not_held {COUNTED}",  # steps of the register; penalty_step says which count
    # What no entry of a register changes.
    **dict.fromkeys(
        "arrangement_now boarder_spell bulk_change bulk_n_to_o calendar calendar_place chain_day chain_week"
        " characteristic_now child counted_day expected expected_unseen half_term_day label_arrangement label_foreseen"
        " label_gone_upstream label_line label_main_twice label_message label_number label_place label_placed"
        " label_y4_missing line_now nobody_looking number_finding place_day place_now published_line register_chain"
        " return_deletion return_known return_new_pupil return_period return_period_due roll roll_day school_day"
        " sickness_known term_date watched_line".split(),
        NOTHING,
    ),
}


def codes(group: str) -> Iterator[tuple[int, str]]:
    """By day: absent twelve days, an N that is amended late, an N, a D, and sick to the end."""
    for n in range(32):
        code = "O" if n < 12 else "N" if n in (12, 13) else "D" if n == 14 else "I"
        yield n, {"unmapped": "", "no_mark": "Z"}.get(group, code)


def world(facts: Facts, group: str | None) -> None:
    """The places, their calendars and lines, and the entries of one group."""
    facts.clear()
    facts.place(1, [*DAYS, *JUNE], phase="primary", la_code="805")
    facts.put("place", {"place": 2, "boarding": "none", "phase": "primary", "la_code": "805"})
    facts.put(
        "school_session",
        *(
            {"place": 1, "session_date": day, "session": s, "status": "planned_closure"}
            for day in CLOSED
            for s in (1, 2)
        ),
    )
    term = {"place": 1, "school_year": 202526, "stands": 1}
    for half_term, first, last in ((3, DAYS[0], DAYS[-1]), (6, JUNE[0], JUNE[-1])):
        facts.put("half_term", {**term, "half_term": half_term, "from_date": first, "to_date": last})
    for about, _ in LINES.values():
        facts.line(about["line"], **{name: value for name, value in about.items() if name != "line"})
        facts.put("characteristic", {"line": about["line"], "kind": "fsm", "value": "yes"})
    facts.put("boarding", {"line": 6, "from_date": date(2025, 9, 1), "boarder": 1})
    if group is not None:
        about, days = LINES[group]
        place = about.get("place", 1)
        rows = [mark_row(about["line"], days[n], s, code, "mark", place) for n, code in codes(group) for s in (1, 2)]
        facts.put("mark", *rows)
        if group not in ("unmapped", "no_mark"):
            late = mark_row(about["line"], days[12], 1, "O", "amendment", place)
            at = facts.put("mark", {**late, "recorded_on": TODAY})
            said = {"place": place, "session_date": days[12], "session": 1, "line": about["line"], "kind": "amendment"}
            more = {"original": "N", "new": "O", "recorded_on": TODAY, "position": at}
            facts.put("change", {**said, **more})
    facts.put("asked", {"position": facts.position, "today": TODAY})


def told(facts: Facts) -> dict[str, list[tuple[Any, ...]]]:
    """Every answer's rows; of those with a cohort the statistical ones apart."""
    facts.build(*every())
    found = {}
    for name, answer in every().items():
        rows = sorted(facts.ask(f"select * from {name}"), key=repr)
        if "cohort" in answer.columns:
            at = list(answer.columns).index("cohort")
            found[f"{name} (statistical)"] = [row for row in rows if row[at] == "statistical"]
            rows = [row for row in rows if row[at] != "statistical"]
        found[name] = rows
    return found


@pytest.fixture(scope="module")
def changed_by() -> dict[str, set[str]]:
    """By answer: the groups whose entries change it."""
    facts = Facts()
    world(facts, None)
    before = told(facts)
    found: dict[str, set[str]] = {name: set() for name in before}
    for group in LINES:
        world(facts, group)
        for name, rows in told(facts).items():
            if rows != before[name]:
                found[name].add(group)
    facts.close()
    return found


def test_every_answer_has_its_row_and_no_row_is_of_another() -> None:
    assert {name.split(" ")[0] for name in CHANGED_BY} == set(every())


def test_every_answer_is_changed_by_the_entries_that_its_row_names_and_by_no_others(
    changed_by: dict[str, set[str]],
) -> None:
    assert {
        name: groups for name, groups in changed_by.items() if groups != set(CHANGED_BY.get(name, "").split())
    } == {}
