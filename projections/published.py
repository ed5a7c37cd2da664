# ruff: noqa: S608 -- what is put into these statements is numbers and names of our own
"""The answers in the shape of the published statistics: tidy rows, the older wide columns, and persistent absence.

Each table is worked out whole, with everything that adds up to something, so that small numbers can be kept back and
nothing else gives them away (`projections.suppression`). Percentages are of the counts beside them, five decimals, half
up. Symbols: `c` kept back, `low` not nought but rounds to it, `z` does not apply, `x` not available.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from domain.codes import NATIONAL, StatisticalClass
from domain.figures import percentage
from projections.population import STATISTICAL
from projections.questions import About
from projections.suppression import Sum, suppressed
from projections.totals import CLASSES, PERCENTAGES, REASONS

if TYPE_CHECKING:
    from projections.engines.engine import Reader

KEPT_BACK: Final = "c"
LOW: Final = "low"
NOT_APPLICABLE: Final = "z"
UNAVAILABLE: Final = "x"
TOTAL: Final = "Total"
SUPPRESS_BELOW: Final = 6
"""Where neither the authority nor the table of settings says: counts of one to five are kept back, as is usual in
published school figures. Our reading; the setting `suppress_below` decides."""
PERIODS: Final = ("year", "term", "week")
TERMS: Final[Mapping[int, str]] = MappingProxyType({1: "Autumn term", 2: "Spring term", 3: "Summer term"})

Value = str | int | None
Row = dict[str, Value]


class Period(NamedTuple):
    """What a row is of, as published: `202526`, `Academic year`."""

    time_period: str
    time_identifier: str


class Area(NamedTuple):
    """What a row is of: a school, or an authority's schools of a phase, or all of them."""

    la_code: str
    phase: str
    place: int | None = None


class Part(NamedTuple):
    """Which sessions: by status, by type of it, by reason of that."""

    status: str
    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class School:
    """What a row says of a school."""

    place: int
    laestab: str | None
    urn: str | None
    name: str | None
    phase: str
    la_code: str
    alone: bool = False
    """Asked for by itself: of its phase and its authority nothing is known here, so nothing is said."""


STATUS: Final[Mapping[StatisticalClass, tuple[str, str]]] = MappingProxyType(
    {
        StatisticalClass.ATT: ("Attendance", "Present"),
        StatisticalClass.AEA: ("Attendance", "Approved educational activity"),
        StatisticalClass.AUTH: ("Absence", "Authorised"),
        StatisticalClass.UNAUTH: ("Absence", "Unauthorised"),
    }
)
"""Attendance status and type of each class of code; of the others, no session is possible."""
ALL: Final = Part(TOTAL, TOTAL, TOTAL)


REASON_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/": "Present in the morning",
        "\\": "Present in the afternoon",
        "L": "Late before registers closed",
        "B": "Education off site",
        "J": "Interview",
        "K": "Education arranged by local authority",
        "P": "Sporting activity",
        "V": "Educational visit or trip",
        "W": "Work experience",
        "C": "Other authorised",
        "C1": "Regulated performance",
        "C2": "Temporary reduced timetable",
        "E": "Excluded",
        "F": "Agreed family holiday (retired code)",
        "H": "Authorised holiday",
        "I": "Illness",
        "J1": "Interview",
        "M": "Medical or dental appointment",
        "R": "Religious observance",
        "S": "Study leave",
        "T": "Mobile child",
        "G": "Unauthorised holiday",
        "N": "No reason yet",
        "O": "Other unauthorised",
        "U": "Late after registers closed",
    }
)
"""The reason of each code that is a possible session, as a filter's value."""


def reason_of(code: str) -> str:
    """The reason as a filter's value; a code with none stands under `Other codes`, so that sums stay whole."""
    return REASON_OF.get(code, "Other codes")


def _parts() -> dict[Part, tuple[Part, ...]]:
    """Every part that adds up from others, and from which."""
    leaves: dict[Part, None] = {}
    for code in NATIONAL.values():
        if code.possible:
            leaves[Part(*STATUS[code.statistical_class], reason_of(code.code))] = None
    types = {Part(*pair, TOTAL) for pair in STATUS.values()}
    found = {one: tuple(leaf for leaf in leaves if leaf[:2] == one[:2]) for one in sorted(types)}
    for status in ("Attendance", "Absence"):
        found[Part(status, TOTAL, TOTAL)] = tuple(one for one in sorted(types) if one.status == status)
    found[ALL] = (Part("Attendance", TOTAL, TOTAL), Part("Absence", TOTAL, TOTAL))
    return found


