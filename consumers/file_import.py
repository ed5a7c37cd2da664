"""Files of deliveries taken in whole: resumable, and again is nothing new.

How far a file has been taken in is a tracking row, written with the entries: killed at any point and started again,
an import goes on where its last commit stood. A file is known by its SHA-256, whatever it is called.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from consumers.ahead import read_file
from consumers.deliveries import file_hash
from consumers.intake import Intake
from consumers.outcome import Counts
from domain.events import Event
from domain.ledger.ledger import Ledger
from domain.ledger.store import AlreadyTaken, TrackingRow
from domain.ledger.unit import Unit

FINISHED = 1 << 62
"""The tracking position of a file that is taken in: past any number of deliveries."""


COLLECT_EVERY = 200
"""Batches between two runs of the cycle collector: every one walks all that the caches hold."""


class ImportedElsewhere(RuntimeError):
    """Another process is taking in the same file."""


@contextmanager
def collecting_seldom() -> Iterator[Callable[[], None]]:
    """Hold the cycle collector off a loop that makes no cycles, but for a call each `COLLECT_EVERY` times."""
    counter = count(1)

    def collect() -> None:
        if next(counter) % COLLECT_EVERY == 0:
            gc.collect()

    was_on = gc.isenabled()
    gc.disable()
    try:
        yield collect
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file."""

    path: Path
    counts: Counts
    """Of the whole file, earlier runs included."""
    new: bool
    """False where the file had been taken in before: nothing new."""


def import_file(
    ledger: Ledger, path: Path, progress: Callable[[Counts], None] | None = None, kind: str = "container"
) -> Imported:
    """Take in a file of deliveries. Raises NotDeliveries with a sentence; what was taken before it stays taken.

    `progress` is told the totals after each transaction.
    """
    digest = file_hash(path)
    name = f"import:{digest.hex()}"
    import_id = _known_import(ledger, digest)
    done = ledger.store.tracking_position(name)
    if import_id is None:
        import_id = _start(ledger, path, digest, kind)
    intake = Intake(ledger, import_id)
    if done >= FINISHED:
        return Imported(path, intake.totals, new=False)
    with collecting_seldom() as collect:
        for batch in read_file(path, done):
            done += len(batch)
            try:
                intake.take_read(batch, [TrackingRow(name, done)])
            except AlreadyTaken:
                raise ImportedElsewhere(
                    f"{path.name} is being imported by another process as well; let one of them finish."
                ) from None
            if progress is not None:
                progress(intake.totals)
            collect()
    intake.replay_waiting()
    _finish(ledger, import_id, intake.totals, name)
    return Imported(path, intake.totals, new=True)


def _known_import(ledger: Ledger, digest: bytes) -> bytes | None:
    found = ledger.store.find_identities([ledger.shared.identity_key("import", "", digest.hex())])
    return next((rows[-1].id for rows in found.values()), None)


def _start(ledger: Ledger, path: Path, digest: bytes, kind: str) -> bytes:
    import_id = os.urandom(16)
    size = path.stat().st_size

    def decide(unit: Unit) -> bytes:
        begun = unit.find("import", "", digest.hex())
        if begun:  # by another process, since we looked
            return begun[-1].id
        fields = {"import": import_id, "file": digest, "bytes": size, "kind": kind}
        unit.record_new(Event(f"ledger/import/{import_id.hex()}", "ImportStarted", fields))
        return import_id

    return ledger.settle(decide)[0]


def _finish(ledger: Ledger, import_id: bytes, totals: Counts, name: str) -> None:
    def decide(unit: Unit) -> None:
        fields = {
            "import": import_id,
            "accepted": totals.recorded,
            "held": totals.held,
            "duplicates": totals.duplicate,
            "foreseen": totals.foreseen,
            "nothing_said": totals.nothing_said,
        }
        unit.record_new(Event(f"ledger/import/{import_id.hex()}", "ImportFinished", fields))

    ledger.settle(decide, lambda _: [TrackingRow(name, FINISHED)])
