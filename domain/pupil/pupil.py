"""A child's identity as its stream tells it: with whom it was joined, who may see it, what may not be destroyed.

Nearly every child has none of this, so the state holds shared empty values until something is said, and weighs nothing.
What leads to the child (numbers, MIS ids, lines) stands in the identity index and not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from domain.events import Fields, Stored
from domain.identifiers import is_temporary_upn

LEVELS: Final = ("no_location", "no_link", "sealed")
"""Of a restriction, from the mildest; each holds what the one before it does."""


class Number(NamedTuple):
    """A UPN as a source said it last."""

    upn: str
    told_at: int | None
    """`sent_at` of the message that said it."""


_NOTHING: Final[Mapping[int, Fields]] = MappingProxyType({})
_NO_MERGE: Final[Mapping[bytes, int]] = MappingProxyType({})


class Parent(NamedTuple):
    """One parent of one child, as last named. Where the child's key is gone nothing but the id is known."""

    name: str | None = None
    other_names: str | None = None
    ids: frozenset[tuple[bytes, str]] = frozenset()
    """(source, its id for the parent)."""
    told_at: int | None = None
    """`sent_at` of the naming that stands."""


_NO_PARENT: Final[Mapping[bytes, Parent]] = MappingProxyType({})
_NO_NUMBER: Final[Mapping[tuple[bytes | None, bool], Number]] = MappingProxyType({})


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
    parents: Mapping[bytes, Parent] = field(default_factory=lambda: _NO_PARENT)
    """As first named first."""
    matched: frozenset[frozenset[bytes]] = frozenset()
    """Pairs of parents who are one person."""
    earlier: bytes | None = None
    """Whom this child was before, where the key is at hand: for decisions, never for a view."""
    numbers: Mapping[tuple[bytes | None, bool], Number] = field(default_factory=lambda: _NO_NUMBER)
    """What each source said last, by (source, whether it is a former number); the one said last of all at the end.
    Where the child's key is gone, none."""

    @property
    def id(self) -> bytes:
        """The pupil."""
        return bytes.fromhex(self.stream.removeprefix("pupil/"))

    @property
    def weight(self) -> int:
        """What a cache counts."""
        more = len(self.joined) + len(self.restrictions) + len(self.holds) + len(self.numbers)
        return 3 + more + 5 * len(self.parents)

    @property
    def number(self) -> str | None:
        """The UPN that stands: what was said last of those that are not former ones."""
        last = self._said_last(former=False)
        return None if last is None else last.upn

    @property
    def claimed(self) -> frozenset[str]:
        """The UPNs that are this child's by what was said last: the one that stands, and the former one."""
        said = (self._said_last(former=former) for former in (False, True))
        return frozenset(number.upn for number in said if number is not None)

    def is_news(self, source: bytes | None, former: bool, upn: str, told_at: int | None) -> bool:
        """True if a number that was given before is said in place of another one: by this source, or by any where this
        one said none of this child yet."""
        if self.is_older(former, told_at):
            return False
        own = self.numbers.get((source, former))
        return (not former and self.number != upn) if own is None else own.upn != upn

    def is_older(self, former: bool, told_at: int | None) -> bool:
        """True if what is said of the number was sent before what was said last."""
        last = self._said_last(former=former)
        if last is None or last.told_at is None or told_at is None:
            return False
        return told_at < last.told_at

    def _said_last(self, *, former: bool) -> Number | None:
        return next((number for (_, was), number in reversed(tuple(self.numbers.items())) if was == former), None)

    @property
    def level(self) -> str | None:
        """The strictest restriction that stands; None if the identity is open."""
        return strictest(fields["level"] for fields in self.restrictions.values())

    def parent_called(
        self, source: bytes, mis_parent: str | None, name: str | None, but: Iterable[bytes] = ()
    ) -> bytes | None:
        """The parent whom a source names so: by its own id, else by the same name within this one child.

        Two ids of one system are two people, whatever they are called; `but` are those who were named already in the
        same list. None: a parent who is new.
        """
        if mis_parent is not None:
            for parent, known in self.parents.items():
                if (source, mis_parent) in known.ids:
                    return parent
        if not name:
            return None
        said = plain_name(name)
        for parent, known in self.parents.items():
            if known.name is None or plain_name(known.name) != said or parent in but:
                continue
            if mis_parent is None or all(other != source for other, _ in known.ids):
                return parent
        return None


def plain_name(name: str) -> str:
    """A name as it is compared: without capitals, and with single spaces."""
    return " ".join(name.casefold().split())


def parent_as_named(pupil: Pupil, fields: Fields, text: Fields) -> None:
    """Take a ParentNamed into the state."""
    parent = fields["parent"]
    known = pupil.parents.get(parent, Parent())
    source, mis_parent = fields.get("source"), text.get("mis_parent")
    ids = known.ids | {(source, mis_parent)} if source is not None and mis_parent is not None else known.ids
    named = Parent(text.get("name"), text.get("other_names"), ids, fields.get("sent_at"))
    pupil.parents = {**pupil.parents, parent: named}


def number_as_given(pupil: Pupil, fields: Fields, text: Fields) -> None:
    """Take a UpnGiven into the state, unless something newer was said before it came.

    A temporary number that is followed by another one was not wrong: it is the former one, where nobody says another.
    """
    upn, told_at = text.get("upn"), fields.get("sent_at")
    former = fields["kind"] == "former"
    if upn is None or pupil.is_older(former, told_at):
        return
    before, said = pupil.number, (fields.get("source"), former)
    kept = {by: number for by, number in pupil.numbers.items() if by != said}
    if before is not None and not former and is_temporary_upn(before) and not any(was for _, was in kept):
        kept[None, True] = Number(before, None)
    pupil.numbers = {**kept, said: Number(upn, told_at)}


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
            parent_as_named(pupil, fields, text)
        case "UpnGiven":
            number_as_given(pupil, fields, text)
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