PARTS: Final = _parts()
LEAVES: Final = tuple(
    leaf for one, parts in PARTS.items() if one.reason == TOTAL and one.type != TOTAL for leaf in parts
)
EVERY: Final = (ALL, *(one for one in PARTS if one != ALL), *LEAVES)


@dataclass(frozen=True, slots=True)
class Tables:
    """What was counted, and what of it is kept back."""

    schools: Mapping[int, School]
    counts: Mapping[Period, Mapping[tuple[Area, Part], int]]
    kept_back: Mapping[Period, frozenset[tuple[Area, Part]]]
    below: int


# --- counting


def schools(reader: Reader, about: About, la_code: str) -> dict[int, School]:
    """The places that a question is about."""
    found = reader.ask(
        "select n.place, n.laestab, n.urn, n.name, coalesce(n.education_phase, 'No phase') as phase, n.la_code"
        f" from place_now n where 1 = 1{about.of_place('n')} order by n.place"
    )
    return {
        row["place"]: School(
            row["place"],
            row["laestab"],
            row["urn"],
            row["name"],
            row["phase"],
            row["la_code"] or la_code,
            about.place is not None,
        )
        for row in found.iter_rows(named=True)
    }


def sessions(
    reader: Reader, about: About, la_code: str, by: str, years: Sequence[int], below: int, cohort: str = STATISTICAL
) -> Tables:
    """Sessions of a cohort by area and by part, for every period: year, term or week.

    Where an area has few pupils all its sessions are kept back: they are as telling as the number of pupils.
    """
    assert by in PERIODS
    listed = f" and w.school_year in ({', '.join(f'{one:d}' for one in years)})" if years else ""
    found = reader.ask(
        "select w.place, w.school_year, w.half_term, d.iso_year, d.iso_week, w.code,"
        " cast(sum(w.sessions) as bigint) as sessions from attendance_place_week w"
        f" join day d on d.session_date = w.week_start where w.cohort = '{cohort}'{listed}{about.of_place('w')}"
        " group by w.place, w.school_year, w.half_term, d.iso_year, d.iso_week, w.code"
    )
    known = schools(reader, about, la_code)
    pupils = _enrolments(reader, about, cohort)
    leaves: dict[Period, Counter[tuple[int, Part]]] = {}
    few: dict[Period, dict[int, int]] = {}
    for place, year, half_term, iso_year, iso_week, code, n in found.iter_rows():
        national = NATIONAL[code]
        period = _period(by, year, half_term, iso_year, iso_week)
        if national.possible and period is not None and place in known:
            leaf = Part(*STATUS[national.statistical_class], reason_of(code))
            leaves.setdefault(period, Counter())[(place, leaf)] += n
            few.setdefault(period, {})[place] = pupils.get((place, year), 0)
    counts = {period: _added_up(leaves[period], known) for period in sorted(leaves)}
    kept_back = {period: _kept_back(cells, below, _few(few[period], known, below)) for period, cells in counts.items()}
    return Tables(known, counts, kept_back, below)


def _enrolments(reader: Reader, about: About, cohort: str) -> dict[tuple[int, int], int]:
    """Enrolments with a possible session, by place and school year."""
    found = reader.ask(
        "select y.place, y.school_year, count(*) as enrolments from absence_year y where y.cohort ="
        f" '{cohort}'{about.of_place('y')} group by y.place, y.school_year"
    )
    return {(place, year): n for place, year, n in found.iter_rows()}


def _few(pupils: Mapping[int, int], known: Mapping[int, School], below: int) -> set[Area]:
    """The areas that have few pupils."""
    counted: Counter[Area] = Counter()
    for place, n in pupils.items():
        for area in areas_of(known[place]):
            counted[area] += n
    return {area for area, n in counted.items() if n < below}


