"""What fails once and is delivered again loses nothing and doubles nothing, whoever else is writing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers.deliveries import Delivery
from consumers.intake import Intake
from domain.ledger.caches import StateCache
from domain.ledger.ledger import Ledger
from domain.ledger.store import AlreadyTaken, Appended, Batch, TrackingRow
from domain.ledger.unit import Unit
from tests.consumers.histories import OTHER, deliveries, fresh, histories
from tests.consumers.test_random_histories import Outcome, after
from tests.examples import examples
from tests.making import NIGHTLY, School, container, pupil

MONDAY, TUESDAY = "2025-09-01 AM", "2025-09-02 AM"


class PowerCut(Exception):
    """What the tests raise where a real machine would stop."""


@contextmanager
def failing(school: School, *, after_commit: bool, times: int = 1) -> Iterator[None]:
    """The next appends raise, before they write anything or after they have committed."""
    store: Any = school.ledger.store
    real: Callable[[Batch], Appended] = store.append
    left = [times]

    def append(batch: Batch) -> Appended:
        if not left[0]:
            return real(batch)
        left[0] -= 1
        if after_commit:
            real(batch)
        raise PowerCut

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "append", append)
        yield


@contextmanager
def meanwhile(school: School, what: Callable[[], object], *, times: int = 1) -> Iterator[None]:
    """Just before the next append of this school's ledger, someone else writes."""
    store: Any = school.ledger.store
    real: Callable[[Batch], Appended] = store.append
    left = [times]

    def append(batch: Batch) -> Appended:
        if left[0]:
            left[0] -= 1
            what()
        return real(batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "append", append)
        yield


@pytest.fixture
def other(school: School) -> Iterator[School]:
    """The same ledger, open in what could be another process."""
    opened = School.at(school.folder)
    opened._number = 1 << 70
    yield opened
    opened.close()


# --- an append that fails


@pytest.mark.parametrize("after_commit", [False, True], ids=["before the commit", "after the commit"])
def test_a_batch_whose_append_failed_once_and_that_comes_again_is_there_once(
    school: School, after_commit: bool
) -> None:
    batch = [
        school.taking("7B", MONDAY, "09:01", Ann="/", Ben="N", Zoe="/"),
        school.change(MONDAY, "11:00", Ben=("N", "I"), reason="Rang."),
        school.delivery("PupilsStated", "2025-09-01 12:00", whole=False, pupils=[pupil("Zoe")]),
    ]
    with failing(school, after_commit=after_commit), pytest.raises(PowerCut):
        school.take(*batch)
    school.take(*batch)
    assert school.register(MONDAY) == {"Ann": "/", "Ben": "I", "Zoe": "/"}
    assert school.chain(MONDAY, "Ben") == ["MarkRecorded N", "MarkAmended N to I"]
    assert school.roll_story("Zoe") == [["PupilEntered", "YearRecorded"]]
    assert len(school.entries("PersonNamed", "GroupDescribed")) == 2


