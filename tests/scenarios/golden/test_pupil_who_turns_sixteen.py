"""Compulsory school age ends on the last Friday in June of the year in which a pupil turns sixteen (law.md 0.3)."""

from __future__ import annotations

from tests.making import School
from tests.scenarios.golden.conftest import AskFor
from tests.scenarios.golden.office import on, picked, registers

LAST_DAY = "2026-06-26"


def enters_dee(school: School) -> None:
    """Dee turns sixteen in January 2026, in Year 11."""
    school.enters("Dee", birth_date="2010-01-10", nc_year=11, group="11A")


def test_absence_after_the_last_friday_in_june_counts_for_no_notice(school: School, ask_for: AskFor) -> None:
    enters_dee(school)
    registers(school, "2026-06-23", "2026-07-10", Dee="O", Ann="O")
    asks = ask_for("penalty")
    assert asks.of("Dee", "penalty") == [], "eight sessions until 26 June"
    assert asks.one("Ann", "penalty")["most_in_window"] == 28


def test_her_sixteenth_birthday_itself_changes_nothing(school: School, ask_for: AskFor) -> None:
    enters_dee(school)
    registers(school, "2026-01-12", "2026-01-16", Dee="O")
    assert picked(ask_for("penalty").one("Dee", "penalty"), "met_now", "csa") == (1, "yes")


def test_a_run_over_the_leaving_date_says_how_much_of_it_was_school_age(school: School, ask_for: AskFor) -> None:
    enters_dee(school)
    registers(school, "2026-06-22", "2026-07-03", Dee="O")
    run = ask_for("absence_run").one("Dee", "absence_run", limb="GNOU")
    assert picked(run, "school_days", "csa_days", "csa_unknown_days") == (10, 5, 0)
    assert picked(run, "tenth_on", "csa") == (on("2026-07-03"), "no"), "no return: over age on the tenth day"


def test_who_has_no_birth_date_is_kept_and_called_unknown(school: School, ask_for: AskFor) -> None:
    school.enters("Eve", nc_year=11)
    registers(school, "2026-06-22", "2026-07-03", Eve="O")
    asks = ask_for("absence_run", "penalty")
    assert picked(asks.one("Eve", "absence_run", limb="GNOU"), "csa", "csa_unknown_days") == ("unknown", 10)
    assert picked(asks.one("Eve", "penalty"), "met_now", "csa") == (1, "unknown")


def test_a_birth_date_told_later_settles_it(school: School, ask_for: AskFor) -> None:
    school.enters("Eve", nc_year=11)
    registers(school, "2026-06-22", "2026-07-03", Eve="O")
    asks = ask_for("absence_run", "penalty")
    assert asks.one("Eve", "absence_run", limb="GNOU")["csa"] == "unknown"
    school.enters("Eve", at="2026-07-06 08:00", nc_year=11, birth_date="2010-01-10")
    assert asks.one("Eve", "absence_run", limb="GNOU")["csa"] == "no"
    assert asks.one("Eve", "penalty")["most_in_window"] == 10, "22 to 26 June"