def _period(by: str, year: int, half_term: int, iso_year: int, iso_week: int) -> Period | None:
    """None: of no term, for a session on a day that lies in no half term of its place."""
    if by == "year":
        return Period(str(year), "Academic year")
    if by == "week":
        return Period(str(iso_year), f"Week {iso_week}")
    term = TERMS.get((half_term + 1) // 2)
    return None if term is None else Period(str(year), term)


def areas_of(school: School) -> tuple[Area, ...]:
    """The school's own row, its phase's and its authority's."""
    own = Area(school.la_code, school.phase, school.place)
    return (own,) if school.alone else (own, Area(school.la_code, school.phase), Area(school.la_code, TOTAL))


def _added_up(leaves: Counter[tuple[int, Part]], known: Mapping[int, School]) -> dict[tuple[Area, Part], int]:
    """Every cell, noughts too, of every area that has a possible session."""
    there = {place for place, _ in leaves}
    cells = {(area, part): 0 for place in sorted(there) for area in areas_of(known[place]) for part in EVERY}
    for (place, leaf), n in leaves.items():
        type_ = Part(leaf.status, leaf.type, TOTAL)
        for area in areas_of(known[place]):
            for part in (leaf, type_, Part(leaf.status, TOTAL, TOTAL), ALL):
                cells[(area, part)] += n
    return cells


def _kept_back(
    cells: Mapping[tuple[Area, Part], int], below: int, few: Collection[Area]
) -> frozenset[tuple[Area, Part]]:
    areas = list(dict.fromkeys(area for area, _ in cells))
    sums = [Sum((area, one), tuple((area, part) for part in parts)) for area in areas for one, parts in PARTS.items()]
    for total, parts in _adds_up_of(areas):
        sums += [Sum((total, part), tuple((area, part) for area in parts)) for part in EVERY]
    return frozenset(suppressed(cells, sums, below, (cell for cell in cells if cell[0] in few)))


def _adds_up_of(areas: Iterable[Area]) -> Iterator[tuple[Area, tuple[Area, ...]]]:
    """Each area that others add up to."""
    known = list(areas)
    for area in known:
        if area.place is None:
            parts = tuple(
                one
                for one in known
                if one.la_code == area.la_code
                and (
                    (area.phase == TOTAL and one.place is None and one.phase != TOTAL)
                    or (area.phase != TOTAL and one.place is not None and one.phase == area.phase)
                )
            )
            yield area, parts


# --- rows


GEOGRAPHY: Final = (
    "time_period", "time_identifier", "geographic_level", "country_code", "country_name", "old_la_code",
    "new_la_code", "la_name", "school_name", "school_urn", "school_laestab",
)  # fmt: skip
TIDY: Final = (
    *GEOGRAPHY, "education_phase", "attendance_status", "attendance_type", "attendance_reason", "session_count",
    "session_percent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Authority:
    """What is said of the authority beside its three digits."""

    la_code: str
    name: str
    new_la_code: str = UNAVAILABLE


def _geography(period: Period, area: Area, tables: Mapping[int, School], authority: Authority) -> Row:
    own = area.la_code == authority.la_code
    row: Row = {
        "time_period": period.time_period,
        "time_identifier": period.time_identifier,
        "geographic_level": "Local authority" if area.place is None else "School",
        "country_code": "E92000001",
        "country_name": "England",
        "old_la_code": area.la_code,
        "new_la_code": authority.new_la_code if own else UNAVAILABLE,
        "la_name": authority.name if own else UNAVAILABLE,
        "school_name": "",
        "school_urn": "",
        "school_laestab": "",
    }
    if area.place is not None:
        school = tables[area.place]
        row |= {
            "school_name": school.name or UNAVAILABLE,
            "school_urn": school.urn or UNAVAILABLE,
            "school_laestab": school.laestab or UNAVAILABLE,
        }
    return row | {"education_phase": area.phase}


def _in_order(cells: Iterable[tuple[Area, object]]) -> list[Area]:
    areas = dict.fromkeys(area for area, _ in cells)
    return sorted(areas, key=lambda a: (a.la_code, a.place is not None, a.phase != TOTAL, a.phase, a.place or 0))


def _share(n: int, whole: int) -> str:
    """A percentage as text; of nothing, none."""
    if not whole:
        return NOT_APPLICABLE
    found = percentage(n, whole)
    return LOW if n and not found.strip("0.") else found


def tidy_rows(tables: Tables, authority: Authority) -> Iterator[Row]:
    """One row for each area, status, type and reason: the shape of the published data sets."""
    for period, cells in tables.counts.items():
        kept = tables.kept_back[period]
        for area in _in_order(cells):
            begins = _geography(period, area, tables.schools, authority)
            whole = cells[(area, ALL)]
            for part in EVERY:
                n = cells[(area, part)]
                hidden = (area, part) in kept
                # A share of a sum that is kept back would give the sum away.
                share = KEPT_BACK if hidden or ((area, ALL) in kept and n) else _share(n, whole)
                yield begins | {
                    "attendance_status": part.status,
                    "attendance_type": part.type,
                    "attendance_reason": part.reason,
                    "session_count": KEPT_BACK if hidden else n,
                    "session_percent": share,
                }


_WIDE_CLASS: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "possible_sessions": ALL,
        "overall_attendance": Part("Attendance", TOTAL, TOTAL),
        **{name: Part(*STATUS[of], TOTAL) for name, of in CLASSES.items()},
        "overall_absence": Part("Absence", TOTAL, TOTAL),
    }
)
_LEAF_OF: Final = MappingProxyType(
    {
        code.published_column: Part(*STATUS[code.statistical_class], reason_of(code.code))
        for code in NATIONAL.values()
        if code.possible and code.published_column
    }
)
_LATE: Final = tuple(
    dict.fromkeys(
        Part(*STATUS[code.statistical_class], reason_of(code.code)) for code in NATIONAL.values() if code.late
    )
)
_BOTH: Final = (_LEAF_OF["reason_present_am"], _LEAF_OF["reason_present_pm"])
WIDE_COUNTS: Final = (
    "possible_sessions", "overall_attendance", "present_sessions", "approved_educational_activity", "overall_absence",
    "authorised_absence", "unauthorised_absence", "late_sessions",
)  # fmt: skip
WIDE: Final = (*GEOGRAPHY, "education_phase", *WIDE_COUNTS, *REASONS, *PERCENTAGES)


