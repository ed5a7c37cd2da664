"""The verb `export`: figures in the shape in which the Department for Education publishes its own."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from console import counted, say
from console.answering import Asking, AuthorityOption, NoCatchUp, PlaceOption, asking, written
from console.options import AsAt, Everyone, FormatOption, JsonFlag, format_of, home_of, school_year_of
from console.problems import Misused, Refused
from console.say import Format
from projections import published, questions
from projections.population import cohort_name, population
from projections.published import Authority, Row, Tables


class What(StrEnum):
    """Which files."""

    ATTENDANCE = "attendance"
    WIDE = "wide"
    ABSENCE = "persistent-absence"


class By(StrEnum):
    """What a row's period is."""

    YEAR = "year"
    TERM = "term"
    WEEK = "week"


FILES: Final[Mapping[What, tuple[str, tuple[str, ...]]]] = {
    What.ATTENDANCE: ("attendance", published.TIDY),
    What.WIDE: ("attendance_by_reason_wide", published.WIDE),
    What.ABSENCE: ("persistent_absence", published.ABSENCE),
}


def export_verb(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to write; files of these names are replaced.")
    ],
    what: Annotated[
        list[What] | None, typer.Option("--what", help="Only this; may be repeated (default: all three).")
    ] = None,
    by: Annotated[By, typer.Option("--by", help="What the periods of attendance are.")] = By.YEAR,
    year: Annotated[
        list[int] | None,
        typer.Option("--school-year", metavar="YEAR", help="Only this one, as 202526; may be repeated."),
    ] = None,
    everyone: Everyone = False,
    place: PlaceOption = None,
    authority: AuthorityOption = None,
    new_la_code: Annotated[
        str, typer.Option("--new-la-code", metavar="CODE", help="The authority's nine characters, as E06000001.")
    ] = published.UNAVAILABLE,
    suppress_below: Annotated[
        int | None,
        typer.Option("--suppress-below", min=0, metavar="N", help="Instead of the setting; 0 keeps nothing back."),
    ] = None,
    as_at: AsAt = None,
    no_catch_up: NoCatchUp = False,
    format_: FormatOption = Format.TABLE,
    json_: JsonFlag = False,
) -> None:
    """Write figures as published: tidy CSV beside its .meta.csv, the older wide columns, and persistent absence.

    By authority, phase and school; of the pupils whom published figures count, or with --everyone of all on the roll.
    Small numbers are kept back, and those by which they could be worked out; that holds within one file, so publish one
    cut of the same figures, not several.
    """
    chosen = format_of(format_, json_)
    if chosen is Format.CSV:
        raise Misused("What is written is CSV in any case; what is said of it is a table or JSON.")
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file; export writes several into a folder.")
    years = [school_year_of(one) for one in year or ()]
    with asking(
        home_of(context),
        as_at=as_at,
        place=place,
        authority=authority,
        no_catch_up=no_catch_up,
        data=chosen is not Format.TABLE,
    ) as asked:
        below = suppress_below
        if below is None:
            below = questions.setting(asked.reader, "suppress_below", published.SUPPRESS_BELOW)
        founding = asked.ledger.founding
        whose = Authority(founding.la_code, founding.name, new_la_code)
        cohort = cohort_name(statistical=not everyone)
        told = [_write(folder, one, asked, whose, by, years, below, cohort) for one in what or list(What)]
        whom = population(asked.reader, asked.about, cohort, years)
    if chosen is Format.JSON:
        beside = {"counted": cohort, "age_not_known": whom.age_not_known, "left_out": dict(whom.left_out)}
        say.as_json({**beside, "suppress_below": below, "files": told})
        return
    counted.show(whom)
    for one in told:
        say.line(
            f"{one['file']}: {say.counted(one['rows'], 'row', 'rows')}, "
            f"{say.counted(one['kept_back'], 'value', 'values')} kept back"
        )
    counted.show_left_out(whom)
    if below > 1:
        say.line(f"Kept back (c): counts of 1 to {below - 1}, and those by which they could be worked out.", "dim")


def _write(
    folder: Path, what: What, asked: Asking, whose: Authority, by: By, years: Sequence[int], below: int, cohort: str
) -> dict[str, Any]:
    """One file and its description; how many rows it has, and values kept back."""
    name, columns = FILES[what]
    rows: Iterable[Row]
    if what is What.ABSENCE:
        rows = published.absence_rows(asked.reader, asked.about, whose, years, below, cohort)
    else:
        tables = published.sessions(asked.reader, asked.about, whose.la_code, by.value, years, below, cohort)
        make: Callable[[Tables, Authority], Iterable[Row]] = (
            published.tidy_rows if what is What.ATTENDANCE else published.wide_rows
        )
        rows = make(tables, whose)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.csv"
    count = kept_back = 0

    def tallied() -> Iterable[Row]:
        nonlocal count, kept_back
        for row in rows:
            count += 1
            kept_back += sum(value == published.KEPT_BACK for value in row.values())
            yield row

    _csv(file, columns, tallied())
    _csv(folder / f"{name}.meta.csv", published.META, published.meta_rows(columns))
    return {"file": str(file), "rows": count, "kept_back": kept_back}


def _csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with written(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
