"""Counts mode sends exactly what was published: no mark more, none less, none twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from simulation import Summary, simulate_counts
from simulation.counts import CountsNotFound, Stack, halves
from tests.simulation.model import deliveries

SPECIAL = {
    "/": 43154, "\\": 43863, "L": 713, "B": 954, "J": 0, "K": 0, "P": 0, "V": 185, "W": 0, "C": 723, "C1": 0,
    "C2": 887, "E": 520, "H": 0, "I": 4170, "J1": 0, "M": 850, "R": 13, "S": 0, "T": 2, "G": 467, "N": 4, "O": 2070,
    "U": 252, "F": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def special(tmp_path_factory: pytest.TempPathFactory, published_csv: Path) -> Summary:
    return simulate_counts(tmp_path_factory.mktemp("counts") / "special.avro", published_csv, "805", "Special")


def test_hartlepools_special_schools_get_their_98827_sessions_code_by_code(special: Summary) -> None:
    sent = Counter(
        row["code"] for d in deliveries(special.path) if d.name == "RegisterTaken" for row in d.record["marks"]
    )
    assert sent == Counter({code: n for code, n in SPECIAL.items() if n})
    assert special.marks == sum(SPECIAL.values()) == 98827
    assert special.expected_counts == {"Special": SPECIAL}


def test_a_pupil_has_at_most_one_mark_a_session_and_strokes_keep_to_their_half_of_the_day(special: Summary) -> None:
    seen: set[tuple[str, str, str]] = set()
    days: set[str] = set()
    for d in deliveries(special.path):
        if d.name != "RegisterTaken":
            continue
        session = d.record["session"]
        days.add(d.record["date"])
        for row in d.record["marks"]:
            cell = (d.record["date"], session, row["mis_pupil"])
            assert cell not in seen
            seen.add(cell)
            assert row["code"] != ("\\" if session == "AM" else "/")
    assert len(days) == 195


def test_every_marked_pupil_is_on_a_roll_and_every_file_is_in_order(special: Summary) -> None:
    known: set[str] = set()
    last = 0
    for d in deliveries(special.path):
        assert d.received_at >= last
        last = d.received_at
        if d.name == "PupilsStated":
            known.update(row["mis_pupil"] for row in d.record["pupils"])
        elif d.name == "RegisterTaken":
            assert len(d.record["marks"]) <= 30
            assert all(row["mis_pupil"] in known for row in d.record["marks"])
    assert len(known) == 268, "the published enrolments, rounded up"


def test_sequences_of_a_source_have_no_gap(special: Summary) -> None:
    last: dict[str, int] = {}
    for d in deliveries(special.path):
        if d.source != "operator":
            assert d.record["sequence"] == last.get(d.source, 0) + 1
            last[d.source] = d.record["sequence"]


def test_codes_are_spread_over_days_and_some_pupils_are_absent_far_more_than_others(special: Summary) -> None:
    illness: Counter[str] = Counter()
    by_pupil: Counter[str] = Counter()
    for d in deliveries(special.path):
        for row in d.record.get("marks", ()):
            if row["code"] == "I":
                illness[d.record["date"]] += 1
                by_pupil[row["mis_pupil"]] += 1
    assert len(illness) == 195
    assert max(illness.values()) < 3 * 4170 / 195
    assert by_pupil.most_common(1)[0][1] > 4 * 4170 / 268


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, published_csv: Path) -> None:
    files = []
    for n, seed in enumerate((4, 4, 5)):
        out = tmp_path / f"{n}.avro"
        simulate_counts(out, published_csv, "805", "special", seed=seed)
        files.append(out.read_bytes())
    assert files[0] == files[1] != files[2]


def test_all_phases_of_an_authority_are_read_and_authorised_remainders_become_f(published_csv: Path) -> None:
    from simulation.counts import read_counts

    start, counts, _ = read_counts(published_csv, "886", None)
    assert start.isoformat() == "2024-09-02"
    assert set(counts) == {"Primary", "Secondary", "Special"}
    assert counts["Secondary"]["F"] == 21
    assert sum(sum(c.values()) for c in counts.values()) == 40188878 + 32658000 + 1995811


def test_what_the_file_does_not_have_is_named(tmp_path: Path, published_csv: Path) -> None:
    with pytest.raises(CountsNotFound, match="authority 999"):
        simulate_counts(tmp_path / "x.avro", published_csv, "999")
    with pytest.raises(CountsNotFound, match="phase Nursery"):
        simulate_counts(tmp_path / "x.avro", published_csv, "805", "Nursery")
    assert not list(tmp_path.iterdir())


def test_mornings_and_afternoons_are_as_even_as_the_strokes_let_them_be() -> None:
    morning, afternoon = halves(SPECIAL)
    assert abs(sum(morning.values()) - sum(afternoon.values())) < 25
    assert Counter(morning) + Counter(afternoon) == Counter({code: n for code, n in SPECIAL.items() if n})


@pytest.mark.parametrize("capacity", [100, 101, 137, 400])
def test_a_stack_is_dealt_to_the_last_mark_however_tight_it_is(capacity: int) -> None:
    stack = Stack({"/": 60, "I": 30, "O": 10}, "/", capacity)
    dealt = 0
    sizes = [7] * (capacity // 7) + ([capacity % 7] if capacity % 7 else [])
    for size in sizes:
        marks, others = stack.take(size, 1.5, 0.5)
        assert 0 <= others <= marks <= size
        dealt += marks
        for _ in range(others):
            stack.draw(0.99)
    assert (dealt, stack.remaining, stack.absent, stack.left) == (100, 0, 0, [0, 0])


def test_more_marks_than_sessions_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Stack({"/": 11}, "/", 10)
