"""How far the streams are, for `rollbook status`: what came from Kafka by partition, and what was published to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from console import say
from console.say import Column
from consumers.outcome import Counts
from consumers.standing import Standing

_SUM = ("sent", "recorded", "foreseen", "duplicate", "nothing_said", "held")
"""sent = recorded + foreseen + duplicate + nothing said + held."""
_TITLES = ("Sent", "Recorded", "Foreseen", "Duplicate", "Nothing said", "Held")


def as_data(streams: Sequence[Standing], published: Mapping[str, int]) -> dict[str, Any]:
    """The answer for machines: the sum, and every count behind it."""
    return {
        "streams": [
            {
                "topic": one.topic,
                "partition": one.partition,
                "next_offset": [{"topic_id": which, "offset": offset} for which, offset in one.next.items()],
            }
            | {name: getattr(one.counts, name) for name in _SUM}
            | {f.name: getattr(one.counts, f.name) for f in fields(Counts) if f.name not in _SUM}
            for one in streams
        ],
        "published": [{"topic": topic, "position": last} for topic, last in published.items()],
    }


def show(streams: Sequence[Standing], published: Mapping[str, int], entries: int) -> None:
    """Print what there is; nothing where no stream ever ran."""
    if streams:
        say.line()
        say.table(
            [
                Column("Stream"),
                Column("Partition", right=True),
                Column("Next offset", right=True),
                *(Column(title, right=True) for title in _TITLES),
            ],
            [
                [
                    one.topic,
                    str(one.partition),
                    ", ".join(say.number(offset) for offset in one.next.values()),
                    *(say.number(getattr(one.counts, name)) for name in _SUM),
                ]
                for one in streams
            ],
        )
    if published:
        say.line()
        for topic, last in published.items():
            say.line(f"Published on {topic}: up to position {say.number(last)} of {say.number(entries)}")
