"""What lives longer than a batch: states of aggregates, rolls and look-ups, true of the committed ledger only.

Memory is bounded: the least recently used states go first, and look-ups are simply dropped when there are many.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from domain import sealing
from domain.ledger.keystore import KeyStore
from domain.ledger.store import Store


class State(Protocol):
    """What the cache holds: a state folded from one stream."""

    stream: str
    version: int

    @property
    def weight(self) -> int:
        """Roughly how many things it holds."""


class StateCache:
    """States by stream, as committed; the least recently used go first once the weight passes the bound."""

    def __init__(self, bound: int = 600_000) -> None:
        self._states: OrderedDict[str, State] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._weight = 0
        self.bound = bound

    def take(self, stream: str) -> State | None:
        """Remove and return a state: from now on it belongs to the caller."""
        state = self._states.pop(stream, None)
        if state is not None:
            self._weight -= self._weights.pop(stream)
        return state

    def put_back(self, states: Iterable[State]) -> None:
        """Keep states that are committed."""
        for state in states:
            self.take(state.stream)
            self._states[state.stream] = state
            self._weights[state.stream] = state.weight
            self._weight += state.weight
        while self._weight > self.bound and self._states:
            self.take(next(iter(self._states)))

    def forget(self, streams: Iterable[str]) -> None:
        """Drop what is no longer true."""
        for stream in streams:
            self.take(stream)

    def clear(self) -> None:
        """Drop everything."""
        self._states.clear()
        self._weights.clear()
        self._weight = 0


class Found(NamedTuple):
    """An identity row without its key."""

    id: bytes
    valid_from: int


@dataclass(slots=True)
class Roll:
    """The lines of a place in one school year, by the id under which one source knows the pupil."""

    place: bytes
    source: bytes
    school_year: int
    one: dict[str, bytes] = field(default_factory=dict)
    """Pupils with a single line in the year: nearly all."""
    several: dict[str, list[Found]] = field(default_factory=dict)
    """Pupils with more than one stay, in order of starting day."""

    def line(self, mis_pupil: str, day: int) -> bytes | None:
        """The line on which a mark of that day stands: the stay that had begun last, else the first."""
        stays = self.several.get(mis_pupil)
        if stays is None:
            return self.one.get(mis_pupil)
        begun = [stay for stay in stays if stay.valid_from <= day]
        return (begun[-1] if begun else stays[0]).id


@dataclass(slots=True)
class Shared:
    """What lives longer than a batch: true of the committed ledger only."""

    store: Store
    keys: KeyStore
    states: StateCache = field(default_factory=StateCache)
    rolls: dict[tuple[bytes, bytes, int], Roll] = field(default_factory=dict)
    facts: dict[tuple[str, str, str], list[Found]] = field(default_factory=dict)
    head: int = 0
    """The last position that the cache knows of."""
    others_wrote: set[str] = field(default_factory=set)
    """Streams that others were found to have written, and that no unit was told of yet."""

    def catch_up(self) -> set[str]:
        """Forget what others have written since, and say which streams; call before a batch is decided."""
        head, _ = self.store.head()
        if head != self.head:
            if self.head:
                written = self.store.streams_written_since(self.head)
                self.states.forget(written)
                if any(not s.startswith("attendance-register/") for s in written):
                    self.forget_who_is_who()
                self.others_wrote |= written
            else:
                self.forget_everything()
            self.head = head
        others, self.others_wrote = self.others_wrote, set()
        return others

    def forget_who_is_who(self) -> None:
        """Drop identity look-ups; they come back from the index."""
        self.rolls.clear()
        self.facts.clear()

    def forget_everything(self) -> None:
        """Drop every cache: after a stale decision."""
        self.states.clear()
        self.forget_who_is_who()

    def identity_key(self, kind: str, scope: str, value: str) -> bytes:
        """The key of an identity row."""
        return sealing.identity_key(self.keys.lookup_key, kind, scope, value)
