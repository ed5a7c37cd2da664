"""The published copy of a DuckDB file: made beside, made durable, and put in place by renaming."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import duckdb

_PIECE: Final = 1 << 30


def stamp(published: Path) -> tuple[str, int] | None:
    """Of which store, and of which of its commits, a published file is; None where there is none, or no whole one."""
    if not published.exists():
        return None
    try:
        connection = duckdb.connect(str(published), read_only=True)
    except duckdb.Error:
        return None
    try:
        found = connection.execute("select store, serial from state.reached").fetchone()
        return (str(found[0]), int(found[1])) if found else None
    except duckdb.Error:
        return None
    finally:
        connection.close()


def publish(work: Path, published: Path) -> None:
    """Let readers see a copy of `work`, which nobody writes meanwhile and whose log is empty (a checkpoint was made).

    A crash before the renaming leaves what was published; after it, the copy is durable already.
    """
    beside = published.with_name(published.name + ".new")
    beside.unlink(missing_ok=True)
    with work.open("rb") as source, beside.open("xb") as target:
        os.fchmod(target.fileno(), 0o600)
        left = os.fstat(source.fileno()).st_size
        while left:
            # The kernel copies, or shares the blocks where the file system can.
            done = os.copy_file_range(source.fileno(), target.fileno(), min(left, _PIECE))
            if not done:
                raise OSError(f"{work} ended before it was copied")
            left -= done
        os.fsync(target.fileno())
    beside.replace(published)
    folder = os.open(published.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
