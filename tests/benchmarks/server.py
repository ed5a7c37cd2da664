"""The server profile's speed: `make bench`, or alone: `python -m tests.benchmarks.server [--phase Secondary]`.

A real PostgreSQL is started, the profile set up as an operator would (owner, writer, reader, guards), and a file taken in
by the path of `rollbook import`, as the writer. Beside it, in the same run: the raw COPY of the same rows into an equal
table, ten thousand to a commit. Then bytes for each mark with all tables and indexes, and the columnar reader.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from console.home import Home
from consumers.file_import import import_file
from domain.ledger.postgres_store import open_postgres
from simulation import simulate_counts
from tests.benchmarks.run import PUBLISHED, Measured, machine, read
from tests.postgres import Database, Server

SCHEMA = "rollbook"
OWNER, WRITER = "bench_owner", "bench_writer"
PER_COMMIT = 10_000
SETTINGS = (
    "server_version shared_buffers max_wal_size wal_compression full_page_writes fsync synchronous_commit".split()
)


def settings_of(database: Database) -> str:
    """How the server stands."""
    said = {name: database.execute(f"SHOW {name}")[0][0] for name in SETTINGS}
    version = said.pop("server_version")
    return f"PostgreSQL {version} on a socket, " + ", ".join(f"{name} {value}" for name, value in said.items())


def set_up(folder: Path, server: Server, database: Database) -> Home:
    """The server profile, as an operator sets it up, with a simulated clock."""
    server.role(OWNER, "LOGIN CREATEROLE")
    database.execute(f"ALTER DATABASE {database.dbname} OWNER TO {OWNER}")
    home = Home(folder / "home")
    owner = database.as_role(OWNER)
    home.set_up(owner.url, la_code="805", name="Bench", clock="simulated", writer=WRITER, reader="bench_reader")
    return home


def import_in_a_process_of_its_own(home: Home, file: Path) -> tuple[float, float, float]:
    """(seconds, CPU seconds of the importer and its reader, peak MB) of an import in a fresh process."""
    script = "import sys; from tests.benchmarks.server import timed_import; timed_import(*sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", script, home.path, file], check=True, capture_output=True, text=True)
    seconds, cpu, peak = map(float, done.stdout.split())
    return seconds, cpu, peak


def timed_import(home: str, file: str) -> None:
    """Import as `rollbook import` does, and print seconds, CPU seconds and peak MB of this process."""
    with Home(Path(home)).writing() as ledger:
        started = time.perf_counter()
        import_file(ledger, Path(file))
        seconds = time.perf_counter() - started
    own, readers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + readers.ru_utime + readers.ru_stime
    print(seconds, cpu, own.ru_maxrss / 1024)


def raw_copy(database: Database, head: int) -> Measured:
    """COPY the very rows of the ledger into an equal table with the same keys; reading them is not timed."""
    database.execute("CREATE SCHEMA raw")
    database.execute(f"CREATE TABLE raw.stored_events (LIKE {SCHEMA}.stored_events INCLUDING ALL)")
    spent = 0.0
    with psycopg.connect(**database.arguments) as connection, connection.cursor() as cursor:
        for first in range(1, head + 1, PER_COMMIT):
            rows = f"SELECT * FROM {SCHEMA}.stored_events WHERE position BETWEEN {first} AND {first + PER_COMMIT - 1}"
            with cursor.copy(f"COPY ({rows} ORDER BY position) TO STDOUT (FORMAT binary)".encode()) as out:
                data = b"".join(bytes(piece) for piece in out)
            connection.commit()
            started = time.perf_counter()
            with cursor.copy("COPY raw.stored_events FROM STDIN (FORMAT binary)") as into:
                into.write(data)
            connection.commit()
            spent += time.perf_counter() - started
    return Measured("raw COPY of the same rows, keys on", head, spent, f"{PER_COMMIT:,} a transaction")


def cpu_of_server(server: Server) -> float:
    """CPU seconds that the server's processes that still run have used; those that ended are in their parent's."""
    ticks, mother = os.sysconf("SC_CLK_TCK"), server.pid
    spent = 0
    for process in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = process.read_text().rsplit(")", 1)[1].split()
            if int(process.parent.name) == mother:
                spent += sum(map(int, fields[11:15]))
            elif int(fields[1]) == mother:
                spent += sum(map(int, fields[11:13]))
    return spent / ticks


def measure(folder: Path, file: Path, marks: int) -> None:
    """Everything of the server profile, printed."""
    with Server(folder) as server, server.database() as database:
        home = set_up(folder, server, database)
        print(settings_of(database))
        before = cpu_of_server(server)
        seconds, cpu, peak = import_in_a_process_of_its_own(home, file)
        served = cpu_of_server(server) - before
        note = f"peak {peak:.0f} MB, CPU {cpu:.1f} s + {served:.1f} s of the server, load {os.getloadavg()[0]:.1f}"
        whole = Measured("file to durable, PostgreSQL, all rules on (goal 80,000)", marks, seconds, note)
        print(whole.line())
        tables = f"SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = '{SCHEMA}'::regnamespace"
        size = int(database.execute(tables)[0][0])
        print(f"{'bytes for each mark, all tables and indexes (goal 200)':<56} {size / marks:>12.1f}")
        head = int(database.execute(f"SELECT max(position) FROM {SCHEMA}.stored_events")[0][0])
        raw = raw_copy(database, head)
        print(raw.line())
        store = open_postgres(**database.as_role(WRITER).arguments, schema=SCHEMA, create=False, read_only=True)
        store.simulated = True
        for what, topics in (("one type (goal 800,000)", ("MarkRecorded",)), ("whole ledger", ())):
            runs = [read(f"columnar reader, {what}", store, topics) for _ in range(3)]
            best = min(runs, key=lambda run: run.seconds / run.count)
            best.note = f"best of {len(runs)}, load {os.getloadavg()[0]:.1f}"
            print(best.line())
        store.close()
    print(f"\nfile to durable is {(whole.count / whole.seconds) / (raw.count / raw.seconds):.2f} of the raw COPY")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phase", default="Secondary")
    parser.add_argument("--authority", default="805")
    parser.add_argument("--file", type=Path, help="a file of deliveries made before, instead of the published sessions")
    parser.add_argument("--marks", type=int, help="how many marks that file holds")
    arguments = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        file, marks = arguments.file, arguments.marks
        if file is None:
            file = Path(folder) / "counts.avro"
            marks = simulate_counts(file, PUBLISHED, arguments.authority, arguments.phase).marks
        measure(Path(folder), file, marks)


if __name__ == "__main__":
    main()
