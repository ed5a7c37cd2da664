"""What a simulation says of its file: how much it sent, and what it planted, with what the ledger should make of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Expected = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class Sought:
    """An event that the ledger must hold because of something planted: what a finder looks for, and nothing else.

    Dates are written as in messages, ids in hex, places by LAESTAB, URN or, for a provider, its own id.
    """

    topic: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of the event's body; those not named may say anything."""
    text: Mapping[str, Any] = field(default_factory=dict)
    """Of its sealed part."""
    pupil: int | None = 0
    """Which of the planted pupils it is about; none, if it is about no pupil."""
    message: int | None = None
    """Which of the planted messages it came by; none, if by any."""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Planted:
    """One thing done on purpose."""

    kind: str
    place: str
    """LAESTAB of the place that it happened to."""
    pupils: tuple[str, ...]
    """The source's ids (`mis_pupil`); empty where it concerns a class or the whole place."""
    date: str | None
    """Of the session meant (of the first, where there are several), as sent: an impossible date is possible."""
    session: str | None
    sentence: str
    """What the ledger should make of it."""
    messages: tuple[str, ...]
    """The message ids (hex) by which it is found in the file, in the order in which they were sent."""
    expect: Expected
    """`becomes` (mark, amendment, withdrawal, foreseen, duplicate, older, held, replayed, nothing, entered, deleted,
    leaving, cancelled, events, merged, succeeded), `rows` concerned, `current` code at the end (null: none), and more
    by kind. What is merged or succeeded becomes so by a person's command, which no file can carry."""
    events: tuple[Sought, ...] = ()
    """What the ledger's events say of it afterwards."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a file holds."""

    path: Path
    deliveries: int
    marks: int
    """Rows of RegisterTaken and RegisterSnapshot, in every delivery that can be read, re-sent ones again."""
    rows: int
    """All rows of every delivery: those of its arrays; 1 for a message without any, or that cannot be read."""
    planted: list[Planted]
    expected_counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Counts mode only: sessions of those who count, by phase and code."""
    left_out: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    """Counts mode only: sessions that must not count, by phase, reason and code (empty: one that stands for none)."""

    @property
    def ends_held(self) -> list[Planted]:
        """The planted things that stay held when the whole file has been taken in."""
        return [p for p in self.planted if p.expect.get("becomes") == "held"]


def planted_path(out: Path) -> Path:
    """Where the list of planted things lies: OUT.planted.json."""
    return out.with_name(out.name + ".planted.json")


def write_planted(summary: Summary) -> None:
    """Write OUT.planted.json beside the file."""
    content = {
        "file": summary.path.name,
        "deliveries": summary.deliveries,
        "marks": summary.marks,
        "rows": summary.rows,
        "expected_counts": summary.expected_counts,
        "left_out": summary.left_out,
        "planted": [asdict(p) for p in summary.planted],
    }
    planted_path(summary.path).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read_planted(path: Path) -> list[Planted]:
    """What such a list says."""
    return [
        Planted(
            **{
                **one,
                "pupils": tuple(one["pupils"]),
                "messages": tuple(one["messages"]),
                "events": tuple(Sought(**sought) for sought in one["events"]),
            }
        )
        for one in json.loads(path.read_text("utf-8"))["planted"]
    ]
