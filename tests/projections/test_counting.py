"""The count of a ledger's standing entries, which no answer has a part in, against a naive count, at any moment."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import counting as module
from projections.counting import count_sessions
from tests.examples import examples
from tests.making import School, moment
from tests.projections.test_totals import busy

MON = "2025-09-01 AM"


def naive(school: School, as_at: str | None = None) -> Counter[str]:
    """Codes that stand, one register after another, by the folding of the tests' own."""
    sessions = {e.stream.split("/", 2)[2].replace("/", " ") for e in school.entries(prefix="attendance-register/")}
    return Counter(code for when in sessions for code in school.register(when, as_at).values())


def counted(school: School, as_at: str | None = None) -> Counter[str]:
    last = school.head if as_at is None else school.ledger.store.last_position_at(moment(as_at))
    found: Counter[str] = Counter()
    for cell, n in count_sessions(school.ledger, last).items():
        found[cell.code or "?ZZ9"] += n
    return found


def test_an_entry_counts_once_with_the_code_that_stands_now(tmp_path: Path) -> None:
    school = busy(School.ready(tmp_path))
    assert counted(school) == naive(school) == Counter({"/": 1, "I": 1, "L": 1, "X": 1, "?ZZ9": 1})


def test_foreseen_and_older_entries_never_count(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.foresees("2025-09-03 AM", "2025-09-02 12:00", Ann="C")
    school.changes(MON, "11:00", Ben=("N", "I"))
    assert [e.topic for e in school.entries("OlderEntryLearned", "MarkForeseen")] == [
        "MarkForeseen",
        "OlderEntryLearned",
    ]
    assert counted(school) == Counter({"I": 1})


def test_a_mark_withdrawn_and_entered_again_counts_once(tmp_path: Path) -> None:
    school = School.ready(tmp_path)
    school.takes("7B", MON, "08:45", Ann="/")
    school.removes(MON, "09:00", "Ann")
    assert counted(school) == Counter()
    school.takes("7B", MON, "10:00", Ann="I")
    assert counted(school) == naive(school) == Counter({"I": 1})


@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 2), st.sampled_from(["/", "N", "I", "-"])), max_size=25)
)
def test_any_history_is_counted_as_a_naive_count_does(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, int, str]]
) -> None:
    """Marks, amendments, withdrawals and repeats in any order, read in pieces smaller than the history."""
    names = {"A": "Ann", "B": "Ben", "C": "Cal"}
    school = School.ready(tmp_path_factory.mktemp("history"))
    before, module.CHUNK = module.CHUNK, 7
    try:
        for n, (who, on, code) in enumerate(history):
            school.takes("7B", f"2025-09-0{1 + on} AM", f"2025-09-05 {10 + n // 60}:{n % 60:02d}", **{names[who]: code})
        assert counted(school) == naive(school)
    finally:
        module.CHUNK = before
        school.close()


def test_a_count_as_at_a_moment_is_that_of_a_ledger_that_stopped_there(tmp_path: Path) -> None:
    school = busy(School.ready(tmp_path))
    assert counted(school, "2025-09-01 10:00") == naive(school, "2025-09-01 10:00") == Counter({"/": 2, "N": 1})
    assert counted(school, "2025-09-01 11:30") == naive(school, "2025-09-01 11:30") == Counter({"/": 2, "I": 1})
