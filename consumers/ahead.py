"""Reading ahead: another process reads and decodes a large file while this one decides and appends.

Decoding is a seventh of the work of an import and needs nothing of the ledger, so it may use the second core. Threads
do not help: the interpreter runs one at a time. What comes over the pipe is what `read` gives, so deciding cannot tell
the difference; a file too small to pay for a process is read here.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from consumers.deliveries import Delivery, NotDeliveries, read_deliveries
from consumers.schema_ids import NoSuchSchema, SchemaIds
from schemas.codec import Undecodable, as_current, decode

BYTES_AT_ONCE = 400_000
DELIVERIES_AT_ONCE = 1_000
"""A transaction takes some 25,000 marks: large enough that what is done once for each does not matter (with 10,000, a
file went into PostgreSQL at 77,000 marks a second instead of 83,000), small enough to hold little."""

WORTH_A_PROCESS = 4_000_000
"""Bytes of a file below which starting another interpreter costs more than it saves."""


UNREADABLE = "The value cannot be read:"
"""How the sentence begins of whatever is no message of a known schema."""


class ReaderEnded(RuntimeError):
    """The other process was ended while it read."""


class Read(NamedTuple):
    """A delivery, and the message in it."""

    delivery: Delivery
    name: str
    """Of the message's schema; empty where it could not be read."""
    message: dict[str, Any] | None
    fault: str
    """Why it could not be read."""
    digest: bytes
    """SHA-256 of the value."""


def read(delivery: Delivery, ids: SchemaIds | None = None) -> Read:
    """Decode a delivery. What cannot be decoded, or is no message of a MIS, says why in a sentence.

    With `ids`, a registry says what schema ids mean, and the delivery that comes back names its schema by fingerprint:
    so no replay ever needs that registry. The digest is of the bytes that came.
    """
    digest = hashlib.sha256(delivery.value).digest()
    try:
        if ids is not None:
            delivery = delivery._replace(value=ids.by_fingerprint(delivery.value))
        schema, message = decode(delivery.value, columns=True)
    except Undecodable as fault:
        if isinstance(fault, NoSuchSchema):
            delivery = delivery._replace(value=fault.kept)
        sentence = f"{UNREADABLE} {fault}. Send it again as Avro of a known schema, or dismiss it."
        return Read(delivery, "", None, sentence, digest)
    if schema.kind != "mis" or schema.name == "Delivery":
        return Read(delivery, "", None, f"{schema.name} is not a message that a MIS sends; dismiss it.", digest)
    return Read(delivery, schema.name, as_current(schema, message), "", digest)


def batches(deliveries: Iterable[Delivery]) -> Iterator[list[Delivery]]:
    """Deliveries cut into what one transaction takes. Where they end in damage, what came before it comes first."""
    batch: list[Delivery] = []
    size, damaged = 0, None
    try:
        for delivery in deliveries:
            batch.append(delivery)
            size += len(delivery.value)
            if size >= BYTES_AT_ONCE or len(batch) >= DELIVERIES_AT_ONCE:
                yield batch
                batch, size = [], 0
    except NotDeliveries as fault:
        damaged = fault
    if batch:
        yield batch
    if damaged is not None:
        raise damaged


def weighed(messages: Iterable[Read]) -> Iterator[list[Read]]:
    """Messages that are read already, cut into what one transaction takes."""
    batch: list[Read] = []
    size = 0
    for said in messages:
        batch.append(said)
        size += len(said.delivery.value)
        if size >= BYTES_AT_ONCE or len(batch) >= DELIVERIES_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def read_file(path: Path, skip: int = 0) -> Iterator[list[Read]]:
    """The deliveries of a file after the first `skip`, decoded, a transaction's worth at a time.

    Raises NotDeliveries with a sentence, after what came before the damage.
    """
    if path.stat().st_size >= WORTH_A_PROCESS and (os.cpu_count() or 1) > 1:
        return _read_elsewhere(path, skip)
    return _read_here(path, skip)


def _read_here(path: Path, skip: int) -> Iterator[list[Read]]:
    for batch in batches(islice(read_deliveries(path), skip, None)):
        yield [read(delivery) for delivery in batch]


_LENGTH = struct.Struct(">Q")
"""Before each pickle on the pipe. 0: the file is read."""


def _read_elsewhere(path: Path, skip: int) -> Iterator[list[Read]]:
    """A process of its own, by command and not by fork: it holds nothing of ours, least of all the ledger."""
    command = [sys.executable, "-m", "consumers.ahead", str(path), str(skip)]
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(  # noqa: S603 - a command of ours: the path is an argument, never part of a shell line
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=surroundings
    ) as reader:
        assert reader.stdout is not None, "asked for above"
        try:
            while length := _LENGTH.unpack(_exactly(reader.stdout, _LENGTH.size, path))[0]:
                found = pickle.loads(_exactly(reader.stdout, length, path))  # noqa: S301 - our own process wrote it
                if isinstance(found, str):
                    raise NotDeliveries(found)
                yield found
        finally:
            reader.kill()


def _exactly(pipe: IO[bytes], size: int, path: Path) -> bytes:
    piece = pipe.read(size)
    if len(piece) < size:
        raise ReaderEnded(f"The process that read {path.name} was ended; import the file again to go on.")
    return piece


def _send(pipe: IO[bytes], path: Path, skip: int) -> None:
    """In the other process: read, decode, send; a damaged file's sentence is sent as text."""

    def send(found: object) -> None:
        piece = pickle.dumps(found, pickle.HIGHEST_PROTOCOL)
        pipe.write(_LENGTH.pack(len(piece)))
        pipe.write(piece)
        pipe.flush()

    try:
        for found in _read_here(path, skip):
            send(found)
        pipe.write(_LENGTH.pack(0))
        pipe.flush()
    except NotDeliveries as damaged:
        send(str(damaged))
    except BrokenPipeError:
        os._exit(0)  # the importer is gone, and nobody wants the rest


if __name__ == "__main__":
    # As a command it is another module than the one that is imported, and what it sends must be of that one.
    from consumers import ahead

    ahead._send(sys.stdout.buffer, Path(sys.argv[1]), int(sys.argv[2]))
