"""What the authority sets and what is returned to it, as facts: one row for each event, column for column."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import polars as pl

from domain.moments import days, local_date
from projections.facts.columns import beside, flag

Row = dict[str, Any]


class Plain(NamedTuple):
    """An event that is a fact as it is."""

    table: str
    renamed: Mapping[str, str]
    """Columns that the event calls otherwise, and by what name."""
    flags: tuple[str, ...] = ()
    instants: tuple[str, ...] = ()
    """Columns that hold the local date of an instant of the event."""


PLAIN: Final[Mapping[str, Plain]] = MappingProxyType(
    {
        "SettingMade": Plain("setting", {}),
        "ReturnIntervalAgreed": Plain("return_interval", {"from_date": "from"}, ("termly",)),
        "ReturnMade": Plain("return_made", {}, (), ("made_on",)),
        "AttendanceReturnClosed": Plain("attendance_return_closed", {"from_date": "from", "to_date": "to"}, ("nil",)),
        "ReturnAsked": Plain("return_asked", {}),
        "SicknessBeliefFormed": Plain("sickness_belief", {"on_date": "on"}),
    }
)
"""By event. Every other column is called as in the event."""


def authority_facts(frames: Mapping[str, pl.DataFrame], columns: Mapping[str, tuple[str, ...]]) -> dict[str, list[Row]]:
    """The facts of a window, by table; `columns` are those of each table."""
    found: dict[str, list[Row]] = {}
    for topic, plain in PLAIN.items():
        frame = frames.get(topic)
        if frame is None:
            continue
        rows = found.setdefault(plain.table, [])
        for said in frame.iter_rows(named=True):
            row = {name: said.get(plain.renamed.get(name, name)) for name in columns[plain.table]}
            row |= {name: flag(row[name]) for name in plain.flags}
            row |= {name: days(local_date(at)) for name in plain.instants if (at := row[name]) is not None}
            rows.append({**row, **beside(said["position"], said["recorded_at"])})
    return found
