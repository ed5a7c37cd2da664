"""How fast a store takes entries in and gives them back: `python -m tests.domain.ledger.bench_store sqlite 1000000`.

Marks of 37 schools in messages of 28, each message with its header; `mixed` adds amendments. Figures include the
commit and the guards; making the states is not timed. Not a test: nothing is asserted.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from domain.ledger.reader import frames
from domain.ledger.sqlite_store import open_sqlite
from domain.ledger.store import Batch, Chunk, Store, TrackingRow
from schemas.catalogue import ledger
from schemas.codec import encode
from schemas.marks import plain_marks, plain_tail

PER_TRANSACTION = 10_000
CLASS = 28


def blank(topic: str) -> dict[str, Any]:
    """A record of this topic that says as little as the schema lets it."""
    return {field["name"]: least(field["type"]) for field in ledger(topic).fields}


def least(kind: Any) -> Any:
    """The least value of an Avro type."""
    if isinstance(kind, list):
        return None
    if isinstance(kind, str):
        return {"string": "X", "int": 5, "long": 5, "boolean": False}[kind]
    if kind["type"] == "fixed":
        return random.randbytes(kind["size"])
    return kind["symbols"][0] if kind["type"] == "enum" else 20_000


def batches(entries: int, amended: float) -> Iterator[Batch]:
    """Transactions of some 10,000 entries, classes of all schools interleaved."""
    headers = [encode(ledger("EntriesReceived"), blank("EntriesReceived")) for _ in range(100)]
    amendments = [encode(ledger("MarkAmended"), blank("MarkAmended")) for _ in range(100)]
    tails = [plain_tail(20_000, "AM", 3, code, None, "typed") for code in ("/", "/", "/", "I", "O", "L")]
    places = [random.randbytes(16).hex() for _ in range(37)]
    versions: dict[str, int] = {}
    batch, size, made, day = Batch(), 0, 0, 0
    while made < entries:
        day += 1
        session = [p for p in places for _ in range(25)]
        random.shuffle(session)
        for place in session:
            stream = f"attendance-register/{place}/2025-{day:04d}/AM"
            at = versions.get(stream, 0)
            marks = plain_marks([random.randbytes(16)] * CLASS, random.choices(tails, k=CLASS))
            batch.chunks.append(Chunk(stream, at, "EntriesReceived", [random.choice(headers)]))
            batch.chunks.append(Chunk(stream, at + 1, "MarkRecorded", marks))
            at += 1 + CLASS
            if random.random() < amended:
                batch.chunks.append(Chunk(stream, at, "MarkAmended", random.choices(amendments, k=3)))
                at += 3
            size += at - versions.get(stream, 0)
            versions[stream] = at
            if size >= PER_TRANSACTION:
                made += size
                batch.tracking = [TrackingRow("bench", made)]
                yield batch
                batch, size = Batch(), 0


def fill(store: Store, entries: int, amended: float = 0.3) -> float:
    """Append; returns seconds spent in `append`."""
    spent = 0.0
    for batch in batches(entries, amended):
        began = time.perf_counter()
        store.append(batch)
        spent += time.perf_counter() - began
    return spent


def read(store: Store, topics: tuple[str, ...] = (), columns: list[str] | None = None) -> tuple[int, float]:
    """Rows decoded and the seconds it took, best of three."""
    best, rows = 1e9, 0
    for _ in range(3):
        began = time.perf_counter()
        rows = sum(len(f.frame) for f in frames(store, 1, store.head()[0], topics=topics, columns=columns))
        best = min(best, time.perf_counter() - began)
    return rows, best


def measure(store: Store, entries: int) -> None:
    spent = fill(store, entries)
    stored = store.head()[0]
    print(f"append: {stored / spent:,.0f} entries/s")
    for name, topics, columns in (
        ("mixed ledger", (), None),
        ("marks only", ("MarkRecorded",), None),
        ("marks, five columns", ("MarkRecorded",), ["position", "stream", "line", "date", "code"]),
    ):
        rows, best = read(store, topics, columns)
        print(f"{name}: {rows / best:,.0f} entries/s")


def main() -> None:
    which, entries = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        if which == "sqlite":
            path = Path(folder) / "ledger.sqlite"
            store = open_sqlite(path)
            measure(store, entries)
            store.close()
            print(f"file: {path.stat().st_size / entries:.1f} bytes an entry")
            return
        from domain.ledger.postgres_store import open_postgres
        from tests.postgres import Server

        with Server(Path(folder)) as server, server.database() as database:
            pg = open_postgres(**database.arguments)
            measure(pg, entries)
            total = database.execute("SELECT pg_database_size(current_database())")
            print(f"database: {total[0][0] / entries:.1f} bytes an entry")
            pg.close()


if __name__ == "__main__":
    main()
