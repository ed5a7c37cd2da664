"""Small numbers kept back from a table that is published: those that are small, and those by which they would be found.

Primary: a count from 1 up to, not including, the setting `suppress_below`; nought says nothing of anybody. Secondary:
wherever a sum is published, at least two of its parts are kept back, and together they are no small number; else the
next smallest goes too, or, where none is left, the sum. Only ever on a finished table: stored answers stay additive
(reference/sql.md 5).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

Cell = Any
"""What names a cell of a table: anything that can be hashed."""
_PRIME: Final = (1 << 61) - 1


class Sum(NamedTuple):
    """That some cells of a table add up to another."""

    total: Cell
    parts: tuple[Cell, ...]


def suppressed(values: Mapping[Cell, int], sums: Iterable[Sum], below: int, small: Iterable[Cell] = ()) -> set[Cell]:
    """The cells that are not to be published.

    `values` are all cells; every sum's total and parts are among them. `small`: cells that are kept back whatever they
    hold. With `below` of 0 or 1 nothing is small.
    """
    kept = {cell for cell, n in values.items() if 0 < n < below} | set(small)
    todo = [(one.total, tuple(dict.fromkeys(one.parts))) for one in sums]
    of_cell: dict[Cell, list[int]] = {}
    for number, (total, parts) in enumerate(todo):
        for cell in (total, *parts):
            of_cell.setdefault(cell, []).append(number)
    _close(values, kept, todo, of_cell, dict.fromkeys(range(len(todo))), below)
    while found := _found_out(kept, todo):
        # By several sums together: the least of what stands beside one of them goes too.
        beside = {
            cell for one in found for number in of_cell[one] for cell in (todo[number][0], *todo[number][1])
        } - kept
        if not beside:
            break
        more = min(beside, key=lambda cell: (values[cell] == 0, values[cell], str(cell)))
        kept.add(more)
        _close(values, kept, todo, of_cell, dict.fromkeys(of_cell[more]), below)
    return kept


def _close(
    values: Mapping[Cell, int],
    kept: set[Cell],
    todo: Sequence[tuple[Cell, tuple[Cell, ...]]],
    of_cell: Mapping[Cell, Sequence[int]],
    waiting: dict[int, None],
    below: int,
) -> None:
    """Keep back more until no sum by itself gives anything away."""
    while waiting:
        number = next(iter(waiting))
        del waiting[number]
        found = _one_more(values, kept, *todo[number], below)
        if found is not None:
            kept.add(found)
            waiting.update(dict.fromkeys(of_cell[found]))


def _found_out(kept: set[Cell], todo: Sequence[tuple[Cell, tuple[Cell, ...]]]) -> list[Cell]:
    """The cells kept back whose value follows from what is published.

    The sums are linear equations in the cells kept back. A cell follows from them if it is nought in every solution of
    the equations with nought on their right: so in one that is drawn at random, modulo a large prime.
    """
    pivots: dict[Cell, dict[Cell, int]] = {}
    order: list[Cell] = []
    for total, parts in todo:
        row = {part: 1 for part in parts if part in kept}
        if total in kept:
            row[total] = _PRIME - 1
        while row and (at := next((cell for cell in row if cell in pivots), None)) is not None:
            factor = row[at]
            for cell, n in pivots[at].items():
                left = (row.get(cell, 0) - factor * n) % _PRIME
                if left:
                    row[cell] = left
                else:
                    row.pop(cell, None)
        if row:
            at = next(iter(row))
            inverse = pow(row[at], -1, _PRIME)
            pivots[at] = {cell: n * inverse % _PRIME for cell, n in row.items()}
            order.append(at)
    drawn = random.Random(1)  # noqa: S311 -- no secret: any numbers will do
    solution: dict[Cell, int] = {}
    for at in reversed(order):
        value = 0
        for cell, n in pivots[at].items():
            if cell != at:
                if cell not in solution:
                    solution[cell] = drawn.randrange(1, _PRIME)
                value -= n * solution[cell]
        solution[at] = value % _PRIME
    return sorted((cell for cell in kept if solution.get(cell, 1) == 0), key=str)


def _one_more(
    values: Mapping[Cell, int], kept: set[Cell], total: Cell, parts: Sequence[Cell], below: int
) -> Cell | None:
    """The cell to keep back too, so that a sum gives nothing away; None where it does not."""
    hidden = [part for part in parts if part in kept]
    shown = [part for part in parts if part not in kept]
    if total in kept:
        if hidden:
            return None
    elif not hidden or (len(hidden) > 1 and sum(values[part] for part in hidden) >= below):
        return None
    several = [part for part in shown if values[part] > 0]
    if several:
        return min(several, key=lambda part: (values[part], str(part)))
    if total not in kept:
        # What is left are noughts. The sum goes: then neither it nor its parts can be worked out here.
        return total
    return shown[0] if shown else None
