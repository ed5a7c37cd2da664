"""What is odd about the numbers of children, as facts that hold no number: of whom, what, and whether it still is so.

A number is opened here, compared in memory and forgotten: neither it nor anything made from it leaves this module.
Which children were ever given one number the identity index tells, and what each was given their own streams: so what
comes out is the same however the ledger is cut, and as far as the keys are at hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from domain.events import Stored
from domain.ledger.bodies import open_part, open_state
from domain.ledger.ledger import Ledger
from domain.pupil import EVERYONE, ON_TWO_CHILDREN, can_identify, number_finding, stream_of
from domain.pupil.pupil import Pupil, evolve, one_child
from projections.asking import ids_of
from projections.facts.columns import beside

TOPICS: Final = ("UpnGiven", "IdentitiesMerged", "IdentityMergeUndone")
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "UpnGiven": tuple("position recorded_at stream version salt sealed_key sealed sealed_hash".split())
}
"""What is read of an event that is not read whole."""
_FIRST_GIVEN: Final = 2
"""The version of the entry that gives a child known by number the first one: PupilIdentified comes before."""
_AT_ONCE: Final = 500

Row = dict[str, Any]


class _Told(NamedTuple):
    position: int
    recorded_at: int
    pupil: bytes
    event: Stored


def number_facts(ledger: Ledger, frames: Mapping[str, pl.DataFrame], before: int, last: int) -> list[Row]:
    """`number_oddity` of a window that begins after the position `before` and ends with `last`, by position."""
    touched = _touched(ledger, frames)
    if not touched:
        return []
    story = _story(ledger, touched, last)
    known = _Numbers()
    for told in story:
        if told.position <= before:
            known.take(told)
    found = []
    findings = {pupil: known.findings(pupil) for pupil in tuple(known.pupils)}  # joined ones come in meanwhile
    for told in story:
        if told.position <= before:
            continue
        concerned = known.concerned(told.pupil)
        known.take(told)
        concerned |= known.concerned(told.pupil)
        head = beside(told.position, told.recorded_at)
        for pupil in sorted(concerned):
            was, now = findings.get(pupil, frozenset()), known.findings(pupil)
            findings[pupil] = now
            for finding in sorted(was ^ now):
                found.append({**head, "pupil": pupil, "finding": finding, "stands": int(finding in now)})
    return found


class _Numbers:
    """The children of some numbers, as they were known after each entry that was taken."""

    def __init__(self) -> None:
        self.pupils: dict[bytes, Pupil] = {}
        self._claiming: dict[str, set[bytes]] = defaultdict(set)
        self._joined: dict[bytes, set[bytes]] = defaultdict(set)

    def take(self, told: _Told) -> None:
        """The next entry."""
        pupil = self._told(told.pupil)
        claimed = pupil.claimed
        evolve(pupil, told.event)
        for number in claimed - pupil.claimed:
            self._claiming[number].discard(told.pupil)
        for number in pupil.claimed - claimed:
            self._claiming[number].add(told.pupil)
        other = told.event.fields.get("other_pupil")
        if other is not None:
            self._joined[told.pupil].add(other)
            self._joined[other].add(told.pupil)

    def concerned(self, pupil: bytes) -> set[bytes]:
        """Whose findings an entry about a pupil may change: those of the same child, and of whoever has their
        numbers."""
        child = self._child(pupil)
        numbers = {number for one in child for number in self._told(one).claimed}
        return {*child, *(other for number in numbers for other in self._claiming[number])}

    def findings(self, pupil: bytes) -> frozenset[str]:
        """What is odd about the numbers of a pupil."""
        told = self._told(pupil)
        own = None if told.number is None else number_finding(told.number)
        found = set() if own is None else {own}
        child = frozenset(self._child(pupil))
        if any(can_identify(number) and not self._claiming[number] <= child for number in told.claimed):
            found.add(ON_TWO_CHILDREN)
        return frozenset(found)

    def _told(self, pupil: bytes) -> Pupil:
        if pupil not in self.pupils:
            self.pupils[pupil] = Pupil(stream_of(pupil))
        return self.pupils[pupil]

    def _child(self, pupil: bytes) -> tuple[bytes, ...]:
        return one_child(pupil, self._joined.__getitem__, self._told) if pupil in self._joined else (pupil,)


def _pupil_of(stream: str) -> bytes:
    return bytes.fromhex(stream.removeprefix("pupil/"))


def _touched(ledger: Ledger, frames: Mapping[str, pl.DataFrame]) -> set[bytes]:
    """The pupils of a window about whose numbers something may have become odd, or have ended: nearly none."""
    touched: set[bytes] = set()
    for topic in TOPICS[1:]:
        if topic in frames:
            for stream, other in frames[topic].select("stream", "other_pupil").iter_rows():
                touched |= {_pupil_of(stream), other}
    given = frames.get("UpnGiven")
    if given is None:
        return touched
    keys = ledger.keys.get_many(given["sealed_key"].drop_nulls().unique())
    by_key: dict[bytes, list[bytes]] = {}
    identity_key = ledger.shared.identity_key
    for said in given.iter_rows(named=True):
        key = keys.get(said["sealed_key"])
        if key is None:
            continue
        pupil, number = _pupil_of(said["stream"]), open_part(said, key)["upn"]
        if said["version"] > _FIRST_GIVEN or number_finding(number) is not None:
            touched.add(pupil)
        by_key.setdefault(identity_key("upn", "", number), []).append(pupil)
    for row_key, rows in ledger.store.find_identities(by_key).items():
        if len({row.id for row in rows}) > 1:
            touched.update(by_key[row_key])
    return touched


def _story(ledger: Ledger, pupils: Iterable[bytes], last: int) -> list[_Told]:
    """What was told up to a position of the numbers of pupils, and of all whom numbers or merges tie to them, in order
    of position."""
    told: list[_Told] = []
    seen: set[bytes] = set()
    ever_joined = frozenset(ids_of(ledger, "same_child", EVERYONE))
    more = set(pupils)
    while more:
        seen |= more
        found = [entry for entry in _entries(ledger, sorted(more)) if entry.position <= last]
        told += found
        numbers = {(entry.event.text or {}).get("upn") or "" for entry in found}
        names = [("upn", number) for number in numbers if can_identify(number)]
        names += [("same_child", pupil.hex()) for pupil in more & ever_joined]
        keys = [ledger.shared.identity_key(kind, "", value) for kind, value in names]
        rows = ledger.store.find_identities(keys).values()
        more = {row.id for some in rows for row in some} - seen
    return sorted(told, key=lambda entry: entry.position)


def _entries(ledger: Ledger, pupils: list[bytes]) -> Iterator[_Told]:
    for at in range(0, len(pupils), _AT_ONCE):
        streams = ledger.store.read_streams([stream_of(pupil) for pupil in pupils[at : at + _AT_ONCE]])
        for stream, rows in streams.items():
            for row in rows:
                if row.topic in TOPICS:
                    event = Stored(row.version, row.topic, *open_state(row.state, ledger.keys))
                    yield _Told(row.position, row.recorded_at, _pupil_of(stream), event)