def wide_rows(tables: Tables, authority: Authority) -> Iterator[Row]:
    """One row for each area: the older shape, a column for each reason, which existing workbooks read.

    A column that is a sum across the tidy parts (late_sessions, reason_present) is kept back with any of them.
    """
    for period, cells in tables.counts.items():
        kept = tables.kept_back[period]
        for area in _in_order(cells):
            row = _geography(period, area, tables.schools, authority)
            sums = {"late_sessions": _LATE, "reason_present": _BOTH}
            for name in (*WIDE_COUNTS, *REASONS):
                parts = sums.get(name) or (_WIDE_CLASS.get(name) or _LEAF_OF[name],)
                hidden = any((area, part) in kept for part in parts)
                row[name] = KEPT_BACK if hidden else sum(cells[(area, part)] for part in parts)
            for name, of in PERCENTAGES.items():
                n, whole = row[of], row["possible_sessions"]
                known = isinstance(n, int) and isinstance(whole, int)
                row[name] = _share(int(str(n)), int(str(whole))) if known else KEPT_BACK
            yield row


# --- persistent absence

ENROLMENTS: Final = "enrolments"
SEVERE: Final = "enrolments_pa_50_exact"
PERSISTENT: Final = "enrolments_pa_10_exact"
_OTHERS: Final = "others"
_NOT_SEVERE: Final = "persistent, not severe"
ABSENCE_COUNTS: Final = (ENROLMENTS, PERSISTENT, SEVERE)
SESSIONS: Final = ("sess_possible", "sess_overall", "sess_authorised", "sess_unauthorised")
ABSENCE: Final = (
    *GEOGRAPHY, "education_phase", "enrolments", "sess_possible", "sess_overall", "sess_overall_percent",
    "sess_authorised", "sess_authorised_percent", "sess_unauthorised", "sess_unauthorised_percent", PERSISTENT,
    f"{PERSISTENT}_percent", SEVERE, f"{SEVERE}_percent",
)  # fmt: skip


