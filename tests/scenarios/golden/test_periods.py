"""Where the law looks at a period, every day of it is judged: age, boarding, sickness over the summer, since when."""

from __future__ import annotations

from tests.making import NEXT_YEAR, TERMS, School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, days, on, one_day, picked, registers

RUNS = ("absence_run", "return_attendance", "penalty_threshold")


def test_a_run_that_begins_before_compulsory_age_lists_the_child_once_ten_of_its_days_are_after(
    school: School, ask_both: AskFor
) -> None:
    """Born on 10 October 2020: of compulsory school age from 31 December 2025."""
    school.enters("Dee", birth_date="2020-10-10", nc_year=0)
    registers(school, "2025-12-01", "2026-01-15", Dee="O")
    asks = ask_both(*RUNS)
    assert asks.of("Dee", "return_attendance", limb="p7b") == [], "nine days of age so far"
    registers(school, "2026-01-16", "2026-01-30", Dee="O")
    listed = asks.one("Dee", "return_attendance", limb="p7b")
    assert picked(listed, "run_from", "run_to", "school_days", "csa", "needed") == (
        on("2026-01-05"),
        on("2026-01-30"),
        20,
        "yes",
        1,
    )
    run = asks.one("Dee", "absence_run", limb="GNOU")
    assert picked(run, "from_date", "school_days", "csa_days", "csa_tenth_on") == (
        on("2025-12-01"),
        35,
        20,
        on("2026-01-16"),
    )
    assert asks.of("Dee", "return_attendance", as_at="2026-01-15 18:00", limb="p7b") == []


def test_a_boarding_week_ends_a_run_and_the_days_after_begin_another(school: School, ask_both: AskFor) -> None:
    for first, boards in (("2025-09-15", "seven_nights"), ("2025-09-22", "no")):
        school.enters("Ann", at="2025-09-01 07:00", boarder=boards, boarder_from=first)
    registers(school, "2025-09-04", "2025-10-03", Ann="O")
    asks = ask_both(*RUNS)
    run = asks.one("Ann", "absence_run", limb="GNOU")
    assert picked(run, "from_date", "to_date", "school_days") == (on("2025-09-22"), on("2025-10-03"), 10)
    assert len(asks.of("Ann", "return_attendance", limb="p7b")) == 1


def test_fifteen_days_of_sickness_in_a_row_run_over_the_summer(school: School, ask_both: AskFor) -> None:
    school.plans("2026-07-01 08:00", terms=[*TERMS, NEXT_YEAR])
    registers(school, "2026-07-08", "2026-07-17", Ann="I", Ben="I")
    school.enters("Ann", "Ben", at="2026-09-01 20:00", birth_date="2014-02-03", nc_year=8)
    for day in days("2026-09-02", "2026-09-11", (NEXT_YEAR,)):
        one_day(school, day, Ann="I", Ben="I" if day != "2026-09-08" else "/")
    asks = ask_both("return_sickness", "sick_day")
    found = asks.one("Ann", "return_sickness", limb="p9_consecutive")
    assert picked(found, "run_from", "run_days", "prompted_on", "school_year") == (
        on("2026-07-08"),
        16,
        on("2026-09-10"),
        202627,
    )
    assert asks.of("Ben", "return_sickness", limb="p9_consecutive") == []


def test_since_when_is_the_day_of_the_session_after_which_the_pupil_was_never_below_again(
    school: School, ask_both: AskFor
) -> None:
    """Nineteen sessions attended, two of absence: 2 of 21 is below; the third, 3 of 22 ... is not."""
    registers(school, "2025-09-08", "2025-09-18", Ann=PRESENT)
    one_day(school, "2025-09-19", Ann=("/", "O"))
    one_day(school, "2025-09-22", Ann=("O", "\\"))
    asks = ask_both("persistent_absence")
    assert asks.one("Ann", "persistent_absence", cohort="working")["persistent_since"] is None
    one_day(school, "2025-09-23", Ann=("/", "O"))
    found = asks.one("Ann", "persistent_absence", cohort="working")
    assert picked(found, "absent", "possible", "persistent_since") == (3, 24, on("2025-09-23"))
    school.changes("2025-09-08 AM", "2025-09-24 08:00", Ann=("/", "O"))
    assert asks.one("Ann", "persistent_absence", cohort="working")["persistent_since"] == on("2025-09-19")
    before = asks.one("Ann", "persistent_absence", as_at="2025-09-23 18:00", cohort="working")
    assert before["persistent_since"] == on("2025-09-23")


def test_an_amendment_within_a_week_moves_the_day_since_when(school: School, ask_both: AskFor) -> None:
    registers(school, "2025-09-08", "2025-09-08", Ann=PRESENT)
    one_day(school, "2025-09-09", Ann=("O", "\\"))
    one_day(school, "2025-09-10", Ann=("/", "O"))
    asks = ask_both("persistent_absence")
    assert asks.one("Ann", "persistent_absence", cohort="working")["persistent_since"] == on("2025-09-09")
    school.changes("2025-09-08 AM", "2025-09-11 08:00", Ann=("/", "O"))
    school.changes("2025-09-09 AM", "2025-09-11 08:01", Ann=("O", "/"))
    found = asks.one("Ann", "persistent_absence", cohort="working")
    assert picked(found, "absent", "persistent_since") == (2, on("2025-09-08")), "the same sum of the week, another day"


def test_n_is_late_by_the_schools_own_word_also_where_only_the_time_of_keying_tells(
    school: School, ask_both: AskFor
) -> None:
    one_day(school, "2025-09-08", Ann="N", Ben="N")
    school.changes("2025-09-08 AM", "2025-09-16 08:00", Ann=("N", "O"), said_at="2025-09-16 07:50")
    school.changes("2025-09-08 AM", "2025-09-16 08:01", Ben=("N", "O"), said_at="2025-09-15 15:00")
    asks = ask_both("n_resolved_late")
    late = {row["name"]: (row["amended_on"], row["late_at_school"]) for row in asks.all("n_resolved_late")}
    assert late == {"Ann": (on("2025-09-16"), 1), "Ben": (on("2025-09-15"), 0)}


def test_of_a_pupils_characteristics_the_latest_is_the_one_that_holds_on_the_day(
    school: School, ask_both: AskFor
) -> None:
    def stated(at: str, *kinds: tuple[str, str, str, str | None]) -> None:
        told = [{"kind": kind, "value": value, "from": since, "to": until} for kind, value, since, until in kinds]
        school.enters("Ann", at=at, birth_date="2014-02-03", nc_year=7, group="7B", characteristics=told)

    fsm, plan = ("fsm", "true", "2025-09-01", "2025-10-31"), ("sen_provision", "K", "2025-09-01", None)
    stated("2025-09-02 20:00", fsm, plan)
    stated("2025-09-03 20:00", fsm, plan, ("sen_provision", "E", "2025-11-03", None))
    asks = ask_both("characteristic_now")

    def latest(today: str, as_at: str | None = None) -> set[tuple[str, str]]:
        rows = asks.of("Ann", "characteristic_now", as_at, today, latest=1)
        return {(row["kind"], row["value"]) for row in rows}

    assert latest("2025-10-31") == {("fsm", "true"), ("sen_provision", "K")}
    assert latest("2025-11-01") == {("sen_provision", "K")}
    assert latest("2025-11-03") == {("sen_provision", "E")}
    assert latest("2025-11-03", as_at="2025-09-02 21:00") == {("sen_provision", "K")}
