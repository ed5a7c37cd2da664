# ruff: noqa: S608 -- what is put into these statements is numbers, dates and names of our own, never what was typed
"""Returns to the authority, asked for: who, why, until when, made or not; and what the ledger has of those made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import polars as pl

from domain.ledger.ledger import Ledger
from projections.asking import columns_of, upto
from projections.questions import About

if TYPE_CHECKING:
    from projections.engines.engine import Built, Reader

COLUMNS: Final[Mapping[str, str]] = {
    "new_pupil": "school_year starting_day entry_day entry_day_by exception",
    "deletion": "school_year deletion_day deletion_recorded_on ground destination exception made_ground",
    "attendance": "limb run_from run_to school_days sessions csa period_from period_to basis closed_position made_from"
    " made_days",
    "sickness": "school_year limb run_from run_to run_days sessions school_days csa prompt prompted_on belief_on"
    " made_from made_days",
}
"""By kind: what its list says beside who, until when, and what became of it."""
_ORDER: Final[Mapping[str, str]] = {"new_pupil": "entry_day", "deletion": "deletion_day"}


def returns(reader: Reader, about: About, kind: str, *, everything: bool, still_open: bool) -> pl.DataFrame:
    """The list of one kind: what must be made, what a count prompts, what was made and reads otherwise since.

    `everything` also lists what needs no return; `still_open` only what must be made and was not, and prompts on which
    nobody has said a belief yet.
    """
    limb = ", r.limb" if "limb" in COLUMNS[kind].split() else ""
    own = ", ".join(f"r.{name}" for name in COLUMNS[kind].split())
    prompt = "r.prompt" if kind == "sickness" else "0"
    prompted = f"({prompt} = 1 and r.made_position is null)"
    if still_open:
        chosen = f"((r.needed = 1 and r.made_position is null) or (r.needed = 0 and {prompted}))"
    else:
        chosen = "1 = 1" if everything else f"(r.needed = 1 or r.superseded = 1 or {prompted})"
    return reader.ask(
        f"""
select r.place, n.laestab, n.name as school_name, r.line, r.child, {own}, r.due_on, r.needed, r.made_position,
       r.made_on, r.superseded, r.weaker,
       cast(case when r.needed = 1 and r.made_position is null and r.due_on < a.today then 1 else 0 end as smallint)
         as overdue
from return_{kind} r
cross join asked a
left join place_now n on n.place = r.place
where {chosen}{about.where("r")}
order by r.place, r.due_on, r.{_ORDER.get(kind, "run_from")}, r.line{limb}
"""
    )


def without_calendar(reader: Reader, about: About, kind: str) -> tuple[int, int]:
    """Entries that count, and of how many places, on days of which no calendar was told: by them no school day, no run
    and no deadline can be counted. Absences for an attendance return, sickness for a sickness return."""
    found = reader.ask(
        "select count(*) as entries, count(distinct r.place) as places from "
        + (
            "counted_entry r where r.code = 'I' and r.why = '' and r.told = 0"
            if kind == "sickness"
            else "relevant_entry r where r.code <> 'Y4' and r.told = 0"
        )
        + about.where("r")
    )
    return int(found["entries"][0]), int(found["places"][0])


def periods(reader: Reader, about: About) -> pl.DataFrame:
    """The attendance returns that schools must close, also when empty, up to the day asked for."""
    return reader.ask(
        f"""
select p.place, n.laestab, n.name as school_name, p.from_date, p.to_date, p.due_on, p.basis, p.interval_days, p.weaker,
       p.closed_position, p.closed_on, p.pupils, p.nil, p.overdue
from return_period_due p
left join place_now n on n.place = p.place
where 1 = 1{about.of_place("p")}
order by p.place, p.to_date
"""
    )


# --- read from the ledger itself


def returned_since(ledger: Ledger, place: bytes, first: int) -> int:
    """How many pupils of a place are in attendance returns made since that for the days before `first` was closed."""
    wanted = ("position", "place", "line", "kind", "to")
    told = columns_of(ledger.store, ("ReturnMade", "AttendanceReturnClosed"), wanted, upto(ledger, None))
    if "place" not in told.columns:
        return 0
    told = told.filter(pl.col("place") == pl.lit(place, pl.Binary))
    before = told.filter((pl.col("topic") == "AttendanceReturnClosed") & (pl.col("to") < first))["position"].max()
    since = before if isinstance(before, int) else 0
    made = told.filter((pl.col("topic") == "ReturnMade") & (pl.col("kind") == "attendance"))
    return int(made.filter(pl.col("position") > since)["line"].n_unique())


def not_adopted(ledger: Ledger, built: Mapping[str, Built]) -> tuple[tuple[str, bytes], ...]:
    """Answers whose definition, as built, is not what the ledger says last, with its digest: for AdoptDefinitions."""
    wanted = ("position", "answer", "digest")
    told = columns_of(ledger.store, ("DefinitionAdopted",), wanted, upto(ledger, None))
    last = dict(told.select("answer", "digest").iter_rows()) if "answer" in told.columns else {}
    now = {name: bytes.fromhex(one.lineage) for name, one in built.items()}
    return tuple((name, digest) for name, digest in sorted(now.items()) if last.get(name) != digest)
