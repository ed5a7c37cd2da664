"""Attendance totals as the Department for Education publishes them: counts by phase and academic year.

The sessions come from the answers (attendance_year), of the population that published figures count, or of everybody
on the roll (projections.population). Here they become published rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from domain.codes import NATIONAL, StatisticalClass, statistical_class
from domain.figures import percentage
from projections.population import Population, cohort_name, population
from projections.questions import About

if TYPE_CHECKING:
    from projections.engines.engine import Reader

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


@dataclass(frozen=True, slots=True)
class Totals:
    """The answer, whom it counts, and how many entries stand outside it."""

    rows: list[Row]
    """One for each academic year and phase, and a total where a year has several phases; COLUMNS by name."""
    not_possible: int
    """Entries that count and have a code that is no possible session."""
    population: Population
    """Whom the rows count, and what is left out of them."""


def _sessions(cohort: str) -> str:
    return (
        "select y.school_year, y.education_phase, y.code, cast(sum(y.sessions) as bigint) as sessions"  # noqa: S608
        f" from attendance_year y where y.cohort = '{cohort}' group by y.school_year, y.education_phase, y.code"
    )


def totals(reader: Reader, la_code: str, *, everyone: bool = False) -> Totals:
    """The totals of the moment for which the reader was told to answer, by academic year and phase.

    Of the population of published figures; `everyone`: of all on the roll.
    """
    cohort = cohort_name(statistical=not everyone)
    sessions = reader.ask(_sessions(cohort)).rows()
    counted: dict[tuple[int, str], Counter[str]] = {}
    not_possible = 0
    for year, phase, code, n in sessions:
        if not NATIONAL[code].possible:
            not_possible += n
        for named in (phase or PHASES["none"], TOTAL):
            counted.setdefault((year, named), Counter())[code] += n
    years = Counter(year for year, _ in counted)
    rows = [
        row_of(str(year), la_code, phase, codes)
        for (year, phase), codes in sorted(counted.items(), key=_in_order)
        if phase != TOTAL or years[year] > 2
    ]
    return Totals(rows, not_possible, population(reader, About(), cohort))


def _in_order(item: tuple[tuple[int, str], Any]) -> tuple[int, int]:
    (year, phase), _ = item
    return year, [*dict.fromkeys(PHASES.values()), TOTAL].index(phase)


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
