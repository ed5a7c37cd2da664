"""Options that several verbs share, and what they mean."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from console.home import Home
from console.problems import Misused, Refused
from console.say import Format
from console.words import day_of, moment_of
from domain.ledger.ledger import Ledger
from projections.asking import places_called, pupils_called, upto
from projections.who import Identities

AsAt = Annotated[
    str | None,
    typer.Option("--as-at", metavar="MOMENT", help="As recorded by this moment, London time: 2025-09-05 18:00."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How the answer is wanted.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
AskedFor = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="PLACE",
        help="The place for which you ask. A child whose whereabouts are restricted is shown to its own place only, "
        "as at any moment; without this option to nobody.",
    ),
]
Everyone = Annotated[
    bool,
    typer.Option("--everyone", help="Count all on the roll, not the pupils alone whom published figures count."),
]
NoNames = Annotated[bool, typer.Option("--no-names", help="Show short ids instead of names.")]


def home_of(context: typer.Context) -> Home:
    """The home that the command was given."""
    home = context.find_root().obj
    assert isinstance(home, Home), "the callback of the command has set it"
    return home


def format_of(chosen: Format, as_json: bool) -> Format:
    """The format asked for, in either way of asking."""
    if as_json and chosen is Format.CSV:
        raise Misused("Ask for JSON or for CSV, not for both.")
    return Format.JSON if as_json else chosen


def as_at_of(text: str | None) -> int | None:
    """The moment of an --as-at."""
    try:
        return moment_of(text)
    except ValueError as error:
        raise Misused(str(error)) from None


def date_of(text: str) -> date:
    """A day that was typed."""
    try:
        return day_of(text)
    except ValueError as error:
        raise Misused(str(error)) from None


def school_year_of(year: int) -> int:
    """A school year that was typed. Refuses what is none: a list of nobody would look like an answer."""
    if not (190000 < year < 300000 and (year // 100 + 1) % 100 == year % 100):
        raise Misused(f"{year} is no school year; write 202526.")
    return year


def the_place(ledger: Ledger, text: str) -> bytes:
    """The place that was meant."""
    return the_one("place", text, places_called(ledger, text), "rollbook status lists the places")


def asked_for(ledger: Ledger, text: str | None) -> bytes | None:
    """The place for which somebody asks, if they said so."""
    return None if text is None else the_place(ledger, text)


def the_pupil(ledger: Ledger, text: str, *, identity: bool = False) -> bytes:
    """The pupil that was meant: of a child entered twice and merged, the identity that stays. With `identity`, the very
    identity that was named.

    What was typed is not repeated: it may be a UPN.
    """
    found = pupils_called(ledger, text)
    if not identity and len(found) > 1:
        found = Identities(ledger, upto(ledger, None)).apart(found)
    return the_one("pupil", "", found, "give a UPN, or an id as rollbook register shows it")


def the_one(kind: str, text: str, found: list[bytes], hint: str) -> bytes:
    """The one thing that answers to what was typed. Refuses none, and more than one."""
    if not found:
        raise Refused(f"No {kind} is known here by {text or 'this number or id'}; {hint}.")
    if len(found) > 1:
        ids = ", ".join(id.hex()[:16] for id in found[:5])
        raise Refused(f"{len(found)} {kind}s answer to this; say which by its id: {ids}.")
    return found[0]
