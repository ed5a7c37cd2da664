"""How fast answers are made and kept up on PostgreSQL: `python -m tests.benchmarks.answers_postgres`.

A real PostgreSQL, set up as an operator would, takes an authority's exact-count marks in and comes to rest; then from its
event store to every answer, beside and put in place; then mornings of 5,000 new marks each, from durable to visible in
every answer, by one projector that follows. CPU seconds stand beside, as a machine that does other things too is slower
and no worse.
`--home` and `--file` measure an embedded ledger that is there already, and the file that it was made of: the mornings
are written into it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import psycopg

from console.home import Home
from consumers.file_import import import_file
from consumers.intake import Intake
from domain.ledger.ledger import Ledger
from projections.answers import read
from projections.engines.postgres import PostgresEngine
from projections.engines.postgres_layout import Layout, set_up
from projections.projector import Projector
from simulation import simulate_counts
from tests.benchmarks import server as bench
from tests.benchmarks.answers import NEXT, last_registers, lasting, machine, morning, parser_of
from tests.benchmarks.run import PUBLISHED
from tests.postgres import Database, Server

SETTINGS = {"shared_buffers": "4GB", "max_wal_size": "8GB"}
"""As deploy/server.md advises, of a machine with 16 GB."""
MORNINGS = 3


@contextmanager
def timed(server: Server, what: str, marks: int) -> Iterator[None]:
    """Seconds of the clock, and of the processors in this process and in the server's."""
    served, began = bench.cpu_of_server(server), (time.perf_counter(), time.process_time())
    yield
    seconds, own = time.perf_counter() - began[0], time.process_time() - began[1]
    print(
        f"{what}: {seconds:,.2f} s, {marks / seconds:,.0f} marks a second (CPU {own:,.1f} s here,"
        f" {bench.cpu_of_server(server) - served:,.1f} s of the server; load {os.getloadavg()[0]:.1f})",
        flush=True,
    )


def measure(server: Server, database: Database, home: Home, file: Path) -> None:
    """All answers beside, put in place; then the mornings."""
    layout, conninfo = Layout(), f"host={database.host} dbname={database.dbname}"
    with home.writing() as ledger:
        marks = _marks(ledger)
        engine = PostgresEngine(conninfo, read(), layout, user=layout.projector, anew=True, simulated=True)
        projector = Projector(ledger, engine)
        with timed(server, f"{marks:,} marks, from the event store to all answers", marks):
            projector.catch_up()
        registers = last_registers(file)
        Intake(ledger).take(lasting(list(morning(registers, ledger)), file))
        projector.catch_up()
        for number in range(MORNINGS):
            new = list(morning(registers, ledger, str(date.fromisoformat(NEXT) + timedelta(number))))
            taken = Intake(ledger).take(new)
            with timed(server, f"{taken.marks:,} new marks of one morning, from durable to visible", taken.marks):
                done = projector.catch_up()
            print(f"  {len(done.changed)} answers changed")
        engine.close()
    size = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = '{}'::regnamespace"
    for schema in (layout.fact, layout.ans):
        print(f"  {schema}: {int(database.execute(size.format(schema))[0][0]) / 1e9:,.2f} GB")


def settle(database: Database) -> None:
    """Let the server do now what it does by itself in the minutes after a large import, and not beside what is measured:
    look after the new rows, and write them where they belong."""
    database.execute(f"VACUUM (ANALYZE) {bench.SCHEMA}.stored_events")
    database.execute("CHECKPOINT")


def _marks(ledger: Ledger) -> int:
    return sum(len(piece.beside) for piece in ledger.store.joined(1, ledger.store.head()[0], topics=("MarkRecorded",)))


def main() -> int:
    """Measure and print."""
    options = parser_of(__doc__).parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as text:
        folder = Path(text)
        folder.chmod(0o755)
        with Server(folder) as server, server.database() as database:
            for name, value in SETTINGS.items():
                database.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            server.restart("fast")
            print(bench.settings_of(database))
            home = bench.set_up(folder, server, database)
            with psycopg.connect(**database.as_role(bench.OWNER).arguments, autocommit=True) as owner:
                set_up(owner, Layout())
            file = options.file or folder / "counts.avro"
            if options.home:
                home = Home(options.home)
            else:
                if not options.file:
                    phase = None if options.phase == "all" else options.phase
                    simulate_counts(file, PUBLISHED, options.authority, phase)
                with home.writing() as ledger:
                    began = time.perf_counter()
                    import_file(ledger, file)
                    print(f"imported: {time.perf_counter() - began:,.1f} s", flush=True)
                settle(database)
            measure(server, database, home, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
