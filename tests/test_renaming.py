"""The comparison under a renaming sees whatever differs: else the test that uses it would prove nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.ledger.store import IdentityRow
from tests.making import SIMS, School, introduce
from tests.renaming import Different, Renaming, Side, Told, entries, same_entries, same_ledger

FIXED = {SIMS, bytes(16)} | {number.to_bytes(16, "big") for number in range(99)}
MON = "2025-09-01 AM"


def told_to(folder: Path, **ben: str) -> School:
    """A ledger of its own, told the same each time."""
    folder.mkdir()
    introduce(School.founded(folder))
    school = School.at(folder)
    school._number = 50
    school.enters("Ann", "Ben", "Cal", upn=None)
    school.enters("Dora", upn="A805200017129")
    school.takes("7B", MON, "09:01", Ann="/", Cal="/", **({"Ben": "N"} | ben))
    school.takes("7B", MON, "09:02", Nobody="/")
    return school


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[School, School]]:
    """Two schools that were told the same."""
    both = told_to(tmp_path / "one"), told_to(tmp_path / "other")
    yield both
    for school in both:
        school.close()


def side(school: School) -> Side:
    def ask(statement: str) -> list[tuple[Any, ...]]:
        return sqlite3.connect(school.folder / "ledger.sqlite").execute(statement).fetchall()

    return Side(school.ledger, ask)


def differ(two: tuple[School, School]) -> str:
    with pytest.raises(Different) as found:
        same_ledger(side(two[0]), side(two[1]), FIXED)
    return str(found.value)


def test_two_ledgers_that_were_told_the_same_are_the_same_and_no_id_is_left_unpaired(
    two: tuple[School, School],
) -> None:
    renaming = same_ledger(side(two[0]), side(two[1]), FIXED)
    ours, theirs = ({e["line"] for e in school.entries("PupilEntered")} for school in two)
    assert {renaming.there[line] for line in ours} == theirs
    assert ours.isdisjoint(theirs)


def test_an_entry_more_a_row_more_and_a_held_input_less_are_seen(two: tuple[School, School]) -> None:
    one, other = two
    stranger = IdentityRow(b"?" * 32, b"!" * 16, 0)
    other.ledger.store.replace_identities([stranger], ())
    assert "not what its log gives" in differ(two)
    other.ledger.store.drop_identities([stranger])
    same_ledger(side(one), side(other), FIXED)
    with sqlite3.connect(other.folder / "ledger.sqlite") as database:
        database.execute("UPDATE tracking SET notification_id = notification_id + 1")
    assert "tracking" in differ(two)
    with sqlite3.connect(one.folder / "ledger.sqlite") as database:
        database.execute("UPDATE tracking SET notification_id = notification_id + 1")
        database.execute("DELETE FROM held_bytes")
    assert "held inputs" in differ(two)
    with sqlite3.connect(other.folder / "ledger.sqlite") as database:
        database.execute("DELETE FROM held_bytes")
        database.execute("DELETE FROM messages")
    assert "messages" in differ(two)
    other.takes("7B", MON, "09:03", Ann="/", Ben="N", Cal="N")
    assert "entries here" in differ(two)


def _nth(topic: str, change: Callable[[Told], Told], n: int = 0) -> Callable[[list[Told]], None]:
    """Change one entry of a topic."""

    def changed(there: list[Told]) -> None:
        at = [position for position, entry in enumerate(there) if entry.topic == topic][n]
        there[at] = change(there[at])

    return changed


def _fields(**new: Any) -> Callable[[Told], Told]:
    return lambda entry: entry._replace(fields=entry.fields | new)


def _text(**new: Any) -> Callable[[Told], Told]:
    return lambda entry: entry._replace(text=(entry.text or {}) | new)


def _swapped(there: list[Told]) -> None:
    """Two pupils' marks, the codes alike: only who they are differs."""
    first, *_, last = [at for at, entry in enumerate(there) if entry.topic == "MarkRecorded"]
    line, other = there[first].fields["line"], there[last].fields["line"]
    there[first] = _fields(line=other)(there[first])
    there[last] = _fields(line=line)(there[last])


def _one_key_for_two(there: list[Told]) -> None:
    """Two pupils' entries under one key: each of them alone is well renamed."""
    first, second, *_ = [at for at, entry in enumerate(there) if entry.topic == "PupilEntered"]
    there[second] = _fields(sealed_key=there[first].fields["sealed_key"])(there[second])


@pytest.mark.parametrize(
    "change",
    [
        _swapped,
        _nth("MarkRecorded", _fields(code="L")),
        _nth("MarkRecorded", _fields(header=9)),
        _nth("MarkRecorded", lambda e: e._replace(recorded_at=e.recorded_at + 1)),
        _nth("MarkRecorded", lambda e: e._replace(schema=b"another ve")),
        _nth("EntriesReceived", _fields(source=b"X" * 16)),
        _nth("EntriesReceived", _fields(message_hash=bytes(32))),
        _nth("PupilEntered", _text(full_name="Somebody else")),
        _nth("PupilEntered", lambda e: e._replace(text=None)),
        _one_key_for_two,
        _nth("PupilEntered", lambda e: e._replace(fields={k: v for k, v in e.fields.items() if k != "admission"})),
        _nth("UpnGiven", _text(upn="A805200017130")),
        _nth("LineOpened", _text(school_year=202627)),
        _nth("LocalIdGiven", lambda e: e._replace(stream=f"pupil/{'0' * 32}")),
        _nth("InputHeld", _fields(sentence="Another sentence.")),
        _nth("InputHeld", lambda e: e._replace(topic="InputResolved")),
        lambda there: there.append(there[-1]),
        lambda there: there.reverse(),
    ],
)
def test_a_single_thing_that_differs_is_seen(two: tuple[School, School], change: Callable[[list[Told]], None]) -> None:
    here, there = (entries(school.ledger) for school in two)
    same_entries(here, there, Renaming(FIXED))
    change(there)
    with pytest.raises(Different):
        same_entries(here, there, Renaming(FIXED))


def test_another_code_told_is_another_ledger(tmp_path: Path) -> None:
    one, other = told_to(tmp_path / "one"), told_to(tmp_path / "other", Ben="L")
    assert "EntriesReceived, fields, message_hash" in differ((one, other))
    one.close()
    other.close()


def test_an_id_has_one_partner_in_either_direction() -> None:
    renaming = Renaming()
    renaming.same([b"a" * 16, "place/" + "61" * 16], [b"b" * 16, "place/" + "62" * 16], "first")
    for one, other in ((b"a", b"c"), (b"c", b"b")):
        with pytest.raises(Different, match="stood for others before"):
            renaming.same(one * 16, other * 16, "second")
    with pytest.raises(Different):
        renaming.same("Source 61616161 may not speak.", "Source 63636363 may not speak.", "third")
    renaming.same("Source 61616161 may not speak.", "Source 62626262 may not speak.", "fourth")
    assert renaming.renamed("place/" + "61" * 16) == "place/" + "62" * 16