def absence_rows(
    reader: Reader, about: About, authority: Authority, years: Sequence[int], below: int, cohort: str = STATISTICAL
) -> list[Row]:
    """Enrolments of a cohort, and of them persistently and severely absent, by area and school year.

    A number of pupils is small, too, where all but few are in it: the others are a cell of their own here.
    """
    listed = f" and p.school_year in ({', '.join(f'{one:d}' for one in years)})" if years else ""
    found = reader.ask(
        "select p.place, p.school_year, count(*) as enrolments, count(*) filter (where p.persistent = 1) as persistent,"
        " count(*) filter (where p.severe = 1) as severe, cast(sum(p.possible) as bigint) as possible,"
        " cast(sum(p.absent) as bigint) as absent, cast(sum(p.authorised) as bigint) as authorised,"
        " cast(sum(p.unauthorised) as bigint) as unauthorised from persistent_absence p"
        f" where p.cohort = '{cohort}'{listed}{about.of_place('p')} group by p.place, p.school_year"
    )
    known = schools(reader, about, authority.la_code)
    by_year: dict[int, Counter[tuple[Area, str]]] = {}
    for place, year, *numbers in found.iter_rows():
        everybody, persistent, severe, *summed = numbers
        told = {
            ENROLMENTS: everybody,
            PERSISTENT: persistent,
            SEVERE: severe,
            _NOT_SEVERE: persistent - severe,
            _OTHERS: everybody - persistent,
            **dict(zip(SESSIONS, summed, strict=True)),
        }
        for area in areas_of(known[place]):
            for name, n in told.items():
                by_year.setdefault(year, Counter())[(area, name)] += n
    return [row for year in sorted(by_year) for row in _absence_rows(year, by_year[year], known, authority, below)]


def _absence_rows(
    year: int, cells: Counter[tuple[Area, str]], known: Mapping[int, School], authority: Authority, below: int
) -> Iterator[Row]:
    areas = _in_order(cells)
    pupils = (ENROLMENTS, PERSISTENT, SEVERE, _NOT_SEVERE, _OTHERS)
    sums = [Sum((area, ENROLMENTS), ((area, PERSISTENT), (area, _OTHERS))) for area in areas]
    sums += [Sum((area, PERSISTENT), ((area, SEVERE), (area, _NOT_SEVERE))) for area in areas]
    for total, parts in _adds_up_of(areas):
        sums += [Sum((total, name), tuple((area, name) for area in parts)) for name in pupils]
    kept = suppressed({cell: n for cell, n in cells.items() if cell[1] in pupils}, sums, below)
    for area in areas:
        n = {name: cells[(area, name)] for name in (*pupils, *SESSIONS)}
        hidden = {name for name in pupils if (area, name) in kept}
        row = _geography(Period(str(year), "Academic year"), area, known, authority)
        # Sessions of few enrolments are as telling as their number.
        few = ENROLMENTS in hidden
        row[ENROLMENTS] = KEPT_BACK if few else n[ENROLMENTS]
        for name in SESSIONS:
            row[name] = KEPT_BACK if few else n[name]
            if name != "sess_possible":
                row[f"{name}_percent"] = KEPT_BACK if few else _share(n[name], n["sess_possible"])
        for name in (PERSISTENT, SEVERE):
            row[name] = KEPT_BACK if name in hidden else n[name]
            row[f"{name}_percent"] = KEPT_BACK if few or name in hidden else _share(n[name], n[ENROLMENTS])
        yield {column: row[column] for column in ABSENCE}


# --- what the columns are

META: Final = (
    "col_name", "col_type", "label", "indicator_grouping", "indicator_unit", "indicator_dp", "filter_hint",
    "filter_grouping_column",
)  # fmt: skip


def meta_rows(columns: Iterable[str]) -> list[Row]:
    """The `.meta.csv` of a file: each filter and indicator; time and place are known by their names."""
    rows: list[Row] = []
    for name in columns:
        if name in GEOGRAPHY:
            continue
        is_filter = name in ("education_phase", "attendance_status", "attendance_type", "attendance_reason")
        percent = name.endswith(("_percent", "_perc"))
        label = f"{name}ent" if name.endswith("_perc") else name
        rows.append(
            {
                "col_name": name,
                "col_type": "Filter" if is_filter else "Indicator",
                "label": _label(label),
                "indicator_grouping": "",
                "indicator_unit": "%" if percent else "",
                "indicator_dp": "" if is_filter else 5 if percent else 0,
                "filter_hint": f"Filter by {_label(label).lower()}" if is_filter else "",
                "filter_grouping_column": "",
            }
        )
    return rows


def _label(name: str) -> str:
    words = name.removeprefix("reason_").replace("sess_", "sessions_").split("_")
    said = " ".join(words).replace("pa 10 exact", "persistently absent").replace("pa 50 exact", "severely absent")
    return said[0].upper() + said[1:]
