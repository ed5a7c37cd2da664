"""The way of a message from its source to the file: sent in the order of the source's sequence, received later.

Two queues: what is still to be sent (by `sent_at`; its sequence is given when it leaves) and what is under way (by
`received_at`). So a delivery may overtake an older one, be repeated, or arrive cut short, and the file stays in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random

from simulation.authority import Place
from simulation.messages import Fields, encoded, rows_of
from simulation.terms import SECOND
from simulation.writing import Deliveries, with_sequence


@dataclass(slots=True)
class _Letter:
    place: Place
    key: str
    value: bytes
    received_at: int
    rows: int
    marks: int
    again_after: int | None
    cut: bool


@dataclass(slots=True)
class _Parcel:
    source: str
    key: str
    value: bytes
    rows: int
    marks: int


class Post:
    """Takes messages at any moment that is not past; `deliver` writes what has arrived."""

    def __init__(self, out: Deliveries, rng: Random) -> None:
        self.rows = 0
        self.marks = 0
        self._out = out
        self.rng = rng
        self._letters: list[tuple[int, int, _Letter]] = []
        self._parcels: list[tuple[int, int, _Parcel]] = []
        self._order = 0
        self._now = 0
        self._sequences: dict[bytes, int] = {}

    def message_id(self) -> bytes:
        """A fresh id for a message."""
        return self.rng.randbytes(16)

    def send(
        self,
        place: Place,
        value: bytes,
        sent_at: int,
        *,
        rows: int,
        marks: int = 0,
        received_at: int | None = None,
        again_after: int | None = None,
        cut: bool = False,
        key: str | None = None,
    ) -> int:
        """Hand in a message of a place's source, its sequence still null. Answers when it will be received.

        `again_after`: the very same bytes come once more, that much later. `cut`: only the first half arrives.
        `key`: of the delivery, where it is not the place of the source.
        """
        if sent_at < self._now:
            raise ValueError("a message cannot be sent before what was already delivered")
        if received_at is None:
            received_at = sent_at + self.rng.randrange(200_000, 4 * SECOND)
        self._order += 1
        letter = _Letter(place, key or place.local_id, value, received_at, rows, marks, again_after, cut)
        heappush(self._letters, (sent_at, self._order, letter))
        return received_at

    def state(self, name: str, place: Place, sent_at: int, fields: Fields, *, received_at: int | None = None) -> bytes:
        """Hand in a message that is no register; answers its id."""
        message = self.message_id()
        value = encoded(name, message, place, sent_at, fields)
        self.send(place, value, sent_at, rows=rows_of(fields), received_at=received_at)
        return message

    def operate(self, name: str, key: str, received_at: int, fields: Fields) -> None:
        """A message of the operator, who has no sequence."""
        value = encoded(name, self.message_id(), None, received_at, fields)
        self._order += 1
        heappush(self._parcels, (received_at, self._order, _Parcel("operator", key, value, rows_of(fields), 0)))

    def deliver(self, until: int | None) -> None:
        """Write all that was received before `until` (None: everything)."""
        while self._letters and (until is None or self._letters[0][0] < until):
            _, _, letter = heappop(self._letters)
            place = letter.place
            sequence = self._sequences.get(place.source, 0) + 1
            self._sequences[place.source] = sequence
            value = with_sequence(letter.value, sequence)
            rows, marks = letter.rows, letter.marks
            if letter.cut:
                value, rows, marks = value[: len(value) // 2], 1, 0
            parcel = _Parcel(place.source.hex(), letter.key, value, rows, marks)
            arrivals = [letter.received_at]
            if letter.again_after is not None:
                arrivals.append(letter.received_at + letter.again_after)
            for arrival in arrivals:
                self._order += 1
                heappush(self._parcels, (arrival, self._order, parcel))
        while self._parcels and (until is None or self._parcels[0][0] < until):
            arrival, _, parcel = heappop(self._parcels)
            self._out.put(parcel.source, parcel.key, arrival, parcel.value)
            self.rows += parcel.rows
            self.marks += parcel.marks
        if until is not None:
            self._now = until
