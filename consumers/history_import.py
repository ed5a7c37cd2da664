"""Files of a school's past, ready to be taken in: tables that an office exported, or containers of messages.

Each file is read whole before any is taken in, so that a damaged one is refused while nothing is written, and the
import can say from the start which days it covers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from consumers.ahead import read_file
from consumers.deliveries import file_hash
from consumers.file_import import Incoming
from consumers.history_tables import ORDER, About, Table, read_table, reads
from domain.moments import days, parse_date

CONTAINER = b"Obj\x01"
"""The first bytes of every Avro container."""


def is_container(path: Path) -> bool:
    """True for an Avro container; anything else is looked at as a table."""
    with path.open("rb") as file:
        return file.read(len(CONTAINER)) == CONTAINER


def open_tables(paths: Sequence[Path]) -> list[tuple[Path, Table]]:
    """The tables in the order in which they are best taken in. Raises NotATable with a sentence."""
    tables = [(path, read_table(path)) for path in paths]
    return sorted(tables, key=lambda pair: ORDER.index(pair[1].kind))


def table_history(path: Path, table: Table, about: About) -> Incoming:
    """A table, to be taken in for a place and a source."""
    kind = "audit_log" if table.kind == "changes" else "mis_history"
    return Incoming(path, table.digest, partial(reads, table, about), kind, table.covers(), about.name)


def container_history(path: Path) -> Incoming:
    """A container of messages, read once to the end. Raises NotDeliveries with a sentence."""
    names: set[str] = set()
    first = last = None
    for batch in read_file(path):
        for said in batch:
            names.add(said.name)
            for text in _dates(said.message or {}):
                day = parse_date(text)
                if day is not None:
                    first = day if first is None else min(first, day)
                    last = day if last is None else max(last, day)
    covers = None if first is None or last is None else (days(first), days(last))
    kind = "audit_log" if names == {"ChangesLogged"} else "mis_history"
    return Incoming(path, file_hash(path), partial(read_file, path), kind, covers)


def _dates(message: dict[str, Any]) -> Iterator[str]:
    """The sessions' dates of a message about marks, each once."""
    if "date" in message:
        yield message["date"]
    for array in ("marks", "changes", "removals"):
        rows = message.get(array) or ()
        if rows and "date" in rows[0]:
            yield from {row["date"] for row in rows}