@settings(max_examples=examples(15), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(histories, st.lists(st.sampled_from(["", "", "before", "after"]), min_size=1, max_size=8))
def test_failures_anywhere_in_a_random_history_make_no_difference(history: list[Any], faults: list[str]) -> None:
    items = deliveries(history)
    with TemporaryDirectory(prefix="rollbook-faults-") as folder:
        school = fresh(Path(folder))
        base = school.head
        for n, delivery in enumerate(items):
            fault = faults[n % len(faults)]
            if fault:
                with failing(school, after_commit=fault == "after"), pytest.raises(PowerCut):
                    school.intake.take([delivery])
            if fault != "after":
                school.intake.take([delivery])
            else:
                school.intake = Intake(school.ledger)  # what was held is learned at start
        outcome = Outcome(school, base)
        school.close()
    whole = after(items)
    assert outcome.streams == whole.streams
    assert outcome.topics == whole.topics
    assert outcome.held == whole.held


def test_tracking_rows_say_that_a_committed_batch_is_there_though_its_answer_was_lost(school: School) -> None:
    register = school.taking("7B", MONDAY, "09:01", Ann="/")
    row = [TrackingRow("kafka:marks:0", 17)]
    with failing(school, after_commit=True), pytest.raises(PowerCut):
        school.intake.take([register], row)
    with pytest.raises(AlreadyTaken):
        school.intake.take([register], row)
    assert school.intake.take([register], [TrackingRow("kafka:marks:0", 18)]).duplicate == 1
    assert school.register(MONDAY) == {"Ann": "/"}


def test_a_failure_leaves_no_totals_no_held_and_no_years_behind(school: School) -> None:
    school.enters("Dee")
    with failing(school, after_commit=False), pytest.raises(PowerCut):
        school.takes("8B", "2026-09-02 AM", "09:01", Ann="/", Zoe="/")
    assert school.intake.totals.sent == 1, "Dee entered"
    assert school.held == []
    assert school.entries("LineCarriedForward") == []
    school.takes("8B", "2026-09-02 AM", "09:01", Ann="/", Zoe="/")
    assert len(school.entries("LineCarriedForward")) == 4
    assert school.register("2026-09-02 AM") == {"Ann": "/"}


def test_the_mutant_that_changes_its_cache_before_the_commit_is_caught(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The prototype's mistake, seeded: without the rule the batch that comes again is lost as duplicates."""
    school.takes("7B", "2025-09-03 AM", "2025-09-01 08:00", Ann="C")  # class and teacher are known
    register = school.taking("7B", MONDAY, "09:01", Ann="/", Ben="N")
    real = Unit.batch

    def batch_and_share(unit: Unit, *args: Any) -> Batch:
        made = real(unit, *args)
        states: StateCache = unit._shared.states
        states.put_back(unit._states.values())
        return made

    with monkeypatch.context() as patch:
        patch.setattr(Unit, "batch", batch_and_share)
        with failing(school, after_commit=False), pytest.raises(PowerCut):
            school.take(register)
        assert school.take(register).duplicate == 2, "the mutant loses them"
    assert school.register(MONDAY) == {}
    again = school.reopened()
    with failing(again, after_commit=False), pytest.raises(PowerCut):
        again.take(again.taking("7B", TUESDAY, "09:01", Ann="/", Ben="N"))
    assert again.takes("7B", TUESDAY, "09:01", Ann="/", Ben="N").marks == 2, "the real one does not"
    again.close()


# --- two writers


def test_a_stale_decision_is_taken_again_on_what_is_true(school: School, other: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N", Ben="N")
    with meanwhile(school, lambda: other.changes(MONDAY, "10:00", Ann="I")):
        school.changes(MONDAY, "11:00", Ann="M")
    assert school.chain(MONDAY, "Ann") == ["MarkRecorded N", "MarkAmended N to I", "MarkAmended I to M"]
    assert [e["amends"] for e in school.entries("MarkAmended")] == [3, 6]


def test_a_writer_who_is_overtaken_every_time_decides_under_the_lock(school: School, other: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="N")
    minute = iter(range(10, 60))
    with meanwhile(
        school, lambda: other.changes(MONDAY, f"10:{next(minute)}", Ann=f"{'IM'[len(other.held) % 2]}"), times=9
    ):
        school.changes(MONDAY, "11:00", Ann="U")
    assert school.register(MONDAY) == {"Ann": "U"}


def test_the_same_message_at_two_writers_at_once_is_taken_once(school: School, other: School) -> None:
    register = school.taking("7B", MONDAY, "09:01", Ann="/", Ben="N")
    with meanwhile(school, lambda: other.take(register)):
        counts = school.take(register)
    assert counts.duplicate == 2
    assert school.story(MONDAY)[2:] == ["MarkRecorded Ann /", "MarkRecorded Ben N"]


def test_the_same_child_entered_by_two_writers_at_once_is_one_child_with_one_line(
    school: School, other: School
) -> None:
    roll = {"whole": False, "pupils": [pupil("Zoe", upn="H801200001001")]}
    theirs = {"whole": False, "pupils": [pupil("W1", full_name="Zoe", upn="H801200001001")]}
    with meanwhile(school, lambda: other.says("PupilsStated", "2025-09-01 08:00", source=NIGHTLY, **theirs)):
        school.says("PupilsStated", "2025-09-01 08:00", **roll)
    assert len(school.lines("Zoe")) == 1
    assert len(school.entries("PupilIdentified")) == 4


def test_the_year_is_turned_once_though_two_writers_take_its_first_registers(school: School, other: School) -> None:
    with meanwhile(school, lambda: other.takes("8B", "2026-09-02 AM", "09:01", Ben="/")):
        school.takes("8A", "2026-09-02 AM", "09:02", Ann="/")
    assert len(school.entries("LineCarriedForward")) == 3
    assert school.register("2026-09-02 AM") == {"Ann": "/", "Ben": "/"}


def test_a_state_that_was_only_read_while_another_wrote_it_is_read_again(school: School, other: School) -> None:
    """The code map is in the place's stream, which a register reads and does not write."""
    school.takes("7B", MONDAY, "09:01", Ann="/")
    with meanwhile(school, lambda: other.maps("2025-09-01 10:00", {"QQ": "I"})):
        school.takes("7B", MONDAY, "09:02", Ben="/")
    school.takes("7B", MONDAY, "09:03", Cal="QQ")
    assert school.register(MONDAY) == {"Ann": "/", "Ben": "/", "Cal": "I"}


def test_a_batch_of_duplicates_does_not_hide_what_another_wrote_meanwhile(school: School, other: School) -> None:
    school.takes("7B", MONDAY, "09:01", Ann="I", Ben="/")
    with meanwhile(school, lambda: other.changes(MONDAY, "10:00", Ann="N")):
        assert school.takes("7B", MONDAY, "09:02", Ben="/").duplicate == 1
    assert school.changes(MONDAY, "11:00", Ann="I").amendments == 1
    assert school.register(MONDAY) == {"Ann": "I", "Ben": "/"}


def test_what_both_hold_is_replayed_by_one_of_them(school: School, other: School) -> None:
    school.takes("7B", MONDAY, "09:01", Zoe="/")
    both = other.reopened()
    with meanwhile(school, lambda: both.enters("Zoe", at="2025-09-01 10:00")):
        school.enters("Zoe", at="2025-09-01 10:01")
    assert school.chain(MONDAY, "Zoe") == ["MarkRecorded /"]
    assert len(school.entries("InputResolved")) == 1
    both.close()


@settings(max_examples=examples(15), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(histories, st.lists(st.booleans(), min_size=1, max_size=24))
def test_two_intakes_in_turn_do_what_one_does(history: list[Any], turns: list[bool]) -> None:
    """Every cache of each is stale whenever its turn comes."""
    items = deliveries(history)
    with TemporaryDirectory(prefix="rollbook-turns-") as folder:
        one = fresh(Path(folder))
        base = one.head
        two = School.at(Path(folder))
        for n, delivery in enumerate(items):
            school = one if turns[n % len(turns)] else two
            school.intake = Intake(school.ledger)  # each knows what is held; their ledgers keep their caches
            school.intake.take([delivery])
        outcome = Outcome(one, base)
        two.close()
        one.close()
    whole = after(items)
    assert outcome.streams == whole.streams
    assert outcome.topics == whole.topics


WRITER = """
import sys
from pathlib import Path
from consumers.deliveries import read_deliveries
from tests.making import School

folder, file = map(Path, sys.argv[1:])
school = School.at(folder)
for delivery in read_deliveries(file):
    school.intake.take([delivery])
school.close()
"""


def test_two_processes_that_send_the_same_and_other_messages_lose_and_double_nothing(tmp_path: Path) -> None:
    school = fresh(tmp_path)
    base = school.head
    dates = [f"2025-09-{n:02d}" for n in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15, 16)]
    ours = [school.taking("7B", f"{date} AM", "09:01", Ann="/", Ben="N") for date in dates]
    theirs = [
        school.taking("7B", f"{date} AM", "09:01", source=OTHER, local_id="saltholme", Ann="N", Ben="/")
        for date in dates
    ]
    changes = [school.change(f"{date} AM", "11:00", Ben=("N", "I")) for date in dates]
    school.close()
    first = container(tmp_path / "one.avro", *_zipped(ours, changes))
    second = container(tmp_path / "two.avro", *_zipped(theirs, ours))
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(file)], cwd=Path(__file__).parents[2])
        for file in (first, second)
    ]
    assert [process.wait(120) for process in running] == [0, 0]
    school = School.at(tmp_path)
    outcome = Outcome(school, base)
    for date in dates:
        assert outcome.registers["saltholme", f"{date} AM"] == {"Ann": "N", "Ben": "/"}
        assert outcome.registers["marram", f"{date} AM"] == {"Ann": "/", "Ben": "I"}
    assert outcome.topics["MarkRecorded"] == 4 * len(dates)
    assert [e.position for e in school.entries()] == list(range(1, school.head + 1))
    school.close()


def _zipped(one: list[Delivery], other: list[Delivery]) -> list[Delivery]:
    return [delivery for pair in zip(one, other, strict=True) for delivery in pair]


def test_a_ledger_object_of_another_program_may_be_opened_beside_ours(school: School) -> None:
    beside = Ledger(school.ledger.store, school.ledger.keys)
    school.takes("7B", MONDAY, "09:01", Ann="N")
    Intake(beside).take([school.change(MONDAY, "10:00", Ann="I")])
    assert school.changes(MONDAY, "11:00", Ann="I").duplicate == 1
