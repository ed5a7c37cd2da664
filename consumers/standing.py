"""How far the intake and the publisher are, as the ledger itself keeps it: anybody can read it, wherever they run."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumers.intake import count_name
from consumers.outcome import Counts
from consumers.streaming import tracking_name
from domain.ledger.store import Store


@dataclass(slots=True)
class Standing:
    """One partition of a source's topic."""

    topic: str
    partition: int
    next: dict[str, int] = field(default_factory=dict)
    """The offset of the first record that was not taken in, by the broker's id of the topic: one that was deleted and
    made anew has another."""
    counts: Counts = field(default_factory=Counts)
    """What became of all rows ever taken from it."""


def standings(store: Store) -> list[Standing]:
    """Every partition that anything was ever taken from, in order."""
    found: dict[tuple[str, int], Standing] = {}

    def of(topic: str, partition: str) -> Standing:
        key = topic, int(partition)
        return found.setdefault(key, Standing(*key))

    for name, position in store.tracking_rows(_KAFKA).items():
        topic, partition, topic_id = name.removeprefix(_KAFKA).split(":")
        of(topic, partition).next[topic_id] = position
    for name, count in store.tracking_rows(_ROWS).items():
        topic, partition, counted = name.removeprefix(_ROWS).split(":")
        counts = of(topic, partition).counts
        if hasattr(counts, counted):  # else one that an earlier program counted
            setattr(counts, counted, count)
    return [found[key] for key in sorted(found)]


def published(store: Store) -> dict[str, int]:
    """By topic: the last position that was published on it."""
    return {name.removeprefix(_PUBLISH): last for name, last in store.tracking_rows(_PUBLISH).items()}


# How the names of these rows begin: a topic holds no colon.
_KAFKA = tracking_name("", "", 0).partition(":")[0] + ":"
_ROWS = count_name("", 0).partition(":")[0] + ":"
_PUBLISH = "publish:"
