"""Files of deliveries taken in whole: resumable, and again is nothing new.

How far a file has been taken in is a tracking row, written with the entries: killed at any point and started again,
an import goes on where its last commit stood. A file is known by its SHA-256, whatever it is called.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from consumers.ahead import Read, read_file
from consumers.deliveries import file_hash
from consumers.intake import Intake
from consumers.outcome import Counts
from domain.events import Event
from domain.ledger.bodies import open_state
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


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that is to be taken in, and how it is read."""

    path: Path
    digest: bytes
    """SHA-256: by it the file is known, whatever it is called."""
    read: Callable[[int], Iterator[list[Read]]]
    """Its messages after the first so many, a transaction's worth at a time: the same ones each time."""
    kind: str = "container"
    """Of ImportStarted; all but a container is another system's records."""
    covers: tuple[int, int] | None = None
    """First and last day of which it speaks, as days since 1970."""
    about: str = ""
    """For whom it is taken in, where the file itself does not say: a table taken in for the wrong place can be taken in
    once more for the right one."""

    @property
    def of_history(self) -> bool:
        """True for another system's records: what they tell is imported, never contemporaneous."""
        return self.kind != "container"


class BegunOtherwise(RuntimeError):
    """A file that was begun as something else."""


def import_file(ledger: Ledger, path: Path, progress: Callable[[Counts], None] | None = None) -> Imported:
    """Take in a file of deliveries. Raises NotDeliveries with a sentence; what was taken before it stays taken.

    `progress` is told the totals after each transaction.
    """
    return take_in(ledger, file_of_deliveries(path), progress)


def file_of_deliveries(path: Path) -> Incoming:
    """A container of what a broker took."""
    return Incoming(path, file_hash(path), partial(read_file, path))


def take_in(ledger: Ledger, file: Incoming, progress: Callable[[Counts], None] | None = None) -> Imported:
    """Take in a file that is ready to be read: see `import_file`. Raises BegunOtherwise for one that was begun as
    another kind of file, ImportedElsewhere for one that another process is taking in."""
    path = file.path
    name = f"import:{file.digest.hex()}{file.about and ':'}{file.about}"
    import_id = _known_import(ledger, file)
    done = ledger.store.tracking_position(name)
    if import_id is None:
        import_id = _start(ledger, file)
    elif done < FINISHED and _begun_as(ledger, import_id) != file.kind:
        raise BegunOtherwise(f"{path.name} was begun {'without' if file.of_history else 'with'} --history; go on so.")
    intake = Intake(ledger, import_id, of_history=file.of_history)
    if done >= FINISHED:
        return Imported(path, intake.totals, new=False)
    with collecting_seldom() as collect:
        for batch in file.read(done):
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


def _known_import(ledger: Ledger, file: Incoming) -> bytes | None:
    found = ledger.store.find_identities([ledger.shared.identity_key("import", "", file.digest.hex())])
    return _one_about(ledger, file, [row.id for rows in found.values() for row in rows])


def _one_about(ledger: Ledger, file: Incoming, imports: Iterable[bytes]) -> bytes | None:
    """Of the imports of one file, the one that was about the same."""
    for import_id in imports:
        if not file.about or ledger.store.tracking_position(_about(import_id, file)):
            return import_id
    return None


def _about(import_id: bytes, file: Incoming) -> str:
    return f"import:{import_id.hex()}:about:{file.about}"


def _begun_as(ledger: Ledger, import_id: bytes) -> str:
    started = ledger.store.read_stream(f"ledger/import/{import_id.hex()}")[0]
    return str(open_state(started.state, ledger.keys)[0]["kind"])


def _start(ledger: Ledger, file: Incoming) -> bytes:
    import_id = os.urandom(16)
    size = file.path.stat().st_size

    def decide(unit: Unit) -> bytes:
        begun = _one_about(ledger, file, [found.id for found in unit.find("import", "", file.digest.hex())])
        if begun is not None:  # by another process, since we looked
            return begun
        fields = {"import": import_id, "file": file.digest, "bytes": size, "kind": file.kind}
        fields |= {} if file.covers is None else dict(zip(("covers_from", "covers_to"), file.covers, strict=True))
        unit.record_new(Event(f"ledger/import/{import_id.hex()}", "ImportStarted", fields))
        return import_id

    def track(begun: bytes) -> list[TrackingRow]:
        return [TrackingRow(_about(begun, file), 1)] if file.about and begun == import_id else []

    return ledger.settle(decide, track)[0]


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
