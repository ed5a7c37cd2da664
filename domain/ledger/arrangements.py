"""Arrangements of lines: which a line has, how one goes on from school year to school year, and where its line is.

An arrangement belongs to one line, so what goes on over the turn of the school year, or over the conversion of the
school, starts anew on the next line, under an id of its own; what ties the two is sealed (events.md 0.3).
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.arrangement.arrangement import Arrangement, evolve, stream_of
from domain.arrangement.decide import carry, goes_on
from domain.ledger.unit import Unit
from domain.moments import academic_year_before


def arrangements_of(unit: Unit, line: bytes) -> list[Arrangement]:
    """Every arrangement that was ever recorded on a line, in order of first day."""
    ids = dict.fromkeys(found.id for found in unit.find("arrangement", "", line.hex()))
    return sorted((unit.arrangement(known) for known in ids), key=lambda state: state.begins)


def whole_story(unit: Unit, arrangements: Iterable[bytes]) -> list[Arrangement]:
    """These arrangements and those that went on from them, in order of first day: one story over the school years."""
    found = list(dict.fromkeys(arrangements))
    for known in found:
        found += [n.id for n in unit.find("next_arrangement", "", known.hex()) if n.id not in found]
    return sorted((unit.arrangement(known) for known in found), key=lambda state: state.begins)


def carry_arrangements(
    unit: Unit, place: bytes, old_line: bytes, new_line: bytes, first_day: int, old_place: bytes | None = None
) -> None:
    """Start anew, on the line that follows, what is open on a line: that of the next school year, or that of the
    academy which the school became (`old_place` then has the old line).

    `first_day` is that of the new line (days since 1970). Nothing is written on the old arrangements. What went on
    already is left alone.
    """
    for old in arrangements_of(unit, old_line):
        if goes_on(old, first_day) and not unit.find("next_arrangement", "", old.id.hex()):
            state = unit.arrangement(unit.new_id(stream_of))
            parent = old.block.get("parent")
            if parent is not None:
                named = (n for n, p in unit.line(old_place or place, old_line).beside.parents.items() if p.id == parent)
                parent = parent_of_line(unit, place, new_line, next(named, None))
            unit.record(carry(old, state.id, new_line, place, first_day, parent), evolve, state)


def parent_of_line(unit: Unit, place: bytes, line: bytes, named: bytes | None) -> bytes | None:
    """By which id a line calls a parent in clear: another on each line. None for one whom the line does not have."""
    stands = None if named is None else unit.line(place, line).beside.parents.get(named)
    return None if stands is None else stands.id


def carry_late_told(unit: Unit, place: bytes, pupil: bytes, state: Arrangement) -> None:
    """Let an arrangement go on that was told, or opened again, after its line had gone on into the next school year."""
    line = unit.line(place, state.line)
    while line.version:
        following = [
            unit.line(place, stay.id)
            for stay in unit.stays(place, academic_year_before(line.school_year, -1), pupil)
            if unit.line(place, stay.id).carried
        ]
        if not following:
            return
        first_day = following[0].entry["starting_day"]
        carry_arrangements(unit, place, line.entry["line"], following[0].entry["line"], first_day)
        line = following[0]


def place_of(unit: Unit, place: bytes, pupil: bytes, line: bytes) -> bytes | None:
    """The place on whose register a line of a pupil stands: nearly always the one that is spoken of."""
    if unit.line(place, line).version:
        return place
    told = (known for one in unit.same_child(pupil) for known in unit.lines_of(one))
    return next((known["place"] for known in told if known["line"] == line), None)
