"""Options that several verbs share, and what they mean."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from console import say
from console.home import Home
from console.problems import Misused, Refused
from console.say import Format
from console.words import day_of, when
from domain.ledger.ledger import FOUNDING, Ledger
from domain.moments import LiesAhead, Meant, meant
from projections.asking import places_called, pupils_called, upto
from projections.who import Identities


def moment_of(text: str) -> Meant:
    """A moment that was typed: what parses every option that takes one."""
    try:
        return meant(text)
    except ValueError as error:
        raise Misused(str(error)) from None


AsAt = Annotated[
    Meant | None,
    typer.Option(
        "--as-at",
        metavar="MOMENT",
        parser=moment_of,
        help="As recorded by this moment, London time: 2025-09-05 18:00.",
    ),
]
NowOption = Annotated[
    Meant | None,
    typer.Option(
        "--now", metavar="MOMENT", parser=moment_of, help="Of a simulated ledger: the moment at which this is said."
    ),
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


def as_at_of(ledger: Ledger, asked: Meant | None) -> int | None:
    """The moment of an --as-at at a ledger: every question that takes one asks here. Refuses what lies ahead.

    Before the founding nothing was recorded: the answer is as empty as the ledger was, and a remark says why.
    """
    if asked is None:
        return None
    # The clock of this machine may be behind the one by which the last entry was stamped.
    moment = past_of(ledger, asked, max(ledger.now(), ledger.store.head()[1]))
    founded = ledger.store.read_stream(FOUNDING)[0].recorded_at
    if moment < founded:
        say.remark(f"Nothing was recorded by then: this ledger was founded on {when(founded)}.")
    return moment


def past_of(ledger: Ledger, asked: Meant, now: int) -> int:
    """A moment that must have been by now. Refuses one that lies ahead."""
    try:
        return asked.past(now, simulated=ledger.simulated)
    except LiesAhead as error:
        raise Refused(str(error)) from None


def now_of(ledger: Ledger, now: Meant | None) -> int:
    """The moment at which something is said: now, or that of a --now, by which a simulated clock is put forward."""
    standing = ledger.now()
    if now is None:
        return standing
    if not ledger.simulated:
        raise Misused("Only a simulated ledger takes --now: this one's clock is the machine's.")
    return max(now.at(standing), standing)


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
