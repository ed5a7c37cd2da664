"""Attendance totals as the Department for Education publishes them: counts by phase and academic year.

Only entries that stand count: what an amendment or a withdrawal names as amended does not, nor does what was foreseen
or learned too late. Memory is bounded by what was amended, not by the number of marks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from domain.codes import NATIONAL, StatisticalClass, statistical_class
from domain.figures import percentage
from domain.ledger.ledger import Ledger
from domain.ledger.reader import frames
from domain.moments import academic_year
from projections.asking import columns_of, place_at, upto

CHUNK = 250_000
"""Positions decoded at a time."""

PHASES: Mapping[str, str] = MappingProxyType(
    {
        "primary": "Primary",
        "middle_p": "Primary",
        "secondary": "Secondary",
        "middle_s": "Secondary",
        "all_through": "Secondary",
        "special": "Special",
        "nursery": "Nursery",
        "ap": "Alternative provision",
        "post16": "Post-16",
        "none": "No phase",
    }
)
"""The phase under which a place's sessions are published, by the phase it was described with."""
TOTAL = "Total"

KEYS = ("time_period", "old_la_code", "education_phase")
CLASSES: Mapping[str, StatisticalClass] = MappingProxyType(
    {
        "present_sessions": StatisticalClass.ATT,
        "approved_educational_activity": StatisticalClass.AEA,
        "authorised_absence": StatisticalClass.AUTH,
        "unauthorised_absence": StatisticalClass.UNAUTH,
    }
)
COUNTS = (
    "possible_sessions",
    "overall_attendance",
    "present_sessions",
    "approved_educational_activity",
    "overall_absence",
    "authorised_absence",
    "unauthorised_absence",
    "late_sessions",
)
REASONS = (
    "reason_present_am",
    "reason_present_pm",
    "reason_present",
    "reason_l_present_late_before_registers_closed",
    "reason_b_aea_education_off_site",
    "reason_j_aea_interview",
    "reason_k_aea_education_arranged_by_la",
    "reason_p_aea_approved_sporting_activity",
    "reason_v_aea_educational_visit_trip",
    "reason_w_aea_work_experience",
    "reason_c_authorised_other",
    "reason_c1_authorised_regulated_performance",
    "reason_c2_authorised_temp_reduced_timetable",
    "reason_e_authorised_excluded",
    "reason_h_authorised_holiday",
    "reason_i_authorised_illness",
    "reason_j1_authorised_interview",
    "reason_m_authorised_medical_dental",
    "reason_r_authorised_religious_observance",
    "reason_s_authorised_study_leave",
    "reason_t_authorised_mobile_child",
    "reason_g_unauthorised_holiday",
    "reason_n_no_reason_yet",
    "reason_o_other_unauthorised",
    "reason_u_unauthorised_late_after_registers_closed",
)
"""The published columns of sessions by reason, in the published order."""
PERCENTAGES: Mapping[str, str] = MappingProxyType(
    {
        "attendance_perc": "overall_attendance",
        "overall_absence_perc": "overall_absence",
        "authorised_absence_perc": "authorised_absence",
        "unauthorised_absence_perc": "unauthorised_absence",
    }
)
"""Each percentage, and the count of which it is one (of possible sessions)."""
COLUMNS = (*KEYS, *COUNTS, *REASONS, *PERCENTAGES)

Row = dict[str, str | int | None]


class Cell(NamedTuple):
    """What sessions are counted by."""

    place: bytes
    year: int
    code: str


@dataclass(frozen=True, slots=True)
class Totals:
    """The answer, and how many entries stand outside it."""

    rows: list[Row]
    """One for each academic year and phase, and a total where a year has several phases; COLUMNS by name."""
    not_possible: int
    """Entries that stand with a code that is no possible session, or not collected."""
    not_national: int
    """Entries that stand with a code that nobody mapped to a national one."""
    position: int
    """The last position that was counted."""


