"""The verb `cohort`: who is persistently or severely absent, how far from the line, by what marks, how many."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import polars as pl
import typer

from console import counted, say
from console.answering import (
    MAY_LACK,
    Asking,
    AuthorityOption,
    NoCatchUp,
    Out,
    PlaceOption,
    Shown,
    Wanted,
    WantedOption,
    as_data,
    asking,
    first_of,
    named,
    show,
    the_line,
    wanted_of,
)
from console.options import AsAt, AskedFor, JsonFlag, NoNames, home_of, school_year_of
from console.problems import Misused, Refused
from console.words import short_text
from domain.figures import percentage
from domain.moments import academic_year_label
from projections import questions
from projections.population import Population, cohort_name, population


class Which(StrEnum):
    """Which cohort."""

    PERSISTENT = "persistent"
    SEVERE = "severe"


class Level(StrEnum):
    """What totals are of."""

    SCHOOL = "school"
    PHASE = "phase"
    YEAR_GROUP = "year-group"
    AUTHORITY = "authority"
    CHARACTERISTIC = "characteristic"


LINE: Final = {"persistent": "10 %", "severe": "50 %"}
YEARS: Final = {"R": 0, "N2": -1, "N1": -2}
"""Year groups that are called by letters."""


def cohort_verb(
    context: typer.Context,
    which: Annotated[Which, typer.Argument(help="At 10 % or more of the possible sessions, or at 50 % or more.")],
    statistical: Annotated[
        bool,
        typer.Option(
            "--statistical",
            help="As published: aged 5 to 15, of 15-year-olds until the spring bank holiday. Else all on the roll.",
        ),
    ] = False,
    year: Annotated[
        int | None, typer.Option("--school-year", metavar="YEAR", help="As 202526 (default: the latest).")
    ] = None,
    place: PlaceOption = None,
    authority: AuthorityOption = None,
    year_group: Annotated[
        list[str] | None,
        typer.Option("--year-group", metavar="YEAR", help="Only this year group: R, 1 ... 14; may be repeated."),
    ] = None,
    near: Annotated[
        int | None,
        typer.Option("--near", min=0, metavar="N", help="Who is within N sessions of the line, on either side."),
    ] = None,
    marks: Annotated[
        str | None,
        typer.Option("--marks", metavar="LINE", help="The marks behind one line of the list, by its id."),
    ] = None,
    totals: Annotated[
        Level | None, typer.Option("--totals", help="How many, and how many of them in the cohort; no pupils.")
    ] = None,
    characteristics: Annotated[
        bool, typer.Option("--characteristics", help="You are one of those who may see characteristics.")
    ] = False,
    as_at: AsAt = None,
    for_: AskedFor = None,
    no_names: NoNames = False,
    no_catch_up: NoCatchUp = False,
    format_: WantedOption = Wanted.TABLE,
    json_: JsonFlag = False,
    out: Out = None,
) -> None:
    """List the pupils who are persistently or severely absent in a school year, furthest over the line first.

    Each with absent and possible sessions, since when, and how many sessions, one after another, would change it.
    """
    chosen = wanted_of(format_, json_, out)
    if sum(option is not None for option in (near, marks, totals)) > 1:
        raise Misused("--near, --marks and --totals are three questions; ask one.")
    if (totals is Level.CHARACTERISTIC) != characteristics:
        raise Misused("--totals characteristic and --characteristics go together: they are not for everybody to see.")
    years = [nc_year_of(text) for text in year_group or ()]
    named_year = None if year is None else school_year_of(year)
    with asking(
        home_of(context),
        as_at=as_at,
        place=place,
        authority=authority,
        for_=for_,
        no_catch_up=no_catch_up,
        data=chosen is not Wanted.TABLE,
    ) as asked:
        if marks is not None:
            _marks(asked, marks, which, statistical, chosen, out, names=not no_names)
            return
        of_year = named_year or questions.latest_year(asked.reader)
        if of_year is None:
            if chosen is Wanted.TABLE:
                say.line("No possible session was recorded yet.")
            else:
                as_data(pl.DataFrame(), chosen, out)
            return
        if totals is not None:
            show_cohort_totals(asked, totals, of_year, statistical=statistical, chosen=chosen, out=out)
            return
        found = cohort_of(asked, which, of_year, statistical=statistical, nc_years=years, near=near)
        if chosen is Wanted.TABLE:
            show_cohort(asked, which, of_year, found, statistical=statistical, near=near, names=not no_names)
        else:
            counted.beside(_whom(asked, of_year, statistical=statistical))
            as_data(named(asked, found, names=not no_names), chosen, out)


def cohort_of(
    asked: Asking,
    which: Which,
    year: int,
    *,
    statistical: bool = False,
    nc_years: Sequence[int] = (),
    near: int | None = None,
) -> pl.DataFrame:
    """The list, with rates; ids and names are for `named`."""
    found = questions.cohort(
        asked.reader, asked.about, which.value, year=year, statistical=statistical, nc_years=nc_years, near=near
    )
    return with_rate(found, "absent_perc", "absent", "possible")


def show_cohort(
    asked: Asking,
    which: Which,
    year: int,
    found: pl.DataFrame,
    *,
    statistical: bool = False,
    near: int | None = None,
    names: bool = True,
    most: int | None = None,
) -> None:
    """Print the list, or the first of it, as a person reads it."""
    title = (
        f"{'Severely' if which is Which.SEVERE else 'Persistently'} absent in {academic_year_label(year)}"
        f"{'' if near is None else ', or not, within ' + say.counted(near, 'session', 'sessions') + ' of the line'}"
        f" ({LINE[which.value]} of possible sessions or more; "
        f"{'statistical cohort' if statistical else 'all on the roll'}){asked.as_at}"
    )
    whom = _whom(asked, year, statistical=statistical)
    counted.heading(title, whom)
    if asked.may_lack:
        say.line(MAY_LACK, "dim")
    first_rows, more = first_of(found, most)
    shown = _for_people(named(asked, first_rows, names=names), which.value, names=names)
    show(shown, Wanted.TABLE, _columns(names=names), none="Nobody.", more=more)
    if len(found):
        first = "" if most is None or len(found) <= most else f"The first {most} of "
        say.line(f"{first}{say.counted(len(found), 'pupil', 'pupils')}. The marks behind one: --marks LINE", "dim")
    counted.show_left_out(whom)


def _whom(asked: Asking, year: int, *, statistical: bool) -> Population:
    return population(asked.reader, asked.about, cohort_name(statistical=statistical), [year])


def nc_year_of(text: str) -> int:
    """A year group as typed: R is Reception, 0."""
    typed = text.strip().upper()
    if typed in YEARS:
        return YEARS[typed]
    try:
        return int(typed)
    except ValueError:
        raise Misused(f"{text!r} is no year group; write R, or a number such as 7.") from None


def year_text(nc_year: int | None) -> str:
    """A year group as people write it."""
    return "" if nc_year is None else {v: k for k, v in YEARS.items()}.get(nc_year, str(nc_year))


def with_rate(frame: pl.DataFrame, name: str, part: str, whole: str) -> pl.DataFrame:
    """A frame with a percentage beside its counts: five decimals, half up, as text; null where the whole is nothing."""
    rates = [
        None if not of else percentage(n, of)
        for n, of in zip(frame[part].to_list(), frame[whole].to_list(), strict=True)
    ]
    return frame.with_columns(pl.Series(name, rates, pl.String))


def _columns(*, names: bool) -> list[Shown]:
    first = [Shown("name", "Name", keep=False)] if names else []
    return [
        *first,
        Shown("line_short", "Line"),
        Shown("school", "School", keep=False),
        Shown("year", "Year", right=True),
        Shown("absent", "Absent", right=True),
        Shown("possible", "Possible", right=True),
        Shown("perc", "%", right=True),
        Shown("since", "Since"),
        Shown("distance", "From the line", keep=False),
    ]


def _for_people(frame: pl.DataFrame, which: str, *, names: bool) -> pl.DataFrame:
    """The same as a person reads it: short ids, rates with two decimals, and the distance in words."""
    rows = []
    for row in frame.iter_rows(named=True):
        leaves, enters = row["sessions_to_leave"], row["sessions_to_enter"]
        rows.append(
            {
                "name": (row.get("name") or "(name destroyed)") if names else "",
                "line_short": short_text(row["line"]),
                "school": row["school_name"] or row["laestab"] or short_text(row["place"]),
                "year": year_text(row["nc_year"]),
                "absent": row["absent"],
                "possible": row["possible"],
                "perc": two_places(row["absent_perc"]),
                "since": row["since"],
                "distance": f"{leaves:,} attended to leave" if row[which] else f"{enters:,} absent to enter",
            }
        )
    schema = {"name": pl.String, "line_short": pl.String, "school": pl.String, "year": pl.String, "absent": pl.Int64}
    more = {"possible": pl.Int64, "perc": pl.String, "since": pl.Date, "distance": pl.String}
    return pl.DataFrame(rows, schema={**schema, **more}, orient="row")


def two_places(rate: str | None) -> str:
    """A rate for a table: two decimals, half up. A pupil just under the line does not read as on it: of the sessions of
    a year (some 380) the nearest rate below 10 is 9.97."""
    if rate is None:
        return ""
    hundredths = (int(rate.replace(".", "")) + 500) // 1000
    return f"{hundredths // 100}.{hundredths % 100:02d}"


# --- the marks behind one


_SESSIONS: Final = {1: "AM", 2: "PM"}
_CLASSES: Final = {"AUTH": "authorised", "UNAUTH": "unauthorised"}


def _marks(
    asked: Asking, text: str, which: Which, statistical: bool, chosen: Wanted, out: Path | None, *, names: bool
) -> None:
    """The marks of one line that count as absence, and the sum that they make."""
    line = the_line(asked, text)
    of_cohort = "statistical" if statistical else "working"
    standing = questions.standing_of(asked.reader, line).filter(pl.col("cohort") == of_cohort)
    found = questions.behind(asked.reader, line, statistical=statistical)
    if not len(standing):
        raise Refused(
            "This line has no possible session in that cohort, so it has no rate; without --statistical all count."
        )
    whose = named(asked, standing, names=names).row(0, named=True)
    found = named(asked, found, names=False)
    if chosen is not Wanted.TABLE:
        as_data(found, chosen, out)
        return
    state = "is" if whose[which.value] else "is not"
    word = "severely" if which is Which.SEVERE else "persistently"
    who = (whose.get("name") or "(name destroyed)") if names else f"Line {short_text(whose['line'])}"
    say.heading(f"{who}, {academic_year_label(whose['school_year'])}{asked.as_at}")
    rate = percentage(whose["absent"], whose["possible"])
    say.line(
        f"{say.number(whose['absent'])} of {say.number(whose['possible'])} possible sessions absent, {rate} %: "
        f"{state} {word} absent"
    )
    rows = [
        {
            **row,
            "half": _SESSIONS[row["session"]],
            "counts": _CLASSES[row["class"]],
            "what": "amended" if row["kind"] == "amendment" else "",
        }
        for row in found.iter_rows(named=True)
    ]
    show(
        pl.DataFrame(rows, infer_schema_length=None),
        chosen,
        [
            Shown("session_date", "Day"),
            Shown("half", "Session"),
            Shown("code", "Code"),
            Shown("counts", "Counts as"),
            Shown("what", ""),
            Shown("recorded_at", "Recorded"),
            Shown("position", "Position", right=True),
        ],
    )
    say.line(f"{say.counted(len(found), 'mark', 'marks')}. Who made and changed them: rollbook history", "dim")


# --- totals


def show_cohort_totals(
    asked: Asking,
    level: Level,
    year: int,
    *,
    statistical: bool = False,
    chosen: Wanted = Wanted.TABLE,
    out: Path | None = None,
) -> None:
    """Print or write how many enrolments there are, and how many of them persistently and severely absent."""
    if level is Level.CHARACTERISTIC:
        found = questions.cohort_characteristics(asked.reader, asked.about, year=year, statistical=statistical)
        first = [Shown("kind", "Characteristic"), Shown("value", "Value")]
    else:
        found = questions.cohort_totals(asked.reader, asked.about, level.value, year=year, statistical=statistical)
        first = {
            Level.SCHOOL: [Shown("school_name", "School", keep=False), Shown("education_phase", "Phase")],
            Level.PHASE: [Shown("education_phase", "Phase")],
            Level.YEAR_GROUP: [Shown("nc_year", "Year", right=True)],
            Level.AUTHORITY: [],
        }[level]
    found = with_rate(
        with_rate(found, "persistent_perc", "persistent", "enrolments"), "absent_perc", "absent", "possible"
    )
    found = with_rate(found, "severe_perc", "severe", "enrolments")
    whom = _whom(asked, year, statistical=statistical)
    if chosen is not Wanted.TABLE:
        counted.beside(whom)
        as_data(questions.with_ids(asked.reader, found), chosen, out)
        return
    title = (
        f"Enrolments in {academic_year_label(year)}, and of them persistently and severely absent "
        f"({'statistical cohort' if statistical else 'all on the roll'}){asked.as_at}"
    )
    shown = found.with_columns(
        *(
            pl.col(f"{name}_perc").map_elements(two_places, return_dtype=pl.String).alias(f"{name}_shown")
            for name in ("persistent", "severe", "absent")
        ),
    )
    if "nc_year" in shown.columns:
        shown = shown.with_columns(
            pl.Series("nc_year", [year_text(one) or "not known" for one in shown["nc_year"].to_list()], pl.String)
        )
    counted.heading(title, whom)
    show(
        shown,
        chosen,
        [
            *first,
            Shown("enrolments", "Enrolments", right=True),
            Shown("persistent", "Persistently", right=True),
            Shown("persistent_shown", "%", right=True),
            Shown("severe", "Severely", right=True),
            Shown("severe_shown", "%", right=True),
            Shown("absent_shown", "Sessions\nabsent %", right=True),
        ],
        none="Nobody has a possible session.",
    )
    counted.show_left_out(whom)
