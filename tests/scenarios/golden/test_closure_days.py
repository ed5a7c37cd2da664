"""Days on which the school does not meet: planned ones vanish, cancelled ones are skipped and shown (law.md 3.2)."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import PRESENT, on, one_day, picked, registers

SNOW = "2026-01-14"


def cancels(school: School, day: str, *sessions: str, at: str = "07:00", back: bool = False) -> None:
    for session in sessions:
        school.says("ClosureStated", f"{day} {at}", date=day, session=session, whole=True, why="weather", reversed=back)


def test_a_planned_closure_is_no_school_day_and_breaks_nothing(school: School, ask_for: AskFor) -> None:
    school.plans("2026-01-05 08:00", closures=[(SNOW, SNOW, "inset")])
    registers(school, "2026-01-12", "2026-01-26", but=(SNOW,), Ann="O")
    run = ask_for("absence_run").one("Ann", "absence_run", limb="GNOU")
    assert picked(run, "from_date", "to_date", "school_days", "cancelled_days") == (
        on("2026-01-12"),
        on("2026-01-26"),
        10,
        0,
    )


def test_a_day_wholly_cancelled_is_skipped_and_the_run_says_so(school: School, ask_for: AskFor) -> None:
    cancels(school, SNOW, "AM", "PM")
    registers(school, "2026-01-12", "2026-01-26", but=(SNOW,), Ann="O")
    one_day(school, SNOW, Ann="Y4")
    run = ask_for("absence_run").one("Ann", "absence_run", limb="GNOU")
    assert picked(run, "school_days", "cancelled_days") == (10, 1)


def test_a_day_cancelled_at_noon_is_judged_by_its_morning(school: School, ask_for: AskFor) -> None:
    cancels(school, SNOW, "PM", at="11:30")
    registers(school, "2026-01-12", "2026-01-23", but=(SNOW,), Ann="O", Ben="O")
    one_day(school, SNOW, Ann=("O", "Y4"), Ben=("/", "Y4"))
    asks = ask_for("absence_run")
    run = asks.one("Ann", "absence_run", limb="GNOU")
    assert picked(run, "school_days", "cancelled_days") == (10, 0)
    assert asks.of("Ben", "absence_run") == []


def test_a_day_that_only_the_marks_say_was_cancelled_is_skipped_for_whoever_has_such_marks(
    school: School, ask_for: AskFor
) -> None:
    registers(school, "2026-01-12", "2026-01-26", but=(SNOW,), Ann="O", Ben="I", Cal="O")
    one_day(school, SNOW, Ann="Y4", Ben="Y4", Cal=PRESENT)
    asks = ask_for("absence_run", "return_sickness", "return_attendance", "penalty_threshold")
    run = asks.one("Ann", "absence_run", limb="GNOU")
    assert picked(run, "from_date", "to_date", "school_days", "cancelled_days") == (
        on("2026-01-12"),
        on("2026-01-26"),
        10,
        1,
    )
    assert asks.of("Cal", "absence_run") == []
    listed = asks.one("Ann", "return_attendance", limb="p7a")
    assert picked(listed, "school_days", "sessions") == (10, 20)
    assert asks.one("Ann", "penalty_threshold")["most_in_window"] == 20
    registers(school, "2026-01-27", "2026-02-02", Ben="I")
    ill = asks.one("Ben", "return_sickness", limb="p9_consecutive")
    assert picked(ill, "run_from", "run_days", "prompted_on") == (on("2026-01-12"), 15, on("2026-02-02"))


def test_a_morning_that_only_a_mark_says_was_cancelled_leaves_the_afternoon_to_judge_by(
    school: School, ask_for: AskFor
) -> None:
    registers(school, "2026-01-12", "2026-01-23", but=(SNOW,), Ann="O", Ben="O")
    one_day(school, SNOW, Ann=("Y4", "O"), Ben=("Y4", "\\"))
    asks = ask_for("absence_run")
    assert picked(asks.one("Ann", "absence_run", limb="GNOU"), "school_days", "cancelled_days") == (10, 0)
    assert asks.of("Ben", "absence_run") == []


def test_a_cancellation_taken_back_makes_it_a_school_day_again(school: School, ask_for: AskFor) -> None:
    cancels(school, SNOW, "AM", "PM")
    registers(school, "2026-01-12", "2026-01-26", but=(SNOW,), Ann="O")
    asks = ask_for("absence_run")
    assert len(asks.of("Ann", "absence_run")) == 2
    cancels(school, SNOW, "AM", "PM", at="09:00", back=True)
    assert asks.of("Ann", "absence_run") == [], "nobody marked it"


def test_a_week_without_school_is_no_school_week(school: School, ask_for: AskFor) -> None:
    school.plans("2026-01-05 08:00", closures=[("2026-01-19", "2026-01-23", "other")])
    registers(school, "2026-01-05", "2026-01-06", Ann="O")
    registers(school, "2026-03-23", "2026-03-25", Ann="O")
    asks = ask_for("penalty")
    assert asks.one("Ann", "penalty")["most_in_window"] == 10, "5 January to 23 March: ten weeks with school"
    school.plans("2026-03-26 08:00", closures=[], whole=True)
    assert asks.of("Ann", "penalty") == [], "with the week of 19 January it is the eleventh: by today's calendar never"
    assert asks.one("Ann", "penalty", as_at="2026-03-25 18:00")["met_now"] == 1, "by the calendar as then known it was"


def test_nobody_is_unmarked_on_a_day_without_school(school: School, ask_for: AskFor) -> None:
    cancels(school, SNOW, "AM", "PM")
    registers(school, "2026-01-13", "2026-01-15", but=(SNOW,), Ann=PRESENT, Ben=PRESENT, Cal=PRESENT)
    asks = ask_for("unmarked_session", "register_missing")
    assert asks.all("unmarked_session") == []
    assert asks.all("register_missing", today="2026-01-15", session_date=on(SNOW)) == []
