"""Who is one child, and who may not be shown, as facts: rare, and each worked out as the ledger knew it then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

from domain.ledger.ledger import Ledger
from domain.pupil.pupil import staying
from projections.facts.columns import beside
from projections.who import Identities

TOPICS: Final = ("IdentitiesMerged", "IdentityMergeUndone", "AccessRestricted", "RestrictionLifted")
COLUMNS: Final = ("position", "recorded_at", "stream", "other_pupil")

Row = dict[str, Any]


def identity_facts(ledger: Ledger, frames: Mapping[str, pl.DataFrame]) -> dict[str, list[Row]]:
    """`same_child` and `restriction`, in order of position."""
    found: dict[str, list[Row]] = {"same_child": [], "restriction": []}
    for topic in TOPICS:
        frame = frames.get(topic)
        for said in () if frame is None else frame.iter_rows(named=True):
            pupil = bytes.fromhex(said["stream"].removeprefix("pupil/"))
            head = beside(said["position"], said["recorded_at"])
            known = Identities(ledger, said["position"])
            if "other_pupil" in said:
                found["same_child"] += (head | row for row in _children(known, pupil, said["other_pupil"]))
            else:
                found["restriction"].append({**head, "pupil": pupil, "level": known.told(pupil).level})
    for rows in found.values():
        rows.sort(key=lambda row: row["position"])
    return found


def _children(known: Identities, *concerned: bytes) -> Iterator[Row]:
    """Every identity concerned, and the one that stays of each child they now are."""
    seen: set[bytes] = set()
    for pupil in concerned:
        if pupil not in seen:
            child = known.child(pupil)
            seen.update(child)
            stays = staying(child, known.told)
            yield from ({"pupil": one, "child": stays} for one in sorted(child))
