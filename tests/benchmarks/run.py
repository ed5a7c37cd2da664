"""Speed, printed with machine and settings: `make bench`, or `python -m tests.benchmarks.run [--phase Secondary]`.

Figures are for comparison within one run (ratios), on whatever machine this is: file to durable beside the raw append of
the same bytes and beside the stock library saving one by one; the columnar reader; the simulation; bytes for each mark.
Then the same file into a real PostgreSQL, beside the raw COPY: `server`.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import polars as pl
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from consumers.file_import import import_file
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Founding, Ledger, found
from domain.ledger.reader import frames
from domain.ledger.sqlite_store import open_sqlite
from domain.ledger.store import Batch, Chunk, Store
from simulation import simulate_counts

PUBLISHED = Path(__file__).parent.parent / "data" / "attendance_by_reason_three_authorities_202425.csv"


@dataclass(slots=True)
class Measured:
    """One line of the table."""

    what: str
    count: int
    seconds: float
    note: str = ""

    def line(self) -> str:
        """As printed."""
        return f"{self.what:<52} {self.count / self.seconds:>12,.0f} a second   {self.seconds:>7.1f} s   {self.note}"


def timed(what: str, count: int, work: Callable[[], object], note: str = "") -> Measured:
    """Run once and measure."""
    started = time.perf_counter()
    work()
    return Measured(what, count, time.perf_counter() - started, note)


def machine() -> str:
    """What this ran on."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return (
        f"{os.cpu_count()} cores of {cpu}, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version} (WAL, synchronous=FULL, page 8192, guards on), Polars {pl.__version__}"
    )


def new_ledger(home: Path, clock: str = "simulated") -> Ledger:
    """A ledger in an empty folder."""
    home.mkdir()
    store, keys = open_sqlite(home / "ledger.sqlite"), KeyStore.create(home / "keys.sqlite")
    return found(store, keys, Founding("x.example/1", bytes(16), "805", "X", "a", "b", "c", 16, clock, bytes(32)))


def bytes_of(home: Path) -> int:
    """The event store's file, once its log is folded in."""
    with sqlite3.connect(home / "ledger.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (home / "ledger.sqlite").stat().st_size


def import_in_a_process_of_its_own(home: Path, file: Path) -> tuple[float, float]:
    """(seconds, peak MB) of an import in a fresh process, whose memory is its own."""
    script = "import sys; from tests.benchmarks.run import timed_import; timed_import(*sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", script, home, file], check=True, capture_output=True, text=True)
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def timed_import(home: str, file: str) -> None:
    """Import, and print seconds and peak MB of this process."""
    ledger = new_ledger(Path(home))
    started = time.perf_counter()
    import_file(ledger, Path(file))
    print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def raw_append(source: Store, target: Store, transaction: int = 10_000) -> int:
    """Append the same entries again, undecided: what the store alone can do. Returns how many."""
    head, _ = source.head()
    batch, held = Batch(), 0
    for row in source.read_positions(1, head):
        last = batch.chunks[-1] if batch.chunks else None
        if last and last.stream == row.stream and last.topic == row.topic and isinstance(last.states, list):
            last.states.append(row.state)
        else:
            batch.chunks.append(Chunk(row.stream, row.version - 1, row.topic, [row.state], row.recorded_at))
        held += 1
        if held == transaction:
            target.append(batch)
            batch, held = Batch(), 0
    target.append(batch)
    return head


class Register(Aggregate):
    """A register as the stock library would have it: an object for each mark, JSON, one save each."""

    @event("MarkRecorded")
    def mark(self, line: str, code: str) -> None:
        """Record a mark."""
        self.last = (line, code)


def stock_library(home: Path, marks: int) -> None:
    """The library as it comes, SQLite, saving one by one."""
    application: Application[UUID] = Application(
        {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(home / "stock.sqlite")}
    )
    for n in range(marks):
        if n % 28 == 0:
            register = Register()
        register.mark(f"{n:032x}", "/")
        application.save(register)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phase", default="Secondary")
    parser.add_argument("--authority", default="805")
    arguments = parser.parse_args()
    from tests.benchmarks import server  # which measures with what is here

    with tempfile.TemporaryDirectory() as folder:
        file, marks = measure(Path(folder), arguments.authority, arguments.phase)
        print()
        with tempfile.TemporaryDirectory() as of_server:
            server.measure(Path(of_server), file, marks)


def measure(folder: Path, authority: str, phase: str) -> tuple[Path, int]:
    """The table of the embedded profile; the file that was taken in, and how many marks it holds."""
    file = folder / "counts.avro"
    print(machine())
    started = time.perf_counter()
    marks = simulate_counts(file, PUBLISHED, authority, phase).marks
    print(f"{authority} {phase}: {marks:,} marks: the published sessions of 2024/25, and some that must not count\n")
    print(Measured("simulation, counts mode", marks, time.perf_counter() - started).line())

    seconds, peak = import_in_a_process_of_its_own(folder / "a", file)
    whole = Measured("file to durable, SQLite, all rules on (goal 80,000)", marks, seconds, f"peak {peak:.0f} MB")
    print(whole.line())
    size = bytes_of(folder / "a") / marks
    print(f"{'bytes for each mark, all tables and indexes (goal 130)':<52} {size:>12.1f}")

    store = open_sqlite(folder / "a" / "ledger.sqlite", simulated=True)
    target = open_sqlite(folder / "raw.sqlite", simulated=True)
    head, _ = store.head()
    reading = timed("reading the same entries row by row", head, lambda: sum(1 for _ in store.read_positions(1, head)))
    both = timed("", head, lambda: raw_append(store, target))
    raw = Measured("raw append of the same bytes", head, both.seconds - reading.seconds, "10,000 a transaction")
    print(raw.line())
    target.close()

    few = 3_000
    print(timed("stock library, one save a mark (JSON, SQLite)", few, lambda: stock_library(folder, few)).line())
    print(read("columnar reader, one type (goal 800,000)", store, ("MarkRecorded",)).line())
    print(read("columnar reader, whole ledger (goal 500,000)", store, ()).line())
    store.close()
    ratio = (whole.count / whole.seconds) / (raw.count / raw.seconds)
    print(f"\nfile to durable is {ratio:.2f} of the raw append")
    return file, marks


def read(what: str, store: Store, topics: tuple[str, ...]) -> Measured:
    """The reader over everything, frames made and dropped."""
    head, _ = store.head()
    started = time.perf_counter()
    count = sum(frame.frame.height for frame in frames(store, 1, head, topics=topics))
    return Measured(what, count, time.perf_counter() - started)


if __name__ == "__main__":
    main()
