"""`make quick` chooses the tests that stand on what changed."""

from __future__ import annotations

from tests.quick import choose

TEXTS = {
    "domain/codes.py": "",
    "domain/calendar.py": "from domain import codes\n",
    "consumers/intake.py": "import domain.calendar\n",
    "tests/domain/test_codes.py": "",
    "tests/domain/test_calendar.py": "from domain.calendar import day\n",
    "tests/making.py": "from consumers.intake import Intake\n",
    "tests/scenarios/test_leave.py": "from tests.making import School\n",
    "tests/scenarios/test_start_here.py": "",
    "tests/consumers/test_streaming.py": "import consumers.intake\n",
    "tests/console/test_asking.py": "ask('absence_run')\n",
}


def test_what_mirrors_a_changed_file_comes_first_and_then_what_imports_it_however_far() -> None:
    chosen, _ = choose(["domain/codes.py"], TEXTS)
    assert chosen == ["tests/domain/test_codes.py", "tests/domain/test_calendar.py", "tests/scenarios/test_leave.py"]


def test_a_test_that_takes_too_long_is_named_and_run_only_if_it_changed_itself() -> None:
    long = "tests/consumers/test_streaming.py"
    chosen, left_out = choose(["consumers/intake.py"], TEXTS)
    assert (long in chosen, left_out) == (False, [long])
    assert choose([long], TEXTS) == ([long], [])


def test_an_answers_sql_leads_to_the_tests_that_speak_of_it() -> None:
    assert choose(["projections/sql/absence_run.sql"], TEXTS)[0] == ["tests/console/test_asking.py"]


def test_where_no_test_stands_on_what_changed_a_few_are_run_all_the_same() -> None:
    assert choose(["README.md"], TEXTS)[0] == ["tests/scenarios/test_start_here.py", "tests/domain/test_codes.py"]
