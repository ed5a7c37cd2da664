"""What both stores do alike: stamps, names and numbers, the columnar scan.

Neither database decides anything here: these are the rules of the contract in `store`, written once.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from eventsourcing.persistence import DataError, StoredEvent

from domain.ledger.store import Appended, Batch, Chunk, ClockBehind, Joined, StaleDecision, TrackingRow

if TYPE_CHECKING:
    from uuid import UUID

    import polars as pl

Clock = Callable[[], int]
TOLERANCE = 2_000_000
"""How far, in microseconds, a system clock may lag behind the last entry before the writer stops."""
KEPT_NAMES = 200_000
"""How many stream names a store remembers; some 150 bytes each."""
MARKER = b"\xc3\x01"
"""The first two bytes of an Avro single-object encoding; eight bytes of fingerprint follow."""
HEADER_SIZE = 10
PAGE = 10_000
"""How many rows one read transaction fetches where a caller iterates."""
BESIDE = ("position", "recorded_at", "stream", "version", "topic")
"""The columns of the log beside the state, as the scan reads them."""
AHEAD = 2
"""How many windows the columnar path reads ahead, each on a connection of its own."""
AFTER_ALL_NAMES = "\U0010ffff"
"""Sorts after every character of a stream's name."""


def system_clock() -> int:
    """The machine's time in UTC microseconds."""
    return time.time_ns() // 1000


def stamps(chunks: Iterable[Chunk], last: int, clock: Clock, *, simulated: bool) -> list[int]:
    """When each chunk counts as recorded; call it under the append lock.

    A system clock gives one stamp to the whole transaction: its time, or that of the last entry while it is no more
    than two seconds behind it. A simulated clock stands at the largest stamp of the chunks taken so far.
    """
    if not simulated:
        now = clock()
        if last - now > TOLERANCE:
            raise ClockBehind(
                f"The clock of this machine is {(last - now) / 1_000_000:.1f} s behind the last entry of the ledger; "
                "nothing was written: set the clock right and try again."
            )
        return [max(now, last)] * len(list(chunks))
    given = []
    for chunk in chunks:
        last = max(last, chunk.stamp or 0)
        given.append(last)
    return given


def require_head(expected: int | None, position: int) -> None:
    """Refuse a decision that counted on another head than the log has now."""
    if expected is not None and expected != position:
        raise StaleDecision(f"The decision counted on position {expected}, but the ledger stands at {position}.")


def stream_name(originator: UUID | str) -> str:
    """The library's id of an aggregate as the name of a stream."""
    return originator if isinstance(originator, str) else originator.hex


def batch_of(events: Sequence[StoredEvent], tracking: TrackingRow | None) -> Batch:
    """The library's stored events as a batch, in the order given."""
    return Batch(
        chunks=[Chunk(stream_name(e.originator_id), e.originator_version - 1, e.topic, (e.state,)) for e in events],
        tracking=[] if tracking is None else [tracking],
    )


def require_versions(chunks: Iterable[Chunk]) -> None:
    """Versions count from 1 in a stream of ours (the library's own tests also begin at 0)."""
    for chunk in chunks:
        if chunk.version < 0:
            raise ValueError(f"The stream {chunk.stream} cannot stand at version {chunk.version}.")