def totals(ledger: Ledger, as_at: int | None = None) -> Totals:
    """Count the entries that stood at a moment (now, if none is given), by academic year and phase."""
    last = upto(ledger, as_at)
    sessions = count_sessions(ledger, last)
    phases = {place: _phase(ledger, place, last) for place in {cell.place for cell in sessions}}
    counted: dict[tuple[int, str], Counter[str]] = {}
    not_possible = not_national = 0
    for cell, n in sessions.items():
        if cell.code not in NATIONAL:
            not_national += n
            continue
        if not NATIONAL[cell.code].possible:
            not_possible += n
        for phase in (phases[cell.place], TOTAL):
            counted.setdefault((cell.year, phase), Counter())[cell.code] += n
    years = Counter(year for year, _ in counted)
    rows = [
        row_of(str(year), ledger.founding.la_code, phase, codes)
        for (year, phase), codes in sorted(counted.items(), key=_in_order)
        if phase != TOTAL or years[year] > 2
    ]
    return Totals(rows, not_possible, not_national, last)


def _in_order(item: tuple[tuple[int, str], Counter[str]]) -> tuple[int, int]:
    (year, phase), _ = item
    return year, [*dict.fromkeys(PHASES.values()), TOTAL].index(phase)


def _phase(ledger: Ledger, place: bytes, last: int) -> str:
    described = place_at(ledger, place, last).description
    return PHASES[described.get("phase") or "none"]


def row_of(time_period: str, la_code: str, phase: str, codes: Mapping[str, int]) -> Row:
    """A published row from sessions by national code. A rate without a possible session is null."""
    by_class: Counter[StatisticalClass | None] = Counter()
    by_reason: Counter[str] = Counter()
    late = 0
    for code, n in codes.items():
        national = NATIONAL[code]
        by_class[statistical_class(code, _FIRST_DAY)] += n
        if national.published_column is not None:
            by_reason[national.published_column] += n
        late += n if national.late else 0
    by_reason["reason_present"] = by_reason["reason_present_am"] + by_reason["reason_present_pm"]
    counts = {name: by_class[of] for name, of in CLASSES.items()}
    counts["overall_attendance"] = counts["present_sessions"] + counts["approved_educational_activity"]
    counts["overall_absence"] = counts["authorised_absence"] + counts["unauthorised_absence"]
    counts["possible_sessions"] = counts["overall_attendance"] + counts["overall_absence"]
    counts["late_sessions"] = late
    row: Row = dict(zip(KEYS, (time_period, la_code, phase), strict=True))
    row |= {name: counts[name] for name in COUNTS}
    row |= {name: by_reason[name] for name in REASONS}
    whole = counts["possible_sessions"]
    row |= {name: percentage(counts[part], whole) if whole else None for name, part in PERCENTAGES.items()}
    return row


_FIRST_DAY = date(2024, 8, 19)
"""No code has changed its class yet, so any day serves (domain.codes); the day the present codes came into use."""


def count_sessions(ledger: Ledger, last: int) -> Counter[Cell]:
    """Entries that stood at a position, by place, academic year and code."""
    changes = columns_of(
        ledger.store, ("MarkAmended", "MarkWithdrawn"), ("position", "stream", "version", "amends", "new"), last
    )
    superseded = None
    found = []
    if len(changes):
        superseded = changes.select("stream", version=pl.col("amends").cast(pl.Int64)).unique()
        standing = changes.filter(pl.col("topic") == "MarkAmended").rename({"new": "code"})
        if len(standing):
            found.append(_tallied(standing.select("stream", "version", "code"), superseded))
    for marks in _marks(ledger, last):
        found.append(_tallied(marks, superseded))
    counted: Counter[Cell] = Counter()
    if found:
        tally = pl.concat(found).group_by("place", "date", "code").agg(pl.col("len").sum())
        for place, day, code, n in tally.iter_rows():
            counted[Cell(bytes.fromhex(place), academic_year(date.fromisoformat(day)), code)] += n
    return counted


def _marks(ledger: Ledger, last: int) -> Iterator[pl.DataFrame]:
    wanted = ("stream", "version", "code")
    for piece in frames(ledger.store, 1, last, topics=("MarkRecorded",), columns=wanted, chunk=CHUNK):
        yield piece.frame


def _tallied(entries: pl.DataFrame, superseded: pl.DataFrame | None) -> pl.DataFrame:
    """Entries that nothing amends or withdraws, by place, date and code."""
    if superseded is not None:
        entries = entries.join(superseded, on=["stream", "version"], how="anti")
    by_stream = entries.group_by("stream", "code").len()
    parts = pl.col("stream").str.split("/")
    return (
        by_stream.select(parts.list.get(1).alias("place"), parts.list.get(2).alias("date"), "code", "len")
        .group_by("place", "date", "code")
        .agg(pl.col("len").sum())
    )
