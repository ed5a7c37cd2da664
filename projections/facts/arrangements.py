"""Arrangements as facts: each as known from each entry on, folded by the rules of the domain. Clear parts only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import polars as pl

from domain.arrangement import arrangement as arrangements
from domain.arrangement.kinds import TOPICS as KNOWN
from domain.ledger.ledger import Ledger
from domain.moments import days, local_date
from projections.facts.columns import beside, flag
from projections.facts.tables import LAST_DAY
from projections.facts.told import Row, put_earlier, told_in

TOPICS: Final = tuple(KNOWN)
_SESSIONS: Final = {"AM": 1, "PM": 2}
_AS_THEY_ARE: Final = tuple(
    "due_mask code asked_on decided_on decided_by reg11 purpose arranger basis delivery nature supervisor review_on"
    " minutes_week covers_from covers_to".split()
)
_FLAGS: Final = ("exceptional", "licence", "registered_there", "school_staffed", "csa_all")
_NEVER: Final = days(date.fromisoformat(LAST_DAY))


class Arrangements:
    """Folds arrangements; of each that is spoken of, what was said before the window is read from the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def facts(self, frames: Mapping[str, pl.DataFrame], before: int) -> dict[str, list[Row]]:
        """The facts of a window that begins after the position `before`, in order of position."""
        told = told_in(frames, TOPICS)
        put_earlier(told, self._ledger, before, TOPICS)
        found: list[Row] = []
        for stream, entries in told.items():
            state = arrangements.Arrangement(stream)
            for position, recorded_at, event in entries:
                arrangements.evolve(state, event)
                if position > before and state.block:
                    first = days(local_date(entries[0][1]))
                    found.append({**beside(position, recorded_at), "first_recorded_on": first, **_row(state)})
        found.sort(key=lambda row: row["position"])
        return {"arrangement": found}


def _row(state: arrangements.Arrangement) -> Row:
    block = state.block
    last = state.last_day() if state.kind.spans else block.get("covers_to")
    ended_session = None if state.ended is None else state.ended.get("ended_session")
    return {
        "arrangement": state.id,
        "line": state.line,
        "kind": state.kind_name,
        "stands": state.stands,
        "from_date": state.begins,
        "from_session": _SESSIONS.get(block.get("from_session") or ""),
        "to_date": _NEVER if last is None else last,
        "to_session": _SESSIONS.get(ended_session or ("" if state.ended else block.get("to_session")) or ""),
        "ended": int(state.ended is not None),
        "place": block.get("place") or block.get("other_place"),
        "agreed_on": block.get("agreed_on") or block.get("approved_on"),
        "parent_agreed": None if state.kind_name != "part_time" else int(block.get("parent") is not None),
        "evidence_kind": block.get("kind"),
        **{name: block.get(name) for name in _AS_THEY_ARE},
        **{name: flag(block.get(name)) for name in _FLAGS},
        **({"decided_by": block["approved_by"]} if block.get("approved_by") is not None else {}),
    }
