"""What the runner asks of a database engine, and what it keeps in it: small, so that another engine is soon written.

The runner decides; an engine does. Between the two go names of answers, columns, and `Change`: a relation of the
engine's own that holds what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

import polars as pl

from projections.answers import Answer


class Change(NamedTuple):
    """Rows that differ: of a fact those that are new, of an answer those that went and those that came."""

    relation: str
    """What stands after `from` to read them; empty where nobody can tell which they are."""
    columns: frozenset[str]
    """Its columns. None: everything may have changed."""


@dataclass(frozen=True, slots=True)
class Built:
    """What is kept of each answer."""

    digest: str
    """SHA-256 of its file, as it was when it was last made anew."""
    lineage: str
    """The same with all that it is made of."""
    position: int
    """The ledger's position to which it is complete when `at` is."""
    at: datetime
    """When it was last made or brought up to date, UTC, by the clock of the machine."""


@dataclass(frozen=True, slots=True)
class State:
    """How far a store of answers is."""

    loaded: int = 0
    """The last position whose facts are here."""
    position: int = 0
    """The last position that every answer knows of. Readers see this; it is never beyond `loaded`."""
    recorded_at: datetime | None = None
    """When the ledger wrote that entry, UTC."""
    head: str | None = None
    """What proves which ledger it was: the chain's hash at that entry, in hexadecimal, if the caller said it."""
    facts: str = ""
    """Digest of the definitions of all fact tables, as these facts were loaded."""
    built: Mapping[str, Built] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """The moment for which a question is asked."""

    position: int
    """The last position that counts."""
    moment: datetime
    """UTC, without a zone."""
    today: date
    """Its date in Europe/London."""


class Engine(Protocol):
    """A store of facts and answers that one projector writes."""

    def state(self) -> State:
        """How far it is; of a new one, an empty state."""

    def transaction(self) -> AbstractContextManager[None]:
        """All that is done inside becomes durable together, or nothing of it."""

    def append(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Add rows to facts and dictionaries, by table."""

    def put_rules(self, frames: Mapping[str, pl.DataFrame]) -> None:
        """Replace tables of rules whole."""

    def save(self, state: State) -> None:
        """Keep the state, in the transaction under way."""

    def new_rows(self, table: str, after: int) -> Change | None:
        """The rows of a fact or dictionary beyond a position; None where there are none."""

    def rebuild(self, answer: Answer, told: Callable[[str], None] = lambda _: None) -> None:
        """Make a stored answer anew from its text, or a view over its text, whatever was there; at the latest when the
        transaction ends. `told` hears its name when the work begins, in whatever thread does it."""

    def refresh(
        self, answer: Answer, by: Sequence[str], changes: Sequence[Change], views: Mapping[str, Answer]
    ) -> Change | None:
        """Make a stored answer's rows anew for the keys in `changes`, and say what came out otherwise; None: nothing.

        A key is a value of the columns `by`, which all `changes` and the answer have. Each input is read only where
        the columns that the answer's `refresh` lists of it, as far as they are in `by`, have values of these keys;
        rows that come out for other keys are not taken. Without `by`, all rows are made anew. Where it reads one of
        `views`, that view's text stands over inputs narrowed in the same way (`Answer.narrowed`).
        """

    def keys(self, by: Sequence[str], changes: Sequence[Change]) -> Change:
        """The distinct values of some columns in `changes`: what is known of a change that goes through a view."""

    def drop(self, name: str) -> None:
        """Remove an answer that is asked no more."""

    def forget(self) -> None:
        """Remove what `new_rows`, `refresh` and `keys` gave: nobody asks for it again."""

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask the facts and answers as they stand here; bare names are found."""

    def publish(self) -> None:
        """Let readers see what is committed. Until this returns they see, whole, what they saw before."""


class Reader(Protocol):
    """What readers open: the published answers, never in the way of the projector."""

    def state(self) -> State:
        """How far the published answers are."""

    def current(self, asked: Asked) -> None:
        """From now on, names are of the answers as they stand; `asked` is what views with a "today" read."""

    def as_at(self, asked: Asked, place: int | None = None) -> None:
        """From now on, names are of facts and answers as at a moment, of one place where that is given."""

    def ask(self, statement: str, parameters: Sequence[Any] = ()) -> pl.DataFrame:
        """The rows of a `select`."""

    def close(self) -> None:
        """Let go of it."""


def dictionaries(rows: Iterable[tuple[Any, ...]]) -> list[tuple[int, str, int]]:
    """Rows of a dictionary in the form that `Names.restore` takes back."""
    return [(int(number), str(id_), int(position)) for number, id_, position in rows]
