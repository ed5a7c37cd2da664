"""The verb `labels`: what is odd about what the registers say. Counted first; one by one where a label is named."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Final

import polars as pl
import typer

from console import say
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
    asking,
    first_of,
    named,
    show,
    wanted_of,
)
from console.options import AsAt, AskedFor, JsonFlag, NoNames, date_of, home_of
from console.problems import Misused, Refused
from console.words import short_text, words
from projections import questions
from projections.questions import Chosen

FAMILIES: Final = ("mark", "amendment", "message", "session", "line", "arrangement", "place")
SESSIONS: Final = {1: "AM", 2: "PM"}


def labels_verb(
    context: typer.Context,
    label: Annotated[
        str | None, typer.Argument(metavar="[LABEL]", help="List these one by one; without it, all are counted.")
    ] = None,
    family: Annotated[
        str | None, typer.Option("--family", metavar="FAMILY", help=f"Only about: {', '.join(FAMILIES)}.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First day concerned.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day concerned.")] = None,
    standing: Annotated[bool, typer.Option("--standing", help="Only of entries that still stand.")] = False,
    each: Annotated[bool, typer.Option("--each", help="List them one by one, whatever label.")] = False,
    place: PlaceOption = None,
    authority: AuthorityOption = None,
    as_at: AsAt = None,
    for_: AskedFor = None,
    no_names: NoNames = False,
    no_catch_up: NoCatchUp = False,
    format_: WantedOption = Wanted.TABLE,
    json_: JsonFlag = False,
    out: Out = None,
) -> None:
    """Show what is odd about the registers: recorded and labelled, never refused.

    A label accuses nobody: it says what the entries say, and by which rule that is worth a look.
    """
    chosen_format = wanted_of(format_, json_, out)
    if family is not None and family not in FAMILIES:
        raise Misused(f"{family!r} is no family of labels; there are {', '.join(FAMILIES)}.")
    first, last = (None if text is None else date_of(text) for text in (from_, to))
    with asking(
        home_of(context),
        as_at=as_at,
        place=place,
        authority=authority,
        for_=for_,
        no_catch_up=no_catch_up,
        data=chosen_format is not Wanted.TABLE,
    ) as asked:
        rules = questions.label_rules(asked.reader)
        chosen = Chosen(_known(label, rules), family, first, last, standing)
        if label is None and not each:
            _counts(asked, chosen, chosen_format, out)
            return
        found, more = questions.labels(asked.reader, asked.about, chosen), 0
        if chosen_format is Wanted.TABLE:
            found, more = first_of(found)
        found = named(asked, found, names=not no_names)
        if chosen_format is Wanted.TABLE:
            for one in rules.filter(pl.col("label") == (chosen.label or "")).iter_rows(named=True):
                say.line(f"{words(one['label'])}: {one['says']} ({one['source']})")
            if asked.may_lack:
                say.line(MAY_LACK, "dim")
            found = _for_people(found, names=not no_names)
        columns = [
            Shown("school", "School", keep=False),
            *([Shown("name", "Name", keep=False)] if not no_names else []),
            Shown("line_short", "Line"),
            Shown("on_date", "Day"),
            Shown("half", "Session"),
            Shown("code", "Code"),
            Shown("label", "Label", keep=False),
            Shown("detail", "Detail", keep=False),
            Shown("number", _counted(chosen.label, rules), right=True),
            Shown("position", "Position", right=True),
        ]
        show(found, chosen_format, columns, out=out, title=f"Labels{asked.as_at}", none="None.", more=more)


def _known(label: str | None, rules: pl.DataFrame) -> str | None:
    """A label as typed, with spaces or underscores. Refuses what is none, and says what was perhaps meant."""
    if label is None:
        return None
    typed = label.strip().lower().replace(" ", "_").replace("-", "_")
    there = rules["label"].to_list()
    if typed in there:
        return typed
    near = get_close_matches(typed, there, 3)
    meant = f"perhaps {' or '.join(near)}" if near else "rollbook labels counts those that occur"
    raise Refused(f"There is no label {label!r}; {meant}.")


def _counted(label: str | None, rules: pl.DataFrame) -> str:
    found = rules.filter(pl.col("label") == label)["counts"].to_list() if label else []
    return (found[0] or "Number").capitalize() if found else "Number"


def _counts(asked: Asking, chosen: Chosen, chosen_format: Wanted, out: object) -> None:
    found = questions.label_counts(asked.reader, asked.about, chosen)
    show(
        found,
        chosen_format,
        [
            Shown("family", "About"),
            Shown("label", "Label"),
            Shown("labels", "Number", right=True),
            Shown("standing", "Standing", right=True),
            Shown("first_date", "From"),
            Shown("last_date", "To"),
            Shown("says", "What it says", keep=False),
        ],
        out=out,  # type: ignore[arg-type]
        title=f"Labels{asked.as_at}",
        none="Nothing is odd.",
    )
    if chosen_format is Wanted.TABLE and len(found):
        say.line("One by one: rollbook labels LABEL", "dim")


def _for_people(found: pl.DataFrame, *, names: bool) -> pl.DataFrame:
    return found.with_columns(
        pl.col("line").map_elements(short_text, return_dtype=pl.String).alias("line_short"),
        pl.coalesce("school_name", "laestab", pl.col("place").str.slice(0, 8)).alias("school"),
        pl.col("session").replace_strict(SESSIONS, default=None, return_dtype=pl.String).alias("half"),
        *([pl.col("name").fill_null("")] if names else []),
    )
