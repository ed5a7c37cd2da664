"""Who a child is as then known, and who may be told where: merges as at a moment, restrictions as they stand now.

A merge is a fact of its time: an answer as at a moment before it knows two children. A restriction is about who may
look today, so an answer as at an earlier moment obeys it all the same: yesterday's register tells as much as today's.

Whoever runs this program holds the keys, so naming a place to ask for is a declaration and no proof; what it buys is
that nothing is shown by oversight, in a list, a file or over a shoulder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from domain.identifiers import normalise_upn
from domain.ledger.ledger import Ledger
from domain.pupil import EVERYONE
from domain.pupil import stream_of as pupil_stream
from domain.pupil.pupil import Pupil, evolve, one_child, staying, strictest
from projections.asking import ids_of, stored, upto

NO_LINK: Final = ("no_link", "sealed")
"""Levels under which nothing joins the identity to another."""
SEALED: Final = "sealed"


class Identities:
    """The identities of children as the ledger knew them at a position."""

    def __init__(self, ledger: Ledger, last: int) -> None:
        self._ledger = ledger
        self.told = cache(lambda pupil: self._told(pupil, last))
        self._ever_joined = frozenset(ids_of(ledger, "same_child", EVERYONE))

    def _told(self, pupil: bytes, last: int) -> Pupil:
        state = Pupil(pupil_stream(pupil))
        for _, _, event in stored(self._ledger, state.stream, last):
            evolve(state, event)
        return state

    def child(self, pupil: bytes) -> tuple[bytes, ...]:
        """The identities that were this one child: the one asked for first."""
        if pupil not in self._ever_joined:
            return (pupil,)
        return one_child(pupil, lambda one: ids_of(self._ledger, "same_child", one.hex()), self.told)

    def apart(self, pupils: Iterable[bytes]) -> list[bytes]:
        """One identity for each child among these: of a child entered twice, the one that stays."""
        found: list[bytes] = []
        seen: set[bytes] = set()
        for pupil in pupils:
            if pupil not in seen:
                child = self.child(pupil)
                seen.update(child)
                found.append(pupil if len(child) == 1 else staying(child, self.told))
        return found


class Restrictions:
    """Which identities are restricted now, and so shown to their own places only."""

    def __init__(self, ledger: Ledger) -> None:
        levels: dict[bytes, set[str]] = {}
        ever = ids_of(ledger, "restricted", EVERYONE)
        if ever:
            now = Identities(ledger, upto(ledger, None))
            for pupil in ever:
                level = now.told(pupil).level
                for known in () if level is None else now.child(pupil):
                    levels.setdefault(known, set()).add(level or "")
        self._levels = {pupil: strictest(said) for pupil, said in levels.items()}

    @property
    def levels(self) -> Mapping[bytes, str]:
        """The restriction on each identity that is under one."""
        return MappingProxyType({pupil: level for pupil, level in self._levels.items() if level is not None})

    def __bool__(self) -> bool:
        """True if any restriction stands in this ledger."""
        return bool(self._levels)

    def level(self, pupil: bytes | None) -> str | None:
        """The restriction on a child, by whichever of its identities; None if there is none."""
        return None if pupil is None else self._levels.get(pupil)


class Mentions:
    """Whether what a source sent speaks of a restricted child: by its own id of the child, or by a UPN."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._restrictions = Restrictions(ledger)

    def __bool__(self) -> bool:
        """True if it could: some restriction stands."""
        return bool(self._restrictions)

    def restricted(self, source: bytes, row: Mapping[str, Any]) -> bool:
        """True if a row of this source names a restricted child."""
        index = self._ledger.shared
        keys = [
            index.identity_key("upn", "", normalise_upn(row[name])) for name in ("upn", "former_upn") if row.get(name)
        ]
        if row.get("mis_pupil"):
            keys.append(index.identity_key("mis_pupil", source.hex(), row["mis_pupil"]))
        found = self._ledger.store.find_identities(keys).values()
        return any(self._restrictions.level(one.id) is not None for rows in found for one in rows)
