# ruff: noqa: S608 -- what is put into these statements is numbers and names of our own
"""Whom a figure counts, and what is left out of it: one definition for totals, exports, cohorts and charts.

Two cohorts: `working` is everybody on the roll, `statistical` whom published figures count (`published_line`). Of both
only what counts is counted (`counted_entry`): no boarders, no guests, no session that was not held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from projections.questions import About

if TYPE_CHECKING:
    import polars as pl

    from projections.engines.engine import Reader

STATISTICAL: Final = "statistical"
WORKING: Final = "working"


@dataclass(frozen=True, slots=True)
class Population:
    """Whom figures count, of some places and years."""

    cohort: str
    age_not_known: int
    """Enrolments with a possible session that are counted though their age is not known (statistical)."""
    left_out: Mapping[str, int]
    """Entries left out, by reason as of the answer `left_out`, in its order of precedence."""


LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unmapped": "with a code that nobody mapped",
        "no_mark": "Z or #",
        "off_roll": "of days on which the pupil was not on the roll",
        "guest": "of guests",
        "boarder": "of boarders",
        "not_held": "in sessions that were not held",
        "age": "of pupils not aged 5 to 15 on 31 August",
        "late_joiner": "of pupils who first enrolled from the spring bank holiday on",
        "year_11": "of 15-year-olds from the spring bank holiday on",
        "overtaken": "amended since",
        "withdrawn": "withdrawn",
    }
)
"""Why an entry is in no count, and how that is said after a number of entries."""


def cohort_name(*, statistical: bool) -> str:
    """The cohort's name in the answers."""
    return STATISTICAL if statistical else WORKING


def population(reader: Reader, about: About, cohort: str, years: Sequence[int] = ()) -> Population:
    """Whom the figures of a cohort count, of some places and school years (none: of all)."""
    of_years = f" and {{}}.school_year in ({', '.join(f'{one:d}' for one in years)})" if years else ""
    found = reader.ask(
        "select u.why, cast(sum(u.entries) as bigint) as entries from left_out u"
        f" where u.cohort in ('{WORKING}', '{cohort}'){of_years.format('u')}{about.of_place('u')} group by u.why"
    )
    unknown = 0
    if cohort == STATISTICAL:
        unknown = reader.ask(
            "select count(*) as lines from absence_year y join published_line p on p.line = y.line"
            f" where y.cohort = '{STATISTICAL}' and p.age_known = 0{of_years.format('y')}{about.of_place('y')}"
        )["lines"][0]
    return Population(cohort, unknown, _in_order(found))


def of_week(reader: Reader, about: About, monday: date) -> Population:
    """Whom the figures of one week count: everybody on the roll; and what of its registers is left out."""
    found = reader.ask(
        "select c.why, count(*) as entries from counted_entry c where c.why <> ''"
        f" and c.week_start = cast('{monday.isoformat()}' as date){about.of_place('c')} group by c.why"
    )
    return Population(WORKING, 0, _in_order(found))


def _in_order(found: pl.DataFrame) -> dict[str, int]:
    """Reasons and numbers of entries, in the order of precedence."""
    entries = dict(found.iter_rows())
    return {why: entries[why] for why in LEFT_OUT if why in entries}
