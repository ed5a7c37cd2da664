"""How the command speaks: tables with lines on a terminal, plain text into a pipe, data where data is asked for.

Answers go to stdout; progress, remarks and errors to stderr. Nothing here knows what it is that it prints.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

SIMULATED = "Simulated ledger: its clock follows the messages, so nothing that it shows is evidence."


class Format(StrEnum):
    """How an answer is wanted."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    right: bool = False
    """Numbers stand to the right."""
    style: str = ""
    keep: bool = True
    """Never broken over two lines on a terminal."""


def on_terminal() -> bool:
    """Whether stdout is a person's terminal."""
    return sys.stdout.isatty()


def line(text: str = "", style: str = "") -> None:
    """A line of an answer."""
    if on_terminal():
        Console(highlight=False).print(Text(text, style=style), soft_wrap=True)
    else:
        print(text)


def remark(text: str) -> None:
    """A sentence beside the answer, on stderr."""
    print(text, file=sys.stderr)


def heading(text: str) -> None:
    """The title of an answer."""
    line(text, "bold")


def note_simulated(simulated: bool, as_data: bool) -> None:
    """Say so where a ledger is simulated: with the answer, or beside it where the answer is data."""
    if simulated:
        if as_data:
            remark(SIMULATED)
        else:
            line(SIMULATED, "italic yellow")


def table(columns: Sequence[Column], rows: Iterable[Sequence[str | Text]]) -> None:
    """A table: ruled on a terminal, in plain columns elsewhere."""
    if on_terminal():
        shown = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for column in columns:
            shown.add_column(
                column.title, justify="right" if column.right else "left", style=column.style, no_wrap=column.keep
            )
        for row in rows:
            shown.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
        Console(highlight=False).print(shown)
        return
    plain = [[cell if isinstance(cell, str) else cell.plain for cell in row] for row in rows]
    titles = [column.title.split("\n") for column in columns]
    height = max(map(len, titles))
    heads = [[title[n] if n < len(title) else "" for title in titles] for n in range(height)]
    widths = [max(map(len, cells)) for cells in zip(*heads, *plain, strict=True)]
    for cells in (*heads, *plain):
        aligned = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(cells, widths, columns, strict=True)
        ]
        print("  ".join(aligned).rstrip())


def as_json(value: Any) -> None:
    """An answer as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def as_csv(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """An answer as comma-separated values, with a header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    print(out.getvalue(), end="")


def counted(n: int, one: str, many: str) -> str:
    """A count with its word: 1 row was, 2 rows were."""
    return f"{number(n)} {one if n == 1 else many}"


def number(n: int) -> str:
    """A count as people read it: 4,537,868."""
    return f"{n:,}"
