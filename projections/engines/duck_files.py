"""The published copy of a DuckDB file: made beside, made durable, and put in place by renaming."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import BinaryIO, Final

import duckdb

CATALOG: Final = "answers"
_PIECE: Final = 1 << 30


def open_published(
    published: Path, config: Mapping[str, str | bool | int | float | list[str]]
) -> duckdb.DuckDBPyConnection:
    """A session of its own with a published file, read only, as the catalog `answers`.

    It is attached to an empty database, never connected to: in one process, DuckDB hands out again whatever it holds
    open under a path, silently, though another file stands there by now.
    """
    connection = duckdb.connect(":memory:", config=dict(config))
    try:
        path = str(published).replace("'", "''")
        connection.execute(f"attach '{path}' as {CATALOG} (read_only)").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def stamp(published: Path) -> tuple[str, int] | None:
    """Of which store, and of which of its commits, a published file is; None where there is none, or no whole one."""
    if not published.exists():
        return None
    try:
        connection = open_published(published, {})
    except duckdb.Error:
        return None
    try:
        found = connection.execute(f"select store, serial from {CATALOG}.state.reached").fetchone()  # noqa: S608
        return (str(found[0]), int(found[1])) if found else None
    except duckdb.Error:
        return None
    finally:
        connection.close()


def which(published: Path) -> tuple[int, int, int] | None:
    """Which file stands there, and that nobody wrote to it since; None where there is none."""
    try:
        found = published.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def publish(work: Path, published: Path) -> None:
    """Let readers see a copy of `work`, which nobody writes meanwhile and whose log is empty (a checkpoint was made).

    A crash before the renaming leaves what was published; after it, the copy is durable already.
    """
    beside = published.with_name(published.name + ".new")
    beside.unlink(missing_ok=True)
    with work.open("rb") as source, beside.open("xb") as target:
        os.fchmod(target.fileno(), 0o600)
        _copy(source, target)
        os.fsync(target.fileno())
    before = os.open(published, os.O_RDONLY) if published.exists() else None
    beside.replace(published)
    folder = os.open(published.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
        if before is not None:
            # Whoever closes a removed file last waits until its blocks are free: a twentieth of a second for 300 MB.
            Thread(target=os.close, args=(before,), daemon=True).start()


def sweep(folder: Path) -> None:
    """Remove what readers that were killed had spilled beside the answers."""
    for left in folder.glob("spill-*"):
        process = left.name.partition("-")[2]
        if process.isdigit() and not Path(f"/proc/{process}").exists() and Path("/proc/self").exists():
            shutil.rmtree(left, ignore_errors=True)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    """All of a file. On Linux the kernel copies, or shares the blocks where the file system can."""
    if not hasattr(os, "copy_file_range"):
        shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        return
    left = os.fstat(source.fileno()).st_size
    while left:
        done = os.copy_file_range(source.fileno(), target.fileno(), min(left, _PIECE))
        if not done:
            raise OSError("the file ended before it was copied")
        left -= done
