"""One asking machine for every verb that reads answers: it catches up, opens them, says for which moment, and prints.

Whoever adds a question writes its `select` in `projections/` and, here, nothing but `asking` and `show`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import polars as pl
import typer

from console import projecting, say
from console.home import Home
from console.options import as_at_of, asked_for, the_place
from console.problems import Misused, Refused
from console.say import Column, Format
from console.words import session_day, when, words
from domain.ledger.ledger import Ledger
from domain.moments import Meant
from projections.asking import upto
from projections.questions import About, hidden_lines, lines_beginning, number_of, places_of, with_ids, with_names

if TYPE_CHECKING:
    from projections.engines.engine import Reader

BY_ITSELF: Final = 1_000_000
"""Entries that a question catches up with by itself: a minute's work at most. More is asked for by name."""
UNKNOWN: Final = ("CatalogException", "BinderException", "UndefinedTable", "UndefinedColumn")
"""What an engine calls a name that it does not know."""
SHOWN_ROWS: Final = 1000
"""Rows of a table that are printed; data is always whole."""


class Wanted(StrEnum):
    """How an answer is wanted."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


WantedOption = Annotated[Wanted, typer.Option("--format", help="How the answer is wanted.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write it to this file; parquet needs one.", dir_okay=False)
]
NoCatchUp = Annotated[
    bool, typer.Option("--no-catch-up", help="Ask the answers as they are, even where the ledger went on since.")
]
PlaceOption = Annotated[
    str | None, typer.Option("--place", metavar="PLACE", help="Only this place: a LAESTAB, a URN, or an id.")
]
AuthorityOption = Annotated[
    str | None, typer.Option("--authority", metavar="CODE", help="Only places of this authority: its three digits.")
]
MAY_LACK: Final = (
    "Children whose whereabouts are restricted are not listed; the place itself asks with --for, which lists its own."
)


def wanted_of(chosen: Wanted, as_json: bool, out: Path | None) -> Wanted:
    """The format asked for. Refuses two at once, and parquet without a file to write it to."""
    if as_json and chosen not in (Wanted.TABLE, Wanted.JSON):
        raise Misused(f"Ask for JSON or for {chosen.value}, not for both.")
    if chosen is Wanted.PARQUET and out is None:
        raise Misused("Parquet is for programs: say with --out FILE where to write it.")
    if out is not None and not as_json and chosen is Wanted.TABLE:
        raise Misused("A table is for reading; with --out, say --format csv, json or parquet.")
    return Wanted.JSON if as_json else chosen


@dataclass(frozen=True, slots=True)
class Asking:
    """Answers that were opened, and what is asked of them."""

    ledger: Ledger
    reader: Reader
    moment: int | None
    """The moment that was named; None: as they stand."""
    position: int
    """The last position that counts."""
    about: About
    may_lack: bool
    """Some children are restricted in this ledger, and the place did not ask for itself: lists leave them out."""

    @property
    def as_at(self) -> str:
        """As at when, for a title; nothing for now."""
        return "" if self.moment is None else f", as recorded by {when(self.moment)}"


@contextmanager
def asking(
    home: Home,
    *,
    as_at: Meant | None = None,
    place: str | None = None,
    authority: str | None = None,
    for_: str | None = None,
    no_catch_up: bool = False,
    data: bool = True,
    config: Mapping[str, Any] | None = None,
) -> Iterator[Asking]:
    """The answers, ready to be asked: caught up with the ledger, as at the moment, of the place, without who is hidden.

    `data`: the answer is for a program, so that remarks go beside it; `config` is DuckDB's own. Refused: a place that
    is not known, a moment that lies ahead, and a home whose answers were never made and are too many to make at once.
    """
    if authority is not None and not (len(authority) == 3 and authority.isdecimal()):
        raise Misused(f"{authority!r} is no authority's code; write its three digits, such as 805.")
    with home.reading() as ledger:
        moment = as_at_of(ledger, as_at)
        say.note_simulated(ledger.simulated, data)
        of_place = None if place is None else the_place(ledger, place)
        asks = asked_for(ledger, for_)
        head = upto(ledger, moment)
        reader = None if no_catch_up else _brought_up(home, ledger, head, config)
        with opened(home, ledger, moment, of_place, authority, asks, config, reader) as asked:
            if authority is not None and not places_of(asked.reader, authority):
                say.remark(f"No place here is of authority {authority}.")
            yield asked


def _brought_up(home: Home, ledger: Ledger, wanted: int, config: Mapping[str, Any] | None) -> Reader | None:
    """Catch up, where the answers do not know of the position wanted or are another version's; say so beside. Answers
    that were opened to find out, and may be asked as they are, come back: opening takes longer than most questions."""
    reader, known = projecting.published_answers(home, config)
    behind = wanted - known.position
    if behind <= 0 and known.position and not known.outdated:
        return reader
    if reader is not None:
        reader.close()
    n = say.number
    why = f"are {n(behind)} entries behind the ledger" if behind > 0 else "were made by another version of Rollbook"
    if (wanted if known.outdated else behind) > BY_ITSELF:
        if not known.position:
            raise Refused(f"There are {n(wanted)} entries and no answers yet; run rollbook project first.")
        say.remark(f"The answers {why}; rollbook project brings them up to it.")
        return None
    try:
        caught = projecting.catch_up(home, ledger)
    except projecting.AtWork:
        if not known.position:
            raise Refused("Another process makes the first answers just now; ask again when it is done.") from None
        say.remark(f"The answers {why}; another process brings them up to it.")
        return None
    did = say.counted(caught.entries, "entry", "entries")
    if not caught.entries:
        did = f"{say.counted(len(caught.done.rebuilt), 'answer', 'answers')} by new definitions"
    say.remark(f"Brought the answers up to the ledger first: {did}, {caught.seconds:.1f} seconds.")
    return None


@contextmanager
def opened(
    home: Home,
    ledger: Ledger,
    as_at: int | None = None,
    place: bytes | None = None,
    authority: str | None = None,
    asks: bytes | None = None,
    config: Mapping[str, Any] | None = None,
    reader: Reader | None = None,
) -> Iterator[Asking]:
    """The published answers of a ledger that is open already, as they are, or a `reader` of them; see `asking`."""
    reader = reader or projecting.open_reader(home, config)
    try:
        yield _told(ledger, reader, as_at, place, authority, asks)
    except Exception as error:
        # Of a database engine that need not be there, so by name.
        if type(error).__name__ not in UNKNOWN:
            raise
        raise Refused(
            "The answers here lack something that this version of Rollbook asks for; run rollbook project."
        ) from error
    finally:
        reader.close()


def _told(
    ledger: Ledger, reader: Reader, as_at: int | None, place: bytes | None, authority: str | None, asks: bytes | None
) -> Asking:
    from projections.engines.engine import Asked
    from projections.projector import asked_at

    asked = asked_at(ledger, as_at)
    position = min(asked.position, reader.state().position)
    asked = Asked(position, asked.moment, asked.today)
    reader.current(asked)
    hidden = hidden_lines(ledger, reader, asks)
    number = None if place is None else number_of(reader, "place", place)
    if place is not None and number is None:
        raise Refused("The answers do not know this place yet; run rollbook project.")
    if as_at is not None:
        reader.as_at(asked, number)
    about = About(number, authority, hidden)
    return Asking(ledger, reader, as_at, position, about, bool(_restricted(ledger)) and (asks is None or asks != place))


def _restricted(ledger: Ledger) -> bool:
    from projections.who import Restrictions

    return bool(Restrictions(ledger))


def the_line(asked: Asking, text: str) -> int:
    """The line that an id, or its first digits, leads to. One that must not be shown is not known."""
    found = [one for one in lines_beginning(asked.reader, text.strip().lower()) if one[0] not in asked.about.hidden]
    if not found:
        raise Refused("No line is known here by this id; the list shows them.")
    if len(found) > 1:
        raise Refused(f"Several lines begin so; say which: {', '.join(id_[:16] for _, id_ in found)}.")
    return found[0][0]


# --- saying


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a table: which of the frame, its title, how it is written."""

    name: str
    title: str
    right: bool = False
    keep: bool = True


