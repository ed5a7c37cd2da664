"""The identity index built again out of the log by the holder of the keys, and compared with the one that was kept.

The index lies beside the log, so it can be lost, or be touched by someone who holds the database. It says nothing that
the log does not: this reads the few topics that give facts (`domain.identity`), never a mark, and opens their sealed
parts. What was sealed under a destroyed key leads nowhere any more, here as there. Without the key store nothing comes
back: the lookup key makes every row, those of what stands in clear included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from domain import sealing
from domain.identity import GIVES, facts_of
from domain.ledger.bodies import open_part
from domain.ledger.keystore import KeyStore
from domain.ledger.reader import frames
from domain.ledger.store import IdentityRow, StaleDecision, Store
from domain.sealing import SealBroken

_ROW: Final = ("key", "id", "valid_from")
_COLUMNS: Final = {"key": pl.Binary, "id": pl.Binary, "valid_from": pl.Int64}
_REBUILT: Final = {"kind": pl.Categorical, **_COLUMNS}
_TRIES: Final = 5


class KeysOfAnother(RuntimeError):
    """The key store beside this ledger is not its own: no row can be made with it."""


class LogMoved(StaleDecision):
    """Others wrote each time that the index was about to be put right; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a stretch of the log gives."""

    rows: pl.DataFrame
    """kind, key, id, valid_from: each row once."""
    opened: int
    """Sealed parts that opened."""
    unopened: int
    """Sealed parts whose key is not in the key store: destroyed, or never there."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The index that was kept beside the one that the log gives, as of one position."""

    head: int
    rebuilt: Rebuilt
    kept: int
    """Rows that were kept."""
    missing: pl.DataFrame
    """Rows that the log gives and the index lacks: kind, key, id, valid_from."""
    extra: pl.DataFrame
    """Rows that the index holds and no entry that can be opened gives: key, id, valid_from."""

    @property
    def agree(self) -> bool:
        """True if the two are the same, row for row."""
        return self.missing.is_empty() and self.extra.is_empty()

    @property
    def matching(self) -> int:
        """Rows that are in both."""
        return len(self.rebuilt.rows) - len(self.missing)

    @property
    def by_kind(self) -> dict[str, tuple[int, int]]:
        """(rows that the log gives, rows of them that the index lacks) by kind, in order of the kinds' names."""
        given = dict(self.rebuilt.rows["kind"].cast(pl.String).value_counts().iter_rows())
        lacking = dict(self.missing["kind"].cast(pl.String).value_counts().iter_rows())
        return {kind: (given[kind], lacking.get(kind, 0)) for kind in sorted(given)}


@dataclass(frozen=True, slots=True)
class Mended:
    """What was done to the index, and how it stood before."""

    before: Compared
    added: int
    removed: int

    @property
    def left(self) -> int:
        """Rows that no entry gives and that were left, because some sealed parts cannot be opened."""
        return len(self.before.extra) - self.removed


def rebuild(store: Store, keys: KeyStore, first: int, last: int) -> Rebuilt:
    """The rows that the entries from `first` to `last` give, by the keys that there are.

    Refuses, with SealBroken, a sealed part that its own key does not open: it was changed.
    """
    found: list[pl.DataFrame] = []
    opened = unopened = 0
    for piece in frames(store, first, last, topics=tuple(GIVES)):
        sealed_under = piece.frame["sealed_key"] if "sealed_key" in piece.frame.columns else pl.Series(dtype=pl.Binary)
        at_hand = keys.get_many(sealed_under.drop_nulls().unique())
        rows: list[tuple[str, bytes, bytes, int]] = []
        for fields in piece.frame.iter_rows(named=True):
            text = None
            if fields.get("sealed_key") is not None:
                key = at_hand.get(fields["sealed_key"])
                if key is None:
                    unopened += 1
                else:
                    text = _opened(fields, key)
                    opened += 1
            for fact in facts_of(fields["stream"], piece.topic, fields, text):
                row_key = sealing.identity_key(keys.lookup_key, fact.kind, fact.scope, fact.value)
                rows.append((fact.kind, row_key, fact.id, fact.valid_from))
        found.append(pl.DataFrame(rows, schema=_REBUILT, orient="row"))
    together = pl.concat(found) if found else pl.DataFrame(schema=_REBUILT)
    return Rebuilt(together.unique(_ROW, keep="first", maintain_order=True), opened, unopened)


def _opened(fields: dict[str, object], key: bytes) -> dict[str, object]:
    try:
        return open_part(fields, key)
    except SealBroken as error:
        raise SealBroken(f"Entry {fields['position']}: {error}") from None


def compare(store: Store, keys: KeyStore) -> Compared:
    """The index that was kept beside the one that the log gives. Others may write meanwhile."""
    head, _ = store.head()
    rebuilt = rebuild(store, keys, 1, head)
    kept = pl.DataFrame(list(store.all_identities()), schema=_COLUMNS, orient="row")
    extra = kept.join(rebuilt.rows, on=_ROW, how="anti")
    now, _ = store.head()
    if now != head and not extra.is_empty():  # rows of what was written while the index was read are no strangers
        extra = extra.join(rebuild(store, keys, head + 1, now).rows, on=_ROW, how="anti")
    return Compared(head, rebuilt, len(kept), rebuilt.rows.join(kept, on=_ROW, how="anti"), extra)


def mend(store: Store, keys: KeyStore, *, remove_unopened: bool = False) -> Mended:
    """Put the kept index right, in one transaction: what is missing is added, what no entry gives is removed.

    While some sealed parts cannot be opened nobody can tell a row whose key was destroyed (it should be gone) from one
    whose key is missing only because the key store is an old copy (it is the last way to its child). So rows that no
    entry gives are removed only if every sealed part opened, or if `remove_unopened` says so.

    Refuses, with KeysOfAnother, a key store that opens nothing of this ledger; with LogMoved where others write so much
    that no moment could be caught.
    """
    for _ in range(_TRIES):
        found = compare(store, keys)
        _require_own(found)
        gone = found.extra if remove_unopened or not found.rebuilt.unopened else found.extra.clear()
        try:
            if len(found.missing) or len(gone):
                store.replace_identities(_rows(found.missing), _rows(gone), expected_head=found.head)
        except StaleDecision:
            continue
        return Mended(found, len(found.missing), len(gone))
    raise LogMoved("Others are writing to the ledger all the time; stop the intake and try again.")


def _require_own(found: Compared) -> None:
    opens_nothing = not found.rebuilt.opened and (found.rebuilt.unopened or found.kept)
    if opens_nothing and not found.matching:
        raise KeysOfAnother(
            "The key store beside this ledger opens nothing in it, so the identity index cannot be built from it; "
            "put back the key store that belongs to it."
        )


def _rows(frame: pl.DataFrame) -> Iterator[IdentityRow]:
    return map(IdentityRow._make, frame.select(_ROW).iter_rows())
