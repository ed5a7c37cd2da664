"""What became of the rows: every row sent ends as exactly one of these, and the sum is said."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import NamedTuple

from domain.attendance_register.becoming import Becomes


@dataclass(slots=True)
class Counts:
    """Rows by outcome. sent = recorded + foreseen + duplicate + nothing_said + held."""

    sent: int = 0
    marks: int = 0
    amendments: int = 0
    withdrawals: int = 0
    older: int = 0
    statements: int = 0
    """Rows about places, calendars, people and pupils that said something new."""
    foreseen: int = 0
    duplicate: int = 0
    nothing_said: int = 0
    held_in: int = 0
    """Rows held when they came."""
    held_out: int = 0
    """Of those, rows that a replay took since: they are counted as what they became."""
    withdrawn_unsent: int = 0
    """Withdrawals that a whole snapshot implies: no row was sent for them, so they stand outside the sum."""
    deliveries: int = 0
    replayed_earlier: int = 0
    """Rows held by another import or intake that this one's facts set free: outside the sum."""

    @property
    def held(self) -> int:
        """Rows still held."""
        return self.held_in - self.held_out

    @property
    def recorded(self) -> int:
        """Rows that became entries of a register, or statements."""
        return self.marks + self.amendments + self.withdrawals + self.older + self.statements

    @property
    def adds_up(self) -> bool:
        """The sum that every import shows."""
        return self.sent == self.recorded + self.foreseen + self.duplicate + self.nothing_said + self.held

    def add(self, becomes: Becomes, rows: int = 1) -> None:
        """Count rows about marks."""
        match becomes:
            case Becomes.MARK:
                self.marks += rows
            case Becomes.AMENDMENT:
                self.amendments += rows
            case Becomes.WITHDRAWAL:
                self.withdrawals += rows
            case Becomes.OLDER:
                self.older += rows
            case Becomes.FORESEEN:
                self.foreseen += rows
            case Becomes.DUPLICATE:
                self.duplicate += rows
            case Becomes.NOTHING_SAID:
                self.nothing_said += rows

    def less(self, other: Counts) -> Counts:
        """What was counted since `other`."""
        return Counts(**{f.name: getattr(self, f.name) - getattr(other, f.name) for f in fields(self)})

    def __iadd__(self, other: Counts) -> Counts:
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))
        return self


class Held(NamedTuple):
    """Rows of a message that cannot be taken, under one rule."""

    rule: str
    """g1 to g6 (events.md 0)."""
    rows: tuple[int, ...]
    """Places in the message, from 0; empty: the whole message."""
    sentence: str
    place: bytes | None = None
    because: str | None = None
    """What keeps them apart from others under the same rule: another thing mends them."""


@dataclass(slots=True)
class Taken:
    """What became of one message."""

    counts: Counts = field(default_factory=Counts)
    held: list[Held] = field(default_factory=list)

    def hold(
        self, rule: str, rows: tuple[int, ...], sentence: str, place: bytes | None = None, because: str | None = None
    ) -> None:
        """Hold rows back: they alone, not their class."""
        self.held.append(Held(rule, rows, sentence, place, because))