def first_of(frame: pl.DataFrame, most: int | None = None) -> tuple[pl.DataFrame, int]:
    """The rows that a table shows, and how many more there are, if it is to say so: to open a name costs more than a
    row. A caller that asks for few says by itself how many there are."""
    shown = frame.head(SHOWN_ROWS if most is None else most)
    return shown, 0 if most is not None else len(frame) - len(shown)


def named(asked: Asking, frame: pl.DataFrame, *, names: bool) -> pl.DataFrame:
    """A list of lines with the ledger's ids and, where wanted, names."""
    frame = with_ids(asked.reader, frame)
    return with_names(asked.ledger, frame, asked.position) if names else frame


def show(
    frame: pl.DataFrame,
    chosen: Wanted,
    columns: Sequence[Shown],
    *,
    out: Path | None = None,
    title: str = "",
    none: str = "Nothing to show.",
    as_is: bool = False,
    more: int = 0,
) -> None:
    """Print or write a frame: as a table the columns chosen, as data all. `as_is`: texts are no symbols of ours.

    `more`: rows that a table leaves out beyond those of the frame.
    """
    if chosen is not Wanted.TABLE:
        as_data(frame, chosen, out)
        return
    if title:
        say.heading(title)
    if not len(frame):
        say.line(none)
        return
    say.table(
        [Column(column.title, right=column.right, keep=column.keep) for column in columns],
        [
            [("" if value is None else str(value)) if as_is else cell(value) for value in row]
            for row in frame.head(SHOWN_ROWS).select([column.name for column in columns]).iter_rows()
        ],
    )
    more += max(len(frame) - SHOWN_ROWS, 0)
    if more:
        say.line(f"{say.number(more)} more: ask for them with --format csv.", "dim")


