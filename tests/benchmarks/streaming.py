"""How fast registers stream in: from a backlog, and how soon at a steady 5,000 marks a second.

Broker, producer and intake share this machine's cores. Beside the intake stand the rate of the Kafka client alone, which
reads the same records and does nothing with them, and that of the raw append of the same entries. Run with
`make bench-streaming`, on a machine that does nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from consumers.deliveries import Delivery
from consumers.file_import import import_file
from consumers.streaming import Progress
from deploy.kafka import Broker
from domain.ledger.keystore import KeyStore
from domain.ledger.ledger import Ledger, found
from domain.ledger.postgres_store import open_postgres
from domain.ledger.sqlite_store import open_sqlite
from domain.ledger.store import Batch, Chunk, Store
from tests.making import founding
from tests.postgres import Server
from tests.streaming import Authority, import_operator, producing, send, take_all, write_file

BACKLOG = 1_000_000
STEADY = 5_000
STEADY_SECONDS = 20
SECONDS_TO_SETTLE = 3
CLASS = 28
OpenStore = Callable[[str], Store]


def authority() -> Authority:
    """Sixty schools of 420 in classes of 28."""
    return Authority(seed=1, places=60, pupils=420, size=CLASS)


def some(deliveries: Iterator[Delivery], marks: int) -> list[Delivery]:
    """Registers that hold so many marks."""
    return [next(deliveries) for _ in range(-(-marks // CLASS))]


@contextmanager
def stores(folder: Path) -> Iterator[dict[str, OpenStore]]:
    """How to open a fresh store of each kind."""
    with ExitStack() as opened:
        # Of its own folder: its account may not look into ours.
        place = Path(opened.enter_context(TemporaryDirectory(prefix="rollbook-bench-postgres-")))
        place.chmod(0o755)
        server = opened.enter_context(Server(place))
        yield {
            "SQLite": lambda name: open_sqlite(folder / f"{name}.sqlite"),
            "PostgreSQL": lambda _: open_postgres(**opened.enter_context(server.database()).arguments),
        }


def ledger_in(store: Store, folder: Path, name: str, clock: str) -> Ledger:
    """A fresh ledger."""
    return found(store, KeyStore.create(folder / f"{name}.keys.sqlite"), founding(clock))


def consume_alone(broker: Broker, topics: list[str], messages: int) -> float:
    """Records a second that the client reads when nothing is done with them."""
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest", max_poll_records=500)
    consumer.assign([TopicPartition(topic, p) for topic in topics for p in consumer.partitions_for_topic(topic)])
    read, began = 0, time.perf_counter()
    while read < messages:
        read += sum(map(len, consumer.poll(timeout_ms=500).values()))
    took = time.perf_counter() - began
    consumer.close()
    return read / took


def append_alone(ledger: Ledger, into: Store) -> float:
    """Entries a second that the store takes when nothing is decided: those of the ledger, in the batches of a poll."""
    last, _ = ledger.store.head()
    batches: list[Batch] = []
    chunks: list[Chunk] = []
    size = 0
    versions: dict[str, int] = {}
    for row in ledger.store.read_positions(1, last):
        known = chunks[-1] if chunks else None
        if known is not None and (known.stream, known.topic) == (row.stream, row.topic):
            known.states.append(row.state)  # type: ignore[attr-defined]  # a list, made below
        else:
            chunks.append(Chunk(row.stream, versions.get(row.stream, 0), row.topic, [row.state]))
        versions[row.stream] = row.version
        size += 1
        if size >= 500 * (CLASS + 2):
            batches.append(Batch(chunks=chunks))
            chunks, size = [], 0
    batches.append(Batch(chunks=chunks))
    began = time.perf_counter()
    for batch in batches:
        into.append(batch)
    return last / (time.perf_counter() - began)


def backlog(broker: Broker, folder: Path, kinds: dict[str, OpenStore]) -> None:
    """A morning that waits on the broker, taken in as fast as can be."""
    sender = authority()
    sender.make_topics(broker, partitions=2)
    rolls, messages = sender.rolls(), some(sender.registers(), BACKLOG)
    marks = len(sender.rows)
    with producing(broker, linger_ms=20, batch_size=1 << 17) as producer:
        for delivery in messages:
            send(producer, delivery)
    alone = consume_alone(broker, sender.topics, len(messages)) * CLASS
    print(f"Backlog of {len(messages):,} messages, {marks:,} marks, classes of {CLASS}:")
    print(f"  the Kafka client alone    {alone:>10,.0f} marks a second")
    for kind, open_store in kinds.items():
        ledger = ledger_in(open_store(f"backlog {kind}"), folder, f"backlog {kind}", "simulated")
        import_operator(ledger, folder, sender)
        import_file(ledger, write_file(folder / "rolls.avro", rolls))
        began = time.perf_counter()
        intake = take_all(ledger, broker, len(messages), seconds=3_600, group=f"bench {kind}")
        took = time.perf_counter() - began
        busy = intake.progress.seconds
        raw = append_alone(ledger, open_store(f"raw {kind}"))
        print(
            f"  intake into {kind:<11}   {marks / took:>10,.0f} marks a second, joining the group included; "
            f"{marks / busy:,.0f} of deciding and writing alone; raw append {raw:,.0f} entries a second"
        )
        ledger.store.close()


def produce_steadily(bootstrap: str, values: list[Delivery], joined: Event, told: Connection) -> None:
    """Registers at the steady rate, from a process of its own; tells when each was acknowledged (monotonic seconds)."""
    acknowledged: list[tuple[str, int, int, float]] = []

    def note(meta: Any) -> None:
        acknowledged.append((meta.topic, meta.partition, meta.offset, time.monotonic()))

    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=1)
    joined.wait(60)
    time.sleep(SECONDS_TO_SETTLE)
    began = time.monotonic()
    for n, delivery in enumerate(values):
        time.sleep(max(0.0, began + n * CLASS / STEADY - time.monotonic()))
        send(producer, delivery).add_callback(note)
    producer.close(timeout=30)
    told.send(acknowledged)


class Durable:
    """When each record was in the ledger, in monotonic seconds."""

    def __init__(self) -> None:
        self.at: dict[tuple[str, int, int], float] = {}
        self._seen: dict[TopicPartition, int] = {}

    def after_batch(self, progress: Progress) -> None:
        """Called when a batch is durable."""
        now = time.monotonic()
        for tp, end in progress.next.items():
            for offset in range(self._seen.get(tp, 0), end):
                self.at[tp.topic, tp.partition, offset] = now
            self._seen[tp] = end


def steady(broker: Broker, folder: Path, kind: str, open_store: OpenStore) -> None:
    """From the producer's acknowledgement to the durable entry, at a steady rate."""
    sender = authority()
    sender.make_topics(broker, partitions=2)
    ledger = ledger_in(open_store(f"steady {kind}"), folder, f"steady {kind}", "system")
    import_operator(ledger, folder, sender)
    # The school year has begun: the lines of each place were gone through when its first register came.
    sessions = sender.registers()
    before = [*sender.rolls(), *some(sessions, 2 * sender.places * sender.pupils)]
    registers = some(sessions, STEADY * STEADY_SECONDS)
    import_file(ledger, write_file(folder / "before.avro", before))
    ours, theirs = Pipe()
    joined = multiprocessing.Event()
    producer = Process(target=produce_steadily, args=(broker.bootstrap, registers, joined, theirs))
    producer.start()
    durable = Durable()
    intake = take_all(
        ledger, broker, len(registers), seconds=600, poll_ms=50, after=durable.after_batch, joined=joined.set
    )
    acknowledged = ours.recv()
    producer.join()
    waits = sorted(durable.at[topic, partition, offset] - when for topic, partition, offset, when in acknowledged)
    assert len(waits) == len(registers)
    print(
        f"Steady {STEADY:,} marks a second for {STEADY_SECONDS} s into {kind}: acknowledged to durable "
        f"{waits[len(waits) // 2] * 1e3:.1f} ms at the median, {waits[int(len(waits) * 0.99)] * 1e3:.1f} ms at the 99th "
        f"percentile, {waits[-1] * 1e3:.0f} ms at most, of {len(waits):,} messages in {intake.progress.batches:,} batches"
    )
    ledger.store.close()


@contextmanager
def running(home: Path) -> Iterator[Broker]:
    """A broker of its own."""
    broker = Broker(home)
    broker.start()
    try:
        yield broker
    finally:
        broker.wipe()


def main() -> None:
    """All of it, with the machine."""
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )
    with TemporaryDirectory(prefix="rollbook-bench-") as name, stores(Path(name)) as kinds:
        folder = Path(name)
        with running(folder / "backlog") as broker:
            backlog(broker, folder, kinds)
        for kind, open_store in kinds.items():
            with running(folder / f"steady-{kind}") as broker:
                steady(broker, folder, kind, open_store)


if __name__ == "__main__":
    main()
