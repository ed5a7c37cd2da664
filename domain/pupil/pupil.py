"""A child's identity as its stream tells it: with whom it was joined, who may see it, what may not be destroyed.

Nearly every child has none of this, so the state holds shared empty values until something is said, and weighs nothing.
What leads to the child (numbers, MIS ids, lines) stands in the identity index and not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from domain.events import Fields, Stored

LEVELS: Final = ("no_location", "no_link", "sealed")
"""Of a restriction, from the mildest; each holds what the one before it does."""

_NOTHING: Final[Mapping[int, Fields]] = MappingProxyType({})
_NO_MERGE: Final[Mapping[bytes, int]] = MappingProxyType({})


@dataclass(slots=True)
class Pupil:
    """The state that decisions and views need. `version` 0: nobody was identified so."""

    stream: str
    version: int = 0
    joined: Mapping[bytes, int] = field(default_factory=lambda: _NO_MERGE)
    """The identities that were merged into this one, and the version of the IdentitiesMerged that stands."""
    restrictions: Mapping[int, Fields] = field(default_factory=lambda: _NOTHING)
    """Those that stand, by version."""
    holds: Mapping[int, Fields] = field(default_factory=lambda: _NOTHING)
    """Those that stand, by version, with the line that each is about where its key is at hand."""
    parents: frozenset[bytes] = frozenset()
    matched: frozenset[frozenset[bytes]] = frozenset()
    """Pairs of parents who are one person."""
    earlier: bytes | None = None
    """Whom this child was before, where the key is at hand: for decisions, never for a view."""

    @property
    def id(self) -> bytes:
        """The pupil."""
        return bytes.fromhex(self.stream.removeprefix("pupil/"))

    @property
    def weight(self) -> int:
        """What a cache counts."""
        return 3 + len(self.joined) + len(self.restrictions) + len(self.holds) + len(self.parents)

    @property
    def level(self) -> str | None:
        """The strictest restriction that stands; None if the identity is open."""
        return strictest(fields["level"] for fields in self.restrictions.values())


def strictest(levels: Iterable[str]) -> str | None:
    """The strictest of some levels; None of none."""
    return max(levels, key=LEVELS.index, default=None)


def evolve(pupil: Pupil, stored: Stored) -> Pupil:
    """Fold one event of the stream."""
    pupil.version = stored.version
    fields, text = stored.fields, stored.text or {}
    match stored.topic:
        case "IdentitiesMerged":
            pupil.joined = {**pupil.joined, fields["other_pupil"]: stored.version}
        case "IdentityMergeUndone":
            pupil.joined = {k: v for k, v in pupil.joined.items() if k != fields["other_pupil"]}
        case "IdentityContinued":
            pupil.earlier = text.get("earlier_pupil")
        case "AccessRestricted":
            said = {"level": fields["level"], "review_on": fields.get("review_on")}
            pupil.restrictions = {**pupil.restrictions, stored.version: said}
        case "RestrictionLifted":
            pupil.restrictions = {v: said for v, said in pupil.restrictions.items() if v != fields["amends"]}
        case "HoldPlaced":
            said = {"scope": fields["scope"], "why": fields["why"], "until": fields.get("until")}
            pupil.holds = {**pupil.holds, stored.version: said | {"line": text.get("line")}}
        case "HoldLifted":
            pupil.holds = {v: said for v, said in pupil.holds.items() if v != fields["amends"]}
        case "ParentNamed":
            pupil.parents |= {fields["parent"]}
        case "ParentsMatched":
            pupil.matched |= {frozenset((fields["parent_a"], fields["parent_b"]))}
        case _:
            pass
    return pupil


def one_child(
    pupil: bytes, ever_joined: Callable[[bytes], Iterable[bytes]], told: Callable[[bytes], Pupil]
) -> tuple[bytes, ...]:
    """The identities that are this one child: the one asked for first, then the others in the order in which merges
    lead to them.

    `ever_joined` says with whom an identity was ever merged, in either direction, and may know more than is so today;
    `told` is an identity's state, and says which of these merges stands. A merge into a third leads on to it.
    """
    found = [pupil]
    for known in found:
        own = told(known).joined
        for other in ever_joined(known):
            if other not in found and (other in own or known in told(other).joined):
                found.append(other)
    return tuple(found)


def staying(child: Iterable[bytes], told: Callable[[bytes], Pupil]) -> bytes:
    """Of the identities of one child, the one into which the others were merged; the first, should there be two."""
    members = list(child)
    merged = {other for member in members for other in told(member).joined}
    return next((member for member in sorted(members) if member not in merged), members[0])