class Names:
    """Which small integer stands for which text. Only what is committed may be learned."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.texts: dict[int, str] = {}

    def learn(self, ids: dict[str, int]) -> None:
        """Remember committed names; forget the others when there are too many."""
        if len(self.ids) + len(ids) > KEPT_NAMES:
            self.ids = {}
            self.texts = {}
        self.ids.update(ids)
        self.texts.update({number: text for text, number in ids.items()})


class LastEntry(NamedTuple):
    """The last entry that a transaction wrote, to recognise it by."""

    position: int
    recorded_at: int
    stream: int
    version: int
    state: bytes


@dataclass(slots=True)
class Written:
    """What a transaction wrote, before its commit is known."""

    appended: Appended
    last: LastEntry | None
    tracking: list[TrackingRow]
    streams: dict[str, int] = field(default_factory=dict)
    """Numbers of the streams that it met and that were not remembered, new ones included."""
    topics: dict[str, int] = field(default_factory=dict)

    @property
    def can_be_recognised(self) -> bool:
        """Whether anything that it wrote tells it from a transaction that never was."""
        return self.last is not None or bool(self.tracking)


class Window(NamedTuple):
    """A range of positions, inclusive, and which of its entries are asked for."""

    first: int
    last: int
    topics: tuple[int, ...]
    """Numbers of the topics; none means all."""
    stream_prefix: str | None


class Bodies(NamedTuple):
    """Bodies joined by the database, with the count and length that it claims."""

    entries: int
    length: int
    blob: bytes


class ColumnarScan(ABC):
    """Reads bodies joined by the database: a few objects for each chunk instead of one for each event."""

    def __init__(self) -> None:
        self._prefixes: dict[int, bytes] = {}
        """The header last seen with a topic: a guess, checked by counting."""

    @abstractmethod
    def head(self) -> tuple[int, int]: ...

    @abstractmethod
    def _topic_numbers(self, topics: Sequence[str]) -> dict[int, str]:
        """Numbers and texts of the topics named, or of all where none is."""

    @abstractmethod
    def _stream_texts(self, numbers: Sequence[int]) -> list[str]:
        """The names of streams, in the order of the numbers."""

    @abstractmethod
    def _beside(self, window: Window) -> pl.DataFrame:
        """position, recorded_at, stream, version, topic of the window's entries as Int64, by position."""

    @abstractmethod
    def _bodies(self, window: Window, header: bytes) -> Bodies:
        """The bodies of the window's entries whose state begins with this header."""

    @abstractmethod
    def _headers(self, window: Window) -> dict[bytes, list[int]]:
        """The positions of the window's entries by the first ten bytes of their state."""

    @abstractmethod
    def _states(self, window: Window, header: bytes) -> list[bytes]:
        """The states themselves: the row path, where a join cannot be trusted."""

    def joined(
        self,
        first: int,
        last: int,
        *,
        topics: Sequence[str] = (),
        chunk: int = 50_000,
        stream_prefix: str | None = None,
    ) -> Iterator[Joined]:
        """Bodies joined by the database, one piece per topic, schema and `chunk` of positions."""
        last = min(last, self.head()[0])
        texts = self._topic_numbers(topics)
        if topics and not texts:
            return
        wanted = tuple(sorted(texts)) if topics else ()
        windows = [
            Window(start, min(start + chunk - 1, last), wanted, stream_prefix)
            for start in range(max(first, 1), last + 1, chunk)
        ]
        if len(windows) < 2:
            for window in windows:
                yield from self._pieces(window, texts)
            return
        # The database works with the interpreter's lock released: it joins the next windows while this one is used.
        with ThreadPoolExecutor(AHEAD, thread_name_prefix="ledger-reader") as pool:
            coming = deque(pool.submit(self._pieces, window, texts) for window in windows[:AHEAD])
            for window in windows[AHEAD:]:
                ready = coming.popleft().result()
                coming.append(pool.submit(self._pieces, window, texts))
                yield from ready
            while coming:
                yield from coming.popleft().result()

    def _pieces(self, window: Window, texts: dict[int, str]) -> list[Joined]:
        return list(self._window(window, texts))

    def _window(self, window: Window, texts: dict[int, str]) -> Iterator[Joined]:
        beside = self._beside(window)
        if beside.is_empty():
            return
        streams = beside["stream"].unique()
        named = self._stream_texts(streams.to_list())
        beside = beside.with_columns(beside["stream"].replace_strict(streams, named))
        for topic in beside["topic"].unique().sort().to_list():
            if topic not in texts:  # registered after this read began
                texts.update(self._topic_numbers(()))
            rows = beside.filter(beside["topic"] == topic).drop("topic")
            for header, part, bodies in self._by_schema(window._replace(topics=(topic,)), rows):
                if header[:2] != MARKER or len(header) < HEADER_SIZE:
                    raise DataError(f"The entry at position {part['position'][0]} is not an Avro single object.")
                yield Joined(texts[topic], header[2:], part, bodies)

    def _by_schema(self, window: Window, rows: pl.DataFrame) -> Iterator[tuple[bytes, pl.DataFrame, bytes]]:
        """Split the entries of one topic by schema. Nearly always there is one, and the last one seen."""
        guess = self._prefixes.get(window.topics[0])
        if guess is not None:
            bodies = self._bodies(window, guess)
            if bodies.entries == len(rows):
                yield guess, rows, self._checked(window, guess, bodies)
                return
        for header, positions in sorted(self._headers(window).items()):
            self._prefixes[window.topics[0]] = header
            part = rows if len(positions) == len(rows) else rows.filter(rows["position"].is_in(positions))
            yield header, part, self._checked(window, header, self._bodies(window, header))

    def _checked(self, window: Window, header: bytes, bodies: Bodies) -> bytes:
        """The join as it came if its length is right, else the rows joined here."""
        if len(bodies.blob) == bodies.length:
            return bodies.blob
        return b"".join(state[HEADER_SIZE:] for state in self._states(window, header))


def last_at_or_before(moment: int, last: int, recorded_at: Callable[[int], int]) -> int:
    """Bisect positions 1..last, whose stamps never run backwards; 0 if none is early enough."""
    low, high = 0, last
    while low < high:
        middle = (low + high + 1) // 2
        if recorded_at(middle) <= moment:
            low = middle
        else:
            high = middle - 1
    return low
