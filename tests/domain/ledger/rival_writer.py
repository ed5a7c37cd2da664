"""A process that a test starts beside others: writes to one ledger, its own stream and one that all share, or tails it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from domain.ledger.postgres_store import open_postgres
from domain.ledger.sqlite_store import open_sqlite
from domain.ledger.store import Batch, Chunk, StaleDecision, Store

SHARED = "attendance-register/shared"


def write(store: Store, name: str, batches: int) -> list[str]:
    """Each batch: three entries of its own, and one of the shared register, decided by what that holds."""
    written = []
    for n in range(batches):
        while True:
            version = len(store.read_stream(SHARED))
            said = f"{name} {n}".encode()
            chunks = [Chunk(f"place/{name}", 3 * n, "Topic", [b"x"] * 3), Chunk(SHARED, version, "Topic", [said])]
            try:
                store.append(Batch(chunks))
            except StaleDecision:
                continue
            written.append(said.decode())
            break
    return written


def tail(store: Store, until: int) -> list[int]:
    """Positions as they come, each asked for once."""
    seen: list[int] = []
    give_up = time.monotonic() + 60
    while len(seen) < until and time.monotonic() < give_up:
        seen += [row.position for row in store.read_positions(len(seen) + 1, 10**9)]
    return seen


def main(where: dict[str, Any], role: str, number: int) -> None:
    store: Store = open_sqlite(Path(where["path"])) if "path" in where else open_postgres(**where)
    print("ready", flush=True)
    sys.stdin.readline()  # all at once
    found = tail(store, number) if role == "tail" else write(store, role, number)
    print(json.dumps(found), flush=True)
    store.close()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