def as_data(frame: pl.DataFrame, chosen: Wanted, out: Path | None) -> None:
    """A frame as JSON, CSV or Parquet, to stdout or into a file that appears whole or not at all."""
    if out is None:
        if chosen is Wanted.JSON:
            say.as_json([{name: plain(value) for name, value in row.items()} for row in frame.iter_rows(named=True)])
        else:
            sys.stdout.write(frame.write_csv())
        return
    with written(out) as file:
        if chosen is Wanted.PARQUET:
            frame.write_parquet(file)
        elif chosen is Wanted.CSV:
            frame.write_csv(file)
        else:
            file.write_text(frame.write_json() + "\n", "utf-8")
    say.remark(f"{out}: {say.counted(len(frame), 'row', 'rows')}.")


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A file beside, to write to, that takes the name when it is whole; for its owner only: it may tell of children."""
    if not path.parent.is_dir():
        raise Refused(f"{path.parent} is no folder; make it first.")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    beside.touch(mode=0o600)
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def plain(value: Any) -> Any:
    """A value for JSON: days and moments as text, moments in UTC."""
    if hasattr(value, "hour"):
        return value.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, float) and not isfinite(value):
        return None  # JSON has no number for it
    return value.isoformat() if hasattr(value, "isoformat") else value


def cell(value: Any) -> str:
    """A value in a table."""
    if value is None:
        return ""
    if isinstance(value, int):
        return say.number(value)
    if hasattr(value, "hour"):
        return when(_micros(value))
    if hasattr(value, "isoformat"):
        return session_day(value, year=True)
    return words(value) if value.isascii() and value.islower() else str(value)


def _micros(value: datetime) -> int:
    return round(value.replace(tzinfo=UTC).timestamp() * 1_000_000)


def as_format(chosen: Wanted) -> Format:
    """The format for what is not a frame. Parquet holds tables only."""
    if chosen is Wanted.PARQUET:
        raise Misused("This is no table of rows, so there is no parquet of it.")
    return Format(chosen.value)
