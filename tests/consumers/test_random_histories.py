"""Random histories against a simple model: nothing lost, nothing doubled, and the cut into batches makes no difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumers import registers
from consumers.deliveries import Delivery
from consumers.outcome import Counts
from tests.consumers.histories import OTHER, PLACES, Model, Said, cut, cuts, deliveries, fresh, histories, places_of
from tests.examples import examples
from tests.making import School, register_of, told

EXAMPLES = settings(
    max_examples=examples(20),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
COUNTED = ("sent", "marks", "amendments", "withdrawals", "older", "statements", "foreseen", "duplicate", "nothing_said")
_MARK_FIELDS = (
    "header",
    "amends",
    "cause",
    "said_at",
    "code_sent",
    "held_from",
    "held_to",
    "original_said",
    "rows",
    "how",
)


class Outcome:
    """What a ledger holds after a history, without what is random in it."""

    def __init__(self, school: School, base: int) -> None:
        names, places = school.name_of(), places_of(school)
        written = school.entries(after=base)
        self.counts: Counts = school.intake.totals
        self.held = sorted(w.rows for w in school.held)
        # Not the rule: what waited for a pupil and now waits for an entry is said to until the next restart only.
        self.topics = Counter(e.topic for e in written)
        self.streams: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
        self.registers: dict[tuple[str, str], dict[str, str]] = {}
        self.chains: dict[tuple[str, str, str], list[str]] = {}
        by_stream: dict[tuple[str, str], list[Any]] = {}
        for entry in written:
            kind, *rest = entry.stream.split("/")
            if kind != "attendance-register":
                continue
            where = (places[rest[0]], f"{rest[1]} {rest[2]}")
            by_stream.setdefault(where, []).append(entry)
            line = told(entry, names)
            self.streams.setdefault(where, []).append(
                (entry.version, line, *(entry.fields.get(name) for name in _MARK_FIELDS))
            )
            if "line" in entry.fields:
                name = names[entry["line"]]
                self.chains.setdefault((*where, name), []).append(line.replace(f" {name}", "", 1))
        for where, entries in by_stream.items():
            if stands := register_of(entries, names):
                self.registers[where] = stands


def after(items: Sequence[Delivery], sizes: Sequence[int] = (1,)) -> Outcome:
    """What a fresh ledger holds after these deliveries, in batches of these sizes."""
    with TemporaryDirectory(prefix="rollbook-history-") as folder:
        school = fresh(Path(folder))
        base = school.head
        for batch in cut(items, sizes):
            school.intake.take(batch)
            assert school.intake.totals.adds_up
        outcome = Outcome(school, base)
        school.close()
    return outcome


@EXAMPLES
@given(histories, cuts)
def test_a_random_history_ends_as_a_simple_model_says(history: list[Said], sizes: list[int]) -> None:
    model = Model().hear(history)
    outcome = after(deliveries(history), sizes)
    assert outcome.registers == model.registers()
    assert outcome.chains == model.chains()
    assert {name: getattr(outcome.counts, name) for name in COUNTED} == {name: model.counts[name] for name in COUNTED}
    assert outcome.counts.held == model.counts["held"]
    assert outcome.counts.withdrawn_unsent == model.counts["withdrawn_unsent"]


def same(one: Outcome, other: Outcome) -> None:
    """The same events in every stream, the same counts, the same held."""
    assert one.streams == other.streams
    assert one.topics == other.topics
    assert one.held == other.held
    assert one.counts == other.counts


@EXAMPLES
@given(histories, cuts)
def test_how_deliveries_are_cut_into_batches_makes_no_difference(history: list[Said], sizes: list[int]) -> None:
    items = deliveries(history)
    same(after(items, [1]), after(items, [len(items), *sizes]))


@EXAMPLES
@given(histories)
def test_a_class_decided_at_once_becomes_what_its_rows_become_one_by_one(history: list[Said]) -> None:
    items = deliveries(history)
    at_once = after(items)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registers, "_take_class", _never)
        row_by_row = after(items)
    same(at_once, row_by_row)


def _never(*_: object) -> int:
    return 0


@EXAMPLES
@given(histories, st.randoms(use_true_random=False))
def test_how_two_places_are_interleaved_makes_no_difference(history: list[Said], random: Any) -> None:
    items = deliveries(history)
    here = [d for d in items if d.source != OTHER.hex()]
    there = [d for d in items if d.source == OTHER.hex()]
    shuffled: list[Delivery] = []
    left, right = list(here), list(there)
    while left or right:
        shuffled.append((left if left and (not right or random.random() < 0.5) else right).pop(0))
    one, other = after(items), after(shuffled)
    assert one.streams == other.streams
    assert one.held == other.held
    assert one.counts == other.counts


@EXAMPLES
@given(histories, st.integers(0, 24))
def test_a_restart_in_the_middle_makes_no_difference(history: list[Said], at: int) -> None:
    """What is cached must equal what is read: the process is new after `at` messages."""
    items = deliveries(history)
    with TemporaryDirectory(prefix="rollbook-history-") as folder:
        school = fresh(Path(folder))
        base = school.head
        for n, delivery in enumerate(items):
            if n == at:
                school = school.reopened()
            school.intake.take([delivery])
        restarted = Outcome(school, base)
        school.close()
    whole = after(items)
    assert restarted.streams == whole.streams
    assert restarted.topics == whole.topics
    assert restarted.held == whole.held


@EXAMPLES
@given(histories, st.integers(0, 24))
def test_whatever_comes_later_changes_no_entry_that_was_there(history: list[Said], at: int) -> None:
    items = deliveries(history)
    early, late = after(items[:at]), after(items)
    for where, entries in early.streams.items():
        assert late.streams[where][: len(entries)] == entries


def test_the_histories_reach_every_row_of_the_table_and_both_ways_of_deciding() -> None:
    """Else the tests above would prove little."""
    seen: Counter[str] = Counter()
    ways: Counter[bool] = Counter()
    real: Callable[..., int] = registers._take_class

    def counted(*args: Any) -> int:
        head = real(*args)
        ways[head > 0] += 1
        return head

    @settings(max_examples=examples(60), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(histories)
    def look(history: list[Said]) -> None:
        outcome = after(deliveries(history), [len(history)])
        seen.update(
            {name: getattr(outcome.counts, name) for name in (*COUNTED, "held_in", "held_out", "withdrawn_unsent")}
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registers, "_take_class", counted)
        look()
    assert all(seen[name] > 3 for name in (*COUNTED, "held_in", "held_out", "withdrawn_unsent")), seen
    assert min(ways.values()) > 10
    assert set(PLACES.values()) == {"marram", "saltholme"}
