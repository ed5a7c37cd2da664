"""Small numbers are kept back, and nothing that is published gives them away; a naive reader with linear algebra tries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.suppression import Sum, suppressed
from tests.examples import examples

Table = tuple[dict[tuple[str, str], int], list[Sum]]


def table(numbers: Mapping[str, Sequence[int]]) -> Table:
    """Schools by reasons, with every sum: of each school, of each reason, of all."""
    values = {(school, f"r{n}"): count for school, counts in numbers.items() for n, count in enumerate(counts)}
    reasons = list(dict.fromkeys(reason for _, reason in values))
    for school in numbers:
        values[(school, "all")] = sum(values[(school, reason)] for reason in reasons)
    for reason in (*reasons, "all"):
        values[("LA", reason)] = sum(values[(school, reason)] for school in numbers)
    sums = [Sum((place, "all"), tuple((place, one) for one in reasons)) for place in (*numbers, "LA")]
    sums += [Sum(("LA", one), tuple((school, one) for school in numbers)) for one in (*reasons, "all")]
    return values, sums


def found_out(values: Mapping[tuple[str, str], int], sums: Sequence[Sum], kept: set[tuple[str, str]]) -> list[object]:
    """The cells kept back that follow from the others, by exact elimination."""
    cells = sorted(kept)
    rows = []
    for one in sums:
        row = [Fraction(0)] * len(cells)
        for cell, sign in ((one.total, -1), *((part, 1) for part in one.parts)):
            if cell in kept:
                row[cells.index(cell)] += sign
        rows.append(row)
    done = 0
    for column in range(len(cells)):
        pivot = next((n for n in range(done, len(rows)) if rows[n][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        rows[done] = [x / rows[done][column] for x in rows[done]]
        for n in range(len(rows)):
            if n != done and rows[n][column]:
                factor = rows[n][column]
                rows[n] = [x - factor * y for x, y in zip(rows[n], rows[done], strict=True)]
        done += 1
    return [cells[row.index(Fraction(1))] for row in rows[:done] if sum(map(bool, row)) == 1]


def test_a_count_of_one_to_five_is_kept_back_and_nought_is_not() -> None:
    values, sums = table({"a": [0, 5, 6, 40], "b": [0, 50, 60, 70]})
    kept = suppressed(values, sums, 6)
    assert ("a", "r1") in kept
    assert not kept & {("a", "r0"), ("LA", "r0"), ("LA", "all")}


def test_the_next_smallest_goes_too_so_that_the_sum_does_not_tell() -> None:
    values = {"all": 103, "x": 3, "y": 40, "z": 60}
    assert suppressed(values, [Sum("all", ("x", "y", "z"))], 6) == {"x", "y"}


def test_two_that_are_one_and_one_are_not_told_by_their_sum_of_two() -> None:
    values = {"all": 102, "x": 1, "y": 1, "z": 40, "w": 60}
    assert suppressed(values, [Sum("all", ("x", "y", "z", "w"))], 6) == {"x", "y", "z"}


def test_where_nothing_else_is_left_the_sum_goes() -> None:
    values = {"all": 3, "x": 3, "y": 0}
    assert suppressed(values, [Sum("all", ("x", "y"))], 6) == {"all", "x"}


def test_with_nothing_small_nothing_is_kept_back() -> None:
    values, sums = table({"a": [0, 1, 2], "b": [3, 4, 5]})
    assert suppressed(values, sums, 0) == set()
    assert suppressed(values, sums, 1) == set()


@settings(max_examples=examples(75), deadline=None)
@given(
    st.integers(2, 4).flatmap(
        lambda reasons: st.lists(
            st.lists(st.sampled_from([0, 0, 1, 2, 3, 7, 9, 20, 50]), min_size=reasons, max_size=reasons),
            min_size=2,
            max_size=4,
        )
    )
)
def test_no_count_kept_back_can_be_worked_out_from_what_is_published(numbers: list[list[int]]) -> None:
    values, sums = table({f"s{n}": row for n, row in enumerate(numbers)})
    kept = suppressed(values, sums, 6)
    assert {cell for cell, n in values.items() if 0 < n < 6} <= kept
    assert found_out(values, sums, kept) == []


def test_the_reader_would_find_what_only_primary_suppression_hides() -> None:
    values, sums = table({"a": [3, 40], "b": [50, 60]})
    assert found_out(values, sums, {("a", "r0")}) == [("a", "r0")]


@pytest.mark.parametrize("below", [2, 6, 10])
def test_what_is_shown_is_never_small(below: int) -> None:
    values, sums = table({"a": [1, 5, 9, 30], "b": [2, 0, 11, 12], "c": [0, 0, 0, 7]})
    kept = suppressed(values, sums, below)
    assert all(not 0 < n < below for cell, n in values.items() if cell not in kept)
