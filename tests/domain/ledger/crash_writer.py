"""A writer that a test kills: appends for ever, and says each last position once it is acknowledged."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from domain.ledger.postgres_store import open_postgres
from domain.ledger.sqlite_store import open_sqlite
from domain.ledger.store import Batch, Chunk, Store, TrackingRow


def batch_after(position: int) -> Batch:
    """A batch that follows from where the ledger stands, so that a test can say what must be there."""
    states = [b"state %d\0" % n + bytes(50) for n in range(position + 1, position + 41)]
    chunk = Chunk("a/stream", position, "Topic", states)
    return Batch(chunks=[chunk], tracking=[TrackingRow("source", position // 40 + 1)], expected_head=position)


def main(where: dict[str, Any]) -> None:
    store: Store = open_sqlite(Path(where["path"])) if "path" in where else open_postgres(**where)
    print("ready", flush=True)
    while True:
        print(store.append(batch_after(store.head()[0])).last, flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
