"""The ledger as an application of the `eventsourcing` library: its repository, its notification log, our store.

For whoever replays single aggregates or follows the log with the library's own tools: an aggregate's whole life goes
through the repository with a projector function. The mapper is strict: only topics that we issued schemas for, only
single-object bodies, never an import by a stored name. Writing goes through `Ledger.settle`, which needs batches,
positions and several streams; the program's own answers read columns (`reader`) or streams of the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, ProcessRecorder, StoredEvent, Transcoder

from domain.events import Fields, Stored
from domain.ledger.bodies import open_state
from domain.ledger.keystore import KeyStore
from schemas import catalogue
from schemas.codec import SINGLE_OBJECT

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """An event as the library hands it about: the stored bytes, and what they say once opened."""

    originator_id: str
    """The stream's name."""
    originator_version: int
    topic: str
    state: bytes
    fields: Fields
    text: Fields | None = None

    @property
    def stored(self) -> Stored:
        """As the evolve functions of `domain/` fold it."""
        return Stored(self.originator_version, self.topic, self.fields, self.text)


class NotOurs(ValueError):
    """A stored event that this ledger cannot have written."""


class StrictMapper(Mapper[str]):
    """Between stored events and ours. Refuses, with NotOurs, an unknown topic and a body that is not of its schema."""

    def __init__(self, keys: KeyStore) -> None:
        super().__init__(_NoTranscoder())
        self._keys = keys

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The stored form: the bytes that the event carries."""
        _check(domain_event.topic, domain_event.state)
        return StoredEvent(
            domain_event.originator_id, domain_event.originator_version, domain_event.topic, domain_event.state
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """Decoded by the schema that its bytes name, its sealed part opened if the key is at hand."""
        _check(stored_event.topic, stored_event.state)
        fields, text = open_state(stored_event.state, self._keys)
        return LedgerEvent(
            str(stored_event.originator_id),
            stored_event.originator_version,
            stored_event.topic,
            stored_event.state,
            fields,
            text,
        )


class _NoTranscoder(Transcoder):
    """The mapper needs none: bodies are Avro, and their schema stands in them."""

    def encode(self, obj: Any) -> bytes:
        raise NotOurs(f"A {type(obj).__name__} is encoded before it reaches the mapper.")

    def decode(self, data: bytes) -> Any:
        raise NotOurs(f"These {len(data)} bytes are decoded by the schema that they name.")


def _check(topic: str, state: bytes) -> None:
    if topic not in catalogue.current("ledger"):
        raise NotOurs(f"No event of this ledger is called {topic!a}.")
    schema = catalogue.find(state[2:10]) if state[:2] == SINGLE_OBJECT else None
    if schema is None or schema.name != topic or schema.kind != "ledger":
        raise NotOurs(f"The body of a {topic} is not encoded by a schema of that name.")


class RegistersApplication(Application[str]):
    """The library's application over an open store."""

    name = "rollbook"
    log_section_size = 1_000

    def __init__(self, store: ProcessRecorder, keys: KeyStore) -> None:
        self._store = store
        self._keys = keys
        super().__init__({"ORIGINATOR_ID_TYPE": "text"})

    def construct_mapper(self) -> Mapper[str]:
        """Ours, and never the library's, which would import what a stored topic names."""
        return StrictMapper(self._keys)

    def construct_recorder(self) -> ProcessRecorder:
        """The store that is open already."""
        return self._store

    def read(self, stream: str, new: S, evolve: Callable[[S, Stored], S], version: int | None = None) -> S:
        """An aggregate's state, at its present version or an earlier one; `new` where the stream has no events."""

        def project(initial: Any, events: Iterable[Any]) -> Any:
            state = new if initial is None else initial
            for event in events:
                state = evolve(state, event.stored)
            return state

        state: S = self.repository.get(stream, version=version, projector_func=project)
        return state
